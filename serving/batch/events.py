"""From raw events to the input of a batch: the features that the model reads, as of one moment, kept beside the batch as its evidence."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.features.engine.engine import build
from creditloom.features.feature_params import FeatureParams
from creditloom.serving.batch.engine import EngineName
from creditloom.serving.batch.job import batch_folder
from creditloom.serving.inputs import InputColumn, columns
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.contract.row_rules import Period
from creditloom.storage.files.formats import FEATURES, read_document
from creditloom.storage.files.store import (
    matrix_writer,
    read_table,
    whole_folder,
    write_json,
    write_table,
)
from creditloom.storage.sources import now

MARK = "features.json"
EARLIEST = dt.datetime(1990, 1, 1)
TYPES = {"time": pa.timestamp("us"), "flag": pa.bool_(), "text": pa.string()}


def features_of(
    events: Path,
    as_of: dt.datetime | None,
    bundle: Path,
    output: Path,
    engine: EngineName,
    max_bad_share: float,
) -> Path:
    """The matrix of a batch: made once, and found again by a later run of the same command.

    Bad rows of the raw tables go to `quarantine/` beside it. Raises DataError as `creditloom.storage.contract.contract.check_tables`.
    """
    target = batch_folder(output).with_suffix(".features")
    asked = _asked(events, as_of, bundle)
    matrix = target / "matrix.parquet"
    if not (
        (target / MARK).is_file()
        and {**read_document(target / MARK, FEATURES), "format": FEATURES} == asked
    ):
        engine_params = FeatureParams(engine=engine)
        with whole_folder(target, MARK) as work:
            checked = check_tables(
                events,
                work / "quarantine",
                work / "clean",
                max_bad_share=max_bad_share,
                period=Period(EARLIEST, now()),
            )
            sources = (
                checked.files
                if as_of is None
                else {**checked.files, "applications": moved(checked.files, as_of, work)}
            )
            _write(sources, engine_params, bundle, work / matrix.name)
            for passing in ("clean", "moved.parquet"):
                shutil.rmtree(work / passing) if (work / passing).is_dir() else (
                    work / passing
                ).unlink(missing_ok=True)
            write_json(asked, work / MARK)
    return matrix


def _asked(events: Path, as_of: dt.datetime | None, bundle: Path) -> dict[str, Any]:
    """All that the matrix depends on but the code."""
    files = [
        [str(file.relative_to(events)), file.stat().st_size, file.stat().st_mtime_ns]
        for file in sorted(events.rglob("*.parquet"))
    ]
    read = [column.name for column in columns(bundle)]
    moment = None if as_of is None else as_of.isoformat()
    return {
        "format": FEATURES,
        "events": str(events.absolute()),
        "files": files,
        "as_of": moment,
        "columns": read,
    }


def moved(
    files: Mapping[str, Sequence[Path | str]], as_of: dt.datetime, work: Path
) -> tuple[str, ...]:
    """The applications as of another moment, as a file in `work`."""
    table = pa.concat_tables(
        [read_table(file) for file in files["applications"]]
    ).unify_dictionaries()
    moments = pa.array(np.full(len(table), np.datetime64(as_of, "us")), pa.timestamp("us"))
    write_table(
        table.set_column(table.schema.get_field_index("as_of"), "as_of", moments),
        work / "moved.parquet",
    )
    return (str(work / "moved.parquet"),)


def _write(
    sources: Mapping[str, tuple[str, ...]], params: FeatureParams, bundle: Path, target: Path
) -> None:
    blocks = build(sources, params)
    first = next(blocks)
    read = columns(bundle, first.schema.names)
    shaped = (_shaped(block, read) for block in chain([first], blocks))
    block = next(shaped)
    with matrix_writer(target, block.schema) as writer:
        for table in chain([block], shaped):
            writer.write(table.cast(block.schema))


def _shaped(block: pa.Table, read: tuple[InputColumn, ...]) -> pa.Table:
    """The columns that the model reads; features of tables that are absent are null."""
    there = set(block.schema.names)
    return pa.table(
        {
            c.name: block[c.name]
            if c.name in there
            else pa.nulls(len(block), TYPES.get(c.kind, pa.float64()))
            for c in read
        }
    )
