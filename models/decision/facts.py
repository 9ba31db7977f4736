"""What a policy may ask about an application beside its required inputs: optional columns, read where a frame has them.

A column that is absent is a fact not known: the rule that asks for it is not assessed and says so, or refers, or refuses; it never
passes in silence. None is a feature of the model.
"""

from __future__ import annotations

AMOUNT_FACTS = (  # columns `<name>_fen`
    "daily_balance",  # mean of the cash account
    "largest_transfer",  # single transfer of the last day known
    "least_monthly_flow",  # payment flow of the weakest of the last three months
    "local_wage",  # average wage where the person lives
    "monthly_spend",
    "night_withdrawal",  # withdrawn between 23:00 and 5:00 of the last day known
)  # fmt: skip
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
FLAG_FACTS = (
    "consent_zhima", "has_alternative_check", "has_business_licence", "has_cash_account", "has_wealth_product", "is_biometric_passed",
    "is_card_own_name", "is_device_bound", "is_device_verified", "is_emulator", "is_face_passed", "is_fingerprint_match",
    "is_frequent_offline", "is_holiday_same_device", "is_id_valid", "is_invited", "is_listed_bank", "is_new_device", "is_new_region_90d",
    "is_payee_match", "is_police_match", "is_real_name", "is_remote_login", "is_risky_merchant",
)  # fmt: skip
DERIVED = {
    "income_to_wage": "times",
    "has_bureau_record": "flag",
    "soft_points": "points",
    "proved_sources": "count",
}  # case.py makes these

REQUIRED = {
    "age_years": "years", "months_on_book": "months", "hard_enquiries_90d": "count", "verified_income": "CNY_per_month", "wealth": "CNY",
    "annual_volume": "CNY", "exposure": "CNY", "is_repeat": "flag", "is_student": "flag", "consent_bureau": "flag",
}  # fmt: skip
FACTS: dict[str, str] = {
    **REQUIRED, **dict.fromkeys(AMOUNT_FACTS, "CNY"), **COUNT_FACTS, **dict.fromkeys(FLAG_FACTS, "flag"), **DERIVED,
}  # fmt: skip
"""Every fact a condition may name, with its unit."""
OPTIONAL = (*(f"{name}_fen" for name in AMOUNT_FACTS), *COUNT_FACTS, *FLAG_FACTS)
"""The columns that a frame may hold beside the required inputs."""
