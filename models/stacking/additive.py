"""A penalised additive logit: one table per column, so that it can be written as trees.

Its penalty is even (a ridge: each column keeps a part) or sparse (a group lasso: of many columns
those that tell little lose nearly all). Which of them serves is chosen on held-out rows.

Each column is cut at quantiles. Within a bin it has one value: the standardised logarithm of a
typical value of the bin, and a step at some of the cuts. Null is a bin of its own. The margin is
linear in these, so a column's part depends on the bin alone: it is a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
# A sparse fit is a few ridge fits: each divides the penalty of a column by the size that its
# coefficients had before. Two come near to the group lasso, because each starts from a looser one.
REWEIGHTINGS = 2
# Added to the size, in log-odds, so that a column which was left out may come back.
LEAST_SIZE = 0.003


@dataclass(frozen=True)
class AdditiveParams:
    """The `additive` block.

    penalties: candidates of the penalty on the sum of weighted log-losses, the stiffest first.
    sparse_penalties: candidates of the sparse penalty, the stiffest first; none by default.
    enough_bads: with so many bads for each column, no sparse penalty is tried.
    max_bins: bins of a column. total_bins: of all columns together; a wide table gets fewer each.
    least_bins: fewest bins of a column. steps: cuts of a column that get a coefficient of their
    own; total_steps: of all columns together. max_weight: clip of 1 / propensity.
    is_null_held: the null of a column with a sign is never safer than its safest value.
    """

    penalties: tuple[float, ...] = (1000.0, 300.0, 100.0, 30.0, 10.0, 3.0)
    sparse_penalties: tuple[float, ...] = ()
    enough_bads: float = 500.0
    max_bins: int = 32
    total_bins: int = 2400
    least_bins: int = 6
    steps: int = 6
    total_steps: int = 400
    max_weight: float = 3.0
    is_null_held: bool = False


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
class _Task:
    """What a fit is of: bins, design matrix, labels, weights, and bounds of the coefficients."""

    columns: tuple[BinnedColumn, ...]
    x: NDArray[np.float32]
    label: Floats
    weight: Floats
    bounds: list[tuple[float | None, float | None]] | None

    def reweighted(self, penalty: float, theta: Floats) -> Floats:
        """Return the fit whose penalty of a column is divided by its size in `theta`.

        penalty / 2 sum |coef_k|^2 / size_k, with size_k = |coef_k| before + LEAST_SIZE
        """
        widths = [column.basis.shape[1] for column in self.columns]
        of_column = np.repeat(np.arange(len(widths)), widths)
        size = np.sqrt(np.bincount(of_column, theta[:-1] ** 2, len(widths))) + LEAST_SIZE
        # The same ridge on columns that are scaled: bounds of a sign stay what they are.
        scale = np.sqrt(size)[of_column]
        x = self.x * scale.astype(np.float32)
        start = np.append(theta[:-1] / scale, theta[-1])
        found = solve(x, self.label, self.weight, penalty, start, self.bounds)
        return np.append(found[:-1] * scale, found[-1])


@dataclass(frozen=True)
class AdditiveLearner:
    """Fit the additive logit; its complexities are the penalties: even ones, then sparse ones."""

    params: AdditiveParams

    @property
    def steps(self) -> int:
        """Return the number of penalties of both kinds."""
        return len(self.params.penalties) + len(self.params.sparse_penalties)

    def path(self, rows: Dataset, signs: Sequence[int], held_out: Floats) -> Floats:
        """Return the margins of `held_out` at each penalty, shape (n, steps)."""
        columns, x, w = self._design(rows)
        known = with_stand_in(held_out, stand_ins(rows.features))
        judged = _matrix(columns, known)
        out = np.empty((len(held_out), self.steps))
        task = _Task(columns, x, rows.label, w, _bounds(columns, signs))
        # So many bads see a column that tells nothing: the sparse fits are half of the time.
        is_dense = rows.label.sum() >= self.params.enough_bads * max(1, len(columns))
        for step, theta in self._solutions(task, is_dense):
            out[:, step] = judged @ theta[:-1] + theta[-1]
        return out

    def fit(self, rows: Dataset, signs: Sequence[int], step: int) -> AdditiveMember:
        """Return the additive logit of one complexity."""
        columns, x, w = self._design(rows)
        solutions = self._solutions(_Task(columns, x, rows.label, w, _bounds(columns, signs)))
        # The path up to the step, as on held-out rows: a fit hangs on its start a little.
        theta = next(solution for at, solution in solutions if at == step)
        ends = np.cumsum([column.basis.shape[1] for column in columns])
        parts = np.split(theta[:-1], ends[:-1])
        tables = tuple(
            _monotone(column.basis @ part, sign, self.params.is_null_held)
            for column, part, sign in zip(columns, parts, signs, strict=True)
        )
        return AdditiveMember(columns, tables, float(theta[-1]), stand_ins(rows.features))

    def _solutions(self, task: _Task, is_dense: bool = False) -> Iterator[tuple[int, Floats]]:
        """Yield (step, coefficients and intercept), each fit from the one before: it is near.

        is_dense: a sparse step is the ridge of a middle penalty again. Of equal losses the first
        step is chosen, so none of them is.
        """
        penalties = self.params.penalties
        middle = theta = None
        for step, penalty in enumerate(penalties):
            theta = solve(task.x, task.label, task.weight, penalty, theta, task.bounds)
            # The loosest fits of many columns are too wild to start from.
            middle = theta if step <= len(penalties) // 2 else middle
            yield step, theta
        theta = middle
        # From the loosest to the stiffest: columns only fall out, and two reweightings suffice.
        for step in reversed(range(len(penalties), self.steps)):
            assert theta is not None
            for _ in range(0 if is_dense else REWEIGHTINGS):
                penalty = self.params.sparse_penalties[step - len(penalties)]
                theta = task.reweighted(penalty, theta)
            yield step, theta

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


def _monotone(table: Floats, sign: int, is_null_held: bool) -> Floats:
    """Return the table, its values in the order of the sign to the last bit.

    The null stays, or is held at the safest value where it was safer (`is_null_held`).
    """
    if not sign:
        return table
    # A product of non-negative parts rises, but for the last bit of a sum.
    values = np.maximum.accumulate(sign * table[:-1]) * sign
    # The values are log-odds of default: the least is the safest, whatever the sign.
    null = max(table[-1], values.min()) if is_null_held else table[-1]
    return np.append(values, null)
