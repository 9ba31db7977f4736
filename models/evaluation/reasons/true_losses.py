"""What a concept truly cost an applicant, and how cited concepts compare with it.

The true loss of a concept is its contribution to the true log-odds less the mean contribution among
the approved. Setting the concept to its reference in the world takes the loss away: the true PD
falls where the loss is positive. A concept that the world does not have has no contribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from creditloom.models.sample.arrays import Floats, Mask

# Columns of the truth: `contribution_<concept>`, log-odds of default.
PREFIX = "contribution_"


def true_losses(truth: pd.DataFrame, approved: Mask, concepts: Sequence[str]) -> Floats:
    """Return the loss of each concept in log-odds of default, shape (n, concepts).

    truth: one row per application. approved: those whose mean is the reference. What intent of
    fraud, shock and interactions add belongs to no concept.
    """
    columns = [
        truth[PREFIX + concept].to_numpy(np.float64)
        if PREFIX + concept in truth
        else np.zeros(len(truth))
        for concept in concepts
    ]
    contribution = np.stack(columns, axis=1)
    return contribution - contribution[approved].mean(axis=0)


def cited_places(
    reasons: Sequence[Sequence[dict[str, object]]], concepts: Sequence[str]
) -> NDArray[np.int64]:
    """Return the cited concepts of each decision in their order, shape (n, most), -1 = none.

    Rules and caps, which have no points, are left out.

    >>> cited_places([[{"concept": "R5", "points": None}, {"concept": "b", "points": -9.0}]], "ab")
    array([[1]])
    """
    place = {concept: k for k, concept in enumerate(concepts)}
    lists = [
        [
            place[str(reason["concept"])]
            for reason in one
            if reason["points"] is not None and reason["concept"] in place
        ]
        for one in reasons
    ]
    # One place at least: with none at all the shape would not tell the number of decisions.
    most = max((len(one) for one in lists), default=1) or 1
    return np.array([one + [-1] * (most - len(one)) for one in lists], np.int64).reshape(-1, most)


def largest_places(losses: Floats, numbers: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return the concepts with the largest losses, as many of each row as `numbers` says.

    losses: (n, concepts). The result is like that of `cited_places`, with `most` columns.
    """
    # A stable sort: of equal losses the first concept counts.
    order = np.argsort(-losses, axis=1, kind="stable")[:, :most]
    return np.where(np.arange(order.shape[1]) < numbers[:, None], order, -1)


@dataclass(frozen=True)
class CitedFigures:
    """How cited concepts compare with true losses; null without a cited concept.

    precision: share of the cited that are among the true top of the same number. first_is_first:
    of persons, whose first reason is the concept that truly cost most. cure: of persons, whose true
    PD falls where the cited concepts are set to their reference. helped: share of the cited whose
    true loss is negative. near_zero: share of the cited whose true loss is within their error.
    """

    persons: int
    cited: int
    precision: float | None
    first_is_first: float | None
    cure: float | None
    helped: float | None
    near_zero: float | None


def cited_figures(cited: NDArray[np.int64], losses: Floats, errors: Floats) -> CitedFigures:
    """Return the figures of the persons with a cited concept.

    cited: as of `cited_places`. losses: true ones, (n, concepts). errors: of each concept, in
    log-odds.
    """
    is_cited = cited >= 0
    numbers = is_cited.sum(axis=1)
    has_one = numbers > 0
    n_cited = int(numbers.sum())
    if not n_cited:
        return CitedFigures(len(cited), 0, None, None, None, None, None)
    top = largest_places(losses, numbers, cited.shape[1])
    is_top = is_cited & (cited[:, :, None] == top[:, None, :]).any(axis=2)
    own = np.take_along_axis(losses, np.maximum(cited, 0), axis=1)
    total = np.where(is_cited, own, 0.0).sum(axis=1)
    is_cured = total[has_one] > 0
    error = errors[np.maximum(cited, 0)]
    is_first = cited[has_one, 0] == losses[has_one].argmax(axis=1)
    is_near = (np.abs(own) <= error)[is_cited]
    is_helping = own[is_cited] < 0
    n_persons = int(has_one.sum())
    return CitedFigures(
        persons=n_persons,
        cited=n_cited,
        precision=float(is_top.sum() / n_cited),
        first_is_first=float(is_first.mean()),
        cure=float(is_cured.mean()),
        helped=float(is_helping.mean()),
        near_zero=float(is_near.mean()),
    )


def mean_rank_correlation(stated: Floats, losses: Floats) -> float | None:
    """Return the mean over persons of Spearman's correlation of stated and true losses.

    Both have the shape (n, concepts); null without persons.
    """
    if not len(stated):
        return None
    ranks = [rankdata(one, axis=1) for one in (stated, losses)]
    centred = [one - one.mean(axis=1, keepdims=True) for one in ranks]
    length = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    product = (centred[0] * centred[1]).sum(axis=1)
    return float(np.mean(product / np.where(length > 0, length, np.inf)))
