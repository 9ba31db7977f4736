"""Raw tables in, decisions out, a bucket of applicants at a time."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from creditloom.decision.arrow import decisions_table
from creditloom.decision.decide import Decider
from creditloom.features.engine import build
from creditloom.features.params import FeatureParams
from creditloom.features.tables import TABLES

StrPath = str | os.PathLike[str]


class EventsError(ValueError):
    """The folder of events cannot be read, or the output has no place; the message says what to do next."""


def decide(events: StrPath, bundle: StrPath, *, as_of: dt.datetime | None = None, **options: Any) -> Iterator[pd.DataFrame]:
    """Decisions in blocks, in application_id order; `options` are those of `Decider.decide`."""
    decider, sources = Decider.load(bundle), tables(Path(events))
    read = [*decider.bundle.policy.inputs, *decider.bundle.scorer.catalogue.names]
    with tempfile.TemporaryDirectory(prefix="creditloom-") as scratch:
        if as_of is not None:
            sources = {**sources, "applications": (_moved(sources["applications"], as_of, Path(scratch)),)}
        for block in build(sources, FeatureParams(threads=os.cpu_count() or 1)):
            yield decider.decide(_with_nulls(block.to_pandas(ignore_metadata=True), read), **options)


def tables(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Files of every raw table in the folder: one file, or parts in name order. EventsError without applications."""
    found = {name: _files(folder, name) for name in TABLES}
    if not found["applications"]:
        raise EventsError(f"{folder}: expected applications.parquet or applications/*.parquet, found neither; check the path")
    return found


def write(blocks: Iterator[pd.DataFrame], output: Path) -> int:
    """Write the decisions as one Parquet file, which appears whole or not at all; returns the number of decisions."""
    if output.is_dir() or not output.absolute().parent.is_dir():
        raise EventsError(f"{output}: expected the name of a file in a folder that is there; choose another --output")
    temporary, rows = output.with_name(f".{output.name}.{os.getpid()}.tmp"), 0
    try:
        first = decisions_table(next(blocks))
        with pq.ParquetWriter(temporary, first.schema, compression="zstd") as writer:
            for table in chain([first], map(decisions_table, blocks)):
                writer.write_table(table)
                rows += len(table)
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def _files(folder: Path, name: str) -> tuple[str, ...]:
    whole = folder / f"{name}.parquet"
    return (str(whole),) if whole.is_file() else tuple(str(part) for part in sorted((folder / name).glob("*.parquet")))


def _moved(files: tuple[str, ...], as_of: dt.datetime, scratch: Path) -> str:
    """The applications as of another moment."""
    table = pa.concat_tables([pq.read_table(file) for file in files])
    moments = pa.array(np.full(len(table), np.datetime64(as_of, "us")), pa.timestamp("us"))
    moved = table.set_column(table.schema.get_field_index("as_of"), "as_of", moments)
    pq.write_table(moved, scratch / "applications.parquet")
    return str(scratch / "applications.parquet")


def _with_nulls(frame: pd.DataFrame, read: list[str]) -> pd.DataFrame:
    """Features of absent tables are not built; to the model they are null."""
    absent = [name for name in read if name not in frame]
    return frame.assign(**dict.fromkeys(absent, np.nan))
