"""The blocks of metrics.json on reasons: by the truth, and by what anyone can observe."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.bundle import Bundle
from creditloom.decision.reasons.significance import UNEXPLAINED
from creditloom.models.evaluation.cohort import Cohort, aligned_rows
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.reasons.best_predictor import best_contributions
from creditloom.models.evaluation.reasons.true_losses import (
    CitedFigures,
    cited_figures,
    cited_places,
    largest_places,
    mean_rank_correlation,
    true_losses,
)
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset


def observed_reasons(decisions: pd.DataFrame) -> dict[str, Any]:
    """Return what anyone can count of the score's reasons.

    unexplained_share: of the declines that rest on the score, those that no concept explains and
    that therefore go to a person. unexplained_moves: the same of all applications.
    first_share: share of the commonest first concept among declines. Null without declines.
    """
    is_decline = (decisions["decision"] == "decline").to_numpy()
    first = [
        next((str(one["concept"]) for one in reasons if one["points"] is not None), None)
        for reasons in decisions.loc[is_decline, "reasons"]
    ]
    shares = pd.Series(first, dtype=object).value_counts(normalize=True)
    unexplained = sum(
        any(one["concept"] == UNEXPLAINED for one in reasons)
        for reasons in decisions.loc[(decisions["decision"] == "refer").to_numpy(), "reasons"]
    )
    asked = unexplained + int(is_decline.sum())
    # table: figure -> value
    return {
        "unexplained": unexplained,
        "unexplained_share": unexplained / asked if asked else None,
        "unexplained_moves": unexplained / len(decisions) if len(decisions) else None,
        "first_concept": str(shares.index[0]) if len(shares) else None,
        "first_share": float(shares.iloc[0]) if len(shares) else None,
    }


def reasons_by_truth(
    cohort: Cohort,
    bundle: Bundle,
    known: Dataset,
    applicants: pd.DataFrame,
    params: EvaluateParams,
) -> dict[str, Any]:
    """Return how true the cited concepts of out-of-time declines are, beside the best predictor.

    known: rows before out-of-time that the best predictor learns from. applicants: the truth, one
    row per application. Empty without a truth, approvals or declines.
    """
    is_approved = (cohort.decisions["decision"] == "approve").to_numpy()
    declined = np.flatnonzero(cohort.decisions["decision"] == "decline")
    approved = np.flatnonzero(is_approved)
    if cohort.truth is None or not len(declined) or not len(approved):
        return {}
    catalogue = bundle.scorer.catalogue
    concepts = catalogue.concept_ids
    chosen = _at_even_steps(declined, params.reason_rows)
    losses = true_losses(cohort.truth, is_approved, concepts)[chosen]
    cited = cited_places(cohort.decisions["reasons"].iloc[chosen].tolist(), concepts)
    # One error, as log-odds: what its points are worth.
    errors = bundle.reference.errors(catalogue) / bundle.scorer.calibration.factor
    x = cohort.rows.with_features(catalogue.names).features
    stated = bundle.reference.concepts(catalogue) - bundle.scorer.concept_points(x[chosen])
    own = cited_figures(cited, losses, errors)
    beside = x[_at_even_steps(approved, params.reason_rows)]
    early = known.with_features(catalogue.names).at_most(params.reason_learning_rows)
    told = aligned_rows(applicants, early.application_id, "truth")
    predicted = _predicted_losses(early, told, concepts, x[chosen], beside, params)
    of_best = largest_places(predicted, (cited >= 0).sum(axis=1), cited.shape[1])
    yardstick = cited_figures(of_best, losses, errors)
    truly_first = np.bincount(losses.argmax(axis=1)).max() / len(losses)
    block = compared_figures(own, yardstick)
    block["rank_correlation"] = mean_rank_correlation(stated, losses)
    block["best"]["rank_correlation"] = mean_rank_correlation(predicted, losses)
    return {**block, "truly_first_share": float(truly_first)}


def _predicted_losses(
    early: Dataset,
    told: pd.DataFrame,
    concepts: tuple[str, ...],
    declined: Floats,
    approved: Floats,
    params: EvaluateParams,
) -> Floats:
    """Return the losses that the best predictor states of the declined, (n, concepts)."""
    asked = np.concatenate([declined, approved])
    best = best_contributions(early.features, told, concepts, asked, params.threads, params.seed)
    return best[: len(declined)] - best[len(declined) :].mean(axis=0)


def compared_figures(own: CitedFigures, best: CitedFigures) -> dict[str, Any]:
    """Return the figures of the reasons, those of the best predictor, and their quotients.

    A quotient is null where the best predictor reaches nothing.
    """

    def of_best(one: float | None, other: float | None) -> float | None:
        return None if one is None or not other else one / other

    return {
        **asdict(own),
        "best": asdict(best),
        "precision_of_best": of_best(own.precision, best.precision),
        "cure_of_best": of_best(own.cure, best.cure),
    }


def _at_even_steps(rows: np.ndarray, most: int) -> np.ndarray:
    """Return at most `most` of these positions."""
    positions = np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(np.int64)
    return rows[np.unique(positions)]
