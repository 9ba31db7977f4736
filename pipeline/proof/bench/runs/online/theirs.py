"""The engine of a batch beside an online decision: asked for all features of one person's rows."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from creditloom.features.contract.tables import APPLICATIONS, EVENT_TABLES
from creditloom.pipeline.proof.bench_earlier.checkout import Checkout
from creditloom.storage.files.errors import DataError
from creditloom.storage.folders.raw_folder import raw_tables

SCRIPT = Path(__file__).with_name("engine_of_one.py")
# Modules by layout, newest first.
ENGINE = ("creditloom.features.engine.engine", "features.engine")
PARAMS = ("creditloom.features.feature_params", "features.params")


@dataclass
class BatchOfOnePerson:
    """Makes one person's features as a batch of one does: a file per raw table, and the engine.

    The engine is that of a checkout, in a process of its own. It is asked for all features of the
    files, from other people's rows too, as it always makes them; it decides nothing.
    """

    events: Path
    as_of: dt.datetime
    scratch: Path
    process: Any = None
    _tables: dict[str, pa.Table] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the raw tables, sorted by person: so that cutting one out is quick."""
        wanted = {APPLICATIONS.name, *(table.name for table in EVENT_TABLES)}
        for name, files in raw_tables(self.events).items():
            if name in wanted:
                whole = pa.concat_tables([pq.read_table(file) for file in files])
                # In the order of the files within a person.
                self._tables[name] = whole.take(
                    np.argsort(whole["applicant_id"].to_numpy(), kind="stable")
                )

    def cpu(self, person: int) -> float:
        """Return the seconds of CPU of a person; writing the files is not counted."""
        folder = self._files(person)
        self.process.stdin.write(f"{folder}\n")
        self.process.stdin.flush()
        told = self.process.stdout.readline()
        if not told:
            raise DataError("the engine beside ours ended; its message stands above")
        seconds: float = json.loads(told)[0]
        return seconds

    def _files(self, person: int) -> Path:
        folder = self.scratch / "one"
        folder.mkdir(exist_ok=True)
        for name, rows in self._tables.items():
            people = rows["applicant_id"].to_numpy()
            begin, end = np.searchsorted(people, [person, person + 1])
            own = rows.slice(begin, end - begin)
            if name == APPLICATIONS.name:
                own = _as_of(own.slice(len(own) - 1), self.as_of)
            pq.write_table(own, folder / f"{name}.parquet")
        return folder


def _as_of(application: pa.Table, moment: dt.datetime) -> pa.Table:
    at = application.schema.get_field_index("as_of")
    column = application.schema.field(at)
    return application.set_column(at, column, pa.array([moment], column.type))


@contextmanager
def batch_of_one(
    events: Path, as_of: dt.datetime, scratch: Path, earlier: Path | None
) -> Iterator[tuple[BatchOfOnePerson, str]]:
    """Yield the engine of a checkout, ready to be asked, and its commit; None is this checkout.

    Raises CheckoutError where `earlier` is no checkout.
    """
    checkout = None if earlier is None else Checkout.at(earlier)
    engine, params = (
        names[0] if checkout is None else checkout.module(names) for names in (ENGINE, PARAMS)
    )
    roots = [] if checkout is None else [str(checkout.root)]
    roots += [one for one in os.environ.get("PYTHONPATH", "").split(os.pathsep) if one]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(roots), "OMP_NUM_THREADS": "1"}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    words = [sys.executable, str(SCRIPT), engine, params]
    started: Any = subprocess.Popen(words, env=env, cwd=scratch, **pipes)  # noqa: S603 - ours
    with started as process:
        if process.stdout.readline() != "ready\n":
            raise DataError(f"{engine}: expected a process that makes features, and it ended")
        one = BatchOfOnePerson(events.resolve(), as_of, scratch.resolve(), process)
        yield one, "this checkout" if checkout is None else checkout.commit
        process.stdin.close()
