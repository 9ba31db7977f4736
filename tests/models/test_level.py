"""The level of the PD.

Checked by hand where that is possible, and closer to the months ahead than the long-run mean over
many economies.
"""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.models.calibration.calibration import LevelParams, effective, expected

STILL = LevelParams(macro_sd=0.0)
MOVING = LevelParams()
MONTHS = 18


def loans(
    bads_per_month: list[int], rows: int = 1_000
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcome, weight 1 and month of `rows` loans a month."""
    bad = np.concatenate([np.arange(rows) < n for n in bads_per_month])
    return bad, np.ones(len(bad)), np.repeat(np.arange(len(bads_per_month)), rows)


def test_one_block_is_its_own_rate() -> None:
    found = expected(*loans([20, 30, 40]), MOVING)
    assert found.rate == pytest.approx((90 + 0.5) / 3_000)
    assert (
        found.rate == pytest.approx(found.long_run)
        and found.n_bads == 90
        and found.effective_bads == 90.0
    )


def test_without_an_economy_blocks_count_by_their_bads() -> None:
    found = expected(*loans([10] * 3 + [40] * 3), STILL)
    log_rate = (30.5 * np.log(30.5 / 3_000) + 120.5 * np.log(120.5 / 3_000)) / (30.5 + 120.5)
    assert found.rate == pytest.approx(np.exp(log_rate)) and found.long_run == found.rate


def test_the_level_lies_between_the_long_run_and_the_last_months() -> None:
    found = expected(*loans([20] * 15 + [40] * 3), MOVING)
    assert 0.020 < found.long_run < found.rate < 0.040


def test_a_shift_long_ago_moves_it_less_than_one_just_now() -> None:
    old, new = (
        expected(*loans(path), MOVING).rate for path in ([40] * 3 + [20] * 15, [20] * 15 + [40] * 3)
    )
    assert old < new


def test_heavy_weights_make_a_block_say_less() -> None:
    bad, weight, month = loans([20] * 15 + [40] * 3)
    heavy = np.where((month >= 15) & (np.arange(len(bad)) % 10 == 0), 20.0, weight)
    light = expected(bad, weight, month, MOVING)
    noisy = expected(bad, heavy, month, MOVING)
    assert effective(heavy[bad]) < 0.5 * bad.sum()
    assert noisy.rate < light.rate


def test_a_block_without_bads_has_a_rate() -> None:
    assert 0.0 < expected(*loans([20] * 3 + [0] * 3), MOVING).rate < 0.02


def test_scale_of_weights_and_order_of_rows_do_not_matter() -> None:
    bad, weight, month = loans([10, 20, 30, 20, 40, 10])
    order = np.random.default_rng(1).permutation(len(bad))
    assert expected(
        bad[order], 7.0 * weight[order], month[order] + 100, MOVING
    ).rate == pytest.approx(expected(bad, weight, month, MOVING).rate, rel=1e-12)


def test_over_many_economies_it_is_nearer_to_the_months_ahead_than_the_mean_of_the_past() -> None:
    """Worlds of domain 7.5: the log rate is AR(1) with rho .95 and SD .25.

    Some twenty effective bads a month.
    """
    rng = np.random.default_rng(5)
    miss = {STILL: [], MOVING: []}
    for _ in range(300):
        path = np.empty(MONTHS + 6)
        path[0] = rng.standard_normal()
        for k in range(1, len(path)):
            path[k] = 0.95 * path[k - 1] + np.sqrt(1 - 0.95**2) * rng.standard_normal()
        rate = 0.022 * np.exp(0.25 * path)
        seen = loans(rng.poisson(1_000 * rate[:MONTHS]).tolist())
        for params, errors in miss.items():
            errors.append(np.log(expected(*seen, params).rate / rate[MONTHS:].mean()))
    still, moving = (float(np.sqrt(np.mean(np.square(errors)))) for errors in miss.values())
    assert moving < 0.92 * still
