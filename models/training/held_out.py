"""Nested choices: rolling origins whose columns, complexities and stack see earlier months only.

Each origin has columns of its own, screened and ranked on the months before it. What the members
say of its months is held out from every choice that was made for them: the complexities and the
weights of an origin's stack come from the origins before it. So the AUC of these margins is an
honest estimate of what the same procedure reaches on the months that follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import ChosenFeatures, Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import auc
from creditloom.models.sample.split import SplitParams, rolling_origins
from creditloom.models.stacking.procedure import Fold, HeldOutPaths, StackChoice, chosen
from creditloom.models.stacking.stack import Stack, StackParams, fit_stack


@dataclass(frozen=True)
class InnerEstimate:
    """What the nested procedure reaches on the judged months of one origin.

    first_month: of the months judged. n_bads: bads known among them. auc: by the weights of
    training; NaN where they hold one class only.
    """

    first_month: int
    n_bads: int
    auc: float


@dataclass(frozen=True)
class ApplicantMargins:
    """Margins of applicants, booked or not, by members fitted on the months before; shape (k,).

    They are as new to the members as a later applicant is to the model.
    """

    application_id: NDArray[np.int64]
    margin: Floats


def origin_folds(
    rows: Dataset,
    sign_of: Mapping[str, int],
    split: SplitParams,
    features: ChosenFeatures,
    applicants: Dataset | None = None,
) -> Iterator[Fold]:
    """Yield one fold per rolling origin, oldest first, each with its own columns.

    applicants: others that are held out beside the judged rows, in the months of `applicant_masks`.
    In `is_judged` they follow the rows.
    Raise ModelError for another number of origins, or where the months before one hold one class.
    """
    origins = rolling_origins(rows.month, split)
    if len(features.origins) != len(origins):
        raise ModelError(
            f"{len(features.origins)} choices of columns for {len(origins)} rolling origins: "
            "expected one each. Run select again with the same split."
        )
    masks = [] if applicants is None else applicant_masks(applicants, split)
    for k, ((fit, judge), own) in enumerate(zip(origins, features.origins, strict=True)):
        bads = int(rows.label[fit].sum())
        if bads in (0, int(fit.sum())):
            raise ModelError(
                f"Months before {rows.month[judge].min()}: expected bads and goods, got {bads} "
                f"bads among {int(fit.sum())} loans. Lower split.origins or split.origin_months."
            )
        columns = rows.with_features(own)
        signs = tuple(sign_of[name] for name in columns.names)
        held_out = columns.features[judge]
        is_judged = judge
        if applicants is not None:
            beside = applicants.where(masks[k]).with_features(own)
            held_out = np.concatenate([held_out, beside.features])
            is_judged = np.concatenate([judge, masks[k]])
        yield Fold(columns.where(fit), signs, held_out, is_judged)


def applicant_masks(applicants: Dataset, split: SplitParams) -> list[Mask]:
    """Return which applicants each origin is to score, oldest first.

    They are those of its judged months, and for the last origin of all later months too: it has
    learnt from none of them.
    """
    firsts = [
        split.train_months - back * split.origin_months for back in range(split.origins, 0, -1)
    ]
    ends = [*firsts[1:], np.inf]
    month = applicants.month
    return [(month >= first) & (month < end) for first, end in zip(firsts, ends, strict=True)]


def nested_margins(
    held_out: HeldOutPaths,
    origins: Sequence[Mask],
    label: Floats,
    weight: Floats,
    params: StackParams,
) -> Floats:
    """Return the stacked margin of each judged row, by what the origins before it chose; else NaN.

    origins: the judged rows of each origin, oldest first. Before the first one nothing is chosen:
    its learners count alike, each at its highest complexity.
    """
    margin = np.full(len(label), np.nan)
    earlier = np.zeros(len(label), bool)
    for judged in origins:
        choice = chosen(held_out.where(earlier), label, weight) if earlier.any() else None
        margin[judged] = _margin(held_out, judged, choice, params)
        earlier |= judged
    return margin


def inner_estimates(
    margin: Floats, origins: Sequence[Mask], rows: Dataset, weight: Floats
) -> tuple[InnerEstimate, ...]:
    """Return the AUC of the held-out margins by origin, by these weights."""
    return tuple(
        InnerEstimate(
            first_month=int(rows.month[judged].min()),
            n_bads=int(rows.label[judged].sum()),
            auc=auc_or_nan(rows.label[judged], margin[judged], weight[judged]),
        )
        for judged in origins
    )


def auc_or_nan(label: Floats, margin: Floats, weight: Floats) -> float:
    """Return the AUC; NaN where there is one class only, as in a young month."""
    return auc(label, margin, weight) if len(np.unique(label)) > 1 else float("nan")


def judged_origins(rows: Dataset, split: SplitParams) -> list[Mask]:
    """Return the judged rows of each rolling origin, oldest first."""
    return [judge for _, judge in rolling_origins(rows.month, split)]


def _margin(
    held_out: HeldOutPaths, judged: Mask, choice: StackChoice | None, params: StackParams
) -> Floats:
    """Return the margin of the stack that `choice` asks for, on the rows `judged`."""
    stack = None if choice is None else _stack_or_none(choice, params)
    if choice is None or stack is None:
        last = [path[judged, -1] for path in held_out.paths.values()]
        return np.mean(last, axis=0)
    own = [held_out.paths[name][judged, choice.steps[name]] for name in stack.names]
    return stack.margin(np.stack(own, axis=1))


def _stack_or_none(choice: StackChoice, params: StackParams) -> Stack | None:
    """Return the stack of a choice; None where no learner told anything in those months."""
    names = list(choice.steps)
    # No leaves are counted: which set is served is no question of the estimate.
    leaves = [0] * len(names)
    try:
        return fit_stack(choice.margins, choice.label, choice.weight, names, leaves, params)
    except ModelError:
        return None
