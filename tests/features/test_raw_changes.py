"""Promised directions: a change of raw rows moves every signed feature to the promised side.

So any model that keeps the signs of its features, and reads the nulls of some as their safest value
(`train.safest_nulls`), keeps the promise.
"""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from creditloom.features.contract.raw_changes import (
    RawChange,
    RawChanges,
    changed_rows,
    newest_fitting,
)
from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.declare.registry import plan
from creditloom.features.engine.engine import build
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError, document, mapping, typed_content
from tests.features.raw import PARAMS, Raw, random_raw, write_raw

CHANGES = document(RawChanges, paths.RAW_CHANGES).changes
SIGNS = {spec.name: spec.direction for spec in plan([t.name for t in EVENT_TABLES]).specs}
SIGNED = [name for name, sign in SIGNS.items() if sign]
# What no model may choose, and of what it reads the null as the safest value.
WITHOUT = set(mapping(paths.DEFAULTS)["select"]["without_features"])
SAFEST_NULLS = set(mapping(paths.DEFAULTS)["train"]["safest_nulls"])
UNSURE = {name for change in CHANGES for name in change.unsure}
# Of so many people each change is done to some ten.
PEOPLE = 84
# A smaller difference comes from another order of addition.
TOLERANCE = 1e-9


def matrix(raw: Raw, root: Path) -> pa.Table:
    return pa.concat_tables(build(write_raw(raw, root), PARAMS)).sort_by("application_id")


@dataclasses.dataclass(frozen=True)
class Move:
    """A feature of a person that a change moved; null = NaN."""

    change: RawChange
    feature: str
    was: float
    now: float

    @property
    def is_from_null(self) -> bool:
        return math.isnan(self.was)

    @property
    def is_to_null(self) -> bool:
        return math.isnan(self.now)

    @property
    def step(self) -> float:
        """To the risky side, of a signed feature whose values are known before and after."""
        return SIGNS[self.feature] * (self.now - self.was)


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


def consenting(seed: int) -> Raw:
    """Raw tables of people who have consented to all: what they refuse moves nothing."""
    raw = random_raw(PEOPLE, seed=seed)
    rows = raw["applications"]
    for name in (one for one in rows.column_names if one.startswith("consent_")):
        agreed = pa.array(np.ones(len(rows), bool))
        rows = rows.set_column(rows.schema.get_field_index(name), rows.schema.field(name), agreed)
    return {**raw, "applications": rows}


def late_every(raw: Raw, nth: int | None) -> Raw:
    """Every nth instalment and bill is nine days late, the others are on time; None = all are."""
    out = dict(raw)
    for name in ("repayments", "bills"):
        table = raw[name]
        is_late = np.arange(len(table)) % (nth or 1) == 0 if nth else np.zeros(len(table), bool)
        at = table.schema.get_field_index("days_late")
        late = pa.array(np.where(is_late, 9, 0).astype(np.int16))
        out[name] = table.set_column(at, table.schema.field(at), late)
    return out


def first_rows(raw: Raw, changes: tuple[RawChange, ...]) -> Raw:
    """Of the table that a person's change is of, only the row to be changed: none to be added."""
    out = dict(raw)
    applications = raw["applications"]
    people = applications["applicant_id"].to_numpy()
    moments = applications["as_of"].to_numpy()
    for k, change in enumerate(changes):
        table = out[change.table]
        own = list(zip(people[k :: len(changes)], moments[k :: len(changes)], strict=True))
        is_kept = ~np.isin(table["applicant_id"].to_numpy(), [person for person, _ in own])
        for person, as_of in own if change.action == "change" else ():
            found = newest_fitting(change, table, person, as_of)
            if found is not None:
                is_kept[found] = True
        out[change.table] = table.filter(pa.array(is_kept))
    return out


