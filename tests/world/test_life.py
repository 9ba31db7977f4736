"""Claims about life shocks (domain 7.4, 7.5).

How often they come, how friends share them, what they do to default and to payments.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.life import JOB_LOSS, MONTH_US, draw_life, shared_luck
from creditloom.world.risk.default import exposure, exposure_exponent, onset_weights, pace
from creditloom.world.world import World
from tests.world.written import Written


def test_shocks_strike_at_their_monthly_rates(state: World, nature: WorldConfig) -> None:
    life = state.life
    monthly = -np.log1p(-(life.kind >= 0).mean()) / 24.0
    assert monthly == pytest.approx(sum(nature.life.monthly_rates), rel=0.06)
    kinds = np.bincount(life.kind[life.kind >= 0], minlength=3) / (life.kind >= 0).sum()
    assert np.allclose(
        kinds, np.array(nature.life.monthly_rates) / sum(nature.life.monthly_rates), atol=0.03
    )


def _job_losses_of_friends(world: World) -> tuple[float, float]:
    """Return job losses within a month of a contact's, per contact row.

    Beside it the same within a month a year before it.
    """
    life = world.life
    graph = world.graph
    both = (life.kind[graph.owner] == JOB_LOSS) & (life.kind[graph.contact] == JOB_LOSS)
    months = (life.time_us[graph.owner[both]] - life.time_us[graph.contact[both]]) / MONTH_US
    return ((months >= 0) & (months < 1)).mean(), ((months >= -7) & (months < -6)).mean()


def test_friends_lose_their_jobs_in_the_same_month(state: World, nature: WorldConfig) -> None:
    together, apart = _job_losses_of_friends(state)
    assert together > 3 * apart
    alone = replace(nature, life=replace(nature.life, shared_share=0.0, spread=0.0))
    calm = replace(
        state, life=draw_life(alone, state.people, state.graph, np.random.default_rng(1))
    )
    together, apart = _job_losses_of_friends(calm)
    assert together < 2 * apart


def test_friends_share_part_of_their_luck(state: World) -> None:
    graph = state.graph
    luck = state.outcome.shock
    assert np.corrcoef(luck[graph.owner], luck[graph.contact])[0, 1] == pytest.approx(0.2, abs=0.05)
    assert luck.std() == pytest.approx(
        state.setting.nature.effects.shock_sigma, rel=2e-3
    )  # exact within each community
    own = shared_luck(graph, state.people.size, 0.0, np.random.default_rng(1))
    assert np.corrcoef(own[graph.owner], own[graph.contact])[0, 1] == pytest.approx(0.0, abs=0.01)


def test_the_hazard_is_threefold_for_six_months_before_and_after_booking(
    nature: WorldConfig,
) -> None:
    timing = onset_weights(nature.hazard)
    assert np.allclose(
        pace(nature.hazard, np.array([5]))[0] / np.maximum(timing, 1e-9),
        [1, 1, 1, 1, 3, 3, 3, 3, 3],
    )
    assert np.allclose(
        pace(nature.hazard, np.array([-2]))[0] / np.maximum(timing, 1e-9),
        [3, 3, 3, 1, 1, 1, 1, 1, 1],
    )
    struck, passed, none = exposure(nature.hazard, np.array([0, -8, 99]))
    assert struck > 1.5
    assert passed == pytest.approx(1.0)
    assert none == pytest.approx(exposure_exponent(nature.hazard))


def test_who_has_just_been_struck_defaults_more(state: World) -> None:
    month = state.life.month(state.people.as_of)
    just = (month <= 0) & (
        month > -2
    )  # three to five of the months that can go bad lie in the shock's six
    assert just.sum() > 300
    assert (
        state.outcome.pd_neutral[just].mean() > 1.15 * state.outcome.pd_neutral[month > 12].mean()
    )


@pytest.fixture(scope="module")
def around(written: Written) -> pd.DataFrame:
    """Return payments of people who lost their job before they applied.

    Half a year to either side of it.
    """
    people = written.people
    lost = people[(people.life_shock == "job_loss") & ~people.is_thin & ~people.is_fraud]
    rows = written.table("payments").merge(lost[["life_shock_time"]], on="applicant_id")
    rows["months"] = (rows.event_time - rows.life_shock_time).dt.total_seconds() / (MONTH_US / 1e6)
    return rows[rows.months.abs() < 6].assign(after=lambda d: d.months >= 0)


def _per_month(rows: pd.DataFrame, around: pd.DataFrame) -> pd.Series:
    """Rows of each side, per person-month that was seen there."""
    seen = (
        around.assign(month=np.floor(around.months))
        .drop_duplicates(["applicant_id", "month"])
        .groupby("after")
        .size()
    )
    return rows.groupby("after").size().reindex([False, True], fill_value=0) / seen


def test_after_a_job_loss_no_salary_comes_less_flows_in_and_savings_are_withdrawn(
    around: pd.DataFrame,
) -> None:
    salary = _per_month(around[around.category == "salary"], around)
    assert salary[False] > 0.4
    assert salary[True] == 0.0
    transfers = _per_month(
        around[(around.category == "transfer") & (around.direction == "in")], around
    )
    assert transfers[True] < 0.7 * transfers[False]
    withdrawals = _per_month(around[around.category == "withdrawal"], around)
    assert withdrawals[True] > 2 * withdrawals[False]


def test_in_those_months_bills_are_late_and_little_of_an_inflow_stays(written: Written) -> None:
    struck = written.people.life_shock_time.dropna()
    signs = {
        "bills": lambda d: (d.days_late > 0).mean(),
        "wallet_snapshots": lambda d: -(d.retained_fen / d.inflow_fen).mean(),
    }
    for name, worse in signs.items():
        rows = written.table(name).merge(struck, on="applicant_id")
        days = (rows.event_time - rows.life_shock_time).dt.days
        assert worse(rows[(days >= 0) & (days < 180)]) > worse(rows[days < 0]) + 0.05
