"""Tables of the report; `series` is model or ridge_logit (and oracle where there is truth). Shares and PDs in [0, 1]."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .. import metrics, oracle, ridge
from ..calibration_tests import jeffreys
from ..dataset import Dataset
from ..decision.tiers import Tiers
from ..ridge import RidgeParams
from ..split import SplitParams
from .cohort import Cohort, Floats

POINTS = 200  # of a curve


def curves(cohort: Cohort) -> tuple[pd.DataFrame, pd.DataFrame]:
    """ROC (series, fpr, tpr) and KS (series, score = share of applicants so far, bad_share, good_share), thinned to 200 points."""
    seen, roc, ks = cohort.door, [], []
    for name, pd_ in _series(cohort):
        bad, good = metrics.ks_curve(seen.y, pd_[seen.rows], seen.weight)
        at = np.unique(np.linspace(0, len(bad) - 1, POINTS).astype(int))
        roc.append(pd.DataFrame({"series": name, "fpr": np.r_[0, 1 - good[at][::-1]], "tpr": np.r_[0, 1 - bad[at][::-1]]}))
        ks.append(pd.DataFrame({"series": name, "score": at / (len(bad) - 1), "bad_share": bad[at], "good_share": good[at]}))
    return pd.concat(roc, ignore_index=True), pd.concat(ks, ignore_index=True)


def reliability(cohort: Cohort, bins: int) -> pd.DataFrame:
    """series, n, mean_pd, observed and its 90 % Jeffreys interval low..high, per bin of equal weight."""
    from scipy.stats import beta

    seen, parts = cohort.door, []
    for name, pd_ in _series(cohort):
        share, observed, mean = metrics.reliability(seen.y, pd_[seen.rows], seen.weight, bins)
        n = share * seen.weight.sum()
        low, high = (beta.ppf(q, n * observed + 0.5, n * (1 - observed) + 0.5) for q in (0.05, 0.95))
        parts.append(pd.DataFrame({"series": name, "n": n, "mean_pd": mean, "observed": observed, "low": low, "high": high}))
    return pd.concat(parts, ignore_index=True)


def tier_table(cohort: Cohort, tiers: Tiers) -> pd.DataFrame:
    """One row per tier: tier, pd_low, pd_high, n, share, mean_pd, observed, bads, jeffreys_p; of offers daily_rate, apr, limit_cny."""
    index, seen = tiers.index(cohort.pd), cohort.door
    return pd.DataFrame([_tier(cohort, index == k, seen.weight * (index[seen.rows] == k), tier) for k, tier in enumerate(tiers.tiers)])


def _tier(cohort: Cohort, inside: np.ndarray, weight: Floats, tier: object) -> dict[str, object]:
    bads, n = float(weight @ cohort.door.y), float(weight.sum())
    offers = cohort.decisions[inside & (cohort.decisions["decision"] == "approve").to_numpy()]
    mean = float(cohort.pd[inside].mean()) if inside.any() else np.nan
    means = {
        new: offers[old].astype(float).mean()
        for new, old in (("daily_rate", "daily_rate"), ("apr", "apr_irr12"), ("limit_cny", "limit_cny"))
    }
    found = {"n": int(inside.sum()), "share": inside.mean(), "mean_pd": mean, "observed": bads / n if n else np.nan, "bads": bads}
    return {**vars(tier), **found, "jeffreys_p": jeffreys(n, bads, mean) if n else np.nan, **means}


def vintage_table(rows: Dataset, pd_: Floats, approved: np.ndarray, split: SplitParams, bins: int) -> pd.DataFrame:
    """Per month: vintage, role, n, bad_rate (booked, weighted), mean_pd, approval_rate, psi of the score to the training months."""
    score = metrics.logit(pd_)
    base = score[rows.role == "train"]
    return pd.DataFrame(
        [_vintage(rows, month, pd_, score, base, approved, split, bins) for month in np.unique(rows.month[rows.role != ""])]
    )


def _vintage(
    rows: Dataset, month: int, pd_: Floats, score: Floats, base: Floats, approved: np.ndarray, split: SplitParams, bins: int
) -> dict[str, object]:
    inside = rows.month == month
    known = inside & ~np.isnan(rows.outcome)
    rate = float(np.average(rows.outcome[known], weights=rows.weight[known])) if known.any() else np.nan
    return {
        "vintage": str(np.datetime64(split.start, "M") + int(month)), "role": str(rows.role[inside][0]),
        "n": int(inside.sum()), "bad_rate": rate, "mean_pd": pd_[inside].mean(), "approval_rate": approved[inside].mean(),
        "psi": metrics.psi_of(base, score[inside], bins),
    }  # fmt: skip


def states(known: Dataset, known_truth: pd.DataFrame, oot: Dataset, oot_truth: pd.DataFrame, family_of: dict[str, str]) -> pd.DataFrame:
    """family, r2, aim: linear R2 of each true family state from its own family's features, among applicants for whom they are present."""
    found = []
    for family in dict.fromkeys(family_of.values()):
        names = [name for name in known.names if family_of[name] == family]
        column = f"z_{family}"
        if column not in known_truth or f"present_{family}" not in known_truth:
            continue
        own = [rows.with_features(names) for rows in (known, oot)]
        here = [truth[f"present_{family}"].to_numpy(bool) for truth in (known_truth, oot_truth)]
        design = ridge.design_of(own[0].where(here[0]), RidgeParams())
        x = [design.columns(rows.features[mask]) for rows, mask in zip(own, here, strict=True)]
        z = [truth[column].to_numpy(float)[mask] for truth, mask in zip((known_truth, oot_truth), here, strict=True)]
        found.append({"family": family, "r2": oracle.r2(x[0], z[0], x[1], z[1]), "aim": 0.6 if family == "identity" else 0.9})
    return pd.DataFrame(found)


def _series(cohort: Cohort) -> list[tuple[str, Floats]]:
    found = [("model", cohort.pd), ("ridge_logit", cohort.ridge_pd)]
    if cohort.truth is not None and "pd_oracle" in cohort.truth:
        found.append(("oracle", cohort.truth["pd_oracle"].to_numpy(np.float64)))
    return found
