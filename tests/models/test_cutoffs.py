"""The tables of the report's workbench and validation, by small tables."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from creditloom.decision.pricing.profit import ProfitTerms
from creditloom.decision.pricing.table import Loan
from creditloom.decision.rulebook.policy import Policy, tiers_only_policy
from creditloom.decision.score.tiers import Tiers
from creditloom.models.evaluation.cohort import Cohort
from creditloom.models.evaluation.profit import cutoffs
from creditloom.models.evaluation.profit.cutoffs import AskedCuts
from creditloom.models.evaluation.rivals import power_by_group
from creditloom.models.evaluation.rivals.feature_figures import feature_figures, feature_psi
from creditloom.models.sample.dataset import undated_dataset

TIERS = Tiers.from_edges((0.003, 0.005, 0.0075, 0.011, 0.016, 0.024, 0.038, 0.065, 0.12))
POLICY = Policy.from_json(json.dumps(tiers_only_policy()))
# Six applicants, the safest first; the fifth and sixth lie beyond the cut of 2.4 %.
PD = np.array([0.002, 0.004, 0.01, 0.02, 0.03, 0.2])
BAD = np.array([0.0, 0.0, 1.0, 0.0, 0.0, 1.0])
DECISIONS = ["approve", "approve", "refer", "approve", "decline", "decline"]
TERMS = ProfitTerms(0.5, True, Loan("equal_principal", 12), 0.75, 0.025, 60.0, 0.0005)


def cohort(ridge_pd: np.ndarray = PD) -> Cohort:
    """The six, with a loan of 10,000 at 14.4 % a year for whom it was offered to."""
    offered = np.array([name == "approve" for name in DECISIONS])
    # table: the columns of the decisions
    decisions = pd.DataFrame({
        "application_id": np.arange(6), "decision": DECISIONS, "pd": PD,
        "limit_cny": np.where(offered, 10_000.0, np.nan),
        "daily_rate": np.where(offered, 0.0004, np.nan),
        "apr_irr12": np.where(offered, 0.144, np.nan),
        "apr_simple360": np.where(offered, 0.144, np.nan),
    })  # fmt: skip
    rows = undated_dataset(np.zeros((6, 0)), (), BAD, "oot")
    return Cohort(rows, PD, ridge_pd, decisions, pd.DataFrame(), None, 0.2, 20.0)


def table(terms: ProfitTerms | None = TERMS) -> pd.DataFrame:
    """The cuts by their PD."""
    return cutoffs.cutoff_table(AskedCuts(cohort(), TIERS, POLICY, terms)).set_index("pd_cut")


def test_the_cut_in_force_is_among_the_cuts_and_counts_whom_the_tiers_approve() -> None:
    here = table().loc[0.024]
    assert bool(here["is_present"])
    assert (here["approved"], here["moved"]) == (4, 0)
    # One of the four waits for a person.
    assert here["final_rate"] == 3 / 6


def test_the_four_cells_of_the_confusion_hold_everybody_once() -> None:
    cells = ["bads_approved", "bads_declined", "goods_approved", "goods_declined"]
    assert table().loc[0.024, cells].tolist() == [1, 1, 3, 1]
    assert set(table()[cells].sum(axis=1)) == {6}


def test_up_to_the_present_cut_profit_is_the_sum_of_the_offers() -> None:
    offers = cutoffs.PricedOffers.approved(cohort().decisions)
    assert table().loc[0.024, "profit_cny"] == pytest.approx(offers.profit_fen(TERMS) / 100)


def test_beyond_it_a_profit_is_estimated_at_the_last_approving_tier() -> None:
    """The tier of 1.6 to 2.4 % has one applicant, whom the rules let pass."""
    own = TERMS.priced_profit_fen(
        np.array([1e4]), np.array([0.0004]), np.array([0.144]), np.array([0.03])
    )
    gain = table().loc[0.038, "profit_cny"] - table().loc[0.024, "profit_cny"]
    assert gain == pytest.approx(own[0] / 100)
    assert table().loc[0.038, "moved"] == 1


def test_without_prices_there_is_no_profit() -> None:
    assert table(None)["profit_cny"].isna().all()


def test_the_swap_set_is_empty_against_the_same_ranking_and_not_against_another() -> None:
    assert set(table()["swap"]) == {0}
    turned = AskedCuts(cohort(PD[::-1]), TIERS, POLICY, TERMS)
    assert cutoffs.cutoff_table(turned).set_index("pd_cut").loc[0.024, "swap"] == 2


def test_a_group_is_counted_by_itself_at_each_cut() -> None:
    groups = pd.DataFrame({"customer": ["new", "new", "new", "repeat", "repeat", None]})
    made = cutoffs.cutoff_segments(AskedCuts(cohort(), TIERS, POLICY, TERMS), groups)
    at = made[made["pd_cut"] == 0.024].set_index("group")
    assert at.loc["new", ["n", "approval_rate"]].tolist() == [3, 1.0]
    assert at.loc["repeat", ["n", "approval_rate"]].tolist() == [2, 0.5]


def test_gains_begin_with_the_riskiest_and_end_with_everybody() -> None:
    made = cutoffs.gains_table(cohort()).dropna()
    assert made["bads_so_far"].iloc[0] == 0.5
    assert made[["bads_so_far", "goods_so_far", "lift"]].iloc[-1].tolist() == [1.0, 1.0, 1.0]


def test_a_ranking_with_few_bads_has_no_auc() -> None:
    few = power_by_group.ranked(BAD, PD, np.ones(6))
    assert (few["n"], few["bads"], few["auc"]) == (6, 2, None)
    many = power_by_group.ranked(np.tile(BAD, 10), np.tile(PD, 10), np.ones(60))
    assert many["auc"] == pytest.approx(0.75)


def test_a_vintage_is_left_open_where_not_all_of_its_loans_have_come() -> None:
    """Loan 1 goes bad in month 2 and is seen no more; loan 2 is young."""
    # table: a month end a row
    months = pd.DataFrame(
        [(1, 1, 0), (1, 2, 95), (2, 1, 0), (2, 2, 0), (2, 3, 10)],
        columns=["application_id", "month_on_book", "dpd_days"],
    )
    made = power_by_group.curves_on_book(months, pd.Series({1: "2025-01", 2: "2025-02"}))
    row = made.iloc[0]
    assert (row["vintage"], row["loans"]) == ("2025Q1", 2)
    assert row[["m1", "m2", "m3"]].tolist() == [0.0, 0.5, 0.5]
    assert row["m4"] is None


def test_drift_and_missing_values_of_a_feature_show() -> None:
    rng = np.random.default_rng(1)
    still = rng.normal(size=(400, 2))
    moved = still.copy()
    moved[:, 1] += 2.0
    moved[:40, 0] = np.nan
    label = (still[:, 0] > 0.5).astype(float)
    before = undated_dataset(still, ("steady", "moved"), label, "train")
    after = undated_dataset(moved, ("steady", "moved"), label, "oot")
    made = feature_figures(before, after, {"steady": 0.1}).set_index("feature")
    assert made.loc["steady", "missing"] == 0.1 and made.loc["moved", "missing"] == 0
    assert made.loc["moved", "psi"] > 1
    # What made the label tells much, what did not tells little.
    assert made.loc["steady", "iv"] > 10 * made.loc["moved", "iv"]
    assert feature_psi(before, after, ["2025-07"])["2025-07"].iloc[1] == made.loc["moved", "psi"]
