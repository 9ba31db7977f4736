"""What a policy officer writes down: one applicant, what is different about them, and what must come out.

The applicant has a tier; no model is needed to test policy. Amounts are in CNY.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from models.decision.case import Case
from models.decision.frame import AMOUNTS, COUNTS, FLAGS, Frame
from models.decision.law import Law
from models.decision.limit import CAPS
from models.decision.offer import offers
from models.decision.policy import Policy
from models.decision.product import Product
from models.decision.reasons import Reasons, limit_reasons, rule_reasons
from models.decision.tiers import Tiers
from models.decision.verdict import OUTCOMES, verdicts_of
from tests.models.decision.small import EDGES, house, laws, rules

ORDINARY: dict[str, Any] = {
    "as_of": "2025-11-03", "purpose": "travel", "verified_income": 12_000, "debt_service": 1_000, "card_limits": 40_000, "wealth": 20_000,
    "annual_volume": 120_000, "exposure": 0, "age_years": 30, "months_on_book": 12, "hard_enquiries_90d": 1, "is_student": False,
    "has_second_source": False, "is_repeat": True, "consent_bureau": True, "consent_social": True, "consent_assets": True,
    "consent_location": True,
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What the applicant gets. `cap` is None where no limit could be computed; `reasons` maps concept or code to its sentence."""

    decision: str
    limit: float
    cap: str | None
    codes: tuple[str, ...]
    reasons: dict[str, str]


def case_of(tier: str, product: Product, profiles: tuple[Law, ...], *, unconsented: bool = False, **changes: Any) -> Case:
    """One application that differs from the ordinary one by `changes`."""
    unknown = set(changes) - set(ORDINARY)
    assert not unknown, unknown
    facts = {**ORDINARY, **changes}
    policy, tiers = _rulebook(product, profiles)
    numbers = {n: np.array([np.nan if facts[n] is None else float(facts[n])]) for n in (*COUNTS, *FLAGS)}
    numbers |= {n: np.array([np.nan if facts[n[:-4]] is None else facts[n[:-4]] * 100.0]) for n in AMOUNTS}
    frame = Frame(
        np.array([1]), np.array([facts["as_of"]], "datetime64[us]"), np.array([facts["purpose"]], object), numbers, np.empty((1, 0))
    )
    place = np.array([tiers.names.index(tier)])
    return Case(frame, policy, product, tiers, offers(policy, product, tiers), place, np.array([unconsented]))


def decided(
    tier: str = "G3", *, product: Product | None = None, law: tuple[str, ...] = (), language: Any = "en", **changes: Any
) -> Outcome:
    """The decision on one application under the house product and the law of its day, unless told otherwise."""
    case = case_of(tier, product or _house(), _laws(law), **changes)
    verdicts = verdicts_of(case)
    assert verdicts.limits is not None
    told = Reasons.joined(
        [*rule_reasons(verdicts.fired, language), limit_reasons(case, verdicts.limits, verdicts.is_limit_told, language)]
    ).lists(1)[0]
    outcome, limit, cap = int(verdicts.outcome[0]), float(verdicts.limits.cny[0]), int(verdicts.limits.cap[0])
    reasons = {r["concept"]: r["text"] for r in told}
    return Outcome(OUTCOMES[outcome], limit if outcome <= 1 else 0.0, CAPS[cap] if cap >= 0 else None, tuple(verdicts.codes()[0]), reasons)


@cache
def _house() -> Product:
    return house()


@cache
def _laws(names: tuple[str, ...]) -> tuple[Law, ...]:
    return laws(*names)


@cache
def _rulebook(product: Product, profiles: tuple[Law, ...]) -> tuple[Policy, Tiers]:
    return Policy.from_json(json.dumps(rules(product, profiles))), Tiers.from_edges(EDGES)
