"""Claims about the economy: it acts by calendar month, on everybody alike (domain 7.5, 7.8)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.events.events import Chunk
from creditloom.world.events.payment_flow import emit
from creditloom.world.risk.default import onset_weights
from creditloom.world.risk.economy import Economy, draw_economy
from creditloom.world.world import Setting, World

N_VINTAGES = 24


def economy(nature: WorldConfig, scenario: str, seed: int = 3) -> Economy:
    weights = onset_weights(nature.hazard)
    rng = np.random.default_rng(seed)
    return draw_economy(nature.economy, scenario, N_VINTAGES, weights, rng)


def test_off_is_nothing_in_any_month(nature: WorldConfig) -> None:
    off = economy(nature, "off")
    assert not off.path.any()
    assert not off.of_vintage(N_VINTAGES, onset_weights(nature.hazard)).any()


def test_a_calm_economy_is_neutral_over_the_vintages(nature: WorldConfig) -> None:
    weights = onset_weights(nature.hazard)
    calm = economy(nature, "calm")
    met = calm.of_vintage(N_VINTAGES, weights)
    assert np.exp(calm.gamma * met).mean() == pytest.approx(1.0, abs=1e-12)
    assert met.std() > 0.1


def test_a_recession_is_the_calm_path_and_a_bad_time_on_top(nature: WorldConfig) -> None:
    numbers = nature.economy
    added = economy(nature, "recession").path - economy(nature, "calm").path
    months = np.flatnonzero(added > 1e-9)
    assert months.size == numbers.recession_months
    assert added[months] == pytest.approx(numbers.recession_size)


def test_one_half_year_is_bad_in_the_mean(nature: WorldConfig) -> None:
    numbers = nature.economy
    first = numbers.bad_half_year
    inside = np.arange(first, first + numbers.bad_half_year_months)
    outside = np.setdiff1d(np.arange(N_VINTAGES), inside)
    paths = [economy(nature, "calm", seed) for seed in range(400)]
    gaps = [path.at(inside).mean() - path.at(outside).mean() for path in paths]
    assert np.mean(gaps) == pytest.approx(numbers.bad_half_year_size, abs=0.15)


def test_another_macro_seed_gives_the_same_people_another_economy(
    nature: WorldConfig, calendar: Calendar, params: WorldParams
) -> None:
    one, other = (
        Setting.of(replace(params, macro_seed=seed), nature, calendar, 1) for seed in (None, 7)
    )
    assert not np.array_equal(one.economy.path, other.economy.path)
    assert one.rng("people").random() == other.rng("people").random()


def flows(state: World, scenario: str) -> tuple[World, dict[str, pd.DataFrame]]:
    """Return the world of a scenario, and the payment tables of a few of its people."""
    params = replace(state.setting.params, scenario=scenario)
    world = replace(state, setting=replace(state.setting, params=params))
    chunk = Chunk(world, 0, 0, 300)
    tables = emit(chunk, chunk.rng("payment_flow"))
    return world, {name: tables[name].to_pandas() for name in ("wallet_snapshots", "payments")}


@pytest.mark.parametrize(
    ("table", "column", "category"),
    [
        ("wallet_snapshots", "inflow_fen", None),
        ("payments", "amount_fen", "salary"),
        ("payments", "amount_fen", "merchant_receipt"),
    ],
)
def test_incomes_follow_the_path_of_their_month(
    state: World, table: str, column: str, category: str | None
) -> None:
    world, hit = flows(state, "recession")
    _, off = flows(state, "off")
    rows = hit[table]
    kept = np.ones(len(rows), bool) if category is None else (rows["category"] == category)
    # A fen of rounding is little of a larger amount only.
    kept &= off[table][column] > 5_000
    first = np.datetime64(world.setting.calendar.applications_start, "M").astype(int)
    month = rows["event_time"][kept].to_numpy().astype("datetime64[M]").astype(int) - first
    expected = np.exp(world.setting.nature.economy.inflow * world.setting.economy.at(month))
    found = rows[column][kept] / off[table][column][kept]
    assert len(found) > 20
    assert found.to_numpy() == pytest.approx(expected, rel=5e-4)


def test_what_people_spend_does_not_follow_the_path(state: World) -> None:
    _, hit = flows(state, "recession")
    _, off = flows(state, "off")
    is_food = hit["payments"]["category"] == "food"
    assert hit["payments"][is_food].equals(off["payments"][is_food])
