"""The three laws over all families and the facts of the policy.

Row-local, blind to the future, independent of order. Bit for bit.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from operator import or_
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from creditloom.features.contract.tables import APPLICATIONS, EVENT_TABLES, TABLES
from creditloom.features.declare.registry import plan
from creditloom.features.engine.engine import build
from creditloom.features.policy_inputs.policy_inputs import NAMES as FACTS
from tests.features.raw import PARAMS, Raw, random_events, write_raw

NAMES = [spec.name for spec in plan([t.name for t in EVENT_TABLES]).specs]
COLUMNS = [*FACTS, *NAMES]


def matrix(raw: Raw, root: Path, parts: int = 1, bucket_rows: int = 10_000) -> pa.Table:
    return pa.concat_tables(
        build(write_raw(raw, root, parts), replace(PARAMS, bucket_rows=bucket_rows))
    )


def bits(table: pa.Table) -> dict[str, list[bytes]]:
    """Every column of a feature or fact as bytes per row, null apart from any number."""
    return {
        n: [b"null" if v is None else np.float64(v).tobytes() for v in table.column(n).to_pylist()]
        for n in COLUMNS
    }


def differing(a: pa.Table, b: pa.Table) -> list[str]:
    left = bits(a)
    right = bits(b)
    return [name for name in COLUMNS if left[name] != right[name]]


@pytest.fixture(scope="module")
def whole(raw: Raw, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    return matrix(raw, tmp_path_factory.mktemp("whole"))


def test_the_random_world_moves_nearly_every_feature(whole: pa.Table) -> None:
    still = [name for name in NAMES if len(set(whole.column(name).to_pylist())) < 2]
    assert len(still) < 0.03 * len(NAMES), still


@pytest.mark.parametrize("application", [0, 7, 23])
def test_row_local(raw: Raw, whole: pa.Table, tmp_path: Path, application: int) -> None:
    """Of other people's applications only a refused consent counts: who refused is not seen."""
    asked = pc.field("application_id") == application
    consents = [c.name for c in APPLICATIONS.columns if c.name.startswith("consent_")]
    is_refused = reduce(or_, (~pc.field(name) for name in consents))
    kept = raw["applications"].filter(asked | is_refused)
    assert kept.num_rows < raw["applications"].num_rows
    alone = matrix({**raw, "applications": kept}, tmp_path).filter(asked)
    assert not differing(alone, whole.filter(asked))


@pytest.mark.slow
def test_row_local_whatever_the_bucket(raw: Raw, whole: pa.Table, tmp_path: Path) -> None:
    assert not differing(matrix(raw, tmp_path, bucket_rows=100), whole)


def _known_by_nobody(rows: pa.Table, raw: Raw) -> pa.Array:
    """Return rows that happen or become known too late for every application they could touch.

    That is at or after its as_of.
    """
    latest = pc.max(raw["applications"].column("as_of"))
    return pc.or_(
        pc.greater_equal(rows.column("known_time"), latest),
        pc.greater_equal(rows.column("event_time"), latest),
    )


def test_blind_to_deleted_future(raw: Raw, whole: pa.Table, tmp_path: Path) -> None:
    shorter = {
        n: t.filter(pc.invert(_known_by_nobody(t, raw))) if TABLES[n].is_event else t
        for n, t in raw.items()
    }
    assert sum(map(len, shorter.values())) < 0.95 * sum(map(len, raw.values()))
    assert not differing(matrix(shorter, tmp_path), whole)


