"""Online every feature, PD, decision, id and reason is that of the batch, to the bit."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from creditloom.features.engine.engine import build
from creditloom.features.engine.shards import with_files
from creditloom.serving.applicant.online.online import Online, OnlineFeatures
from creditloom.serving.applicant.online.persons.rows.stored import OWN_TABLES
from creditloom.serving.applicant.online.persons.store import StoredPersons
from creditloom.serving.applicant.online.snapshot_check import OnlineSnapshot
from creditloom.serving.whole.batch_matrix import moved
from creditloom.storage.contract.contract import check_tables
from tests.features.raw import PARAMS
from tests.online.world import AS_OF, World, rows_of

REFUSED = ("refused_rule", "refused_column", "refused_reason")
# Of a batch as of one moment everybody applies in that hour; online only who does.
OF_THE_BATCH = ("device_applications_1h", "ip_applications_1h")


def features_of_batch(world: World, scratch: Path) -> pd.DataFrame:
    """Every feature and policy input of everybody as of AS_OF, by application."""
    checked = check_tables(world.folder, scratch / "q", scratch / "c", max_bad_share=1.0)
    moment = moved(checked.files, AS_OF, scratch / "applications.parquet")
    sources = with_files(checked.files, "applications", moment)
    matrix = pa.concat_tables(build(sources, PARAMS)).to_pandas(ignore_metadata=True)
    return matrix.set_index("application_id").drop(
        columns=["as_of", "stated_time"], errors="ignore"
    )


def differing(wanted: pd.DataFrame, features: OnlineFeatures) -> set[str]:
    """The columns of which somebody's value online is another one."""
    found = set()
    for application, row in wanted.iterrows():
        made = features.made(int(row["applicant_id"]), AS_OF, {"application_id": int(application)})
        for name, value in row.items():
            if not is_same(value, made.application.get(name, "missing")):
                found.add(str(name))
    return found


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same, null for null."""
    if isinstance(one, list | pd.Timestamp):
        return bool(one == other)
    if pd.isna(one):
        return other is None or (isinstance(other, float) and math.isnan(other))
    return bool(one == other)


def opened(world: World, store: StoredPersons, names: set[str] | None) -> OnlineFeatures:
    tables = tuple(OWN_TABLES)
    graph = OnlineSnapshot.opened(store, names, tables, world.network, "")
    return OnlineFeatures(store, names, graph, tables)


def test_all_features_and_policy_inputs_are_those_of_the_batch(
    world: World, tmp_path: Path
) -> None:
    wanted = features_of_batch(world, tmp_path).drop(columns=list(OF_THE_BATCH))
    store = StoredPersons.at(world.root / "store")
    assert len(wanted.columns) > 2_500
    assert differing(wanted, opened(world, store, None)) == set()
    # The plan cut to what a model reads gives the same bits.
    some = set(wanted.columns[-2_000::40]) | {"hard_enquiries_90d", "ip_applicants_30d"}
    assert differing(wanted[["applicant_id", *sorted(some)]], opened(world, store, some)) == set()


@pytest.mark.slow
def test_an_event_that_is_read_otherwise_is_seen(world: World, tmp_path: Path) -> None:
    """The comparison above can fail: a store that lacks one payment has other features."""
    wanted = features_of_batch(world, tmp_path)[["applicant_id", "pay_out_count_12m"]]
    store = StoredPersons.at(tmp_path / "store", is_new_allowed=True)
    rows = rows_of(world.raw, 0, 1)
    payments = rows["payments"].to_pandas()
    is_seen = (payments["direction"] == "out") & (payments["known_time"] < AS_OF)
    is_seen &= payments["event_time"] > AS_OF - dt.timedelta(days=300)
    keys = rows["payments"]["event_id"].to_numpy()
    event = payments.loc[is_seen, "event_id"].iloc[0]
    store.append({**rows, "payments": rows["payments"].filter(pa.array(keys != event))})
    features = OnlineFeatures(store, {"pay_out_count_12m"}, None, tuple(OWN_TABLES))
    assert differing(wanted, features) == {"pay_out_count_12m"}


@pytest.mark.parametrize("parts", [1, 5])
def test_decisions_ids_and_reasons_are_those_of_the_batch(
    world: World, tmp_path: Path, parts: int
) -> None:
    """Whether rows came in one call or in five, some of them merged, and the later ones first."""
    decided, aside = world.batch(f"batch-{parts}")
    store = StoredPersons.at(tmp_path / "store", is_new_allowed=True)
    for part in reversed(range(parts)):
        store.append(rows_of(world.raw, part, parts))
    assert (store.merge() > 0) == (parts == 5)
    store.close()
    online = Online.open(
        tmp_path / "store", world.bundle, snapshot=world.network, accept_snapshot="the same rows"
    )
    assert len(decided) > 10
    for application in (*decided, *aside):
        answer = online.decide(application, AS_OF, {"application_id": application})
        refused = tuple(answer.pop(name) for name in REFUSED)
        if application in decided:
            assert answer == decided[application] and refused == (None, None, None)
        else:
            row = aside[application]
            assert refused == (row["rule"], row["column"], row["reason"])
    online.close()


def test_a_row_counts_after_the_moment_from_which_it_is_known(world: World, tmp_path: Path) -> None:
    """An event of the past that comes late, and is known late, leaves earlier decisions alone."""
    store = StoredPersons.at(tmp_path / "store", is_new_allowed=True)
    store.append(rows_of(world.raw, 0, 1))
    names = {"pay_out_count_12m"}
    features = OnlineFeatures(store, names, None, tuple(OWN_TABLES))
    person = 3

    def count(as_of: dt.datetime) -> float:
        made = features.made(person, as_of, {"application_id": person}).application
        return float(made["pay_out_count_12m"])

    before = count(AS_OF)
    late = {
        "event_id": 10**9, "applicant_id": person, "direction": "out", "category": "food",
        "event_time": AS_OF - dt.timedelta(days=30), "known_time": AS_OF, "amount_fen": 100,
        "is_offline": False, "counterparty_id": None,
    }  # fmt: skip
    store.append({"payments": pa.Table.from_pylist([late])})
    assert count(AS_OF) == before
    after = AS_OF + dt.timedelta(microseconds=1)
    assert count(after) == before + 1
