"""The 62 vectors of docs/formulas.md (domain 4.2, 4.3).

Each is one row: id, what is asked, how it is worked out, what is printed.

A figure must equal the printed one digit for digit: it is rounded half-up to as many decimals as
are printed. Rates are in per cent, money in CNY. Where a vector has several readings, the line says
which one gives the printed digits.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest

from creditloom.decision.base.stability import psi
from creditloom.decision.pricing.annual import effective, fee_effective, fee_simple, irr, xirr
from creditloom.decision.pricing.capacity import (
    affordable,
    enquiry_cut,
    volume_limit,
)
from creditloom.decision.pricing.money import Number, exact_decimal, is_within, missing_elements
from creditloom.decision.pricing.penalty import Penalty, overdue_cost, penalty_daily
from creditloom.decision.pricing.profit import expected_profit
from creditloom.decision.pricing.revolving import statement
from creditloom.decision.pricing.schedule import Schedule, days_since, due_dates, schedule
from creditloom.decision.pricing.settlement import (
    Settlement,
    cooling_off,
    extension_fee,
    settle,
    settle_instalment_fee,
)
from creditloom.decision.pricing.table import (
    Loan,
    Method,
    annual_table,
    annuity,
    floored_daily,
    largest_fee,
    minimum_daily,
    minimum_yearly,
    monthly_fee_at,
    unit_flows,
    upfront_fee_at,
)
from creditloom.decision.score.scorer import Calibration
from creditloom.models.calibration.calibration_tests import (
    binomial,
    hosmer_lemeshow,
    jeffreys,
)

JANUARY_31 = dt.date(2023, 1, 31)
HL = ([1000] * 5, [5, 7, 15, 18, 58], [0.004, 0.008, 0.012, 0.02, 0.05])


class Vector(NamedTuple):
    """A vector: `got` works it out, `expected` is what docs/formulas.md says.

    The printed figures are separated by spaces.
    """

    id: str
    what: str
    got: Callable[[], Iterable[object]]
    expected: str


def percent(*shares: Number) -> list[Decimal]:
    return [
        100 * exact_decimal(float(share) if isinstance(share, np.ndarray | np.floating) else share)
        for share in shares
    ]


def simple(daily_percent: str, days: int = 30) -> list[Decimal]:
    """simple360 and simple365 of a loan of one payment without charges, per cent (F1)."""
    cost = annual_table(Loan("bullet", days, "days"), [float(daily_percent) / 100])[0]
    return percent(cost.apr_simple360, cost.apr_simple365)


def loan(
    method: Method, principal: int, i_percent: str, n: int, start: dt.date | None = None
) -> Schedule:
    """Instalments at `i_percent` a month."""
    return schedule(Loan(method, n), principal, exact_decimal(i_percent) / 3000, start)


def level(n: int) -> Loan:
    return Loan("equal_instalment", n)


def months(plan: Schedule | Settlement) -> list[Decimal]:
    """IRR x 12 and effective, per cent (F10)."""
    assert plan.apr_irr12 is not None
    return percent(plan.apr_irr12, plan.eff_annual)


def bullet(principal: int, daily_percent: str, days: int) -> list[object]:
    """Interest, simple365, simple360 and effective of a bullet (F8)."""
    plan = schedule(Loan("bullet", days, "days"), principal, exact_decimal(daily_percent) / 100)
    simple360, simple365 = simple(daily_percent, days)
    return [plan.interest, simple365, simple360, *percent(plan.eff_annual)]


def flat(n: int, fee: float) -> list[Decimal]:
    """Return monthly IRR, IRR x 12 and effective of a flat fee without interest.

    On unrounded flows (F12).
    """
    monthly = irr(unit_flows(Loan("equal_principal", n, per_period=fee), np.array([0.0])))[0]
    return percent(monthly, 12 * monthly, effective(monthly))


def declining() -> list[Decimal]:
    """T17: IRR x 12 and effective of 2.5 % a period on the declining balance."""
    monthly = irr([1.0, *[-1 / annuity(0.025, 6)] * 6])
    return percent(12 * monthly, effective(monthly))


def fee_loan() -> Schedule:
    """T19: 6,000 in 12 with a flat fee of 2.5 % a period."""
    return schedule(Loan("equal_principal", 12, per_period=0.025), 6000, 0)


def formula(volume: float, wealth: float, cards: float) -> list[float]:
    """F16 with k = 500 and 1,000 (S3-R33)."""
    terms = {"card_share": 0.3, "wealth_from": 10_000.0, "factor": 1.1}
    return [float(volume_limit(cards, volume, wealth, credit=k, **terms)) for k in (500.0, 1000.0)]


def late(penalty: Penalty, overdue: int, *dpd: int, daily: str = "0.0005") -> list[Decimal]:
    """Penalty on `overdue` CNY after each number of days."""
    return [overdue_cost(penalty, overdue, daily, days).penalty for days in dpd]


def per_day(percent_a_day: str, grace: int = 0, *, retroactive: bool = False) -> Penalty:
    return Penalty("per_day", exact_decimal(percent_a_day) / 100, grace, retroactive=retroactive)


def uplifted(daily_percent: str, uplift: str) -> Decimal:
    daily = penalty_daily(Penalty("uplift", uplift), exact_decimal(daily_percent) / 100)
    assert daily is not None
    return 100 * daily


def scores(*pd_percent: float) -> list[float]:
    """F17 on the default scale; a margin is the log-odds of default."""
    odds = [math.log(p / (100 - p)) for p in pd_percent]
    return list(Calibration(1.0, 0.0).score_raw(np.array(odds)))


def pds(*points: float) -> list[float]:
    """F17 read backwards, per cent."""
    scale = Calibration(1.0, 0.0)
    return list(100 * scale.pd((scale.offset - np.array(points)) / scale.factor))


def minimum(*pd_percent: float) -> list[Decimal]:
    """F18 with the figures of N23: yearly, then daily on the grid of 0.001 %."""
    yearly = [minimum_yearly(p / 100, 0.025, 0.75, 0.02, 0.015) for p in pd_percent]
    return percent(*yearly, *(minimum_daily(y, 0.00001) for y in yearly))


def month_ends() -> tuple[int, ...]:
    return days_since(JANUARY_31, due_dates(JANUARY_31, 12))


def actual_days() -> list[object]:
    """N15: the level payment on actual days, and its XIRR, both unrounded.

    No product counts interest so: this is what contractual months of 30 days approximate.
    """
    growth = np.cumprod(1.0 + 0.0005 * np.diff([0, *month_ends()]))
    paid = float(10_000 / np.sum(1.0 / growth))
    return [paid, *percent(xirr([10_000, *[-paid] * 12], (0, *month_ends())))]


def bullet_fee_at_45(basis: int) -> float:
    """T24: what a bullet of one year must charge beside 0.05 % a day to cost 45 % a year."""
    return 0.45 - 0.0005 * basis


def n01() -> Schedule:
    return loan("equal_instalment", 10_000, "1.5", 12)


def cost(plan: Schedule) -> list[Decimal]:
    """First payment, last payment, interest, IRR x 12 and effective."""
    return [plan.payments[0].total, plan.payments[-1].total, plan.interest, *months(plan)]


def paid(plan: Schedule) -> list[Decimal]:
    """Every payment, then the sum of interest."""
    return [*(p.total for p in plan.payments), plan.interest]


def revolving(daily: str, *events: tuple[int, int]) -> list[Decimal]:
    """Interest and balance on day 30 (F9)."""
    found = statement(events, daily, 30)
    return [found.interest, found.balance]


def settled() -> list[object]:
    """N16: N01 settled together with the 6th payment at 1 %."""
    end = settle(n01(), 6, "0.01")
    return [end.balance, end.fee, end.paid_before[-1] + end.total, *months(end)]


def psi_percent(*actual: int) -> float:
    return psi(np.full(10, 0.1), np.array(actual) / 100)


# table: one vector a row
VECTORS = [
    # From the seeds
    Vector("T01", "Weilidai S4, 0.02 % a day: x360, x365", lambda: simple("0.02"), "7.2 7.3"),
    Vector("T02", "Weilidai S4, 0.05 % a day", lambda: simple("0.05"), "18.0 18.25"),
    Vector("T03", "Xiaoe S4, 0.098 % a day (S4-R20, C11)",
           lambda: simple("0.098"), "35.280 35.770"),
    Vector("T04", "Fenfu S4, 0.04 % a day", lambda: simple("0.04"), "14.4 14.6"),
    Vector("T05", "Fenfu S2, 24 % a year as a day: x360, x365",
           lambda: [Decimal(24) / 360, Decimal(24) / 365], "0.06667 0.06575"),
    Vector("T06", "Shanyin S1, 0.1 % a day", lambda: simple("0.1"), "36.0 36.5"),
    Vector("T07", "Weilidai S5, 0.015 % a day", lambda: simple("0.015"), "5.4 5.475"),
    Vector("T08", "Jiebei 0.06 %, Jintiao 0.09 %",
           lambda: [*simple("0.06"), *simple("0.09")], "21.6 21.9 32.4 32.85"),
    Vector("T09", "1,000 for 7 days, fee 60: x360, x365, effective, a day (S1-R30, C12)",
           lambda: percent(fee_simple(0.06, 7, 360), fee_simple(0.06, 7), fee_effective(0.06, 7),
                           0.06 / 7),
           "308.57 312.86 1986.99 0.857"),
    Vector("T10", "largest fee of 1,000 for 7 days: 36 % x365, x360, 24 % x365",
           lambda: [largest_fee(1000, 7, 0.36, 365), largest_fee(1000, 7, 0.36, 360),
                    largest_fee(1000, 7, 0.24, 365)],
           "6.90 7.00 4.60"),
    Vector("T11", "receive 940, repay 1,000 on day 7: simple x365",
           lambda: percent(annual_table(Loan("bullet", 7, "days", upfront=0.06),
                                        [0.0])[0].apr_simple365),
           "332.83"),
    Vector("T12", "extension 5 % for 7, 14, 30 days: simple x365",
           lambda: percent(*(fee_simple(float(extension_fee(1000, "0.05")) / 1000, t)
                             for t in (7, 14, 30))),
           "260.71 130.36 60.83"),
    Vector("T13", "T09 with one extension: both fees over 14 days, no second 60",
           lambda: percent(fee_simple((60 + float(extension_fee(1000, "0.05"))) / 1000, 14)),
           "286.79"),
    Vector("T14", "Shanyin S1, 1 % of 3,000 once, DPD 1 and 20; read as daily: a year",
           lambda: [*late(Penalty("once", "0.01"), 3000, 1, 20), *simple("1")[1:]],
           "30.00 30.00 365"),
    Vector("T15", "10,000 at 0.05 %, settled after 30 days at 1 %: interest, fee, cost x365",
           lambda: [(end := settle(n01(), 0, "0.01", days=30)).accrued, end.fee,
                    *percent(fee_simple(float(end.total) / 10_000 - 1, 30))],
           "150.00 100.00 30.42"),
    Vector("T16", "2.5 % a period flat, n 3, 6, 12: total fee, monthly IRR, IRR x 12, effective "
                  "(unrounded flows) (S5-R45, C17)",
           lambda: [x for n in (3, 6, 12) for x in (2.5 * n, *flat(n, 0.025))],
           "7.5 3.7051 44.46 54.74 15 4.1455 49.75 62.81 30 4.2869 51.44 65.48"),
    Vector("T17", "2.5 % on the declining balance: IRR x 12, effective, payment per 1 yuan",
           lambda: [*declining(), *(1 / annuity(0.025, n) for n in (3, 6, 12))],
           "30.00 34.49 0.350137 0.181550 0.097487"),
    Vector("T18", "flat fee that meets 24, 36, 12 % as IRR x 12, n 3, 6, 12 (unrounded)",
           lambda: percent(*(monthly_fee_at(Loan("equal_principal", n), 0.0, cap)
                             for cap in (0.24, 0.36, 0.12) for n in (3, 6, 12))),
           "1.3421 1.1859 1.1226 2.0197 1.7931 1.7129 0.6689 0.5882 0.5515"),
    Vector("T19", "6,000 in 12, settled with the 6th: payment, reading A settles and costs, "
                  "reading B costs (S5-R50)",
           lambda: [fee_loan().payments[0].total,
                    (a := settle_instalment_fee(fee_loan(), 6, "0.005")).total,
                    *months(a)[:1], *months(settle_instalment_fee(fee_loan(), 6, "0.025"))[:1]],
           "650.00 3720.00 63.44 37.54"),
    Vector("T20", "10,000 overdue, 0.05 % a day, DPD 10: grace 0, grace 7",
           lambda: [*late(per_day("0.05"), 10_000, 10), *late(per_day("0.05", 7), 10_000, 10)],
           "50.00 15.00"),
    Vector("T21", "WE2000 S4, 2,000 overdue, grace 3, DPD 3, 4, 10",
           lambda: late(per_day("0.05", 3), 2000, 3, 4, 10), "0.00 1.00 7.00"),
    Vector("T22", "Xiaoe S4, 5,000 overdue, 0.098 % a day, DPD 15",
           lambda: late(per_day("0.098"), 5000, 15), "73.50"),
    Vector("T23", "S5 uplifts 50, 30, 20 % on 0.05, 0.035, 0.025 % a day (S5-R28, C13)",
           lambda: [uplifted("0.05", "0.5"), uplifted("0.035", "0.3"), uplifted("0.025", "0.2")],
           "0.075 0.0455 0.030"),
    Vector("T24", "0.05 % a day that really costs 45 %: upfront fee n 12, 6, 3; monthly fee n 12; "
                  "bullet x360, x365 (S4-R24)",
           lambda: percent(*(upfront_fee_at(level(n), 0.0005, 0.45) for n in (12, 6, 3)),
                           monthly_fee_at(level(12), 0.0005, 0.45), bullet_fee_at_45(360),
                           bullet_fee_at_45(365)),
           "12.70 7.23 4.25 1.333 27.0 26.75"),
    Vector("T25", "cooling off after a day, 10,000 at 0.05 % (S2-R44)",
           lambda: [cooling_off(10_000, "0.0005")], "10005.00"),
    Vector("T26", "shown 18.0 %: true 18.25 passes, 19.24 fails; 18.5 lies on the bound and passes "
                  "(S2-R43)",
           lambda: [is_within("0.18", "0.1825"), is_within("0.18", "0.1924"),
                    is_within(0.18, 0.185)],
           "True False True"),
    Vector("T27", "an offer without its overdue cost lacks an element; a whole one lacks none "
                  "(S4-R40)",
           lambda: [*missing_elements({"annualised_rate": 0.18, "repayment_method": "bullet"}),
                    len(missing_elements({"annualised_rate": 0.18, "repayment_method": "bullet",
                                          "overdue_cost": 7.5}))],
           "overdue_cost 0"),
    Vector("T28", "S3 limit: V 36,000, W 12,000, C 50,000 (S3-R33..R35)",
           lambda: formula(36_000, 12_000, 50_000), "18480 20460"),
    Vector("T29", "S3 limit: V 120,000, W 0, C 0", lambda: formula(120_000, 0, 0), "6000 12000"),
    Vector("T30", "S3 limit: V 200,000, W 60,000, C 100,000",
           lambda: formula(200_000, 60_000, 100_000), "44000 55000"),
    Vector("T31", "limit 8,000 with 5 and 4 hard enquiries (S1-R59)",
           lambda: [enquiry_cut(8000, k, 4, 0.5) for k in (5, 4)], "4000 8000"),
    # Own vectors
    Vector("N01", "equal instalment 10,000, 1.5 %, 12: first principal, first interest, first, "
                  "last, interest, IRR x 12, effective",
           lambda: [(first := n01().payments[0]).principal, first.interest, *cost(n01())],
           "766.80 150.00 916.80 916.81 1001.61 18.0002 19.5620"),
    Vector("N02", "equal instalment 10,000, 0.6 %, 12: first, last, interest, IRR x 12, effective",
           lambda: cost(loan("equal_instalment", 10_000, "0.6", 12)),
           "866.19 866.19 394.28 7.2001 7.4425"),
    Vector("N03", "equal instalment 50,000, 2.94 %, 24",
           lambda: cost(loan("equal_instalment", 50_000, "2.94", 24)),
           "2933.32 2933.36 20399.72 35.28 41.58"),
    Vector("N04", "equal instalment 200,000, 0.6 %, 36: first, last, interest, the tie of period "
                  "21",
           lambda: [*cost(p := loan("equal_instalment", 200_000, "0.6", 36))[:3],
                    p.payments[20].interest],
           "6193.72 6193.88 22974.08 565.34"),
    Vector("N05", "equal instalment 1,000, 2.5 %, 3: payments, interest, balances",
           lambda: [*paid(p := loan("equal_instalment", 1000, "2.5", 3)),
                    *(q.balance for q in p.payments)],
           "350.14 350.14 350.13 50.41 674.86 341.59 0"),
    Vector("N06", "equal principal 12,000, 1.5 %, 12: first, last, interest",
           lambda: cost(loan("equal_principal", 12_000, "1.5", 12))[:3], "1180.00 1015.00 1170.00"),
    Vector("N07", "equal principal 10,000, 1.2 %, 3: payments, interest",
           lambda: paid(loan("equal_principal", 10_000, "1.2", 3)),
           "3453.33 3413.33 3373.34 240.00"),
    Vector("N08", "interest first 20,000, 1.5 %, 6: payments, interest, IRR x 12",
           lambda: [*paid(p := loan("interest_first", 20_000, "1.5", 6)), *months(p)[:1]],
           "300.00 300.00 300.00 300.00 300.00 20300.00 1800.00 18"),
    Vector("N09", "bullet 5,000, 0.04 %, 90 days: interest, x365, x360, effective",
           lambda: bullet(5000, "0.04", 90), "180.00 14.6 14.4 15.42"),
    Vector("N10", "bullet 3,000, 0.1 %, 14 days",
           lambda: bullet(3000, "0.1", 14), "42.00 36.5 36.0 43.69"),
    Vector("N11", "bullet 10,000, 0.05 %, 365 days",
           lambda: [(b := bullet(10_000, "0.05", 365))[0], b[3]], "1825.00 18.25"),
    Vector("N12", "revolving 0.04 %: +2,000 day 0, +1,000 day 10, -1,500 day 20, to day 30 "
                  "(S3-R42, C20: from the value date)",
           lambda: revolving("0.0004", (0, 2000), (10, 1000), (20, -1500)), "26.00 1500"),
    Vector("N13", "WE2000 0.05 %: +2,000 day 0, -500 day 7, to day 30",
           lambda: revolving("0.0005", (0, 2000), (7, -500)), "24.25 1500"),
    Vector("N14", "N01 from 2023-01-31, paid at month ends: XIRR of the cent flows (S4-R51)",
           lambda: percent(loan("equal_instalment", 10_000, "1.5", 12, JANUARY_31).xirr),
           "19.7197"),
    Vector("N15", "level payment on actual days, same dates: payment, XIRR",
           actual_days, "917.3528 19.8576"),
    Vector("N16", "N01 settled with the 6th payment: balance, fee, month-6 flow, IRR x 12, "
                  "effective (C25)",
           settled, "5223.18 52.23 6192.21 19.2418 21.0328"),
    Vector("N17", "8,000 overdue, 0.05 %, grace 7: DPD 7, 8, 30; retroactive 8, 30",
           lambda: [*late(per_day("0.05", 7), 8000, 7, 8, 30),
                    *late(per_day("0.05", 7, retroactive=True), 8000, 8, 30)],
           "0.00 4.00 92.00 32.00 120.00"),
    Vector("N18", "5,000 overdue, 0.05 % and uplift 50 %, DPD 20: total, penalty part",
           lambda: [(due := overdue_cost(Penalty("uplift", "0.5"), 5000, "0.0005", 20)).total,
                    due.penalty],
           "75.00 25.00"),
    Vector("N19", "caps 24, 36, 12 % as a daily rate, x360 and x365, floored",
           lambda: [100 * floored_daily(cap, basis) for cap in ("0.24", "0.36", "0.12")
                    for basis in (360, 365)],
           "0.0666 0.0657 0.1000 0.0986 0.0333 0.0328"),
    Vector("N20", "affordable: income 8,000, debt service 1,500, DTI 0.5, 1.5 %, 12 (S3-R55)",
           lambda: [affordable(8000.0, 0.5, 1500.0, annuity(0.015, 12))], "27268.76"),
    Vector("N21", "score of PD 0.1 ... 50 %", lambda: scores(0.1, 0.5, 1, 1.2, 2, 5, 10, 20, 50),
           "686.41 639.86 619.71 614.39 599.42 572.08 550.52 527.12 487.12"),
    Vector("N22", "PD of score 500 ... 700",
           lambda: pds(500, 550, 600, 650, 700), "39.024 10.164 1.9608 0.35231 0.062461"),
    Vector("N23", "minimum price of PD 0.3, 1.2, 3.5, 10, 15 %: a year, a day",
           lambda: minimum(0.3, 1.2, 3.5, 10, 15),
           "6.234 6.942 8.779 14.211 18.649 0.018 0.020 0.025 0.040 0.052"),
    Vector("N24", "profit of 8,000 at 14.4 %, PD 1.2 %",
           lambda: [expected_profit(8000.0, 0.144, 0.012, lgd=0.75, cost_of_funds=0.025,
                                    account_cost=60.0)],
           "813.09"),
    Vector("N25", "1,000 loans, 20 defaults, PD 1.2 %: Jeffreys, binomial",
           lambda: [jeffreys(1000, 20, 0.012), binomial(1000, 20, 0.012)], "0.01523 0.02060"),
    Vector("N26", "1,000 loans, 12 defaults, PD 1.2 %",
           lambda: [jeffreys(1000, 12, 0.012), binomial(1000, 12, 0.012)], "0.48097 0.53909"),
    Vector("N27", "5,000 loans, 80 defaults, PD 1.2 %",
           lambda: [jeffreys(5000, 80, 0.012), binomial(5000, 80, 0.012)], "0.006352 0.007488"),
    Vector("N28", "2,000 loans, 45 defaults, PD 2 %",
           lambda: [jeffreys(2000, 45, 0.02), binomial(2000, 45, 0.02)], "0.20949 0.23231"),
    Vector("N29", "Hosmer-Lemeshow, 5 groups of 1,000: statistic, p out of sample, p in sample",
           lambda: [*hosmer_lemeshow(*HL), hosmer_lemeshow(*HL, fitted=True)[1]],
           "2.6876 0.7480 0.4423"),
    Vector("N30", "PSI of 8 ... 12 % against ten of 10 %",
           lambda: [psi_percent(8, 9, 10, 10, 10, 10, 10, 10, 11, 12)], "0.01012"),
    Vector("N31", "PSI of 5 ... 15 %",
           lambda: [psi_percent(5, 6, 8, 9, 10, 10, 11, 12, 14, 15)], "0.09894"),
]  # fmt: skip


def printed(value: object, like: str) -> str:
    """`value` half-up to as many decimals as `like` prints."""
    if isinstance(value, bool | str):
        return str(value)
    if not isinstance(value, Decimal):
        value = exact_decimal(float(value))  # type: ignore[arg-type]
    return str(value.quantize(Decimal(like), ROUND_HALF_UP))


@pytest.mark.parametrize("vector", VECTORS, ids=[f"{v.id}: {v.what}" for v in VECTORS])
def test_vector(vector: Vector) -> None:
    expected = vector.expected.split()
    assert [
        printed(value, like) for value, like in zip(vector.got(), expected, strict=True)
    ] == expected


def test_every_vector_is_here_once() -> None:
    assert [v.id for v in VECTORS] == [f"T{k:02d}" for k in range(1, 32)] + [
        f"N{k:02d}" for k in range(1, 32)
    ]


def test_t03_prints_what_the_seed_prints_only_when_truncated() -> None:
    """35.770 % on 365 days: the seed's 35.7 is truncated, half-up would print 35.8."""
    yearly = simple("0.098")[1]
    assert (str(yearly.quantize(Decimal("0.1"), ROUND_DOWN)), printed(yearly, "0.0")) == (
        "35.7",
        "35.8",
    )


def test_balances_fall_by_the_principal_paid() -> None:
    """N05: 1,000 less 325.14, 333.27 and 341.59."""
    plan = loan("equal_instalment", 1000, "2.5", 3)
    balances = [plan.principal, *(p.balance for p in plan.payments)]
    assert [p.principal for p in plan.payments] == [
        before - after for before, after in pairwise(balances)
    ]
