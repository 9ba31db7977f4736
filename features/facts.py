"""Policy inputs made of raw events: what a rule asks of them, kept apart from what the model may use.

A fact stands in the matrix beside the features, under the name that policy knows it by (models/decision/facts.py), and is no feature. It
repeats a feature, is observed in a table's rows (observed.py), or counts other people (shared.py). Null where it cannot be known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from .cube import Rows
from .observed import OBSERVED
from .shared import SHARED

Allowed = Callable[[str], np.ndarray]
"""Which applications gave a consent; all where its name is empty."""


@dataclass(frozen=True)
class Fact:
    """One policy input and the feature it repeats; `per_unit` turns the feature's unit into that of the fact (yuan into fen)."""

    name: str
    of: str
    per_unit: float = 1.0


FACTS = (
    Fact("hard_enquiries_90d", "bur_enquiry_hard_count_3m"),  # 90 days are three bins of 30
    Fact("bureau_score", "bur_statement_score_last_points_3m"),  # S3-R12
    Fact("active_lenders", "bur_statement_lenders_last_3m"),  # FR09, S1-R53
    Fact("past_overdues", "bur_instalment_late30_count_12m"),  # S3-R10: an instalment 30 days late; a late payment of days is none
    Fact("ontime_share", "bur_instalment_own_on_time_count_share_12m"),  # S1-R07
    Fact("spend_cv_6m", "pay_out_shop_monthly_amount_cv_ratio_6m"),  # S3-R11
    Fact("monthly_spend_fen", "pay_out_shop_amount_cny_3m", 100.0 / 3),  # S3-R07
    Fact("least_monthly_flow_fen", "pay_out_amount_low_month_cny_3m", 100.0),  # S3-R21
    Fact("daily_balance_fen", "ast_lqt_balance_mean_cny_6m", 100.0),  # S3-R09
    Fact("account_age_days", "idn_check_pass_tenure_days_ever"),  # FR12: since the first identity proof
)
NAMES = tuple(dict.fromkeys((*(f.name for f in FACTS), *(o.name for o in OBSERVED), *SHARED)))
"""Columns of the matrix that are facts, in order; those that the applications state themselves come from there."""


def observed(rows: Rows, allowed: Allowed) -> Iterator[tuple[str, np.ndarray]]:
    """(name, values) of what is observed in the rows of one table."""
    stream = rows.stream.table
    for one in OBSERVED:
        if one.table == stream.name:
            yield one.name, np.where(allowed(stream.consent or "") & allowed(one.consent), one.read(rows), np.nan)


def facts(
    features: Mapping[str, np.ndarray], seen: Mapping[str, np.ndarray], snapshot: Mapping[str, np.ndarray], n: int, allowed: Allowed
) -> dict[str, np.ndarray]:
    """Every fact by name; null where the tables that it needs are not there. `seen` is what `observed` gave, `snapshot` other people."""
    nothing = np.full(n, np.nan)
    repeated = {f.name: features.get(f.of, nothing) * f.per_unit for f in FACTS}
    shared = {name: np.where(allowed(consent), snapshot.get(name, nothing), np.nan) for name, (_, consent) in SHARED.items()}
    return {name: {**repeated, **seen, **shared}.get(name, nothing) for name in NAMES}
