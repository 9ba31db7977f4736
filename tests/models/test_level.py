"""The level of the PD.

Checked by hand where that is possible, and closer to the months ahead than the long-run mean over
many economies, with intervals that hold what they say.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.special import expit

from creditloom.models.calibration.level import Level, LevelParams, effective, expected
from creditloom.models.sample.errors import ModelError

PARAMS = LevelParams()
MONTHS = 18


def loans(
    bads_per_month: list[int], rows: int = 1_000
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcome, weight 1 and month of `rows` loans a month."""
    bad = np.concatenate([np.arange(rows) < n for n in bads_per_month])
    return bad, np.ones(len(bad)), np.repeat(np.arange(len(bads_per_month)), rows)


def test_without_movement_it_is_the_mean_of_all_months() -> None:
    still = dataclasses.replace(PARAMS, sd=1e-4)
    found = expected(*loans([100] * 3 + [400] * 3, 10_000), still)
    assert found.rate == pytest.approx(1_500 / 60_000, rel=0.01)
    assert found.n_bads == 1_500 and found.effective_bads == 1_500.0


def test_the_level_lies_between_the_long_run_and_the_last_months() -> None:
    found = expected(*loans([20] * 15 + [40] * 3), PARAMS)
    assert 0.020 < found.long_run < found.rate < 0.040
    assert found.low < found.rate < found.high


def test_a_shift_long_ago_moves_it_less_than_one_just_now() -> None:
    old, new = (
        expected(*loans(path), PARAMS).rate for path in ([40] * 3 + [20] * 15, [20] * 15 + [40] * 3)
    )
    assert old < new


def test_what_moves_is_estimated_from_the_vintages_and_not_only_believed() -> None:
    """Vintages that jump give a larger SD and a wider interval than vintages that stand still."""
    calm = expected(*loans([200] * MONTHS, 10_000), PARAMS)
    wild = expected(*loans([100, 400, 150, 300, 100, 450] * 3, 10_000), PARAMS)
    assert calm.sd < PARAMS.sd < wild.sd
    assert wild.rho < PARAMS.rho
    assert calm.high / calm.low < wild.high / wild.low


def test_few_bads_make_the_interval_wide() -> None:
    few, many = (expected(*loans([n] * MONTHS, 50 * n), PARAMS) for n in (2, 200))
    assert many.high / many.low < few.high / few.low


def test_young_months_count_by_what_they_have_seen() -> None:
    """The last months have seen a tenth of their defaults, and show a tenth of them."""
    bad, weight, month = loans([200] * 12 + [20] * 6, 10_000)
    exposure = np.where(month >= 12, 0.1, 1.0)
    aware = expected(bad, weight, month, PARAMS, exposure)
    assert aware.rate == pytest.approx(0.02, rel=0.06)
    # A level that takes young loans for good ones falls far below.
    assert expected(bad, weight, month, PARAMS).rate < 0.01


def test_months_that_nothing_is_known_of_widen_the_interval() -> None:
    bad, weight, month = loans([200] * 12 + [0] * 6, 10_000)
    later = expected(bad, weight, month, PARAMS, np.where(month >= 12, 0.0, 1.0))
    now = expected(*loans([200] * 12, 10_000), PARAMS)
    assert later.rate == pytest.approx(0.02, rel=0.1)
    assert later.high / later.low > now.high / now.low


def test_heavy_weights_make_the_past_say_less() -> None:
    bad, weight, month = loans([20] * MONTHS)
    heavy = np.where(np.arange(len(bad)) % 10 == 0, 20.0, 1.0)
    light, noisy = (expected(bad, w, month, PARAMS) for w in (weight, heavy))
    assert noisy.effective_bads < 0.5 * light.effective_bads
    assert noisy.high / noisy.low > light.high / light.low


def test_scale_of_weights_and_order_of_rows_do_not_matter() -> None:
    bad, weight, month = loans([10, 20, 30, 20, 40, 10])
    order = np.random.default_rng(1).permutation(len(bad))
    moved = expected(bad[order], 7.0 * weight[order], month[order] + 100, PARAMS)
    assert moved.rate == pytest.approx(expected(bad, weight, month, PARAMS).rate, rel=1e-9)


def test_many_years_count_and_no_bads_are_refused() -> None:
    assert 0.01 < expected(*loans([2] * 400, 100), PARAMS).rate < 0.04
    with pytest.raises(ModelError, match="got none among 2000 loans"):
        expected(*loans([0, 0]), PARAMS)


def test_effective_rows() -> None:
    assert effective(np.ones(3)) == 3.0 and effective(np.empty(0)) == 0.0


@pytest.fixture(scope="module")
def economies() -> list[tuple[Level, float, float]]:
    """Level, rate of the months ahead and mean of the past, of 200 economies with an SD of .25."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(200):
        path = np.empty(MONTHS + 6)
        path[0] = rng.standard_normal()
        for k in range(1, len(path)):
            path[k] = 0.95 * path[k - 1] + np.sqrt(1 - 0.95**2) * rng.standard_normal()
        rate = expit(np.log(0.022) + 0.25 * path)
        seen = loans(rng.binomial(1_000, rate[:MONTHS]).tolist())
        ahead = float(rate[MONTHS:].mean())
        found.append((expected(*seen, PARAMS), ahead, float(seen[0].mean())))
    return found


def test_it_is_nearer_to_the_months_ahead_than_the_mean_of_the_past(
    economies: list[tuple[Level, float, float]],
) -> None:
    moving = np.sqrt(np.mean([np.log(level.rate / ahead) ** 2 for level, ahead, _ in economies]))
    still = np.sqrt(np.mean([np.log(past / ahead) ** 2 for _, ahead, past in economies]))
    assert moving < 0.92 * still


def test_the_interval_holds_nine_of_ten_economies_and_half_of_it_does_not(
    economies: list[tuple[Level, float, float]],
) -> None:
    held = np.mean([level.low <= ahead <= level.high for level, ahead, _ in economies])
    halved = np.mean(
        [
            (level.low + level.rate) / 2 <= ahead <= (level.high + level.rate) / 2
            for level, ahead, _ in economies
        ]
    )
    assert 0.85 <= held <= 0.97
    assert halved < 0.8
