"""How well the score, concepts and features tell who belongs to a protected or watched group.

Each figure is an AUC of belonging to the group, at least 0.5, with Hanley's and McNeil's interval.
What all features tell together is a ridge regression on their ranks, fitted on the other half of
the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from creditloom.models.evaluation.groups.column_strength import (
    SMOOTHING,
    Codes,
    SortedColumn,
    auc_ends,
)
from creditloom.models.evaluation.groups.fairness_rules import FairnessRules
from creditloom.models.evaluation.rivals.paired import SortedScore
from creditloom.models.sample.arrays import Floats, Mask

# Of the regression on standardised ranks, in rows: a hundredth of the sample [choice].
RIDGE_SHARE = 0.01
SCORE = "score"
CONCEPT = "concept"
FEATURE = "feature"
TOGETHER = "all features"
# table: columns of the audit
COLUMNS = ("field", "group", "n", "by", "name", "auc", "low", "high", "is_named")


@dataclass(frozen=True)
class ProxySample:
    """Applications on which proxies are looked for; one row each.

    score: shape (n,). concepts: points, shape (n, c). features: shape (n, p). groups: one column
    per field.
    """

    score: Floats
    concepts: Floats
    concept_names: tuple[str, ...]
    features: Floats
    feature_names: tuple[str, ...]
    groups: pd.DataFrame


def proxies(sample: ProxySample, rules: FairnessRules, min_group: int) -> pd.DataFrame:
    """Return per field and group the AUC of the score, of the best concepts and features.

    Groups of fewer than `min_group` rows, and those of everybody, are left out. `is_named`: the AUC
    lies above `watched_auc`.
    """
    members = list(_members(sample.groups, min_group))
    if not members:
        return pd.DataFrame(columns=list(COLUMNS))
    is_member = np.column_stack([mask for _, _, mask in members]).astype(np.float64)
    bins = [SortedColumn.of(pd.Series(column)).bins for column in sample.features.T]
    together = _together(bins, is_member)
    of_features = np.column_stack([_held_out_aucs(codes, is_member) for codes in bins])
    ranked = SortedScore.of(sample.score)
    concepts = [SortedScore.of(column) for column in sample.concepts.T]
    rows = []
    for k, (field, group, mask) in enumerate(members):
        found = [(SCORE, SCORE, _either(ranked, mask))]
        found.append((TOGETHER, TOGETHER, _either(SortedScore.of(together[:, k]), mask)))
        of_concepts = [_either(one, mask) for one in concepts]
        found += _best(CONCEPT, sample.concept_names, of_concepts, rules.proxies_named)
        found += _best(FEATURE, sample.feature_names, of_features[k], rules.proxies_named)
        n = int(mask.sum())
        for by, name, figure in found:
            low, high = auc_ends(figure, n, len(mask) - n)
            rows.append((field, group, n, by, name, figure, low, high, figure > rules.watched_auc))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _members(groups: pd.DataFrame, min_group: int) -> Iterator[tuple[str, str, Mask]]:
    """Yield field, group and who belongs to it."""
    for field in groups:
        told = groups[field].astype(str).where(groups[field].notna())
        names = sorted(told.dropna().unique())
        # Of two groups one says of the other what it says of itself.
        for name in names[-1:] if len(names) == 2 else names:
            is_member = (told == name).to_numpy()
            if min(is_member.sum(), (~is_member).sum()) >= min_group:
                yield str(field), str(name), is_member


def _either(score: SortedScore, is_member: Mask) -> float:
    """Return the AUC of a score that may run either way."""
    inside = is_member.astype(np.float64)
    found = score.auc(inside, 1.0 - inside)
    return max(found, 1.0 - found)


def _best(
    by: str, names: Sequence[str], aucs: Sequence[float] | Floats, named: int
) -> list[tuple[str, str, float]]:
    # By place where two tell as much, so that the order is one.
    order = sorted(range(len(names)), key=lambda k: (-aucs[k], k))[:named]
    return [(by, names[k], float(aucs[k])) for k in order]


def _held_out_aucs(codes: Codes, is_member: Floats) -> Floats:
    """Return the AUC of the bins' shares of each group, shape (groups,); at least 0.5.

    It is `held_out_auc` for all groups at once: a bin is rated by the rows of the other half.
    """
    bins = int(codes.max()) + 1
    # Every second row: halves without a seed.
    is_even = np.arange(len(codes)) % 2 == 0
    rows = []
    inside = []
    for half in (is_even, ~is_even):
        into = csr_matrix(
            (np.ones(half.sum()), (codes[half], np.arange(half.sum()))), (bins, half.sum())
        )
        rows.append(np.bincount(codes[half], minlength=bins)[:, None].astype(np.float64))
        inside.append(into @ is_member[half])
    figures = []
    for own in (0, 1):
        other = 1 - own
        mean = inside[other].sum(axis=0) / rows[other].sum()
        rate = (inside[other] + SMOOTHING * mean) / (rows[other] + SMOOTHING)
        # A stable sort: of equal rates the lower bin comes first, on every machine.
        order = np.argsort(rate, axis=0, kind="stable")
        members = np.take_along_axis(inside[own], order, axis=0)
        others = np.take_along_axis(rows[own] - inside[own], order, axis=0)
        below = np.cumsum(others, axis=0) - others / 2
        pairs = members.sum(axis=0) * others.sum(axis=0)
        figures.append((members * below).sum(axis=0) / np.maximum(pairs, 1.0))
    return np.maximum(np.mean(figures, axis=0), 0.5)


def _together(bins: Sequence[Codes], is_member: Floats) -> Floats:
    """Return how much all features speak for each membership, shape (n, groups)."""
    ranks = _standardised(bins)
    out = np.empty_like(is_member)
    # Every second row: halves without a seed.
    is_even = np.arange(len(ranks)) % 2 == 0
    for own in (is_even, ~is_even):
        taught = ranks[~own]
        square = taught.T @ taught
        square[np.diag_indices_from(square)] += RIDGE_SHARE * len(taught)
        mean = is_member[~own].mean(axis=0)
        out[own] = ranks[own] @ np.linalg.solve(square, taught.T @ (is_member[~own] - mean))
    return out


def _standardised(bins: Sequence[Codes]) -> NDArray[np.float64]:
    """Return ranks of the bins and flags of null, mean 0 and standard deviation 1."""
    codes = np.column_stack(bins).astype(np.float64)
    is_null = codes == 0
    # A null counts as the middle; whether it is one is told by its flag.
    known = np.where(is_null, np.nan, codes)
    middle = np.nanmean(np.where(is_null.all(axis=0), 0.0, known), axis=0)
    columns = np.concatenate([np.where(is_null, middle, codes), is_null], axis=1)
    spread = columns.std(axis=0)
    return np.asarray((columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0))
