"""The smallest parts of a rule book: a number with its source, a fact, and one test of one fact.

Product files write admission criteria and the conditions of a tier with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..base.errors import DecisionError

# One number of a rule book, never without its unit and its source.

# table: units that a number of a rule book may have
UNITS = (
    "CNY", "CNY_per_month", "CNY_per_10000_CNY",
    "share", "share_per_year", "percent_per_day",
    "times", "count", "count_per_day", "points", "flag",
    "hours", "days", "months", "years",
)  # fmt: skip


@dataclass(frozen=True)
class SourcedValue:
    """A value with its unit and the rule, row or formula that it comes from.

    Money is in yuan; shares and yearly rates are fractions; daily rates are in per cent, as the
    sources print them; a flag is 1 for yes. The value holds from the `effective_from` of the
    product or law it stands in; a change of a number is a new version. `note` says what was chosen
    where the source leaves a choice. `unknown` marks a number that the source does not give: a
    default of ours, whose reason the note must give. Raises `DecisionError` for an unknown unit,
    a default without a note, and a value without a source.
    """

    value: float
    unit: str
    source: str
    note: str = ""
    unknown: bool = False

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise DecisionError(
                "a figure has no known unit",
                where=self.source,
                expected=f"one of {', '.join(UNITS)}",
                got=self.unit,
                next_step="name its unit",
            )
        if self.unknown and not self.note:
            raise DecisionError(
                "a default that the source does not give has no reason",
                where=self.source,
                expected="a note that says why this value",
                got="no note",
                next_step="say why, or cite the source and drop `unknown`",
            )
        if not self.source:
            raise DecisionError(
                "a figure has no source",
                where=repr(self.value),
                expected="a rule id or section",
                got="nothing",
                next_step="cite its source",
            )


def value(figure: SourcedValue | None) -> float:
    """Return the bare number; NaN where the rule book sets none.

    No comparison with NaN holds, so a rule without a bound never fires.
    """
    return float("nan") if figure is None else figure.value


# Facts: what a policy may ask about an application beside its required inputs. They are optional
# columns, read where a frame has them.

# table: amounts; their columns are `<name>_fen`
AMOUNT_FACTS = (
    "daily_balance",  # mean of the cash account
    "largest_transfer",  # single transfer of the last day known
    "least_monthly_flow",  # payment flow of the weakest of the last three months
    "local_wage",  # average wage where the person lives
    "monthly_spend",
    "night_withdrawal",  # withdrawn between 23:00 and 5:00 of the last day known
)
# table: counts and other numbers, with their unit
COUNT_FACTS = {
    "account_age_days": "days",
    "active_lenders": "count",
    "bureau_score": "points",  # the bureau's scale, never the payment score's (C08)
    "device_applicants_30d": "count",  # applicants seen on this device, this one among them
    "device_applications_1h": "count",
    "documents_signed": "count",
    "face_failures_24h": "count",
    "friends_count": "count",
    "ip_applicants_30d": "count",
    "ip_applications_1h": "count",
    "ontime_share": "share",  # of instalments on earlier loans here
    "opens_per_day": "count_per_day",  # over six months
    "operations_1h": "count",
    "own_card_count": "count",  # bank cards in the person's own name
    "past_overdues": "count",  # instalments 30 or more days late in a year
    "pay_score": "points",
    "spend_cv_6m": "share",
    "zhima_score": "points",
}
# table: flags, 1 for yes
FLAG_FACTS = (
    "consent_zhima",
    "has_alternative_check",
    "has_business_licence",
    "has_cash_account",
    "has_wealth_product",
    "is_biometric_passed",
    "is_card_own_name",
    "is_device_bound",
    "is_device_verified",
    "is_emulator",
    "is_face_passed",
    "is_fingerprint_match",
    "is_frequent_offline",
    "is_holiday_same_device",
    "is_id_valid",
    "is_invited",
    "is_listed_bank",
    "is_new_device",
    "is_new_region_90d",
    "is_payee_match",
    "is_police_match",
    "is_real_name",
    "is_remote_login",
    "is_risky_merchant",
)
# table: facts that rules/batch_context.py works out from others
DERIVED = {
    "income_to_wage": "times",
    "has_bureau_record": "flag",
    "soft_points": "points",
    "proved_sources": "count",
}

# table: required inputs that a condition may name too
REQUIRED = {
    "age_years": "years",
    "months_on_book": "months",
    "hard_enquiries_90d": "count",
    "verified_income": "CNY_per_month",
    "wealth": "CNY",
    "annual_volume": "CNY",
    "exposure": "CNY",
    "is_repeat": "flag",
    "is_student": "flag",
    "consent_bureau": "flag",
}
# Every fact that a condition may name, with its unit.
FACTS: dict[str, str] = {
    **REQUIRED,
    **dict.fromkeys(AMOUNT_FACTS, "CNY"),
    **COUNT_FACTS,
    **dict.fromkeys(FLAG_FACTS, "flag"),
    **DERIVED,
}
# The columns that a frame may hold beside the required inputs.
OPTIONAL = (*(f"{name}_fen" for name in AMOUNT_FACTS), *COUNT_FACTS, *FLAG_FACTS)

Test = Literal["at_least", "above", "at_most", "below"]
IfUnknown = Literal["refuse", "refer", "pass"]


@dataclass(frozen=True)
class Condition:
    """One test of one fact: `fact` `test` `than`.

    In a product file: `{fact: pay_score, test: at_least, than: {value: 600, unit: points, ...}}`. A
    flag that must be set is tested as at least 1. A fact that is not known meets no condition.
    Raises `DecisionError` for an unknown fact and for one in another unit.
    """

    fact: str
    test: Test
    than: SourcedValue

    def __post_init__(self) -> None:
        unit = FACTS.get(self.fact)
        if unit != self.than.unit:
            named = f", {unit}" if unit else ""
            raise DecisionError(
                "a condition asks for a fact in another unit, or for one that nobody states",
                where=f"condition on {self.fact}",
                expected=f"a fact of decision/rulebook/condition.py in its unit{named}",
                got=f"{self.fact} in {self.than.unit}",
                next_step="correct fact or unit",
            )


@dataclass(frozen=True)
class Criterion(Condition):
    """An admission criterion of a product.

    Hard criteria refuse, soft ones give points and a reason (C15). `only_if` names a flag without
    which the criterion does not apply (S1-R06, S1-R07). `if_unknown` says what follows where the
    fact is null or its column absent: `pass` counts as not assessed. The words name no protected
    attribute.
    """

    id: str
    if_unknown: IfUnknown
    text_en: str
    text_zh: str
    only_if: str | None = None
    soft_points: SourcedValue | None = None

    @property
    def code(self) -> str:
        """The name of the criterion in decisions."""
        return f"ADM_{self.id.upper()}"
