"""Policy inputs that repeat a feature: what a rule asks of the raw events, kept apart from what the model may use.

A fact stands in the matrix beside the features, under the name that policy knows it by, and is no feature of its own. Null where its
feature is. `per_unit` turns the feature's unit into that of the fact (yuan into fen).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Fact:
    """One policy input and the feature it repeats."""

    name: str
    of: str
    per_unit: float = 1.0


FACTS = (
    Fact("hard_enquiries_90d", "bur_enquiry_hard_count_3m"),  # 90 days are three bins of 30
    Fact("bureau_score", "bur_statement_score_last_points_3m"),  # S3-R12
    Fact("active_lenders", "bur_statement_lenders_last_3m"),  # FR09, S1-R53
    Fact("past_overdues", "bur_instalment_late_count_12m"),  # S3-R10
    Fact("ontime_share", "bur_instalment_own_on_time_count_share_12m"),  # S1-R07
    Fact("spend_cv_6m", "pay_out_shop_monthly_amount_cv_ratio_6m"),  # S3-R11
    Fact("daily_balance_fen", "ast_lqt_balance_mean_cny_6m", 100.0),  # S3-R09
)


def facts(features: Mapping[str, np.ndarray], n: int, given: set[str]) -> dict[str, np.ndarray]:
    """The facts that the applications do not state themselves (`given`); null where the feature is not built."""
    nothing = np.full(n, np.nan)
    return {f.name: features.get(f.of, nothing) * f.per_unit for f in FACTS if f.name not in given}
