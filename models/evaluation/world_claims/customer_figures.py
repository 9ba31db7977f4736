"""Claims about customers and the incumbent: history, whitelist, scorecard, incomes, states."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure, ClaimSample, share
from creditloom.models.sample import metrics

# Share of instalments on time above which a record is good (S1-R07).
GOOD_RECORD = 0.9


def repeat_share(world: ClaimSample) -> ClaimFigure:
    """Return the share of applicants who had a loan here before."""
    return share(world.people["is_repeat"])


def _has_good_record(world: ClaimSample) -> pd.Series:
    """Return whether more than 90 % of the earlier instalments were on time; False for the new."""
    on_time = (world.earlier["dpd_days"] == 0).groupby(world.earlier["applicant_id"]).mean()
    return on_time.reindex(world.people.index, fill_value=0.0) > GOOD_RECORD


def _odds(flags: pd.Series) -> float:
    return float(flags.mean() / (1.0 - flags.mean()))


def repeat_good_odds(world: ClaimSample) -> ClaimFigure:
    """Return the odds ratio of default, good repeat customers against new; n = the former.

    Default is the true outcome of everyone, booked or not.
    """
    is_good = _has_good_record(world)
    defaulted = world.people["defaulted"]
    ratio = _odds(defaulted[is_good]) / _odds(defaulted[~world.people["is_repeat"]])
    return ClaimFigure(ratio, int(is_good.sum()))


def _has_earlier_loan(world: ClaimSample) -> pd.Series:
    """Return whether an earlier loan and an instalment of it stand in the house's tables."""
    loans = world.raw["loans"]
    is_known = loans["application_id"].isin(world.earlier["application_id"])
    return pd.Series(
        world.people.index.isin(loans["applicant_id"][is_known]), index=world.people.index
    )


def repeat_record(world: ClaimSample) -> ClaimFigure:
    """Return the share of repeat customers with an earlier loan in the house's tables."""
    return share(_has_earlier_loan(world)[world.people["is_repeat"]])


def new_record(world: ClaimSample) -> ClaimFigure:
    """Return the share of new customers with an earlier loan in the house's tables."""
    return share(_has_earlier_loan(world)[~world.people["is_repeat"]])


def invited_repeat(world: ClaimSample) -> ClaimFigure:
    """Return the share invited of good repeat customers over that of all others."""
    is_good = _has_good_record(world)
    invited = world.people["is_invited"].astype(bool)
    ratio = invited[is_good].mean() / invited[~is_good].mean()
    return ClaimFigure(float(ratio), int(is_good.sum()))


def incumbent_auc(world: ClaimSample) -> ClaimFigure:
    """Return the AUC of the incumbent's score for the true default of everyone."""
    people = world.people
    # More points are safer.
    auc = metrics.auc(people["defaulted"], -people["incumbent_score"].astype(float))
    return ClaimFigure(float(auc), len(people))


def incumbent_overrides(world: ClaimSample) -> ClaimFigure:
    """Return the share of applications that a person decided against the scorecard's cut."""
    return share(world.people["is_override"].astype(bool))


def control_band(world: ClaimSample) -> ClaimFigure:
    """Return the share booked at random of the declined, outside the calibration months."""
    people = world.people
    first, end = world.meta["calibration_vintages"]
    in_calibration = (people["vintage"] >= first) & (people["vintage"] < end)
    return share(people["is_control"][~people["is_approved"] & ~in_calibration])


def income_declared(world: ClaimSample) -> ClaimFigure:
    """Return the share of applicants whose income is declared only."""
    return share(_is_declared_only(world))


def _is_declared_only(world: ClaimSample) -> pd.Series:
    people = world.people
    return people["verified_income_fen"].isna() & people["declared_income_fen"].notna()


def income_missing(world: ClaimSample) -> ClaimFigure:
    """Return the share of applicants without any income on file."""
    people = world.people
    return share(people["verified_income_fen"].isna() & people["declared_income_fen"].isna())


def income_overstated(world: ClaimSample) -> ClaimFigure:
    """Return the median of declared over true income, of those who declare only."""
    people = world.people[_is_declared_only(world)]
    ratio = people["declared_income_fen"] / 100.0 / people["income_cny"]
    return ClaimFigure(float(ratio.median()), len(ratio))


def family_correlation(world: ClaimSample) -> ClaimFigure:
    """Return the mean correlation of two family states."""
    states = world.people.filter(regex="^z_")
    correlation = np.corrcoef(states.to_numpy(), rowvar=False)
    pairs = [correlation[i, j] for i, j in combinations(range(states.shape[1]), 2)]
    return ClaimFigure(float(np.mean(pairs)), len(states))


def bureau_score_state(world: ClaimSample) -> ClaimFigure:
    """Return the correlation of the bureau score with the state of its family.

    The score is the one pulled on the day, of those who have one.
    """
    known = world.people[world.people["pulled_bureau_score"].notna()]
    score = known["pulled_bureau_score"].to_numpy(float)
    value = np.corrcoef(score, known["z_bureau"].to_numpy())[0, 1]
    return ClaimFigure(float(value), len(known))
