"""Figures of claims that need another run, on small tables: one row per person or application."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure
from creditloom.models.evaluation.world_claims.other_runs import run_figures, switch_figures

LATE = 18


def flags(*values: int) -> np.ndarray:
    return np.array(values, bool)


# --- decisions of other products ---


def test_flow_alone_keeps_out_only_who_would_be_let_in_without_it() -> None:
    decided = np.array(["refuse", "refuse", "refuse", "refuse", "decline"])
    without = np.array(["approve", "refer", "decline", "refuse", "decline"])
    assert run_figures.kept_out(decided, without).tolist() == [True, True, False, False, False]


def test_flow_refuses_as_many_as_at_the_worst_product_and_scale() -> None:
    refused = {
        "fenfu@S3 .25": flags(1, 1, 0, 0),
        "fenfu@S3 1": flags(1, 0, 0, 0),
        "xiaoe@S3 1": flags(0, 0, 0),
    }
    assert run_figures.flow_refusals(refused) == ClaimFigure(0.5, 3)


def test_two_scales_differ_by_the_largest_difference_of_one_product() -> None:
    quarter = {"fenfu@S3": flags(1, 1, 0, 0), "xiaoe@S3": flags(0, 0, 0, 0)}
    full = {"fenfu@S3": flags(1, 0, 0, 0), "xiaoe@S3": flags(0, 0, 0, 0)}
    assert run_figures.flow_scale(quarter, full) == ClaimFigure(0.25, 4)
    assert run_figures.flow_scale(full, full).value == 0.0


# --- the incumbent's decision as a lesson ---


def test_who_learns_from_the_decision_loses_the_part_that_the_decision_does_not_hold() -> None:
    defaulted = flags(0, 0, 1, 1)
    by_labels = np.array([0.1, 0.2, 0.3, 0.4])
    # One of four pairs is the wrong way round: AUC .75, so Gini falls from 1 to .5.
    by_decision = np.array([0.1, 0.3, 0.2, 0.4])
    figure = run_figures.incumbent_gap(defaulted, by_labels, by_decision, 0.5)
    assert figure == ClaimFigure(pytest.approx(1.0), 4)
    assert run_figures.incumbent_gap(defaulted, by_labels, by_labels, 0.5).value == 0.0


# --- the book ---


@pytest.mark.parametrize(
    ("measure", "name"),
    [
        (run_figures.cash_increase, "increase_with_lqt_and_lct_3m"),
        (run_figures.two_proofs, "increase_with_two_proofs_3m"),
    ],
)
def test_raised_limits_are_those_of_the_run_or_not_known(measure: Any, name: str) -> None:
    assert measure({"claims": {name: 0.9}}, 120) == ClaimFigure(0.9, 120)
    assert measure({"claims": {name: None}}, 120) is None


# --- switches ---


def test_the_arm_is_the_share_of_applications_that_the_challenger_decides() -> None:
    applications = pd.DataFrame({"arm": ["challenger", "champion", "champion", "champion"]})
    assert switch_figures.challenger_arm(applications) == ClaimFigure(0.25, 4)


def test_a_drift_of_the_mean_pd_is_looked_for_in_late_vintages_alone() -> None:
    without = pd.DataFrame({"vintage": [0, 18, 23], "pd_true": [0.5, 0.02, 0.04]})
    drifted = without.assign(pd_true=[0.5, 0.03, 0.06])
    figure = switch_figures.drift_pd(without, drifted, LATE)
    assert figure == ClaimFigure(pytest.approx(1.5), 2)


def test_a_missing_family_is_counted_among_late_people() -> None:
    people = pd.DataFrame({"applicant_id": [0, 1, 2, 3], "vintage": [0, 18, 18, 20]})
    assert switch_figures.drift_null(people, {1, 3}, LATE) == ClaimFigure(pytest.approx(1 / 3), 3)


def test_a_shift_is_in_sd_of_the_people_without_it() -> None:
    without = pd.Series([1.0, 1.0, 3.0, np.nan], index=[0, 1, 2, 3])
    drifted = pd.Series([1.0, 1.5, 3.5, 9.0], index=[0, 1, 2, 3])
    vintage = pd.Series([0, 18, 18, 18], index=[0, 1, 2, 3])
    figure = switch_figures.drift_shift(without, drifted, vintage, LATE)
    assert figure == ClaimFigure(pytest.approx(0.5), 2)


def test_a_segment_is_new_where_no_earlier_vintage_has_it() -> None:
    people = pd.DataFrame({"vintage": [0, 1, 18, 19], "segment": ["a", "b", "a", "new"]})
    known = people.assign(segment=people["segment"].astype("category"))
    assert switch_figures.drift_segment(known, LATE) == ClaimFigure(0.5, 2)


def test_where_the_planted_column_makes_no_gap_there_is_nothing_to_drop() -> None:
    is_good = flags(1, 1, 1, 1)
    is_protected = flags(0, 0, 1, 1)
    turned = flags(1, 0, 1, 1)
    figure = switch_figures.planted_alternative(turned, turned, is_good, is_protected)
    assert np.isnan(figure.value)


def test_a_planted_column_is_dropped_for_half_of_the_gap_and_no_auc() -> None:
    is_good = flags(1, 1, 1, 1, 1, 1, 1, 1, 0)
    is_protected = flags(0, 0, 0, 0, 1, 1, 1, 1, 1)
    passes = flags(1, 1, 1, 1, 1, 1, 0, 0, 1)
    without = flags(1, 1, 1, 1, 1, 1, 1, 0, 0)
    figure = switch_figures.planted_alternative(passes, without, is_good, is_protected)
    assert figure == ClaimFigure(pytest.approx(0.5), 4)
    risk = np.arange(9.0)
    assert switch_figures.planted_price(~is_good, risk, risk).value == 0.0
    assert switch_figures.planted_price(~is_good, risk, risk[::-1]).value > 0.0
