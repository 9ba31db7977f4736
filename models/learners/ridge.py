"""The challenger, fitted beside every model: a ridge logit on the same matrix (design 8).

Each feature is winsorised, log-compressed on its own scale and standardised. Null becomes 0, which
is the mean, and each distinct pattern of nulls gets a flag of its own. The penalty is chosen by
rolling origins inside the training months. Everything is exported as JSON numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from creditloom.models.learners.booster import weights
from creditloom.models.sample.arrays import Floats, one_thread
from creditloom.models.sample.dataset import ChosenFeatures, Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import logloss
from creditloom.models.sample.second_tasks import SecondTasks
from creditloom.models.sample.split import SplitParams, rolling_origins

# Significant digits of every exported number. The last bits of a matrix product differ between
# processors. Rounding keeps them out of the bundle.
SIGNIFICANT_DIGITS = 9
# A feature with a smaller standard deviation is treated as constant: it is not divided by it.
MIN_SD = 1e-9
# Statistics of one feature, in the order of `_column`.
COLUMN_STATISTICS = 5
# Largest gradient at which the fit stops. The loss is a sum over thousands of rows, and 1e-3 is
# small in comparison.
SOLVER_OPTIONS = {"maxiter": 200, "ftol": 1e-9, "gtol": 1e-3}


@dataclass(frozen=True)
class RidgeParams:
    """The `ridge` block.

    penalties: candidates of the ridge penalty on the sum of weighted log-losses.
    tail: share winsorised at each end.
    max_weight: clip of 1 / propensity.
    min_null_share: a pattern of nulls gets a flag only if more rows than this share have it, and
    more than this share do not.
    goods_per_bad: goods per bad in the fits that choose the penalty. Their weights make up for
    those left out. The final fit uses all goods.
    """

    penalties: tuple[float, ...] = (100.0, 300.0, 1000.0, 3000.0, 10000.0, 30000.0, 100000.0)
    tail: float = 0.005
    max_weight: float = 3.0
    min_null_share: float = 0.005
    goods_per_bad: float = 20.0


@dataclass(frozen=True)
class Design:
    """How a matrix becomes the columns of the ridge; each array has one entry per feature.

    flags: positions of the features whose pattern of nulls has a column of its own.
    """

    names: tuple[str, ...]
    low: Floats
    high: Floats
    scale: Floats
    mean: Floats
    sd: Floats
    flags: tuple[int, ...]

    def columns(self, features: Floats) -> NDArray[np.float32]:
        """Return the design matrix of shape (n, features + flags), finite everywhere."""
        # float32 halves the memory of thousands of columns, and its digits are enough for the
        # ridge.
        out = np.empty((len(features), len(self.names) + len(self.flags)), np.float32)
        for i in range(len(self.names)):
            x = compressed_values(features[:, i], self.low[i], self.high[i], self.scale[i])
            standard = (x - self.mean[i]) / self.sd[i]
            out[:, i] = np.nan_to_num(standard, nan=0.0)
        for j, i in enumerate(self.flags, start=len(self.names)):
            out[:, j] = np.isnan(features[:, i])
        return out


@dataclass(frozen=True)
class Ridge:
    """The fitted challenger: margin = intercept + columns @ coef.

    The margin is the log-odds of default in the weighted training sample.
    logloss_by_penalty: (penalty, mean log-loss over the origins), rising by penalty.
    held_out: margins of the judged training rows, each of a fit on the months before; NaN
    elsewhere. None where it was read from a file.
    """

    design: Design
    coef: Floats
    intercept: float
    penalty: float
    logloss_by_penalty: tuple[tuple[float, float], ...] = ()
    held_out: Floats | None = None

    @property
    def is_inside_grid(self) -> bool:
        """Return whether a stiffer and a looser candidate were both worse."""
        tried = [penalty for penalty, _ in self.logloss_by_penalty]
        return bool(tried) and min(tried) < self.penalty < max(tried)

    def margin(self, features: Floats) -> Floats:
        """Return the log-odds of default, shape (n,)."""
        return self.design.columns(features).astype(np.float64) @ self.coef + self.intercept


def compressed_values(values: Floats, low: float, high: float, scale: float) -> Floats:
    """Return the values winsorised to [low, high], then sign(x) ln(1 + |x| / scale)."""
    # Without winsorising a single extreme value could decide a coefficient.
    x = np.clip(values, low, high)
    return np.sign(x) * np.log1p(np.abs(x) / scale)


def design_of(rows: Dataset, params: RidgeParams) -> Design:
    """Fit winsorising, scale, mean and standard deviation on the rows, column by column."""
    statistics = [_column(rows.features[:, i], params) for i in range(len(rows.names))]
    # The explicit shape also works for no features.
    numbers = np.array(statistics).reshape(-1, COLUMN_STATISTICS)
    low, high, scale, mean, sd = (np.ascontiguousarray(column) for column in numbers.T)
    return Design(
        names=rows.names,
        low=low,
        high=high,
        scale=scale,
        mean=mean,
        sd=sd,
        flags=_flags(rows.features, params),
    )


def fit(
    rows: Dataset,
    split: SplitParams,
    params: RidgeParams,
    features: ChosenFeatures | None = None,
    tasks: SecondTasks | None = None,
) -> Ridge:
    """Fit the ridge on labelled training rows.

    The penalty is the one with the least log-loss over the rolling origins. features: those of the
    final fit and of each origin; None = all of `rows`. An origin is winsorised and standardised on
    the months before it alone. tasks: what teaches beside the label; it judges nothing.
    """
    chosen = features or ChosenFeatures.the_same(rows.names, split)
    teaching = tasks or SecondTasks()
    losses, paths = _judged_path(rows, split, params, chosen, teaching)
    best = best_penalty(losses)
    design = design_of(chosen.final_rows(rows), params)
    final = teaching.taught(chosen.final_rows(rows))
    weight = weights(final, params.max_weight)
    theta = _rounded(solve(design.columns(final.features), final.label, weight, best))
    return Ridge(
        design=design,
        coef=theta[:-1],
        intercept=float(theta[-1]),
        penalty=best,
        logloss_by_penalty=tuple(sorted(losses.items())),
        held_out=paths[best],
    )


def _judged_path(
    rows: Dataset,
    split: SplitParams,
    params: RidgeParams,
    features: ChosenFeatures,
    tasks: SecondTasks,
) -> tuple[dict[float, float], dict[float, Floats]]:
    """Return by penalty the mean log-loss over the origins, and the margins of judged rows."""
    weight = weights(rows, params.max_weight)
    losses = dict.fromkeys(params.penalties, 0.0)
    margins = {penalty: np.full(len(rows.label), np.nan) for penalty in params.penalties}
    origins = rolling_origins(rows.month, split)
    for (fold, judge), own in zip(origins, features.origins, strict=True):
        columns = rows.with_features(own)
        design = design_of(columns.where(fold), params)
        early = tasks.taught(columns.where(fold))
        part, factor = _thinned(early.label, params.goods_per_bad)
        x = design.columns(early.features[part])
        w = weights(early, params.max_weight)[part] * factor
        judged = design.columns(columns.features[judge])
        for penalty, theta in penalty_path(x, early.label[part], w, params.penalties):
            margins[penalty][judge] = judged @ theta[:-1] + theta[-1]
            p = expit(margins[penalty][judge])
            losses[penalty] += logloss(rows.label[judge], p, weight[judge]) / len(origins)
    return losses, margins


def penalty_path(
    x: NDArray[np.float32], y: Floats, w: Floats, penalties: Iterable[float]
) -> Iterator[tuple[float, Floats]]:
    """Yield each penalty with its solution, from the stiffest to the loosest."""
    theta = None
    # Each fit starts from the solution before it. That is near, and saves most of the steps.
    for penalty in sorted(penalties, reverse=True):
        theta = solve(x, y, w, penalty, theta)
        yield penalty, theta


def best_penalty(losses: Mapping[float, float]) -> float:
    """Return the penalty with the least loss; of equal losses the stiffest.

    >>> best_penalty({1.0: 0.2, 10.0: 0.1, 100.0: 0.1})
    100.0
    """
    # Of equal losses take the stiffest penalty: the simpler model, and the same on every machine.
    return min(losses, key=lambda penalty: (losses[penalty], -penalty))


def solve(
    x: NDArray[np.float32],
    y: Floats,
    w: Floats,
    penalty: float,
    start: Floats | None = None,
    bounds: Sequence[tuple[float | None, float | None]] | None = None,
) -> Floats:
    """Return coefficients and intercept that minimise sum w logloss + penalty / 2 |coef|^2.

    The intercept is last and has no penalty. bounds: lowest and highest of each; None is free.
    Raise ModelError where the loss is not finite.
    """
    from scipy.optimize import minimize

    def loss(theta: Floats) -> tuple[float, Floats]:
        # Matrix products in float32, which is the type of x; sums over rows in float64.
        coef = theta[:-1]
        margin = (x @ coef.astype(np.float32)).astype(np.float64) + theta[-1]
        slope = w * (numpy_expit(margin) - y)
        value = w @ (np.logaddexp(0.0, margin) - y * margin) + penalty / 2 * coef @ coef
        gradient = (slope.astype(np.float32) @ x).astype(np.float64) + penalty * coef
        return float(value), np.append(gradient, slope.sum())

    if start is None:
        # Without coefficients the best intercept is the log-odds of the bad rate.
        rate = np.average(y, weights=w)
        start = np.append(np.zeros(x.shape[1]), np.log(rate / (1 - rate)))
    # Threads of a matrix product this small wait for each other longer than they compute.
    with one_thread():
        solution = minimize(
            loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=SOLVER_OPTIONS
        )
    if not np.isfinite(solution.fun):
        raise ModelError(
            f"The ridge logit did not converge on {len(y)} rows and {x.shape[1]} columns; "
            "check the matrix for infinite values."
        )
    return np.asarray(solution.x, float)


def to_json(ridge: Ridge) -> dict[str, Any]:
    """Return the content of ridge.json: every number that `from_json` needs."""
    design = {
        key: value.tolist() if isinstance(value, np.ndarray) else list(value)
        for key, value in asdict(ridge.design).items()
    }
    return {
        "design": design,
        "coef": ridge.coef.tolist(),
        "intercept": ridge.intercept,
        "penalty": ridge.penalty,
        "logloss_by_penalty": [list(pair) for pair in ridge.logloss_by_penalty],
    }


def from_json(content: dict[str, Any]) -> Ridge:
    """Return the ridge that `to_json` wrote, equal to the last bit."""
    stored = content["design"]
    arrays = {key: np.array(stored[key], float) for key in ("low", "high", "scale", "mean", "sd")}
    pairs = content["logloss_by_penalty"]
    design = Design(names=tuple(stored["names"]), flags=tuple(stored["flags"]), **arrays)
    return Ridge(
        design=design,
        coef=np.array(content["coef"], float),
        intercept=content["intercept"],
        penalty=content["penalty"],
        logloss_by_penalty=tuple((float(penalty), float(loss)) for penalty, loss in pairs),
    )


def _column(values: Floats, params: RidgeParams) -> tuple[float, ...]:
    """Return low, high, scale, mean and sd of one feature, rounded."""
    known = np.asarray(values[~np.isnan(values)], np.float64)
    # A feature without values becomes 0 everywhere.
    if not len(known):
        return 0.0, 0.0, 1.0, 0.0, 1.0
    low, high = _rounded(np.quantile(known, [params.tail, 1 - params.tail]))
    # The unit of the logarithm is the median size of the values. If that is 0 it is the largest
    # size, and if all values are 0 it is 1.
    size = np.abs(known)
    unit = np.median(size) or size.max() or 1.0
    scale = float(_rounded(np.array([unit]))[0])
    z = compressed_values(known, low, high, scale)
    mean, sd = _rounded(np.array([z.mean(), z.std()]))
    return low, high, scale, mean, sd if sd > MIN_SD else 1.0


def numpy_expit(margin: Floats) -> Floats:
    """Return 1 / (1 + exp(-margin)) as the solver has always computed it.

    The search stops at a tolerance, so another last bit here would move the coefficients in their
    fourth digit (docs/decisions/34).
    """
    # exp of a number that is never positive cannot overflow.
    small = np.exp(-np.abs(margin))
    return np.asarray(np.where(margin >= 0, 1.0, small) / (1.0 + small))


def _thinned(label: Floats, goods_per_bad: float) -> tuple[NDArray[np.intp], Floats]:
    """Return rows with all bads and evenly spaced goods, and a factor per row.

    The factor of a good is above 1: it adds the weight of the goods that were left out.
    """
    bads = np.flatnonzero(label == 1)
    goods = np.flatnonzero(label == 0)
    wanted = min(len(goods), int(len(bads) * goods_per_bad) + 1)
    # Even steps keep the months in proportion and need no seed.
    spaced = np.unique(np.linspace(0, len(goods) - 1, wanted).astype(np.intp))
    thinned_goods = goods[spaced]
    rows = np.sort(np.concatenate([bads, thinned_goods]))
    return rows, np.where(label[rows] == 1, 1.0, len(goods) / len(thinned_goods))


def _flags(x: Floats, params: RidgeParams) -> tuple[int, ...]:
    """Return the first feature of each distinct pattern of nulls that is frequent enough.

    A pattern that almost no row has, or almost every row, gets no flag.
    """
    first_of_pattern: dict[bytes, int] = {}
    for i in range(x.shape[1]):
        null = np.isnan(x[:, i])
        if params.min_null_share < null.mean() < 1 - params.min_null_share:
            first_of_pattern.setdefault(np.packbits(null).tobytes(), i)
    return tuple(sorted(first_of_pattern.values()))


def _rounded(values: Floats) -> Floats:
    """Return the values with `SIGNIFICANT_DIGITS` digits."""
    # The logarithm of 0 gives a warning, but np.where does not use its result.
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(values == 0, 0.0, np.floor(np.log10(np.abs(values))))
    factor = 10.0 ** (SIGNIFICANT_DIGITS - 1 - power)
    return np.asarray(np.round(values * factor) / factor)
