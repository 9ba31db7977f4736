"""Make the input of a batch from raw events: the features that the model reads, as of one moment.

The features are kept beside the batch as its evidence.
"""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.features.contract.tables import APPLICATIONS
from creditloom.features.declare.registry import needed_tables
from creditloom.features.engine.engine import build
from creditloom.features.feature_params import FeatureParams
from creditloom.features.policy_inputs.consents import STATED
from creditloom.serving.batch.engine import EngineName
from creditloom.serving.batch.job import batch_folder
from creditloom.serving.inputs import InputColumn, columns
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.contract.row_rules import Period
from creditloom.storage.files.formats import FEATURES, read_document
from creditloom.storage.files.raw_folder import raw_tables
from creditloom.storage.files.store import (
    matrix_writer,
    read_table,
    whole_folder,
    write_json,
    write_table,
)
from creditloom.storage.sources import now

MARK = "features.json"
# No event is older: such a date is an unset clock.
EARLIEST = dt.datetime(1990, 1, 1)
# The type of an input column of nulls, by kind; all others are float64.
TYPES = {"time": pa.timestamp("us"), "flag": pa.bool_(), "text": pa.string()}
# Inside the work folder: applications with another as_of.
MOVED = "moved.parquet"


def features_of(
    events: Path,
    as_of: dt.datetime | None,
    bundle: Path,
    output: Path,
    engine: EngineName,
    max_bad_share: float,
    without: Collection[str] = (),
) -> Path:
    """Return the file of a batch's matrix; it is made once, and reused by the same command.

    Bad rows of the raw tables go to `quarantine/` beside it. Tables that the bundle's inputs are
    made of must be there, or be named in `without`. Raises DataError as
    `creditloom.storage.contract.contract.check_tables`.
    """
    target = batch_folder(output).with_suffix(".features")
    request = _asked(events, as_of, bundle, without)
    matrix = target / "matrix.parquet"
    if _is_made(target, request):
        return matrix
    with whole_folder(target, MARK) as work:
        checked = check_tables(
            events,
            work / "quarantine",
            work / "clean",
            max_bad_share=max_bad_share,
            period=Period(EARLIEST, now()),
            needed=needed_tables(request["columns"]),
            without=without,
        )
        # Told, as what is null for want of a table looks like what is null for want of events.
        sys.stderr.writelines(f"creditloom: {note}\n" for note in checked.notes)
        sources = _as_of(checked.files, as_of, work)
        _write(sources, FeatureParams(engine=engine), bundle, work / matrix.name)
        # Copies that were needed for the features only; the quarantine stays.
        if (work / "clean").is_dir():
            shutil.rmtree(work / "clean")
        (work / MOVED).unlink(missing_ok=True)
        write_json(request, work / MARK)
    return matrix


def _is_made(target: Path, request: Mapping[str, Any]) -> bool:
    """Return whether `target` holds the matrix of this request, whatever release wrote it."""
    if not (target / MARK).is_file():
        return False
    return {**read_document(target / MARK, FEATURES), "format": FEATURES} == request


def _as_of(
    files: Mapping[str, tuple[str, ...]], as_of: dt.datetime | None, work: Path
) -> Mapping[str, tuple[str, ...]]:
    """Return the files of the raw tables, decided as of `as_of` where given."""
    if as_of is None:
        return files
    return {**files, "applications": moved(files, as_of, work)}


def _asked(
    events: Path, as_of: dt.datetime | None, bundle: Path, without: Collection[str]
) -> dict[str, Any]:
    """Return all that the matrix depends on, except the code."""
    # Size and time of change stand for the content: hashing raw tables would take as long as
    # reading them.
    files = [
        [str(file.relative_to(events)), file.stat().st_size, file.stat().st_mtime_ns]
        for file in sorted(chain.from_iterable(raw_tables(events).values()))
    ]
    # No key where nothing is left out: requests of earlier releases had none.
    left_out = {"without": sorted(without)} if without else {}
    return {
        "format": FEATURES,
        "events": str(events.absolute()),
        "files": files,
        "as_of": None if as_of is None else as_of.isoformat(),
        "columns": [column.name for column in columns(bundle)],
        **left_out,
    }


def moved(
    files: Mapping[str, Sequence[Path | str]], as_of: dt.datetime, work: Path
) -> tuple[str, ...]:
    """Write the applications as of another moment into `work`; return the file.

    When they were made stays with them: from then on their consents hold.
    """
    names = APPLICATIONS.arrow_schema.names
    tables = [read_table(file, names) for file in files["applications"]]
    table = pa.concat_tables(tables).unify_dictionaries()
    table = table.append_column(STATED, table["as_of"])
    moments = pa.array(np.full(len(table), np.datetime64(as_of, "us")), pa.timestamp("us"))
    column = table.schema.get_field_index("as_of")
    write_table(table.set_column(column, "as_of", moments), work / MOVED)
    return (str(work / MOVED),)


def _write(
    sources: Mapping[str, tuple[str, ...]], params: FeatureParams, bundle: Path, target: Path
) -> None:
    blocks = build(sources, params)
    # The first block tells which columns there are; it is put back before the others.
    first = next(blocks)
    inputs = columns(bundle, first.schema.names)
    tables: Iterator[pa.Table] = (_shaped(block, inputs) for block in chain([first], blocks))
    head = next(tables)
    with matrix_writer(target, head.schema) as writer:
        for table in chain([head], tables):
            # One file has one schema, whatever the types of a later block.
            writer.write(table.cast(head.schema))


def _shaped(block: pa.Table, inputs: tuple[InputColumn, ...]) -> pa.Table:
    """Return the columns that the model reads; features of tables that are absent are null."""
    present = set(block.schema.names)
    shaped = {}
    for column in inputs:
        if column.name in present:
            shaped[column.name] = block[column.name]
        else:
            shaped[column.name] = pa.nulls(len(block), TYPES.get(column.kind, pa.float64()))
    return pa.table(shaped)
