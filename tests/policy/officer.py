"""A case as a policy officer writes it down.

One applicant, what is different about them, and what must come out.

The applicant has a grade; no model is needed to test policy. Amounts are in CNY.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from creditloom.decision.frames.columns import AMOUNTS, COUNTS, FLAGS
from creditloom.decision.frames.input_frame import Frame
from creditloom.decision.reasons.reasons import Reasons, limit_reasons, rule_reasons
from creditloom.decision.rulebook.condition import AMOUNT_FACTS, COUNT_FACTS, FLAG_FACTS
from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.offer import offers
from creditloom.decision.rulebook.policy import Policy
from creditloom.decision.rulebook.product import Product
from creditloom.decision.rules.batch_context import BatchContext
from creditloom.decision.rules.limit import CAPS
from creditloom.decision.rules.verdict import OUTCOMES, Verdicts, verdicts_of
from creditloom.decision.score.tiers import Tiers
from tests.decision.small import EDGES, house, laws, rules

RuleBookChanges = tuple[tuple[str, Any], ...]
FAMILIES = ("payment_flow", "social_graph", "assets", "device_stability", "bureau", "identity")
# table: the ordinary applicant
ORDINARY: dict[str, Any] = {
    "as_of": "2025-11-03", "purpose": "travel", "verified_income": 12_000, "debt_service": 1_000,
    "card_limits": 40_000, "wealth": 20_000, "annual_volume": 120_000, "exposure": 0,
    "age_years": 30, "months_on_book": 12, "hard_enquiries_90d": 1, "is_student": False,
    "has_second_source": False, "is_repeat": True, "consent_bureau": True, "consent_social": True,
    "consent_assets": True, "consent_location": True,
}  # fmt: skip
# table: the optional facts of that applicant
FACTS: dict[str, Any] = {
    "daily_balance": 8_000, "largest_transfer": 1_000, "least_monthly_flow": 4_000,
    "local_wage": 6_000, "monthly_spend": 5_000, "night_withdrawal": 0, "account_age_days": 900,
    "active_lenders": 1, "bureau_score": 700, "device_applicants_30d": 1,
    "device_applications_1h": 1, "documents_signed": 6, "face_failures_24h": 0,
    "friends_count": 300, "ip_applicants_30d": 1, "ip_applications_1h": 1, "ontime_share": 1.0,
    "opens_per_day": 8, "operations_1h": 2, "own_card_count": 2, "past_overdues": 0,
    "pay_score": 700, "spend_cv_6m": 0.1, "zhima_score": 700, "consent_zhima": True,
    "has_alternative_check": True, "has_business_licence": False, "has_cash_account": False,
    "has_wealth_product": False, "is_biometric_passed": True, "is_card_own_name": True,
    "is_device_bound": True, "is_device_verified": False, "is_emulator": False,
    "is_face_passed": True, "is_fingerprint_match": True, "is_frequent_offline": False,
    "is_holiday_same_device": False, "is_id_valid": True, "is_invited": True,
    "is_listed_bank": True, "is_new_device": False, "is_new_region_90d": False,
    "is_payee_match": True, "is_police_match": True, "is_real_name": True, "is_remote_login": False,
    "is_risky_merchant": False,
}  # fmt: skip
"""The optional facts of an applicant about whom everything is known and nothing is adverse."""


@dataclass(frozen=True)
class Outcome:
    """What the applicant gets.

    `cap` is None where no limit could be computed. `daily_rate` is in per cent, None where nothing
    is offered; `overdue` says what being late costs. `reasons` maps a concept or code to its
    sentence; `actions` and `not_assessed` are codes.
    """

    decision: str
    limit: float
    cap: str | None
    codes: tuple[str, ...]
    reasons: dict[str, str]
    tier: str | None
    daily_rate: float | None
    actions: tuple[str, ...]
    not_assessed: tuple[str, ...]
    overdue: str | None


def case_of(
    grade: str,
    product: Product,
    profiles: tuple[Law, ...],
    *,
    unconsented: bool = False,
    absent: tuple[str, ...] = (),
    families: tuple[str, ...] = FAMILIES,
    rulebook: RuleBookChanges = (),
    **changes: Any,
) -> BatchContext:
    """Return one application that differs from the ordinary one by `changes`.

    The columns of `absent` facts are left out.
    """
    unknown = set(changes) - set(ORDINARY) - set(FACTS)
    assert not unknown, unknown
    facts = {**ORDINARY, **FACTS, **changes}
    present = {name: value for name, value in facts.items() if name not in absent}
    policy, tiers = _rulebook(product, profiles, rulebook)
    return BatchContext(
        frame=_frame(present),
        policy=policy,
        product=product,
        tiers=tiers,
        offers=offers(policy, product, tiers, families),
        grade=np.array([tiers.names.index(grade)]),
        has_unconsented=np.array([unconsented]),
    )


def _frame(facts: dict[str, Any]) -> Frame:
    """Return one row without features; amounts become fen, None becomes NaN."""
    plain = [n for n in (*COUNTS, *FLAGS, *COUNT_FACTS, *FLAG_FACTS) if n in facts]
    amounts = [n for n in (*(a[:-4] for a in AMOUNTS), *AMOUNT_FACTS) if n in facts]
    numbers = {n: np.array([np.nan if facts[n] is None else float(facts[n])]) for n in plain}
    for name in amounts:
        value = np.nan if facts[name] is None else facts[name] * 100.0
        numbers[f"{name}_fen"] = np.array([value])
    return Frame(
        application_id=np.array([1]),
        as_of=np.array([facts["as_of"]], "datetime64[us]"),
        purpose=np.array([facts["purpose"]], object),
        numbers=numbers,
        x=np.empty((1, 0)),
    )


def decided(
    grade: str = "G3",
    *,
    product: Product | None = None,
    law: tuple[str, ...] = (),
    language: Any = "en",
    **changes: Any,
) -> Outcome:
    """Return the decision on one application.

    By default under the house product and the law of its day.
    """
    case = case_of(grade, product or _house(), _laws(law), **changes)
    verdicts = verdicts_of(case)
    assert verdicts.limits is not None
    outcome = int(verdicts.outcome[0])
    is_offered = outcome <= 1  # approved or referred
    limit = float(verdicts.limits.cny[0]) if is_offered else 0.0
    cap = int(verdicts.limits.cap[0])
    tier = int(case.tier[0])
    rate = float(case.offers.daily_rate[case.tier[0]])
    codes = verdicts.codes()[0]
    actions = [rule.code for rule in verdicts.actions if rule.mask[0]]
    not_assessed = verdicts.not_assessed_codes()[0] or ""
    cap_name = CAPS[cap] if cap >= 0 else None
    tier_name = case.product.tiers[tier].tier if tier >= 0 else None
    daily_rate = round(100 * rate, 6) if is_offered else None
    overdue = case.offers.overdue[tier] if is_offered else None
    return Outcome(
        decision=OUTCOMES[outcome],
        limit=limit,
        cap=cap_name,
        codes=tuple(codes),
        reasons=_sentences(case, verdicts, language),
        tier=tier_name,
        daily_rate=daily_rate,
        actions=tuple(actions),
        not_assessed=tuple(not_assessed.split()),
        overdue=overdue,
    )


def _sentences(case: BatchContext, verdicts: Verdicts, language: Any) -> dict[str, str]:
    """Return the sentence of every reason by its concept or code."""
    assert verdicts.limits is not None
    of_rules = rule_reasons(verdicts.fired, language)
    of_limits = limit_reasons(case, verdicts.limits, verdicts.is_limit_explained, language)
    reasons = Reasons.joined([*of_rules, *of_limits]).lists(1)[0]
    return {reason["concept"]: reason["text"] for reason in reasons}


@cache
def _house() -> Product:
    return house()


@cache
def _laws(names: tuple[str, ...]) -> tuple[Law, ...]:
    return laws(*names)


@cache
def _rulebook(
    product: Product, profiles: tuple[Law, ...], changes: tuple[tuple[str, Any], ...]
) -> tuple[Policy, Tiers]:
    given = {"horizon_days": product.horizon.value, **dict(changes)}
    return Policy.from_json(json.dumps(rules(product, profiles, **given))), Tiers.from_edges(EDGES)
