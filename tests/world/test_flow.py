"""A condition on flow in CNY means the same at any `activity_scale` (domain 0.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from creditloom.features.engine.engine import build
from creditloom.features.feature_params import FeatureParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import section
from creditloom.storage.files.store import read_table, write_table
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.simulate import simulate
from tests.world.written import Written

SEED = 11
STATED = ["least_monthly_flow_fen", "monthly_spend_fen", "spend_cv_6m"]
# fenfu@S3 asks for 2,000 CNY in each of three months (S3-R21).
FLOW_FEN = 200_000
# A world that is thinned in name: every payment is in the table.
NEARLY_ONE = 1.0 - 1e-12


@pytest.fixture(scope="module")
def worlds(
    params: WorldParams,
    nature: WorldConfig,
    calendar: Calendar,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[float, Written]:
    """The same 500 people at three scales."""
    numbers = replace(nature, effects=replace(nature.effects, probe_applicants=5_000))
    made = {}
    for scale in (0.25, NEARLY_ONE, 1.0):
        folder = tmp_path_factory.mktemp("scale")
        raw = folder / "raw"
        truth = folder / "truth"
        on = replace(params, applicants=500, chunk_applicants=500, activity_scale=scale)
        rows = simulate(on, numbers, calendar, raw, truth, seed=SEED)
        made[scale] = Written(raw, truth, rows)
    return made


def policy_inputs(applications: list[Path], payments: list[Path]) -> pd.DataFrame:
    """Return what a rule on flow sees of each applicant."""
    sources: Mapping[str, list[str]] = {
        "applications": [str(file) for file in applications],
        "payments": [str(file) for file in payments],
    }
    matrix = pa.concat_tables(build(sources, section("features", FeatureParams, paths.DEFAULTS)))
    return matrix.select(["applicant_id", *STATED]).to_pandas().set_index("applicant_id")


def seen(world: Written) -> pd.DataFrame:
    return policy_inputs(
        sorted((world.raw / "applications").iterdir()), sorted((world.raw / "payments").iterdir())
    )


@pytest.mark.slow
def test_a_condition_on_flow_refuses_as_many_at_a_quarter_of_the_payments(
    worlds: dict[float, Written],
) -> None:
    refused = {
        scale: seen(worlds[scale])["least_monthly_flow_fen"] < FLOW_FEN for scale in (0.25, 1.0)
    }
    # Three SD of the difference of two shares of 500 people. Thinned sums alone differ by .4.
    assert abs(refused[0.25].mean() - refused[1.0].mean()) < 0.07


def test_variation_of_spending_is_no_larger_where_fewer_payments_are_written(
    worlds: dict[float, Written],
) -> None:
    quarter = seen(worlds[0.25])["spend_cv_6m"].median()
    full = seen(worlds[1.0])["spend_cv_6m"].median()
    assert quarter == pytest.approx(full, abs=0.05)


def test_what_the_ledger_states_is_what_the_payments_add_up_to(
    worlds: dict[float, Written], tmp_path: Path
) -> None:
    world = worlds[NEARLY_ONE]
    applications = sorted((world.raw / "applications").iterdir())
    silent = tmp_path / "part-00000.parquet"
    write_table(pa.concat_tables(map(read_table, applications)).drop_columns(STATED), silent)
    stated = world.table("applications").set_index("applicant_id")[STATED]
    added_up = policy_inputs([silent], sorted((world.raw / "payments").iterdir()))
    for name in STATED:
        # The ledger states whole fen.
        rounding = 0.51 if name.endswith("_fen") else 1e-9
        known = added_up[name].loc[stated.index]
        np.testing.assert_allclose(stated[name].astype(float), known, rtol=1e-9, atol=rounding)


def test_a_complete_table_of_payments_needs_no_ledger(worlds: dict[float, Written]) -> None:
    assert not set(STATED) & set(worlds[1.0].table("applications").columns)
