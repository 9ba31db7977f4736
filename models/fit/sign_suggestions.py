"""Signs that the data suggest: told, and never imposed.

A sign is suggested where a column alone leans clearly one way, and the additive logit, which no
sign binds, goes the same way from end to end. Then the learner is fitted once more on the inner
folds, with these signs: what would cost more than a little AUC is not suggested.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from creditloom.models.fit.fit_params import CHALLENGER, FitParams
from creditloom.models.fit.inner_folds import inner_folds
from creditloom.models.fit.training_table import TrainingTable
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.metrics import auc
from creditloom.models.stacking.additive import AdditiveMember
from creditloom.models.stacking.learner import NamedLearner
from creditloom.models.stacking.procedure import choose

# Rows that suggestions are made on; more would tell the same and take longer.
ROWS = 10_000
# The learner on which the cost is measured, and what it may cost at most, in AUC.
JUDGE = "small"
MAX_COST = 0.002
# A column leans clearly one way: |AUC - 1/2| of its own, and as standard errors of luck.
MIN_LEAN = 0.02
MIN_ERRORS = 4.0
# Part of its range by which the table of a column may go back and still be one way.
MAX_BACK = 0.1


@dataclass(frozen=True)
class SuggestedSign:
    """A sign that nobody stated: sign +1 where more is riskier; auc: of the column alone."""

    column: str
    sign: int
    auc: float


@dataclass(frozen=True)
class SignSuggestions:
    """The suggestions, strongest first, and what all of them together would cost in AUC.

    cost: on the inner folds; negative where they help; 0 without any.
    """

    signs: tuple[SuggestedSign, ...] = ()
    cost: float = 0.0

    @property
    def options(self) -> str:
        """Return the options that would impose them, as a shell reads them."""
        pairs = (f"{one.column}={'+' if one.sign > 0 else '-'}" for one in self.signs)
        # One option per column: a name may hold a comma.
        return " ".join(f"--monotone {shlex.quote(pair)}" for pair in pairs)


def suggested_signs(table: TrainingTable, params: FitParams) -> SignSuggestions:
    """Return signs for columns that have none, which cost no more than MAX_COST together.

    Where all of them cost more, the stronger half is tried, and so on: each costs one fit.
    Raise ModelError as `fit_calibrated` does.
    """
    sample = _sampled(table)
    learners = [one for one in params.named_learners() if one.name == CHALLENGER]
    judge = [NamedLearner(JUDGE, params.boosted(params.small))]
    found = _leaning(sample, params, learners[0])
    before = _auc(sample, params, judge) if found else 0.0
    while found:
        cost = before - _auc(_with(sample, found), params, judge)
        if cost <= MAX_COST:
            return SignSuggestions(tuple(found), round(cost, 6))
        found = found[: len(found) // 2]
    return SignSuggestions()


def _sampled(table: TrainingTable) -> TrainingTable:
    """Return at most ROWS rows, half of them bads where there are as many.

    Even steps keep all dates. An AUC is the same at any share of bads.
    """
    keep = np.zeros(len(table.label), bool)
    for outcome in (0, 1):
        rows = np.flatnonzero(table.label == outcome)
        keep[rows[:: max(1, -(-len(rows) * 2 // ROWS))]] = True
    return table.where(keep)


def _with(table: TrainingTable, found: Sequence[SuggestedSign]) -> TrainingTable:
    signs = table.sign_of | {one.column: one.sign for one in found}
    return replace(table, signs=tuple(signs.values()))


def _auc(table: TrainingTable, params: FitParams, judge: Sequence[NamedLearner]) -> float:
    """Return the AUC of the judging learner on the inner folds, rounds chosen there too."""
    choice = choose(inner_folds(table, params), judge, table.label.astype(float), table.weights)
    return auc(choice.label, choice.margins[:, 0], choice.weight)


def _leaning(
    table: TrainingTable, params: FitParams, additive: NamedLearner
) -> list[SuggestedSign]:
    """Return the unsigned numeric columns that lean one way, alone and in the additive logit."""
    # The middle of the penalties: loose enough for a shape, stiff enough against noise.
    step = additive.learner.steps // 2
    fold = next(inner_folds(table, params))
    member = additive.learner.fit(fold.rows, fold.signs, step)
    assert isinstance(member, AdditiveMember)
    found = []
    columns = zip(fold.rows.names, fold.rows.features.T, member.tables, strict=True)
    for name, values, shape in columns:
        # Categories have their sign by their codes; indicators have none to suggest.
        if table.sign_of.get(name) != 0 or not _is_number(table, name):
            continue
        alone = _lean(values, fold.rows.label)
        sign = _one_way(shape[:-1])
        if alone is not None and sign == (1 if alone > 0.5 else -1):
            found.append(SuggestedSign(name, sign, round(alone, 6)))
    return sorted(found, key=lambda one: -abs(one.auc - 0.5))


def _is_number(table: TrainingTable, name: str) -> bool:
    return bool(np.issubdtype(table.frame[name].to_numpy().dtype, np.number))


def _lean(values: Floats, label: Floats) -> float | None:
    """Return the AUC of a column alone; None where it does not lean clearly."""
    known = ~np.isnan(values)
    bads = label[known].sum()
    goods = known.sum() - bads
    if min(bads, goods) < 1:
        return None
    figure = auc(label[known], values[known])
    luck = np.sqrt((bads + goods + 1) / (12 * bads * goods))
    return figure if abs(figure - 0.5) > max(MIN_LEAN, MIN_ERRORS * luck) else None


def _one_way(shape: Floats) -> int:
    """Return +1 or -1 where a table goes one way from end to end, else 0.

    >>> _one_way(np.array([0.0, 0.5, 0.49, 1.0])), _one_way(np.array([0.0, 1.0, 0.0]))
    (1, 0)
    """
    steps = np.diff(shape)
    up = float(steps[steps > 0].sum())
    down = float(-steps[steps < 0].sum())
    if min(up, down) > MAX_BACK * max(up, down) or up == down:
        return 0
    return 1 if up > down else -1
