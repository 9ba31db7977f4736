"""Which function measures which claim of claims.yaml, and which claims need another run.

Every claim stands in exactly one of the three tables, or is withdrawn.
"""

from __future__ import annotations

from collections.abc import Callable

from creditloom.models.evaluation.world_claims import customer_figures as customers
from creditloom.models.evaluation.world_claims import delinquency_figures as delinquency
from creditloom.models.evaluation.world_claims import event_figures as events
from creditloom.models.evaluation.world_claims import feature_figures as features
from creditloom.models.evaluation.world_claims import filter_figures as filters
from creditloom.models.evaluation.world_claims import risk_figures as risk
from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure, ClaimSample
from creditloom.models.evaluation.world_claims.other_runs import run_figures as runs
from creditloom.models.evaluation.world_claims.other_runs import switch_figures as switches

ClaimMeasure = Callable[[ClaimSample], ClaimFigure | None]


def _named(
    *functions: Callable[..., ClaimFigure | None],
) -> dict[str, Callable[..., ClaimFigure | None]]:
    """Return functions by their names, which are the ids of the claims that they measure."""
    return {function.__name__: function for function in functions}


# table: what measures each claim on the sample of a run
MEASURES: dict[str, ClaimMeasure] = _named(
    events.payments_5_a_day,
    events.payments_at_night,
    events.gambling_like,
    events.red_packet_gap,
    events.red_packet_risk,
    events.bills_on_time,
    events.degree_200,
    events.friends_disc,
    events.friends_luck,
    events.devices_2,
    events.devices_3,
    events.device_changes,
    events.emulators_honest,
    events.emulators_fraud,
    events.enquiries_over_4,
    events.no_overdue,
    events.utilisation,
    events.bureau_score,
    events.face_retry,
    events.household,
    events.carrier_nat,
    events.second_hand,
    risk.thin_blue_collar,
    risk.life_shocks,
    risk.bad_rate,
    risk.default_first_payment,
    risk.pay_score_600,
    risk.opens_3,
    risk.bad_rate_approved,
    delinquency.dpd_steps,
    delinquency.dpd_beyond_time,
    delinquency.early_late_auc,
    delinquency.roll_current_m1,
    delinquency.roll_m1_m2,
    delinquency.roll_m2_m3,
    delinquency.roll_m3_bad,
    delinquency.cure_m1,
    delinquency.cure_m2_m3,
    delinquency.redefault,
    delinquency.indeterminate,
    delinquency.unlikely_to_pay,
    delinquency.restructured_share,
    delinquency.probation,
    delinquency.defaults_by_month_6,
    delinquency.materiality,
    delinquency.short_bad_rate,
    delinquency.cross_default,
    customers.repeat_share,
    customers.repeat_good_odds,
    customers.repeat_record,
    customers.new_record,
    customers.invited_repeat,
    customers.incumbent_auc,
    customers.incumbent_overrides,
    customers.control_band,
    customers.income_declared,
    customers.income_missing,
    customers.income_overstated,
    customers.family_correlation,
    customers.bureau_score_state,
    features.auc_bureau,
    features.auc_payments,
    features.auc_device,
    features.auc_social,
    filters.filters_fire,
    filters.filters_precise,
    filters.filters_honest,
    filters.fr10_precision,
)

# Claims that read truth, applications and loans alone: these tables are small, so they are measured
# on more people than those that read raw events.
WITHOUT_EVENTS = frozenset(
    name
    for name, measure in MEASURES.items()
    if measure.__module__ in (delinquency.__name__, customers.__name__)
    or measure in (risk.bad_rate, risk.default_first_payment, risk.life_shocks)
)

# table: claims of another run, and what measures them given its tables
OTHER_RUN = _named(
    risk.approval,
    risk.merchant_uplift,
    risk.blue_collar_served,
    risk.contributions_uplift,
    runs.macro_off,
    runs.macro_period,
    runs.macro_income,
    runs.recession,
    runs.same_rules_in_the_book,
    runs.cash_increase,
    runs.two_proofs,
    runs.incumbent_gap,
    runs.flow_refusals,
    runs.flow_scale,
    switches.challenger_arm,
    switches.drift_pd,
    switches.drift_null,
    switches.drift_shift,
    switches.drift_segment,
    switches.planted_alternative,
    switches.planted_price,
    runs.drawdown,
    runs.prepayment,
    runs.recoveries,
    runs.recoveries_half,
)

# Claims about what the world does not have yet: a claim is written before what makes it true.
NOT_BUILT: frozenset[str] = frozenset()
