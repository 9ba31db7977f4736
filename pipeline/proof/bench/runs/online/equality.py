"""Online against the batch: features of the full and of the cut plan, PD, decision, id, reasons.

The batch is the engine over all raw tables, and `score` of the rows that it made. Two policy inputs
are taken from online: who applies within the hour. A batch as of one moment takes everybody for
applying then, which is its meaning and no error (docs/online.md).
"""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.decision.frames.answer import REFUSED
from creditloom.features.engine.engine import build
from creditloom.features.engine.shards import with_files
from creditloom.features.feature_params import FeatureParams
from creditloom.features.policy_inputs.device_counts import CLUSTERED
from creditloom.serving.applicant.online.online import STATED, Online, OnlineFeatures
from creditloom.serving.applicant.online.snapshot_check import OnlineSnapshot
from creditloom.serving.inputs import columns
from creditloom.serving.score import score
from creditloom.serving.whole.batch_matrix import moved, names_read, shaped
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.files.store import read_table, write_table

OF_THE_HOUR = frozenset(one.name for one in CLUSTERED)
# Columns of a batch's matrix that are no feature and no policy input.
NOT_COMPARED = frozenset(("application_id", "as_of", "stated_time"))
# Tables of which a larger share is bad stop a batch; here everything is compared, whatever it is.
ALL = 1.0
# Rows of a matrix that are values of Python at one time: some MB.
ROWS_AT_A_TIME = 64


@dataclass
class Compared:
    """How many people were compared, and what differs: counts by feature, and by answer.

    `features` where all are built, `cut` where those alone are that the model reads, `answers` of
    decisions and of rows that are refused.
    """

    people: int = 0
    n_features: int = 0
    features: Counter[str] = field(default_factory=Counter)
    cut: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)


def compared(
    online: Online,
    events: Path,
    bundle: Path,
    as_of: dt.datetime,
    people: Collection[int],
    scratch: Path,
) -> Compared:
    """Compare the applications of these people online with a batch of all raw tables.

    `online` decides by the bundle from a store of the same rows.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    matrix = _matrix(events, as_of, frozenset(people), scratch)
    names = frozenset(matrix.column_names)
    found = Compared(len(people), len(names - NOT_COMPARED - OF_THE_HOUR))
    own = online.features
    full = _of_the_full_plan(own)
    asked = names_read(bundle)
    of_the_hour: dict[str, list[Any]] = {name: [] for name in OF_THE_HOUR & names}
    for row in _rows(matrix):
        facts = {"application_id": row["application_id"]}
        made = full.made(row["applicant_id"], as_of, facts).application
        cut = own.made(row["applicant_id"], as_of, facts).application
        found.features.update(_differing(row, made, row.keys()))
        found.cut.update(_differing(row, cut, asked & row.keys()))
        for name, values in of_the_hour.items():
            values.append(made[name])
    for name, values in of_the_hour.items():
        column = pa.array(values, pa.float64(), from_pandas=True)
        matrix = matrix.set_column(matrix.column_names.index(name), name, column)
    # What the plan cut for the bundle would have made: the columns of a batch of raw tables.
    there = names & {*STATED, *asked}
    write_table(shaped(matrix, columns(bundle, there)), scratch / "matrix.parquet")
    wanted = _decided(scratch, bundle, as_of)
    ids = (matrix[name].to_pylist() for name in ("application_id", "applicant_id"))
    for application, person in zip(*ids, strict=True):
        answer = online.decide(person, as_of, {"application_id": application})
        found.answers.update(_otherwise(wanted[application], answer))
    return found


def _matrix(events: Path, as_of: dt.datetime, people: frozenset[int], scratch: Path) -> pa.Table:
    """Return every feature and policy input of the applications of some people, as of a moment."""
    checked = check_tables(events, scratch / "bad", scratch / "kept", max_bad_share=ALL)
    moment = moved(checked.files, as_of, scratch / "applications.parquet")
    sources = with_files(checked.files, "applications", moment)
    blocks = [
        block.filter(pa.array(np.isin(block["applicant_id"].to_numpy(), list(people))))
        for block in build(sources, FeatureParams(threads=1, memory_mb=500))
    ]
    return pa.concat_tables(blocks)


def _of_the_full_plan(own: OnlineFeatures) -> OnlineFeatures:
    graph = own.graph
    if graph is not None:
        place = graph.opened_as.path
        graph = OnlineSnapshot.opened(own.store, None, own.tables, place, graph.accepted)
    return OnlineFeatures(own.store, None, graph, own.tables)


def _rows(matrix: pa.Table) -> Iterable[dict[str, Any]]:
    for block in matrix.to_batches(max_chunksize=ROWS_AT_A_TIME):
        yield from block.to_pylist()


def _differing(
    row: Mapping[str, Any], made: Mapping[str, Any], names: Collection[str]
) -> Iterable[str]:
    for name in names:
        is_left = name in NOT_COMPARED or name in OF_THE_HOUR
        if not is_left and not _is_same(row[name], made.get(name, "missing")):
            yield name


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two values are the same, null for null."""
    if one is None or one != one:
        return other is None or (isinstance(other, float) and math.isnan(other))
    return bool(one == other)


def _decided(scratch: Path, bundle: Path, as_of: dt.datetime) -> dict[int, dict[str, Any]]:
    """Return what the batch answers to each application of the matrix."""
    # table: the options of the batch
    score(
        scratch / "batch", source=scratch / "matrix.parquet", bundle=bundle, threads=1,
        today=as_of.date(), accept_drift="as of one moment",
    )  # fmt: skip
    found: dict[int, dict[str, Any]] = {}
    for file in sorted((scratch / "batch" / "decisions").glob("*.parquet")):
        for row in read_table(file).to_pylist():
            found[row["application_id"]] = {**row, **dict.fromkeys(REFUSED)}
    for file in sorted((scratch / "batch" / "quarantine").glob("*.parquet")):
        for row in read_table(file).to_pylist():
            told = (row["rule"], row["column"], row["reason"])
            found[row["application_id"]] = dict(zip(REFUSED, told, strict=True))
    return found


def _otherwise(wanted: Mapping[str, Any], answer: Mapping[str, Any]) -> Iterable[str]:
    """Yield the columns of an answer that are not the batch's; of a refused row its rule."""
    for name, value in wanted.items():
        if answer[name] != value:
            yield name
