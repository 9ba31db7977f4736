"""Copies of the CSV files of an input as Parquet of texts, for as long as a job reads them.

A CSV can only be read from its start. A batch begins anywhere, goes over its input more than once,
and may be cut for many machines: so each file is copied once, cell by cell as the text that it is.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from creditloom.serving.batch.input import BatchInput, require_rows
from creditloom.serving.batch.output import COPIES, writing
from creditloom.storage.files.store import ROW_GROUP, Writer
from creditloom.storage.folders.identity import FileState
from creditloom.storage.own.csv_files import csv_batches, text_schema


@contextmanager
def readable(source: BatchInput, root: Path) -> Iterator[BatchInput]:
    """Yield an input that can be read from any row, with copies of its CSV files below `root`.

    An input of Parquet is yielded as it is. Raises DataError for a CSV that cannot be read and for
    an input without rows, StorageError where the disk does not take the copies.
    """
    if not source.is_csv:
        yield source
        return
    place = root / COPIES
    try:
        # What a killed job left there may be torn.
        shutil.rmtree(place, ignore_errors=True)
        states = tuple(map(FileState.of, source.files))
        copies = tuple(place / f"{k:05}.parquet" for k in range(len(source.files)))
        for file, copy in zip(source.files, copies, strict=True):
            _copy(file, copy)
        yield require_rows(replace(source, copies=copies, states=states).counted())
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _copy(file: Path, copy: Path) -> None:
    with writing(copy.parent), Writer(copy, text_schema(file), least_rows=ROW_GROUP) as writer:
        for batch in csv_batches(file):
            writer.write(pa.Table.from_batches([batch]))
