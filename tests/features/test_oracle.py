"""The fast engine against the slow, obvious one: every feature of every stream, on random events."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.engine import build
from features.formulas import FORMULAS
from features.registry import plan
from features.tables import EVENT_TABLES
from tests.features.oracle import ORACLE, seen, value_of
from tests.features.raw import PARAMS, random_raw, write_raw

PEOPLE = (0, 1, 2)  # person 0 has no events


@pytest.fixture(scope="module")
def raw() -> dict[str, pa.Table]:
    everyone = random_raw(people=3, seed=11)
    applications = everyone["applications"]
    for name in ("consent_bureau", "consent_social", "consent_assets", "consent_location"):
        given = pa.array([True] * len(applications))
        applications = applications.set_column(applications.schema.get_field_index(name), applications.schema.field(name), given)
    return {**everyone, "applications": applications}


@pytest.fixture(scope="module")
def matrix(raw: dict[str, pa.Table], tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    table = pa.concat_tables(build(write_raw(raw, tmp_path_factory.mktemp("oracle")), PARAMS))
    return table.to_pandas().set_index("application_id")


def test_the_oracle_knows_every_formula() -> None:
    assert set(ORACLE) == set(FORMULAS)


@pytest.mark.parametrize("table", [t.name for t in EVENT_TABLES])
def test_every_feature_agrees(raw: dict[str, pa.Table], matrix: pd.DataFrame, table: str) -> None:
    events = raw[table].to_pandas()
    (stream, steps), *_ = plan([table]).streams
    known = {p: seen(stream, events[events.applicant_id == p], matrix.loc[p, "as_of"]) for p in PEOPLE}
    assert sum(map(len, known.values())) >= 30
    wrong = []
    for step in steps:
        for name, _, spec in step.features:
            for person in PEOPLE:
                got, expected = matrix.loc[person, spec.name], value_of(stream, step.block, name, spec.window, known[person])
                if not np.isclose(got, expected, rtol=1e-9, atol=1e-9, equal_nan=True):
                    wrong.append((spec.name, person, got, expected))
    assert not wrong, wrong[:5]
