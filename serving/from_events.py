"""Decide from raw tables in memory: for a service or a notebook that keeps no batch."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
import warnings
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.decision.decide import Decider
from creditloom.features.declare.registry import needed_tables
from creditloom.features.engine.engine import build
from creditloom.features.engine.raw_reader import RawFiles
from creditloom.features.engine.shards import with_files
from creditloom.features.feature_params import FeatureParams
from creditloom.features.network.graph import Network, others
from creditloom.features.network.snapshot_tables import MADE_OF
from creditloom.features.policy_inputs.policy_inputs import NAMES as FACTS
from creditloom.serving.whole.batch_matrix import moved
from creditloom.serving.whole.network_snapshot import OpenSnapshot, fixed_tables
from creditloom.storage.contract.checked import Checked
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.folders.raw_folder import raw_tables
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
    snapshot: StrPath | None = None,
) -> pd.DataFrame:
    """Return one decision per application, by application_id, with the decisions table's columns.

    `events` is a folder of raw tables, `<table>.parquet` or `<table>/` with Parquet files at any
    depth, or a lake. `as_of` (naive UTC) replaces the moment of decision of every application. Rows
    that break the contract are left out, with a RawRowsLeftOut warning that counts them; `score`
    keeps them, each with its reason. The features of the tables `without` are null; every other
    table that the model needs must be there. `snapshot`: folder of a network snapshot of the month
    and of these tables. Raises DataError as `check_tables`, and what `Decider.decide` raises.
    """
    decider = Decider.load(Path(bundle))
    opened = None if snapshot is None else _opened(Path(snapshot), Path(events), without)
    with tempfile.TemporaryDirectory(prefix="creditloom-") as scratch:
        work = Path(scratch)
        checked = check_tables(
            Path(events),
            work / "quarantine",
            work / "clean",
            max_bad_share=max_bad_share,
            needed=needed_tables(_inputs(decider)),
            without=without,
        )
        _warn(checked)
        network = others if opened is None else opened.read_beside(work / "quarantine")
        made = _features(decider, _sources(checked, as_of, work), network, Path(events))
        decided = _decided(decider, made, explain=explain, language=language)
        return pd.concat(list(decided), ignore_index=True)


def _sources(checked: Checked, as_of: dt.datetime | None, work: Path) -> RawFiles:
    """Return the raw tables, decided as of `as_of` where given."""
    if as_of is None:
        return checked.files
    file = moved(checked.files, as_of, work / "moved.parquet")
    return with_files(checked.files, "applications", file)


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


def _opened(snapshot: Path, events: Path, without: Collection[str]) -> OpenSnapshot:
    """Return the snapshot; DataError where it is not of these raw tables."""
    there = raw_tables(events)
    read = {name: there[name] for name in MADE_OF if there.get(name) and name not in without}
    opened = OpenSnapshot.open(snapshot)
    opened.require_made_of(fixed_tables(read))
    return opened


def _features(
    decider: Decider, sources: RawFiles, network: Network, root: Path
) -> Iterator[pa.Table]:
    """Yield what the decision reads, and nothing else; a fact that is optional counts as read."""
    names = (*_inputs(decider), *decider.columns(FACTS))
    for block in build(sources, FeatureParams(threads=os.cpu_count() or 1), names, network):
        yield with_own_ids(block, root)


def _decided(
    decider: Decider, blocks: Iterable[pa.Table], **options: Any
) -> Iterator[pd.DataFrame]:
    """Yield decisions one bucket of applicants at a time: memory holds the features of one."""
    inputs = _inputs(decider)
    for block in blocks:
        frame = block.to_pandas(ignore_metadata=True)
        # Features of absent tables are not built; to the model they are null.
        absent = [name for name in inputs if name not in frame]
        yield decider.decide(frame.assign(**dict.fromkeys(absent, np.nan)), **options)
