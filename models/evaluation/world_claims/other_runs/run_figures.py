"""Claims that need another run than the one at hand: a scenario, the book, other decisions.

Every function takes the tables of that run. `creditloom claims` makes the runs and asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure
from creditloom.models.evaluation.world_claims.loan_path import LoanPath, roll_rates
from creditloom.models.sample.metrics import auc

# Months from the first missed payment of a default to the month in which it shows (domain 7.5).
ONSET_TO_BAD = 3
# Defaults that a calendar month must expect to enter the correlation (choice): fewer are luck.
LEAST_EXPECTED = 20.0
# Calendar months behind that correlation (choice): fewer give any number.
LEAST_MONTHS = 12
# Vintages over which the recession's factor is taken (claims.yaml).
WORST_VINTAGES = 12
# Month on book of the claims about lines and early repayment (claims.yaml).
USE_MONTH = 6
MIN_INFLOWS = 200  # rows of a calendar month behind its mean (choice)


def macro_off(meta: Mapping[str, Any]) -> ClaimFigure:
    """Return the largest value of the macro path of a world, in either direction."""
    path = np.abs(np.array(meta["economy"]))
    return ClaimFigure(float(path.max()), int(path.size))


def economy_at(meta: Mapping[str, Any], month: np.ndarray) -> np.ndarray:
    """Return the macro path in calendar months counted from the first vintage."""
    return np.array(meta["economy"])[month - meta["economy_first_month"]]


def macro_period(people: pd.DataFrame, meta: Mapping[str, Any]) -> ClaimFigure:
    """Return the correlation of the hazard of a calendar month with the path; n = defaults.

    `people` is the truth: vintage and default_month. The hazard acts in the month of the first
    missed payment. Observed defaults of a calendar month are divided by those expected from the
    months on book of the loans at risk in it. NaN where too few months expect defaults enough.
    """
    default_month = people["default_month"].fillna(0).to_numpy(np.int64)
    onset = np.where(default_month > 0, default_month - ONSET_TO_BAD, 0)
    vintage = people["vintage"].to_numpy(np.int64)
    n_onset = int(onset.max())
    size = int(vintage.max()) + n_onset + 1
    observed = np.zeros(size)
    expected = np.zeros(size)
    for month in range(1, n_onset + 1):
        at_risk = (onset == 0) | (onset >= month)
        begins = onset == month
        hazard = begins.sum() / at_risk.sum()
        calendar_month = vintage + month
        observed += np.bincount(calendar_month[begins], minlength=size)
        expected += hazard * np.bincount(calendar_month[at_risk], minlength=size)
    enough = expected >= LEAST_EXPECTED
    months = np.flatnonzero(enough)
    relative = observed[enough] / expected[enough]
    n_defaults = int((default_month > 0).sum())
    if months.size < LEAST_MONTHS:
        return ClaimFigure(float("nan"), n_defaults)
    value = np.corrcoef(relative, economy_at(meta, months))[0, 1]
    return ClaimFigure(float(value), n_defaults)


def macro_income(inflows: pd.DataFrame, first_month: str, meta: Mapping[str, Any]) -> ClaimFigure:
    """Return the correlation of minus the mean log inflow of a calendar month with the path.

    `inflows` has rows of wallet_snapshots; `first_month` is that of the first vintage, as 2024-01.
    Inflows of nothing are left out; n = months.
    """
    rows = inflows[inflows["inflow_fen"] > 0]
    month = rows["event_time"].to_numpy().astype("datetime64[M]").astype(np.int64)
    month = month - np.datetime64(first_month, "M").astype(np.int64)
    log_inflow = pd.Series(np.log(rows["inflow_fen"].to_numpy(float)))
    by_month = log_inflow.groupby(month).agg(["mean", "size"])
    by_month = by_month[by_month["size"] >= MIN_INFLOWS]
    path = economy_at(meta, by_month.index.to_numpy())
    value = np.corrcoef(-by_month["mean"].to_numpy(), path)[0, 1]
    return ClaimFigure(float(value), len(by_month))


def recession(off: pd.DataFrame, hit: pd.DataFrame) -> ClaimFigure:
    """Return the mean true PD in a recession over that without, in the worst twelve vintages.

    Both are truths of the same people: pd_true and vintage. n = people of these vintages.
    """
    ratio = hit.groupby("vintage")["pd_true"].mean() / off.groupby("vintage")["pd_true"].mean()
    worst = ratio.nlargest(WORST_VINTAGES).index
    among = hit["vintage"].isin(worst).to_numpy()
    value = hit["pd_true"][among].mean() / off["pd_true"][among].mean()
    return ClaimFigure(float(value), int(among.sum()))


def same_rules_in_the_book(loans: LoanPath, book: LoanPath) -> ClaimFigure:
    """Return the largest relative difference of the four roll rates; n = accounts of the book."""
    label = np.array(roll_rates(loans))
    other = np.array(roll_rates(book))
    return ClaimFigure(float(np.abs(other / label - 1.0).max()), len(book.dpd))


def cash_increase(forward: Mapping[str, Any], accounts: int) -> ClaimFigure | None:
    """Return the share of accounts with cash and wealth products whose limit was raised.

    `forward` is data/reports/forward/figures.json, `accounts` the number of accounts behind it.
    None where fewer months were run than the claim needs.
    """
    return _of_forward(forward, "increase_with_lqt_and_lct_3m", accounts)


def two_proofs(forward: Mapping[str, Any], accounts: int) -> ClaimFigure | None:
    """Return the share of accounts with two asset proofs whose limit was raised; None as above."""
    return _of_forward(forward, "increase_with_two_proofs_3m", accounts)


def _of_forward(forward: Mapping[str, Any], name: str, accounts: int) -> ClaimFigure | None:
    value = forward["claims"][name]
    return None if value is None else ClaimFigure(float(value), accounts)


def incumbent_gap(
    defaulted: np.ndarray, by_labels: np.ndarray, by_decision: np.ndarray, reachable_gini: float
) -> ClaimFigure:
    """Return what a learner loses in reachable Gini when taught by the decision and no label.

    `by_labels` and `by_decision` are the risks that the same learner gives to the same people after
    each lesson; `defaulted` is their true outcome.
    """
    lost = auc(defaulted, by_labels) - auc(defaulted, by_decision)
    # Gini is 2 AUC - 1, so a difference of Ginis is twice that of the AUCs.
    return ClaimFigure(float(2.0 * lost / reachable_gini), int(defaulted.size))


# table: policy inputs of payment flow, with values that meet any condition on them
FLOW_THAT_PASSES = {
    "least_monthly_flow_fen": 1e11,
    "monthly_spend_fen": 1e11,
    "spend_cv_6m": 0.0,
}


def kept_out(decisions: np.ndarray, without_flow: np.ndarray) -> np.ndarray:
    """Return which applications a product refuses for payment flow alone.

    `decisions` are those of the product, `without_flow` those of the same applications with
    `FLOW_THAT_PASSES`, each approve, refer, decline or refuse. An application that would be
    declined or refused anyway is not kept out by flow.

    >>> decided = np.array(["refuse", "refuse", "approve"])
    >>> kept_out(decided, np.array(["refer", "decline", "approve"])).tolist()
    [True, False, False]
    """
    return (decisions == "refuse") & np.isin(without_flow, ("approve", "refer"))


def flow_refusals(refused: Mapping[str, np.ndarray]) -> ClaimFigure:
    """Return the largest share of applications refused for payment flow alone.

    `refused` says, by product and activity scale, which application was refused for nothing else
    (`kept_out`).
    """
    shares = [float(flags.mean()) for flags in refused.values()]
    return ClaimFigure(max(shares), min(flags.size for flags in refused.values()))


def flow_scale(quarter: Mapping[str, np.ndarray], full: Mapping[str, np.ndarray]) -> ClaimFigure:
    """Return the largest difference of that share between two activity scales, over products."""
    differences = [abs(float(flags.mean() - full[name].mean())) for name, flags in quarter.items()]
    return ClaimFigure(max(differences), min(flags.size for flags in quarter.values()))


# The switches of the book: each figure is of a run with that switch on (`world.switches`).


def drawdown(panel: pd.DataFrame) -> ClaimFigure:
    """Return the mean use of revolving lines at the end of month 6 on book.

    `panel` has rows of the book's panel: month_on_book, balance_fen, limit_fen, is_written_off.
    Use is balance over line, whatever is past due; written-off accounts and lines of 0 are left
    out.
    """
    rows = panel[(panel["month_on_book"] == USE_MONTH) & (panel["limit_fen"] > 0)]
    rows = rows[~rows["is_written_off"]]
    use = rows["balance_fen"] / rows["limit_fen"]
    return ClaimFigure(float(use.mean()), len(rows))


def prepayment(panel: pd.DataFrame) -> ClaimFigure:
    """Return the share of loans that owe nothing at the end of month 6 on book.

    `panel` has rows of the book's panel of loans that run longer: month_on_book, balance_fen. A
    written-off account shows no balance, but none is within six months.
    """
    rows = panel[panel["month_on_book"] == USE_MONTH]
    return ClaimFigure(float((rows["balance_fen"] == 0).mean()), len(rows))


def recoveries(recovered: pd.DataFrame) -> ClaimFigure:
    """Return what came back of the exposure at default within 24 months; n = accounts.

    `recovered` has one row per account and payment: application_id, ead_fen (the same on each row
    of an account), months_since_default, recovered_fen.
    """
    ead = recovered.groupby("application_id")["ead_fen"].first()
    return ClaimFigure(float(recovered["recovered_fen"].sum() / ead.sum()), len(ead))


def recoveries_half(recovered: pd.DataFrame) -> ClaimFigure | None:
    """Return the month since default by which half of the recoveries are in; None without any.

    `recovered` as above; n = payments.
    """
    by_month = recovered.groupby("months_since_default")["recovered_fen"].sum().cumsum()
    if by_month.empty or by_month.iloc[-1] == 0:
        return None
    is_half = by_month >= by_month.iloc[-1] / 2
    return ClaimFigure(float(is_half.idxmax()), int((recovered["recovered_fen"] > 0).sum()))
