"""Claims about the economy: it acts by calendar month, on everybody alike (domain 7.5, 7.8)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.risk.default import onset_weights
from creditloom.world.risk.economy import Economy, draw_economy
from creditloom.world.world import Setting

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
