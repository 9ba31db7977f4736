"""A penalised additive logit: one table per column, so that it can be written as trees.

Each column is cut at quantiles. Within a bin it has one value: the standardised logarithm of a
typical value of the bin, and a step at some of the cuts. Null is a bin of its own. The margin is
linear in these, so a column's part depends on the bin alone: it is a table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from creditloom.models.learners.booster import weights
from creditloom.models.learners.ridge import compressed_values, solve
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.stacking.boosted import stand_ins, with_stand_in
from creditloom.models.stacking.tree_text import ModelTree, table_tree

# Least standard deviation of a column: a constant is not divided by it.
MIN_SD = 1e-9


@dataclass(frozen=True)
class AdditiveParams:
    """The `additive` block.

    penalties: candidates of the penalty on the sum of weighted log-losses, the stiffest first.
    max_bins: bins of a column. total_bins: of all columns together; a wide table gets fewer each.
    least_bins: fewest bins of a column. steps: cuts of a column that get a coefficient of their
    own; total_steps: of all columns together. max_weight: clip of 1 / propensity.
    """

    penalties: tuple[float, ...] = (1000.0, 300.0, 100.0, 30.0, 10.0, 3.0)
    max_bins: int = 32
    total_bins: int = 2400
    least_bins: int = 6
    steps: int = 6
    total_steps: int = 400
    max_weight: float = 3.0


@dataclass(frozen=True)
class BinnedColumn:
    """One column's bins: ascending edges (a value belongs to the first edge that it does not
    pass), rows per bin, rows of nulls, and the basis of each bin, shape (bins + 1, width).

    The last row of the basis is that of the null.
    """

    edges: Floats
    counts: NDArray[np.int64]
    null_count: int
    basis: Floats

    def bins(self, values: Floats) -> NDArray[np.int64]:
        """Return the bin of each value; the last for null."""
        codes = np.searchsorted(self.edges, values, side="left")
        return np.where(np.isnan(values), len(self.counts), codes)


@dataclass(frozen=True)
class AdditiveMember:
    """tables: of each column the log-odds per bin, the null's last."""

    columns: tuple[BinnedColumn, ...]
    tables: tuple[Floats, ...]
    intercept: float
    stand_in: Floats

    def margin(self, features: Floats) -> Floats:
        """Return the log-odds of default, shape (n,)."""
        base, phi = self.contributions(features)
        return base + phi.sum(axis=1)

    def contributions(self, features: Floats) -> tuple[float, Floats]:
        """Return (base, phi): a column's part less its mean over the training rows."""
        known = with_stand_in(features, self.stand_in)
        phi = np.empty(known.shape)
        base = self.intercept
        for k, column in enumerate(self.columns):
            weight = np.append(column.counts, column.null_count)
            mean = float(np.average(self.tables[k], weights=weight))
            base += mean
            phi[:, k] = self.tables[k][column.bins(known[:, k])] - mean
        return base, phi

    def trees(self) -> Sequence[ModelTree]:
        """Return one tree per column that has an effect, the intercept in the first."""
        trees = []
        for k, (column, values) in enumerate(zip(self.columns, self.tables, strict=True)):
            if np.ptp(values) > 0:
                tree = table_tree(
                    k,
                    column.edges,
                    values[:-1],
                    column.counts,
                    float(values[-1]),
                    column.null_count,
                )
                trees.append(tree.with_nulls_of(self.stand_in))
        if not trees:
            return [table_tree(0, np.empty(0), np.array([self.intercept]), np.ones(1, int), 0.0, 0)]
        return [trees[0].scaled(1.0, self.intercept), *trees[1:]]


