"""Decide from raw tables in memory: for a service or a notebook that keeps no batch."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import warnings
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.decide import Decider
from creditloom.features.declare.registry import needed_tables
from creditloom.features.engine.engine import build
from creditloom.features.engine.raw_reader import RawFiles
from creditloom.features.engine.shards import with_files
from creditloom.features.feature_params import FeatureParams
from creditloom.serving.batch.events import moved
from creditloom.storage.contract.checked import Checked
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.mapped.text_ids import with_own_ids

StrPath = str | os.PathLike[str]


class RawRowsLeftOut(UserWarning):
    """Raw rows that break the contract were left out of the decisions."""


class RawColumnNotRead(UserWarning):
    """A column of the raw tables is not read, and may be meant for one that is not there."""


def from_events(
    events: StrPath,
    bundle: StrPath,
    *,
    as_of: dt.datetime | None = None,
    explain: str = "adverse",
    language: str = "en",
    max_bad_share: float = 0.05,
    without: Collection[str] = (),
) -> pd.DataFrame:
    """Return one decision per application, by application_id, with the decisions table's columns.

    `events` is a folder of raw tables, `<table>.parquet` or `<table>/` with Parquet files at any
    depth, or a lake. `as_of` (naive UTC) replaces the moment of decision of every application. Rows
    that break the contract are left out, with a RawRowsLeftOut warning that counts them; `score`
    keeps them, each with its reason. The features of the tables `without` are null; every other
    table that the model needs must be there. Raises DataError as
    `creditloom.storage.contract.contract.check_tables`, and what `Decider.decide` raises.
    """
    decider = Decider.load(Path(bundle))
    with tempfile.TemporaryDirectory(prefix="creditloom-") as scratch:
        work = Path(scratch)
        inputs = _inputs(decider)
        checked = check_tables(
            Path(events),
            work / "quarantine",
            work / "clean",
            max_bad_share=max_bad_share,
            needed=needed_tables(inputs),
            without=without,
        )
        _warn(checked)
        sources: RawFiles = checked.files
        if as_of is not None:
            sources = with_files(sources, "applications", moved(sources, as_of, work))
        said = {"explain": explain, "language": language}
        blocks = _decided(decider, sources, inputs, Path(events), **said)
        return pd.concat(list(blocks), ignore_index=True)


def _inputs(decider: Decider) -> list[str]:
    """Return the columns that the bundle reads; several features may read one of them."""
    features = decider.bundle.scorer.catalogue.features
    return [*decider.bundle.policy.inputs, *dict.fromkeys(one.read_column for one in features)]


def _warn(checked: Checked) -> None:
    """Warn of rows that are left out, by table and rule, and of columns that may be misnamed."""
    for note in checked.misnamed_notes:
        warnings.warn(note, RawColumnNotRead, stacklevel=3)
    if not checked.bad:
        return
    counts = [
        f"{check.table} {rule}: {rows:,}"
        for check in checked.checks
        for rule, rows in check.rules.items()
    ]
    message = f"{checked.bad:,} raw rows break the contract and are left out: {', '.join(counts)}"
    warnings.warn(message, RawRowsLeftOut, stacklevel=3)


def _decided(
    decider: Decider,
    sources: RawFiles,
    inputs: Sequence[str],
    root: Path,
    **options: Any,
) -> Iterator[pd.DataFrame]:
    """Yield decisions one bucket of applicants at a time: memory holds the features of one."""
    for block in build(sources, FeatureParams(threads=os.cpu_count() or 1)):
        frame = with_own_ids(block, root).to_pandas(ignore_metadata=True)
        # Features of absent tables are not built; to the model they are null.
        absent = [name for name in inputs if name not in frame]
        yield decider.decide(frame.assign(**dict.fromkeys(absent, np.nan)), **options)
