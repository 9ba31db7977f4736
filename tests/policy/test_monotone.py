"""All else equal, a better tier never gives a lower limit, a higher rate or a worse decision: checked over all tiers of many applicants."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from models.decision.case import Case
from models.decision.figure import Figure
from models.decision.frame import POLICY_INPUTS, read
from models.decision.law import Law
from models.decision.offer import offers
from models.decision.policy import Policy
from models.decision.product import Product
from models.decision.tiers import Tiers
from models.decision.verdict import DECLINE, Verdicts, verdicts_of
from tests.models.decision import small

ROWS = 4_000


def by_tier(product: Product, laws: tuple[Law, ...]) -> tuple[list[Verdicts], np.ndarray]:
    """The same applicants judged as if in each tier in turn; and the rate of each tier."""
    policy, tiers = Policy.from_json(json.dumps(small.rules(product, laws))), Tiers.from_edges(small.EDGES)
    frame = read(small.frame(ROWS), small.catalogue(), POLICY_INPUTS)
    priced = offers(policy, product, tiers)
    cases = [Case(frame, policy, product, tiers, priced, np.full(ROWS, k), np.zeros(ROWS, bool)) for k in range(len(tiers.names))]
    return [verdicts_of(case) for case in cases], priced.daily_rate


@pytest.mark.parametrize("cap", [0.24, 0.15], ids=["the law of today", "a cap that bites in the middle"])
def test_better_tiers_are_never_worse_off(cap: float) -> None:
    lawful = tuple(replace(law, price_cap=Figure(cap, "share_per_year", "test")) for law in small.laws())
    found, rate = by_tier(small.house(), lawful)
    assert np.all(np.diff(rate[~np.isnan(rate)]) >= 0)
    for better, worse in pairwise(found):
        assert (granted(better) <= granted(worse)).all()
        assert (offered(better) >= offered(worse)).all()
    assert len(np.unique([v.outcome for v in found])) == 4, "every decision occurs"


def granted(verdicts: Verdicts) -> np.ndarray:
    """Approve before refer before no loan; by which rule a loan is not granted (declined or refused) is no better or worse."""
    return np.minimum(verdicts.outcome, DECLINE)


def offered(verdicts: Verdicts) -> np.ndarray:
    """Limit that the decision leaves; a limit that waits for an input counts as unbounded above any decline."""
    assert verdicts.limits is not None
    open_limit = np.where(np.isnan(verdicts.limits.cny), np.inf, verdicts.limits.cny)
    return np.where(verdicts.outcome >= DECLINE, 0.0, open_limit)