def moves_of(raw: Raw, changes: tuple[RawChange, ...], root: Path) -> list[Move]:
    """Do one change to each person, and list what moved."""
    changed, got = with_changes(raw, changes)
    before = matrix(raw, root / "before")
    after = matrix(changed, root / "after")
    ids = before["application_id"].to_pylist()
    assert ids == after["application_id"].to_pylist()
    moved = []
    for name in SIGNS:
        was = before[name].cast(pa.float64()).to_numpy()
        now = after[name].cast(pa.float64()).to_numpy()
        is_near = np.isclose(was, now, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
        for k in np.flatnonzero(~is_near):
            moved.append(Move(got[ids[k]], name, float(was[k]), float(now[k])))
    return moved


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> list[Move]:
    """People with many rows and with the first of a kind; some late, and never late."""
    found = []
    for seed, nth in ((5, 3), (6, None)):
        raw = late_every(consenting(seed), nth)
        for world in (raw, first_rows(raw, CHANGES)):
            found += moves_of(world, CHANGES, tmp_path_factory.mktemp("moves"))
    return found


def test_every_change_moves_signed_features_and_none_to_the_other_side(moved: list[Move]) -> None:
    signed = [one for one in moved if SIGNS[one.feature]]
    wrong = [one for one in signed if one.step * one.change.direction < 0]
    assert [one for one in wrong if one.feature not in one.change.unsure] == []
    by_change = {change.id: set() for change in CHANGES}
    for one in signed:
        by_change[one.change.id].add(one.feature)
    assert [name for name, features in by_change.items() if len(features) < 2] == []


def test_a_null_that_becomes_a_value_is_read_as_the_safest_value(moved: list[Move]) -> None:
    """Catches a feature that the list leaves out, and one on it that no change turns."""
    turned = {one.feature for one in moved if one.is_from_null} - WITHOUT
    assert turned == SAFEST_NULLS
    # The PD of a change that promises a lower one must not rise: the safest value is no help then.
    assert {change.direction for change in CHANGES} == {1}


def test_a_value_that_becomes_null_may_not_be_chosen(moved: list[Move]) -> None:
    """Null may be read as safe, so that less known would be a way to a lower PD."""
    assert {one.feature for one in moved if one.is_to_null} <= WITHOUT


def test_what_is_unsure_is_a_signed_feature() -> None:
    assert UNSURE and set(SIGNED) >= UNSURE


def test_what_a_change_moves_has_a_sign_or_may_not_be_chosen(moved: list[Move]) -> None:
    """So every model keeps every promise, whatever it chooses."""
    assert {one.feature for one in moved if not SIGNS[one.feature]} <= WITHOUT


def test_what_may_not_be_chosen_has_no_sign_or_is_unsure_or_becomes_null(moved: list[Move]) -> None:
    to_null = {one.feature for one in moved if one.is_to_null}
    signed = {name for name in WITHOUT if SIGNS[name]}
    assert signed == UNSURE | {name for name in to_null if SIGNS[name]}


def test_a_change_that_promises_the_wrong_side_is_seen(tmp_path: Path) -> None:
    """A statement of one more lender: enquiries per lender fall, lenders rise."""
    worse = dataclasses.replace(CHANGES[2], values={"active_lenders": 9_000}, worst={})
    moved = moves_of(late_every(consenting(5), 3), (worse,), tmp_path)
    steps = [one.step for one in moved if SIGNS[one.feature]]
    assert {step > 0 for step in steps if not math.isnan(step)} == {True, False}


def test_a_cell_that_is_not_known_does_not_get_worse() -> None:
    used_up = next(change for change in CHANGES if change.id == "cards_used_up")
    raw = consenting(5)
    table = raw["bureau_snapshots"]
    at = table.schema.get_field_index("utilisation")
    unknown = pa.nulls(len(table), table.schema.field(at).type)
    table = table.set_column(at, table.schema.field(at), unknown)
    rows = raw["applications"]
    whose = zip(rows["applicant_id"].to_pylist(), rows["as_of"].to_numpy(), strict=True)
    assert all(changed_rows(used_up, table, person, as_of) is None for person, as_of in whose)


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
