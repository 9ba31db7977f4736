"""Decide from raw tables in memory: for a service or a notebook that keeps no batch."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.decide import Decider
from creditloom.features.contract.tables import TABLES
from creditloom.features.engine.engine import build
from creditloom.features.feature_params import FeatureParams
from creditloom.serving.batch.events import moved
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import table_files

StrPath = str | os.PathLike[str]


def from_events(
    events: StrPath,
    bundle: StrPath,
    *,
    as_of: dt.datetime | None = None,
    explain: str = "adverse",
    language: str = "en",
) -> pd.DataFrame:
    """Return one decision per application, by application_id, with the decisions table's columns.

    `events` is a folder of raw tables, `<table>.parquet` or `<table>/*.parquet`. The features of
    an absent table are null. `as_of` (naive UTC) replaces the moment of decision of every
    application. Rows are not checked against the contract: `score` does that.
    Raises DataError where there are no applications, and what `Decider.decide` raises.
    """
    decisions = _decided(Path(events), bundle, as_of, explain=explain, language=language)
    return pd.concat(list(decisions), ignore_index=True)


def _decided(
    events: Path, bundle: StrPath, as_of: dt.datetime | None, **options: Any
) -> Iterator[pd.DataFrame]:
    """Yield decisions one bucket of applicants at a time: memory holds the features of one."""
    decider = Decider.load(Path(bundle))
    sources = _sources(events)
    inputs = [*decider.bundle.policy.inputs, *decider.bundle.scorer.catalogue.names]
    with tempfile.TemporaryDirectory(prefix="creditloom-") as scratch:
        if as_of is not None:
            sources = {**sources, "applications": moved(sources, as_of, Path(scratch))}
        for block in build(sources, FeatureParams(threads=os.cpu_count() or 1)):
            frame = block.to_pandas(ignore_metadata=True)
            # Features of absent tables are not built; to the model they are null.
            absent = [name for name in inputs if name not in frame]
            yield decider.decide(frame.assign(**dict.fromkeys(absent, np.nan)), **options)


def _sources(events: Path) -> dict[str, tuple[str, ...]]:
    """Return the files of each raw table that is there; DataError without applications."""
    files = {name: tuple(map(str, table_files(events, name))) for name in TABLES}
    sources = {name: paths for name, paths in files.items() if paths}
    if "applications" not in sources:
        raise DataError.of(
            "Raw tables are missing",
            where=events,
            expected="applications.parquet or applications/*.parquet",
            got=", ".join(sources) or "no table of the contract",
            next_step="check the path",
        )
    return sources
