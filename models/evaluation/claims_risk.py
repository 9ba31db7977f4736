"""What truth and decisions say of the claims about people, risk and policy; figures and the people behind them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .claims_view import Found, World, share

PASS_SHARE = 0.68  # domain 7.7
WHITE_COLLAR, BLUE_COLLAR, MERCHANT = "white_collar", "blue_collar", "micro_merchant"


def covered_blue_collar(world: World) -> Found:
    """Blue collar whose file is not thin."""
    return share(~world.people.loc[world.people["segment"] == BLUE_COLLAR, "is_thin"])


def life_shocks(world: World) -> Found:
    """Monthly rate from the share struck in the two years round the application."""
    months = 24.0
    struck = world.people["life_shock"].notna()
    return Found(float(-np.log1p(-struck.mean()) / months), len(struck))


def bad_rate(world: World) -> Found:
    """Mean true PD at neutral macro, everyone."""
    return Found(float(world.people["pd_neutral"].mean()), len(world.people))


def first_payment_default(world: World) -> Found:
    """Of frauds that default: in the first month that can be 90 days late."""
    month = world.people.loc[world.people["is_fraud"] & world.people["defaulted"], "default_month"]
    return share(month == world.people["default_month"].min())


def pay_score_600(world: World) -> Found:
    """Of the invited."""
    return share(world.people.loc[world.people["is_invited"], "pay_score"] >= 600)


def opens_3(world: World) -> Found:
    """Of the invited."""
    return share(world.people.loc[world.people["is_invited"], "opens_per_day"] >= 3)


def _passes(world: World) -> pd.Series:
    """The best 68 % by the true PD as far as it can be known."""
    return world.people["pd_oracle"].rank(pct=True) <= PASS_SHARE


def contributions_uplift(world: World) -> Found:
    """Ratio of pass rates: housing fund paid in 11 known months of the year or more, against fewer; n = people with so many."""
    rows = world.seen("contributions", 365)
    months = rows[rows["kind"] == "housing_fund"].groupby("applicant_id").size()
    consented = world.people["present_assets"]
    full = world.per_person(months, consented) >= 11
    passes = _passes(world)[consented]
    return Found(float(passes[full].mean() / passes[~full].mean()), int(full.sum()))


def merchant_uplift(world: World) -> Found:
    """Pass rate of micro-merchants less that of white collar; n = micro-merchants."""
    passes, segment = _passes(world), world.people["segment"]
    return Found(float(passes[segment == MERCHANT].mean() - passes[segment == WHITE_COLLAR].mean()), int((segment == MERCHANT).sum()))


def _figure(world: World, name: str) -> Found | None:
    value = world.portfolio.get(name)
    return None if value is None else Found(float(value), int(world.portfolio["n"]))


def approval(world: World) -> Found | None:
    """From the decisions of the out-of-time months."""
    return _figure(world, "approval_rate")


def bad_rate_approved(world: World) -> Found | None:
    """From the decisions of the out-of-time months."""
    return _figure(world, "bad_rate_approved_true")


def mean_rate(world: World) -> Found | None:
    """Mean yearly all-in rate (IRR x 12) of the offers of the out-of-time months."""
    return _figure(world, "mean_apr_irr12")
