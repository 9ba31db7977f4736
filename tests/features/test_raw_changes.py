"""Promised directions: a change of raw rows moves every signed feature to the promised side.

So any model that keeps the signs of its features keeps the promise.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from creditloom.features.contract.raw_changes import RawChange, RawChanges, changed_rows
from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.declare.registry import plan
from creditloom.features.engine.engine import build
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError, document, mapping, typed_content
from tests.features.raw import PARAMS, Raw, random_raw, write_raw

CHANGES = document(RawChanges, paths.RAW_CHANGES).changes
SIGNS = {spec.name: spec.direction for spec in plan([t.name for t in EVENT_TABLES]).specs}
SIGNED = [name for name, sign in SIGNS.items() if sign]
# What no model may choose.
WITHOUT = mapping(paths.DEFAULTS)["select"]["without_features"]
# A smaller difference comes from another order of addition.
TOLERANCE = 1e-9


def matrix(raw: Raw, root: Path) -> pa.Table:
    return pa.concat_tables(build(write_raw(raw, root), PARAMS)).sort_by("application_id")


def with_changes(raw: Raw, changes: tuple[RawChange, ...]) -> tuple[Raw, dict[int, RawChange]]:
    """Give each applicant one of the changes in turn; return who got which."""
    changed = dict(raw)
    got = {}
    applications = raw["applications"]
    people = applications["applicant_id"].to_pylist()
    moments = applications["as_of"].to_numpy()
    for k, (person, as_of) in enumerate(zip(people, moments, strict=True)):
        change = changes[k % len(changes)]
        rows = changed_rows(change, changed[change.table], person, as_of)
        if rows is not None:
            changed[change.table] = rows
            got[person] = change
    return changed, got


@pytest.fixture(scope="module")
def consenting() -> Raw:
    """Raw tables of people who have consented to all: what they refuse moves nothing."""
    raw = random_raw(60, seed=5)
    rows = raw["applications"]
    for name in (one for one in rows.column_names if one.startswith("consent_")):
        agreed = pa.array(np.ones(len(rows), bool))
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), agreed)
    raw["applications"] = rows
    # Most instalments and bills of real people are on time.
    for name in ("repayments", "bills"):
        table = raw[name]
        late = np.where(np.arange(len(table)) % 3 == 0, 9, 0).astype(np.int16)
        at = table.schema.get_field_index("days_late")
        raw[name] = table.set_column(at, table.schema.field(at), pa.array(late))
    return raw


@pytest.fixture(scope="module")
def before(consenting: Raw, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    return matrix(consenting, tmp_path_factory.mktemp("before"))


def moves(
    before: pa.Table, after: pa.Table, person: int, names: Iterable[str] = SIGNED
) -> dict[str, float]:
    """How far each of the features of a person moves; moved ones only."""
    at = before["application_id"].to_pylist().index(person)
    out = {}
    for name in names:
        was = before[name][at].as_py()
        now = after[name][at].as_py()
        # Null is no value: nothing is promised of it.
        if was is not None and now is not None and abs(now - was) > TOLERANCE * max(1, abs(was)):
            out[name] = now - was
    return out


def steps(before: pa.Table, after: pa.Table, person: int) -> dict[str, float]:
    """How far each signed feature of a person moves to the risky side; moved ones only."""
    return {name: SIGNS[name] * step for name, step in moves(before, after, person).items()}


def test_every_change_moves_signed_features_and_none_to_the_other_side(
    consenting: Raw, before: pa.Table, tmp_path: Path
) -> None:
    raw, got = with_changes(consenting, CHANGES)
    after = matrix(raw, tmp_path)
    moved = {change.id: set() for change in CHANGES}
    wrong = []
    for person, change in got.items():
        for name, step in steps(before, after, person).items():
            moved[change.id].add(name)
            if step * change.direction < 0 and name not in change.unsure:
                wrong.append((change.id, name, step))
    assert wrong == []
    assert [name for name, features in moved.items() if len(features) < 2] == []


def test_what_is_unsure_is_a_signed_feature() -> None:
    named = {name for change in CHANGES for name in change.unsure}
    assert named and named <= set(SIGNED)


def test_what_a_change_moves_has_a_sign_or_may_not_be_chosen(
    consenting: Raw, before: pa.Table, tmp_path: Path
) -> None:
    """So every model keeps every promise, whatever it chooses."""
    raw, got = with_changes(consenting, CHANGES)
    after = matrix(raw, tmp_path)
    free = {name for name in SIGNS if not SIGNS[name]} - set(WITHOUT)
    moved = {name for person in got for name in moves(before, after, person, free)}
    assert moved == set()


def test_what_may_not_be_chosen_is_a_feature_that_has_no_sign_or_is_unsure() -> None:
    unsure = {name for change in CHANGES for name in change.unsure}
    assert {name for name in WITHOUT if SIGNS[name]} == unsure


def test_a_change_that_promises_the_wrong_side_is_seen(
    consenting: Raw, before: pa.Table, tmp_path: Path
) -> None:
    """A statement of one more lender: enquiries per lender fall, lenders rise."""
    worse = dataclasses.replace(CHANGES[2], values={"active_lenders": 9_000}, worst={})
    raw, got = with_changes(consenting, (worse,))
    after = matrix(raw, tmp_path)
    sides = {step > 0 for person in got for step in steps(before, after, person).values()}
    assert sides == {True, False}


# table: key, value, message
REFUSED = [
    ("table", "instalments", "expected a table of events"),
    ("values", {"days": 3}, "expected columns of repayments"),
    ("direction", 2, "direction"),
    ("within_days", "90", "within_days"),
    ("action", "add", "needs all cells"),
    ("sauce", "S3-R10", "unknown key"),
]


@pytest.mark.parametrize(("key", "value", "message"), REFUSED)
def test_a_table_of_changes_is_read_strictly(key: str, value: object, message: str) -> None:
    content = mapping(paths.RAW_CHANGES)
    first = {**content["changes"][0], key: value}
    with pytest.raises(ParamsError, match=message):
        typed_content({"changes": [first]}, RawChanges, paths.RAW_CHANGES)


def test_an_id_stands_once() -> None:
    with pytest.raises(ValueError, match="overdue_instalment` twice"):
        RawChanges((CHANGES[0], CHANGES[0]))