def test_blind_to_added_and_changed_future(raw: Raw, whole: pa.Table, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    latest = pc.max(raw["applications"].column("as_of"))
    changed = dict(raw)
    for table in (*EVENT_TABLES, TABLES["loan_performance"]):
        fake = random_events(table, 300, 30, rng, first_id=10**9)
        late = pa.array(
            [latest.as_py()] * len(fake), pa.timestamp("us")
        )  # known exactly when the last person applies: too late
        fake = fake.set_column(
            fake.schema.get_field_index("known_time"), table.arrow_schema.field("known_time"), late
        )
        past = raw[table.name].filter(pc.invert(_known_by_nobody(raw[table.name], raw)))
        changed[table.name] = pa.concat_tables([past, fake])
    assert not differing(matrix(changed, tmp_path), whole)


@pytest.mark.parametrize("table", [t.name for t in EVENT_TABLES])
def test_an_event_known_at_as_of_is_not_seen_and_one_just_before_is(
    raw: Raw, tmp_path: Path, table: str
) -> None:
    """The rule per person and table, to the microsecond."""
    rng = np.random.default_rng(6)
    as_of = np.datetime64("2024-06-15T10:30:00", "us")
    person = raw["applications"].slice(3, 1)
    consents = {name: True for name in person.column_names if name.startswith("consent_")}
    person = _with_cells(person, {**consents, "as_of": as_of})
    long_ago = pa.scalar(as_of - np.timedelta64(60, "D"), pa.timestamp("us"))
    past = raw[table].filter(pc.less(raw[table].column("known_time"), long_ago))

    def row(known: np.datetime64) -> pa.Table:
        event = random_events(TABLES[table], 1, 30, rng, first_id=10**9)
        happened = as_of - np.timedelta64(40, "D")
        return _with_cells(event, {"applicant_id": 3, "event_time": happened, "known_time": known})

    def features(rows: pa.Table, folder: str) -> dict[str, list]:
        sources = write_raw({"applications": person, table: rows}, tmp_path / folder)
        return (
            pa.concat_tables(build(sources, PARAMS))
            .select([s.name for s in plan([table]).specs])
            .to_pydict()
        )

    before = features(past, "without")
    at = pa.concat_tables([past, row(as_of)])
    just_before = pa.concat_tables([past, row(as_of - np.timedelta64(1, "us"))])
    assert str(features(at, "at")) == str(before)
    assert str(features(just_before, "just_before")) != str(before)


def _with_cells(table: pa.Table, cells: dict[str, object]) -> pa.Table:
    """Return a table of one row with these cells in their columns' own types."""
    for name, value in cells.items():
        at = table.schema.get_field_index(name)
        field = table.schema.field(name)
        table = table.set_column(at, field, pa.array([value], field.type))
    return table


def test_order_free(raw: Raw, whole: pa.Table, tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    shuffled = {name: table.take(rng.permutation(len(table))) for name, table in raw.items()}
    assert not differing(matrix(shuffled, tmp_path, parts=3), whole)


def test_several_applications_of_one_person(raw: Raw, whole: pa.Table, tmp_path: Path) -> None:
    """A second application of a person at the same moment has the same features.

    The rows come in order of application.
    """
    second = raw["applications"].slice(4, 1)
    second = second.set_column(0, second.schema.field(0), pa.array([900]))
    found = matrix(
        {**raw, "applications": pa.concat_tables([second, raw["applications"]])}, tmp_path
    )
    assert found.column("application_id").to_pylist() == [*range(30), 900]
    assert not differing(found.slice(30, 1), whole.slice(4, 1))
    assert not differing(found.slice(0, 30), whole)


def test_no_consent_no_feature(raw: Raw, whole: pa.Table) -> None:
    for table in EVENT_TABLES:
        if table.consent:
            refused = whole.filter(pc.invert(whole.column(table.consent)))
            own = [s.name for s in plan([table.name]).specs]
            assert len(refused)
            assert all(refused.column(name).null_count == len(refused) for name in own)


def test_nothing_happened_is_zero_and_null(whole: pa.Table) -> None:
    """Person 0 has no event: counts are 0, averages null."""
    nobody = whole.slice(0, 1).to_pylist()[0]
    assert nobody["pay_out_count_12m"] == 0
    assert nobody["pay_out_amount_mean_cny_12m"] is None
