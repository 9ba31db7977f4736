"""Claims about people, risk and decisions, from truth, applications and the portfolio's figures.

Every function takes the sample and returns a figure with the people or rows behind it; None where
the run has no such figure.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure, ClaimSample, share

WHITE_COLLAR = "white_collar"
BLUE_COLLAR = "blue_collar"
MERCHANT = "micro_merchant"
# Life shocks strike in the two years round the application.
LIFE_SHOCK_MONTHS = 24.0


def thin_blue_collar(world: ClaimSample) -> ClaimFigure:
    """Return the share of blue collar whose file is not thin."""
    return share(~world.people.loc[world.people["segment"] == BLUE_COLLAR, "is_thin"])


def life_shocks(world: ClaimSample) -> ClaimFigure:
    """Return the monthly rate of life shocks, from the share of people struck."""
    is_struck = world.people["life_shock"].notna()
    rate = -np.log1p(-is_struck.mean()) / LIFE_SHOCK_MONTHS
    return ClaimFigure(value=float(rate), n=len(is_struck))


def bad_rate(world: ClaimSample) -> ClaimFigure:
    """Return the mean true PD at neutral macro, of everyone."""
    return ClaimFigure(value=float(world.people["pd_neutral"].mean()), n=len(world.people))


def default_first_payment(world: ClaimSample) -> ClaimFigure:
    """Return the share of first-payment defaults, of frauds that default.

    These default in the first month that can be 90 days late.
    """
    is_defaulted_fraud = world.people["is_fraud"] & world.people["defaulted"]
    month = world.people.loc[is_defaulted_fraud, "default_month"]
    return share(month == world.people["default_month"].min())


def pay_score_600(world: ClaimSample) -> ClaimFigure:
    """Return the share with a payment score of 600 or more, of the invited."""
    return share(world.people.loc[world.people["is_invited"], "pay_score"] >= 600)


def opens_3(world: ClaimSample) -> ClaimFigure:
    """Return the share that opens three times a day or more, of the invited."""
    return share(world.people.loc[world.people["is_invited"], "opens_per_day"] >= 3)


def bad_rate_approved(world: ClaimSample) -> ClaimFigure | None:
    """Return the true PD at neutral macro of what the final decisions approve, out of time.

    S5-R55. None where nothing was decided.
    """
    value = world.portfolio.get("bad_rate_final_true")
    return None if value is None else ClaimFigure(float(value), int(world.portfolio["n"]))


# Months of housing fund that count as a full year: 11, because the latest month may not be known
# yet.
FULL_YEAR_MONTHS = 11
# What a decision must be to count as a pass.
APPROVED = "approve"


def approval(decisions: pd.Series) -> ClaimFigure:
    """Return the share approved of final decisions, one by application_id, out of time."""
    return share(decisions == APPROVED)


def merchant_uplift(world: ClaimSample, decisions: pd.Series) -> ClaimFigure:
    """Return the pass rate of micro-merchants less that of white collar; n = micro-merchants.

    `decisions` are those of a product, by application_id.
    """
    passes = _passes(world, decisions)
    segment = world.people.loc[passes.index, "segment"]
    difference = passes[segment == MERCHANT].mean() - passes[segment == WHITE_COLLAR].mean()
    return ClaimFigure(value=float(difference), n=int((segment == MERCHANT).sum()))


def blue_collar_served(world: ClaimSample, decisions: pd.Series) -> ClaimFigure:
    """Return the share approved of the blue collar; n = blue collar (S5-R36).

    `decisions` are those of a product, by application_id.
    """
    passes = _passes(world, decisions)
    return share(passes[world.people.loc[passes.index, "segment"] == BLUE_COLLAR])


def contributions_uplift(
    world: ClaimSample, decisions: pd.Series, contributions: pd.DataFrame
) -> ClaimFigure:
    """Return the ratio of pass rates of people with a full year of housing fund against fewer.

    A full year is 11 known months or more; n = people with so many. `decisions` are those of a
    product, by application_id, `contributions` the raw rows known at the application.
    """
    months = contributions[contributions["kind"] == "housing_fund"].groupby("applicant_id").size()
    passes = _passes(world, decisions)
    passes = passes[world.people.loc[passes.index, "present_assets"]]
    is_full = months.reindex(passes.index, fill_value=0) >= FULL_YEAR_MONTHS
    ratio = passes[is_full].mean() / passes[~is_full].mean()
    return ClaimFigure(value=float(ratio), n=int(is_full.sum()))


def of_decisions(
    world: ClaimSample, decisions: pd.Series, contributions: pd.DataFrame
) -> dict[str, ClaimFigure]:
    """Return the figures of a product's final decisions by claim.

    `decisions` are by application_id, out of time; `contributions` are raw rows with applicant_id,
    kind and known_time.
    """
    as_of = world.people["as_of"].reindex(contributions["applicant_id"]).to_numpy()
    is_known = contributions["known_time"].to_numpy() < as_of
    return {
        "approval": approval(decisions),
        "merchant_uplift": merchant_uplift(world, decisions),
        "blue_collar_served": blue_collar_served(world, decisions),
        "contributions_uplift": contributions_uplift(world, decisions, contributions[is_known]),
    }


def _passes(world: ClaimSample, decisions: pd.Series) -> pd.Series:
    """Return whether each decided person of the sample was approved, by applicant_id."""
    numbers = world.people.reset_index().set_index("application_id")["applicant_id"]
    known = decisions[decisions.index.isin(numbers.index)]
    return pd.Series((known == APPROVED).to_numpy(), index=numbers[known.index].to_numpy())
