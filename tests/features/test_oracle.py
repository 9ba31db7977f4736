"""The fast engine against the slow, obvious one.

Every feature of every stream, on random events.
"""

from __future__ import annotations

import math

import pandas as pd
import pyarrow as pa
import pytest

from creditloom.features.aggregates.aggregates import AGGREGATES
from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.declare.registry import plan
from creditloom.features.engine.engine import build
from tests.features.oracle import ORACLE, Person, seen, value_of
from tests.features.raw import PARAMS, random_raw, write_raw

PEOPLE = (0, 1, 2)  # person 0 has no events


@pytest.fixture(scope="module")
def raw() -> dict[str, pa.Table]:
    everyone = random_raw(people=3, seed=11)
    applications = everyone["applications"]
    for name in ("consent_bureau", "consent_social", "consent_assets", "consent_location"):
        given = pa.array([True] * len(applications))
        applications = applications.set_column(
            applications.schema.get_field_index(name), applications.schema.field(name), given
        )
    return {**everyone, "applications": applications}


@pytest.fixture(scope="module")
def matrix(raw: dict[str, pa.Table], tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    table = pa.concat_tables(build(write_raw(raw, tmp_path_factory.mktemp("oracle")), PARAMS))
    return table.to_pandas().set_index("application_id")


def test_the_oracle_knows_every_formula() -> None:
    assert set(ORACLE) == set(AGGREGATES)


@pytest.mark.parametrize("table", [t.name for t in EVENT_TABLES])
def test_every_feature_agrees(raw: dict[str, pa.Table], matrix: pd.DataFrame, table: str) -> None:
    events = raw[table].to_pandas()
    (stream, steps), *_ = plan([table]).streams
    people = {
        p: Person(stream, seen(stream, events[events.applicant_id == p], matrix.loc[p, "as_of"]))
        for p in PEOPLE
    }
    assert sum(len(person.known) for person in people.values()) >= 30
    found = matrix[[spec.name for step in steps for _, _, spec in step.features]].to_dict("index")
    wrong = []
    for step in steps:
        for name, _, spec in step.features:
            for who, person in people.items():
                got = found[who][spec.name]
                expected = value_of(person, step.block, name, spec.window)
                if not (
                    math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-9)
                    or (math.isnan(got) and math.isnan(expected))
                ):
                    wrong.append((spec.name, who, got, expected))
    assert not wrong, wrong[:5]
