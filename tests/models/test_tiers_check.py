"""Tiers pooled and ordered: what is a reversal and what is chance."""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.models.calibration.calibration_tests import PooledTier, pooled_tiers, tier_order

ORDER = ("G1", "G2", "G3", "G4")


def cohort(*rows: tuple[str, int, int, float]) -> tuple[list[str], list[float], list[float]]:
    """(tier, n, bads, pd) per tier to one entry per applicant."""
    tier = [t for t, n, _, _ in rows for _ in range(n)]
    y = [float(i < bads) for _, n, bads, _ in rows for i in range(n)]
    return tier, y, [pd for _, n, _, pd in rows for _ in range(n)]


def test_adjacent_tiers_are_pooled_to_twenty_bads_and_a_short_rest_joins_the_last() -> None:
    bands = pooled_tiers(
        *cohort(
            ("G1", 900, 5, 0.004), ("G2", 600, 15, 0.02), ("G3", 500, 25, 0.05), ("G4", 10, 3, 0.3)
        ),
        ORDER,
        20,
    )
    assert [(b.tiers, b.n, b.bads) for b in bands] == [
        (("G1", "G2"), 1500, 20),
        (("G3", "G4"), 510, 28),
    ]
    assert bands[0].mean_pd == pytest.approx((900 * 0.004 + 600 * 0.02) / 1500)


def test_tiers_without_applicants_are_passed_over() -> None:
    bands = pooled_tiers(*cohort(("G1", 900, 25, 0.02), ("G4", 100, 30, 0.3)), ORDER, 20)
    assert [b.tiers for b in bands] == [("G1",), ("G4",)]


def test_too_few_bads_in_all_make_one_band_and_no_pair() -> None:
    order = tier_order(pooled_tiers(*cohort(("G1", 50, 1, 0.02), ("G2", 50, 2, 0.03)), ORDER, 20))
    assert len(order.bands) == 1 and order.reversal_p == () and order.reversed_pairs == 0


def band(n: float, bads: float) -> PooledTier:
    return PooledTier(("G",), n, bads, bads / n, 0.5)


def test_a_clear_reversal_counts_and_a_slight_one_does_not() -> None:
    assert tier_order([band(1000, 60), band(1000, 30), band(1000, 90)]).reversed_pairs == 1
    assert tier_order([band(1000, 33), band(1000, 30), band(1000, 90)]).reversed_pairs == 0


def test_perfect_pds_are_seldom_reversed() -> None:
    """The test is one-sided at 5 % with Holm's correction.

    Over ten equal bands chance alone shows a reversal in at most about one draw in twenty.
    """
    rng = np.random.default_rng(1)
    drawn = [
        tier_order([band(2000, b) for b in rng.binomial(2000, 0.03, size=10)]).reversed_pairs > 0
        for _ in range(300)
    ]
    assert np.mean(drawn) < 0.09
