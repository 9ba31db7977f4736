"""Claims about reasons judged by truth: small tables in, one figure out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from creditloom.models.evaluation.reasons.reason_figures import observed_reasons
from creditloom.models.evaluation.reasons.true_losses import (
    cited_figures,
    cited_places,
    largest_places,
    mean_rank_correlation,
    true_losses,
)

# Log-odds that three concepts truly cost two persons.
LOSSES = np.array([[0.9, 0.4, -0.2], [0.02, -0.5, 0.3]])
ERRORS = np.array([0.05, 0.05, 0.05])


def test_a_loss_is_against_the_approved_and_absent_concepts_cost_nothing() -> None:
    truth = pd.DataFrame({"contribution_a": [1.0, 0.2, 0.0]})
    losses = true_losses(truth, np.array([False, True, True]), ("a", "b"))
    np.testing.assert_allclose(losses, [[0.9, 0.0], [0.1, 0.0], [-0.1, 0.0]])


def test_right_reasons_have_every_figure_right() -> None:
    right = cited_figures(np.array([[0, 1], [2, -1]]), LOSSES, ERRORS)
    assert (right.persons, right.cited) == (2, 3)
    assert (right.precision, right.first_is_first, right.cure) == (1.0, 1.0, 1.0)
    assert (right.helped, right.near_zero) == (0.0, 0.0)


def test_a_padded_reason_costs_precision_and_lies_near_zero() -> None:
    padded = cited_figures(np.array([[0, 2], [2, 0]]), LOSSES, ERRORS)
    # Of the first person the third concept helped; of the second the first is next to nothing.
    assert padded.precision == pytest.approx(3 / 4)
    assert (padded.helped, padded.near_zero) == (1 / 4, 1 / 4)


def test_wrong_reasons_cure_nobody() -> None:
    wrong = cited_figures(np.array([[2], [1]]), LOSSES, ERRORS)
    assert (wrong.precision, wrong.first_is_first, wrong.cure) == (0.0, 0.0, 0.0)


def test_without_a_reason_there_is_no_figure() -> None:
    none = cited_figures(np.full((2, 1), -1), LOSSES, ERRORS)
    assert (none.cited, none.precision, none.cure) == (0, None, None)


def test_the_yardstick_cites_as_many_of_each_person() -> None:
    assert largest_places(LOSSES, np.array([2, 1]), 2).tolist() == [[0, 1], [2, -1]]
    assert cited_places([[{"concept": "b", "points": -2.0}], []], ("a", "b")).tolist() == [
        [1],
        [-1],
    ]


def test_rank_correlation_is_one_for_one_order_and_minus_one_for_its_reverse() -> None:
    assert mean_rank_correlation(10 * LOSSES, LOSSES) == pytest.approx(1.0)
    assert mean_rank_correlation(-LOSSES, LOSSES) == pytest.approx(-1.0)


def test_unexplained_declines_are_counted_among_the_declines_they_were() -> None:
    reason = [{"concept": "a", "points": -5.0, "text": "a"}]
    silent = [{"concept": "refer_unexplained", "points": None, "text": "a person looks"}]
    frame = pd.DataFrame(
        {
            "decision": ["decline", "decline", "decline", "refer", "approve"],
            "reasons": [reason, reason, reason, silent, []],
        }
    )
    figures = observed_reasons(frame)
    assert (figures["unexplained_share"], figures["unexplained_moves"]) == (1 / 4, 1 / 5)
    assert (figures["first_concept"], figures["first_share"]) == ("a", 1.0)