@dataclass(frozen=True)
class AdditiveLearner:
    """Fit the additive logit; its complexities are the penalties, the stiffest first."""

    params: AdditiveParams

    @property
    def steps(self) -> int:
        """Return the number of penalties."""
        return len(self.params.penalties)

    def path(self, rows: Dataset, signs: Sequence[int], held_out: Floats) -> Floats:
        """Return the margins of `held_out` at each penalty, shape (n, steps)."""
        columns, x, w = self._design(rows)
        known = with_stand_in(held_out, stand_ins(rows.features))
        judged = _matrix(columns, known)
        out = np.empty((len(held_out), self.steps))
        theta = None
        for k, penalty in enumerate(self.params.penalties):
            # Each fit starts from the one before: the solution is near.
            theta = solve(x, rows.label, w, penalty, theta, _bounds(columns, signs))
            out[:, k] = judged @ theta[:-1] + theta[-1]
        return out

    def fit(self, rows: Dataset, signs: Sequence[int], step: int) -> AdditiveMember:
        """Return the additive logit with the penalty `penalties[step]`."""
        columns, x, w = self._design(rows)
        theta = None
        for penalty in self.params.penalties[: step + 1]:
            theta = solve(x, rows.label, w, penalty, theta, _bounds(columns, signs))
        assert theta is not None
        ends = np.cumsum([column.basis.shape[1] for column in columns])
        parts = np.split(theta[:-1], ends[:-1])
        tables = tuple(
            _monotone(column.basis @ part, sign)
            for column, part, sign in zip(columns, parts, signs, strict=True)
        )
        return AdditiveMember(columns, tables, float(theta[-1]), stand_ins(rows.features))

    def _design(
        self, rows: Dataset
    ) -> tuple[tuple[BinnedColumn, ...], NDArray[np.float32], Floats]:
        """Return the columns' bins, the design matrix and the weights."""
        p = max(1, len(rows.names))
        share = self.params.total_bins // p
        # Each bin is a leaf: a wide table must not make the forest slow.
        bins = int(np.clip(share, self.params.least_bins, self.params.max_bins))
        steps = min(self.params.steps, self.params.total_steps // p)
        columns = tuple(_column(values, bins, steps) for values in rows.features.T)
        return columns, _matrix(columns, rows.features), weights(rows, self.params.max_weight)


def _column(values: Floats, bins: int, steps: int) -> BinnedColumn:
    """Return the bins of one column and their basis: a slope, steps, and a flag of the null."""
    known = np.sort(values[~np.isnan(values)])
    null_count = len(values) - len(known)
    if not len(known):
        # Nothing but nulls: one bin that no row is in would have no weight.
        return BinnedColumn(np.empty(0), np.ones(1, np.int64), null_count, np.zeros((2, 1)))
    quantiles = np.quantile(known, np.arange(1, bins) / bins, method="lower")
    edges = np.unique(quantiles)
    # The largest value closes the last bin, so an edge there would leave it empty.
    edges = edges[edges < known[-1]]
    codes = np.searchsorted(edges, known, side="left")
    counts = np.bincount(codes, minlength=len(edges) + 1)
    # Each bin is read as its middle value.
    starts = np.cumsum(counts) - counts
    middle = known[starts + counts // 2]
    unit = np.median(np.abs(known)) or np.abs(known).max() or 1.0
    z = compressed_values(middle, known[0], known[-1], float(unit))
    slope = _standard(z, counts)
    wanted = np.linspace(0, len(edges), min(steps, len(edges)) + 2)[1:-1]
    cuts = np.unique(wanted.astype(np.int64))
    cuts = cuts[cuts < len(edges)]
    parts = [slope]
    parts += [_standard((np.arange(len(counts)) > cut).astype(float), counts) for cut in cuts]
    basis = np.zeros((len(counts) + 1, len(parts) + (null_count > 0)))
    basis[:-1, : len(parts)] = np.stack(parts, axis=1)
    if null_count:
        basis[-1, -1] = 1.0
    return BinnedColumn(edges, counts.astype(np.int64), null_count, basis)


def _standard(values: Floats, counts: NDArray[np.int64]) -> Floats:
    """Return the values with mean 0 and standard deviation 1 over the rows of their bins."""
    centred = values - np.average(values, weights=counts)
    sd = float(np.sqrt(np.average(centred**2, weights=counts)))
    return centred / sd if sd > MIN_SD else np.zeros(len(values))


def _matrix(columns: Sequence[BinnedColumn], features: Floats) -> NDArray[np.float32]:
    """Return the design matrix, float32 of shape (n, width of all bases)."""
    width = sum(column.basis.shape[1] for column in columns)
    out = np.empty((len(features), width), np.float32)
    start = 0
    for column, values in zip(columns, features.T, strict=True):
        stop = start + column.basis.shape[1]
        out[:, start:stop] = column.basis.astype(np.float32)[column.bins(values)]
        start = stop
    return out


def _bounds(
    columns: Sequence[BinnedColumn], signs: Sequence[int]
) -> list[tuple[float | None, float | None]] | None:
    """Return the bounds of each coefficient; None where no column has a sign.

    Slope and steps rise with the column, so their coefficients have the sign of the column.
    """
    if not any(signs):
        return None
    bounds: list[tuple[float | None, float | None]] = []
    for column, sign in zip(columns, signs, strict=True):
        side = {1: (0.0, None), -1: (None, 0.0), 0: (None, None)}[sign]
        width = column.basis.shape[1] - (column.null_count > 0)
        bounds += [side] * width
        # The null is no value: it may lie on either side.
        bounds += [(None, None)] * (column.null_count > 0)
    # The intercept.
    return [*bounds, (None, None)]


def _monotone(table: Floats, sign: int) -> Floats:
    """Return the table, its values in the order of the sign to the last bit; the null stays."""
    if not sign:
        return table
    # A product of non-negative parts rises, but for the last bit of a sum.
    values = np.maximum.accumulate(sign * table[:-1]) * sign
    return np.append(values, table[-1])
