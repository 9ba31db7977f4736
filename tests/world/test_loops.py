"""The compiled loops draw what plain numpy says they should: counts, order, seasons and shares."""

from __future__ import annotations

import numpy as np
import pytest

from creditloom.world.calendar import DAY_SECONDS, DAY_US
from creditloom.world.events.event_loops import lookups, payment_times, payments_a_day, scattered

N = 400
ORIGIN = 19_000


def test_two_streams_lie_in_order_at_their_own_rates_and_by_the_season() -> None:
    weight = np.where(np.arange(100) % 10 == 0, 5.0, 1.0)
    cumulative = np.concatenate([[0.0], np.cumsum(weight)])
    low = np.full(N, cumulative[20])
    width = np.full(N, cumulative[80] - cumulative[20])
    rates = np.stack([np.full(N, 30.0), np.linspace(0.0, 20.0, N)])
    person, time, tag = scattered(
        np.random.default_rng(1), rates, low, width, cumulative, ORIGIN, DAY_SECONDS
    )
    assert np.array_equal(np.lexsort((time, person)), np.arange(time.size))
    for stream in (0, 1):
        counts = np.bincount(person[tag == stream], minlength=N)
        assert counts.mean() == pytest.approx(rates[stream].mean(), rel=0.05)
    assert np.corrcoef(np.bincount(person[tag == 1], minlength=N), rates[1])[0, 1] > 0.8
    day = time // DAY_US - ORIGIN
    assert day.min() >= 20 and day.max() < 80
    seen = np.bincount(day, minlength=100)[20:80] / time.size
    assert np.allclose(seen, weight[20:80] / weight[20:80].sum(), atol=0.006)


def test_payments_a_day_have_their_mean_and_fall_in_a_quiet_time() -> None:
    days = 40
    none = np.zeros(N, np.int64)
    quiet = np.stack([np.full(N, 20), np.full(N, 30)])
    start = np.full(N, 5)
    flat = np.ones(days)
    volume = np.ones((N, 2))
    month = np.zeros(days, np.int64)
    luck = np.array([0.5, 1.5])
    counts = payments_a_day(
        np.random.default_rng(1),
        none,
        start,
        np.full(N, 2.0),
        flat,
        month,
        volume,
        luck,
        quiet,
        0.5,
        days,
    )
    assert counts[:, :5].sum() == 0
    assert counts[:, 5:20].mean() == pytest.approx(2.0, rel=0.04)
    assert counts[:, 20:30].mean() == pytest.approx(1.0, rel=0.06)
    assert counts[:, 5:20].var() == pytest.approx(
        2.0 + 1.0, rel=0.1
    )  # Poisson, and luck of variance 1/4 on a mean of 2


def test_other_payments_are_merged_and_none_is_lost() -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(1.5, (N, 10)).astype(np.int32)
    first_day = np.full(N, ORIGIN)
    other = np.sort(rng.integers(0, N, 300))
    when = ORIGIN * DAY_US + rng.integers(0, 10 * DAY_US, 300)
    when = when[np.lexsort((when, other))]  # in order of person and time
    person, time, tag = payment_times(
        rng, counts, first_day, np.full(N, 0.25), DAY_SECONDS, other, when, np.full(300, 2, np.int8)
    )
    assert np.array_equal(np.lexsort((time, person)), np.arange(time.size))
    assert np.array_equal(person[tag == 2], other)
    assert set(time[tag == 2]) == set(when)
    everyday = tag == 0
    assert np.array_equal(np.bincount(person[everyday], minlength=N), counts.sum(axis=1))
    hour = time[everyday] % DAY_US // 3_600_000_000
    assert ((hour >= 23) | (hour < 5)).mean() == pytest.approx(0.25, abs=0.02)


def test_a_lookup_has_the_shares_of_its_mix() -> None:
    mix = np.tile(np.cumsum([0.6, 0.3, 0.0995, 0.0005]), (N, 1))
    table = lookups(np.random.default_rng(1), mix)
    assert np.allclose(
        np.bincount(table.ravel(), minlength=4) / table.size,
        [0.6, 0.3, 0.0995, 0.0005],
        atol=0.0005,
    )
