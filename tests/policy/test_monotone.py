"""All else equal, a higher score never gives a lower limit, a higher rate or a worse decision.

Every product, pairs on every threshold.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest

from creditloom.decision.frames.columns import POLICY_INPUTS
from creditloom.decision.frames.input_frame import Frame, read
from creditloom.decision.rulebook.condition import COUNT_FACTS, FLAG_FACTS, SourcedValue
from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.offer import offers
from creditloom.decision.rulebook.policy import Policy
from creditloom.decision.rulebook.product import Product
from creditloom.decision.rules.batch_context import BatchContext
from creditloom.decision.rules.verdict import DECLINE, verdicts_of
from creditloom.decision.score.scorer import Calibration
from creditloom.decision.score.tiers import Tiers
from creditloom.pipeline.products.product_folder import every_product
from tests.decision import small

PAIRS = 42_000
MANY_PAIRS = 1_000_000
TIERS = Tiers.from_edges(small.EDGES)
CALIBRATION = Calibration(0.9, -1.1)
USUAL = {
    "ontime_share": 1.0, "opens_per_day": 8.0, "pay_score": 650.0, "bureau_score": 690.0,
    "own_card_count": 2.0, "documents_signed": 6.0, "friends_count": 250.0, "spend_cv_6m": 0.12,
    "zhima_score": 640.0, "account_age_days": 900.0,
}  # fmt: skip
BAD_NEWS = (
    "is_remote_login", "is_emulator", "is_new_device", "is_new_region_90d", "is_risky_merchant",
    "is_holiday_same_device",
)  # fmt: skip


@dataclass(frozen=True)
class Judged:
    """Return of every application how far it was granted, its limit and its rate.

    NaN where there is none.
    """

    granted: np.ndarray
    limit: np.ndarray
    rate: np.ndarray


def applicants(rng: np.random.Generator, rows: int) -> Frame:
    """Applications of all kinds, most optional facts known and mostly good."""
    frame = read(small.frame(rows, int(rng.integers(2**31))), small.catalogue(), POLICY_INPUTS)
    facts = {name: USUAL.get(name, 0.0) * rng.uniform(0.8, 1.2, rows) for name in COUNT_FACTS}
    facts |= {
        name: (rng.random(rows) < (0.03 if name in BAD_NEWS else 0.9)).astype(float)
        for name in FLAG_FACTS
    }
    facts |= {
        "local_wage_fen": rng.uniform(4e5, 9e5, rows),
        "least_monthly_flow_fen": rng.uniform(1e5, 9e5, rows),
    }
    facts["bureau_score"][rng.random(rows) < 0.2] = np.nan
    return replace(frame, numbers={**frame.numbers, **facts})


def pairs(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return PDs of the better and of the worse application of each pair.

    Half of the pairs lie on the two sides of an edge, one unit in the last place of PD or margin
    apart.
    """
    n = rows // 4
    edge = rng.choice(np.array(small.EDGES), n)
    margin = (np.log(edge / (1 - edge)) - CALIBRATION.b) / CALIBRATION.a
    by_margin = (
        CALIBRATION.pd(np.nextafter(margin, -np.inf)),
        CALIBRATION.pd(np.nextafter(margin, np.inf)),
    )
    margins = np.sort(rng.normal(-3.0, 2.0, (2, rows - 2 * n)), axis=0)
    anywhere = CALIBRATION.pd(margins[0]), CALIBRATION.pd(margins[1])
    on_edge = np.nextafter(edge, 0.0), edge
    better, worse = (
        np.concatenate(parts) for parts in zip(on_edge, by_margin, anywhere, strict=True)
    )
    return better, worse


def judged(frame: Frame, pd: np.ndarray, product: Product, laws: tuple[Law, ...]) -> Judged:
    """The same applications at these PDs."""
    policy = Policy.from_json(
        json.dumps(small.rules(product, laws, horizon_days=product.horizon.value))
    )
    priced = offers(policy, product, TIERS)
    case = BatchContext(
        frame, policy, product, TIERS, priced, TIERS.index(pd), np.zeros(len(pd), dtype=bool)
    )
    verdicts = verdicts_of(case)
    assert verdicts.limits is not None
    granted = np.minimum(
        verdicts.outcome, DECLINE
    )  # which rule withholds a loan makes it no better or worse
    open_limit = np.where(
        np.isnan(verdicts.limits.cny), np.inf, verdicts.limits.cny
    )  # it waits for an input
    rate = np.where(granted < DECLINE, priced.daily_rate[case.tier], np.nan)
    return Judged(granted, np.where(granted < DECLINE, open_limit, 0.0), rate)


def violations(n_pairs: int, product: Product, laws: tuple[Law, ...], seed: int) -> tuple[int, int]:
    """(pairs in which the better score is worse off, pairs in which it is better off)."""
    rng = np.random.default_rng(seed)
    frame = applicants(rng, n_pairs)
    better, worse = pairs(rng, n_pairs)
    one = judged(frame, better, product, laws)
    two = judged(frame, worse, product, laws)
    dearer = np.nan_to_num(one.rate - two.rate) > 0
    wronged = (one.granted > two.granted) | (one.limit < two.limit) | dearer
    return int(wronged.sum()), int(((one.granted < two.granted) | (one.limit > two.limit)).sum())


@pytest.mark.parametrize("n_pairs", [PAIRS, pytest.param(MANY_PAIRS, marks=pytest.mark.slow)])
def test_a_higher_score_is_never_worse_off_under_any_product(n_pairs: int) -> None:
    products = every_product()
    found = {
        p.id: violations(n_pairs // len(products) + 1, p, small.laws(), seed=k)
        for k, p in enumerate(products)
    }
    assert {name: wronged for name, (wronged, _) in found.items() if wronged} == {}
    assert all(better for name, (_, better) in found.items() if name != "we2000@S4"), (
        "the score makes a difference"
    )


def test_nor_where_a_cap_of_the_law_bites_in_the_middle_of_the_tiers() -> None:
    lawful = tuple(
        replace(law, price_cap=SourcedValue(0.15, "share_per_year", "test")) for law in small.laws()
    )
    wronged, better = violations(4_000, small.house(), lawful, seed=1)
    assert wronged == 0 and better > 0
