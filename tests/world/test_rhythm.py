"""Claims about when and how events come (domain 7.4, 7.8).

Bursts, paydays, seasons, migration, drift, changes of identifiers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from creditloom.world.calendar import Days
from creditloom.world.config.config_types import Calendar
from creditloom.world.config.world_config import WorldConfig
from tests.world.written import Written


@pytest.fixture(scope="module")
def payments(written: Written) -> pd.DataFrame:
    thick = written.people.index[~written.people.is_thin & ~written.people.is_fraud]
    rows = written.seen("payments")
    return rows[rows.applicant_id.isin(thick)]


def test_payments_of_a_day_are_negative_binomial(
    payments: pd.DataFrame, nature: WorldConfig
) -> None:
    """Within a person's month: variance = mean + mean^2 / k."""
    rows = payments[~payments.category.isin(["salary", "rent"])]
    day = ((rows.as_of - rows.event_time).dt.total_seconds() // 86_400).astype(int)
    rows = rows.assign(day=day, month=day // 30)[day < 360]
    daily = rows.groupby(["applicant_id", "month", "day"]).size().reset_index(name="n")
    months = (
        daily.assign(square=daily.n**2).groupby(["applicant_id", "month"])[["n", "square"]].sum()
    )
    mean = months.n / 30
    square = months.square / 30
    variance = (square - mean**2) * 30 / 29
    k = np.mean(mean**2 - variance / 30) / np.mean(variance - mean)
    assert k == pytest.approx(nature.seasons.day_dispersion, rel=0.25)


def test_everyone_has_a_mix_of_categories_of_their_own(payments: pd.DataFrame) -> None:
    food = (payments.category == "food").groupby(payments.applicant_id).agg(["mean", "size"])
    food = food[food["size"] > 100]
    chance = (food["mean"].mean() * (1 - food["mean"].mean()) / food["size"]).mean()
    assert food["mean"].var() > 3 * chance


def test_salaries_swing_round_the_income_and_remember_the_month_before(written: Written) -> None:
    rows = written.table("payments")
    log = np.log(rows[rows.category == "salary"].set_index("applicant_id").amount_fen)
    swing = log - log.groupby(level=0).transform("mean")
    before = swing.groupby(level=0).shift()
    assert 0.02 < swing.std() < 0.09
    assert swing[before.notna()].corr(before.dropna()) > 0.4


def test_weekends_and_sales_are_busy_and_the_festival_is_quiet(
    nature: WorldConfig, calendar: Calendar
) -> None:
    days = Days(calendar, nature.seasons, nature.drift)

    def weight(date: str) -> float:
        return float(days.shop_weight(np.array([np.datetime64(date, "D").astype(int)]))[0])

    assert weight("2024-06-15") / weight("2024-06-12") == pytest.approx(
        1.2, abs=0.01
    )  # Saturday and Wednesday
    assert weight("2024-06-18") / weight("2024-06-11") == pytest.approx(1.6, abs=0.01)
    assert weight("2024-11-11") / weight("2024-11-04") == pytest.approx(1.6, abs=0.01)
    assert weight("2024-02-12") / weight("2024-02-26") == pytest.approx(0.7, abs=0.01)
    assert weight("2025-06-11") / weight("2024-06-12") == pytest.approx(1.005**12, abs=0.005)
    even = replace(nature.seasons, sale_factor=1.0)
    flat = Days(calendar, even, nature.drift)
    assert flat.shop_weight(np.array([np.datetime64("2024-11-11", "D").astype(int)]))[0] < weight(
        "2024-11-11"
    )


def test_prices_rise_by_the_month(payments: pd.DataFrame, nature: WorldConfig) -> None:
    rows = payments[payments.category == "food"]
    month = (rows.event_time - pd.Timestamp("2024-01-01")).dt.total_seconds() / (30.4375 * 86_400)
    own = pd.DataFrame({"month": month, "log": np.log(rows.amount_fen)})
    own = own - own.groupby(rows.applicant_id).transform("mean")
    assert np.polyfit(own.month, own.log, 1)[0] == pytest.approx(
        nature.drift.amount_per_month, abs=0.0015
    )


@pytest.fixture(scope="module")
def logins(written: Written) -> pd.DataFrame:
    people = written.people[["segment", "is_fraud", "is_thin", "vintage"]]
    rows = written.table("logins").merge(people, on="applicant_id")
    rows = rows[rows.ip_region.notna()].assign(date=lambda d: d.event_time.dt.floor("D"))
    home = rows.groupby("applicant_id").ip_region.agg(lambda r: r.mode().iloc[0])
    return rows.assign(away=rows.ip_region != rows.applicant_id.map(home))


def test_migrant_workers_are_home_for_the_festival_on_the_same_device(logins: pd.DataFrame) -> None:
    festival = logins.date.between("2025-01-29", "2025-02-02") | logins.date.between(
        "2024-02-10", "2024-02-14"
    )
    blue = (logins.segment == "blue_collar") & ~logins.is_fraud
    usual = logins[~festival & blue].away.mean()
    assert (logins[festival & blue].away.mean() - usual) / (1 - usual) == pytest.approx(
        0.45, abs=0.12
    )
    assert abs(logins[festival & ~blue].away.mean() - logins[~festival & ~blue].away.mean()) < 0.05
    main = logins.groupby("applicant_id").device_id.agg(
        lambda d: d.mode().iloc[0] if d.notna().any() else np.nan
    )
    there = logins[festival & blue & logins.away & logins.device_id.notna()]
    assert (there.device_id == there.applicant_id.map(main)).mean() > 0.85


def test_days_elsewhere_come_in_a_row(logins: pd.DataFrame) -> None:
    rows = logins[~logins.is_fraud].sort_values(["applicant_id", "event_time"])
    soon = (rows.applicant_id == rows.applicant_id.shift()) & (
        rows.event_time - rows.event_time.shift() < pd.Timedelta(days=3)
    )
    after = rows[soon & rows.away.shift(fill_value=False)].away.mean()
    assert after > 2 * rows.away.mean()


def test_some_devices_lose_their_identifier_from_month_twenty(
    written: Written, nature: WorldConfig
) -> None:
    rows = written.table("logins")
    changed = rows.event_time >= pd.Timestamp("2025-09-01")
    assert rows[~changed].device_id.notna().all()
    assert rows[changed].device_id.isna().mean() == pytest.approx(
        nature.drift.device_null_share, abs=0.02
    )


def test_logins_come_at_night_too(written: Written) -> None:
    hour = written.table("logins").event_time.dt.hour
    assert (hour < 5).mean() == pytest.approx(0.10, abs=0.04)


def test_enquiries_come_in_bursts(written: Written) -> None:
    rows = written.table("enquiries")
    hard = rows[rows.kind == "hard"].sort_values(["applicant_id", "event_time"])
    gap = (hard.event_time - hard.event_time.shift()).dt.total_seconds()[
        hard.applicant_id == hard.applicant_id.shift()
    ] / 86_400
    assert (gap < 10).mean() > 1.25 * (gap.between(10, 20)).mean() + 0.15


def test_balances_swing_with_memory(written: Written) -> None:
    rows = written.table("asset_balances")
    rows = rows[(rows.account == "lqt") & (rows.balance_fen > 0)]
    log = np.log(rows.balance_fen)
    swing = log - log.groupby(rows.applicant_id).transform("mean")
    next_one = rows.applicant_id == rows.applicant_id.shift()
    enough = rows.groupby("applicant_id").balance_fen.transform("size") >= 14
    assert (
        swing[next_one & enough].corr(swing.shift()[next_one & enough]) > 0.35
    )  # exp(-23 days / half-life 30), less its own mean


def test_the_history_of_a_fraud_is_shorter_than_a_month(written: Written) -> None:
    rows = written.seen("payments").merge(written.people[["is_fraud"]], on="applicant_id")
    assert (rows.as_of - rows.event_time)[rows.is_fraud].max() <= pd.Timedelta(days=31)
    assert (rows.as_of - rows.event_time)[~rows.is_fraud].max() > pd.Timedelta(days=360)
