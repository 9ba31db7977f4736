"""The challenger that is always fitted: a ridge logit on the same matrix (design 8).

Each feature is winsorised, log-compressed on its own scale, standardised; null becomes 0 (the mean) plus a flag per distinct
pattern of nulls. Penalty by rolling origins inside the training months. Everything is exported as JSON numbers.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from creditloom.models.learners.booster import weights
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import expit, logloss
from creditloom.models.sample.split import SplitParams, rolling_origins

Floats = NDArray[np.float64]
DIGITS = 9  # significant digits kept of every number, so that the last bit of a matrix product does not reach the bundle


@dataclass(frozen=True)
class RidgeParams:
    """penalties: candidates of the ridge penalty on the sum of weighted log-losses; tail: winsorised share at each end;
    max_weight clips 1 / propensity; min_null_share: a pattern of nulls rarer than this (or its complement) gets no flag;
    goods_per_bad: goods kept, reweighted, while the penalty is chosen (the final fit takes all rows)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    penalties: tuple[float, ...] = (100.0, 300.0, 1000.0, 3000.0, 10000.0)
    tail: float = 0.005
    max_weight: float = 3.0
    min_null_share: float = 0.005
    goods_per_bad: float = 20.0


@dataclass(frozen=True)
class Design:
    """How a matrix becomes the ridge's columns; one entry per feature, `flags` are the features whose null pattern has a flag."""

    names: tuple[str, ...]
    low: Floats
    high: Floats
    scale: Floats
    mean: Floats
    sd: Floats
    flags: tuple[int, ...]

    def columns(self, features: Floats) -> NDArray[np.float32]:
        """Design matrix of shape (n, features + flags), finite everywhere."""
        out = np.empty((len(features), len(self.names) + len(self.flags)), np.float32)
        for i in range(len(self.names)):
            standard = (
                compressed(features[:, i], self.low[i], self.high[i], self.scale[i]) - self.mean[i]
            ) / self.sd[i]
            out[:, i] = np.nan_to_num(standard, nan=0.0)
        for j, i in enumerate(self.flags, start=len(self.names)):
            out[:, j] = np.isnan(features[:, i])
        return out


@dataclass(frozen=True)
class Ridge:
    """Fitted challenger: margin = intercept + columns @ coef (log-odds of default in the weighted training sample)."""

    design: Design
    coef: Floats
    intercept: float
    penalty: float
    logloss_by_penalty: tuple[tuple[float, float], ...] = ()

    def margin(self, features: Floats) -> Floats:
        """Log-odds of default, shape (n,)."""
        return self.design.columns(features).astype(np.float64) @ self.coef + self.intercept


def compressed(values: Floats, low: float, high: float, scale: float) -> Floats:
    """Winsorised to [low, high], then sign(x) ln(1 + |x| / scale)."""
    x = np.clip(values, low, high)
    return np.sign(x) * np.log1p(np.abs(x) / scale)


def design_of(rows: Dataset, params: RidgeParams) -> Design:
    """Fits winsorising, scale, mean and standard deviation on the rows, column by column."""
    numbers = np.array(
        [_column(rows.features[:, i], params) for i in range(len(rows.names))]
    ).reshape(-1, 5)
    low, high, scale, mean, sd = (np.ascontiguousarray(column) for column in numbers.T)
    return Design(rows.names, low, high, scale, mean, sd, _flags(rows.features, params))


def fit(rows: Dataset, split: SplitParams, params: RidgeParams) -> Ridge:
    """Ridge on labelled training rows; the penalty with the least log-loss over the rolling origins."""
    design = design_of(rows, params)
    x, w = design.columns(rows.features), weights(rows, params.max_weight)
    losses = dict.fromkeys(params.penalties, 0.0)
    origins = rolling_origins(rows.month, split)
    for fold, judge in origins:
        part, factor = _thinned(rows.label, fold, params.goods_per_bad)
        theta = None
        for penalty in sorted(
            params.penalties, reverse=True
        ):  # from stiff to loose, each started from the last
            theta = solve(x[part], rows.label[part], w[part] * factor, penalty, theta)
            losses[penalty] += logloss(
                rows.label[judge], expit(x[judge] @ theta[:-1] + theta[-1]), w[judge]
            ) / len(origins)
    best = min(losses, key=lambda penalty: (losses[penalty], -penalty))
    theta = _rounded(solve(x, rows.label, w, best))
    return Ridge(design, theta[:-1], float(theta[-1]), best, tuple(sorted(losses.items())))


def solve(
    x: NDArray[np.float32], y: Floats, w: Floats, penalty: float, start: Floats | None = None
) -> Floats:
    """Minimises sum w logloss + penalty / 2 |coef|^2 (intercept free); returns coef and intercept as one vector."""
    from scipy.optimize import minimize

    def loss(theta: Floats) -> tuple[float, Floats]:
        margin = (x @ theta[:-1].astype(np.float32)).astype(np.float64) + theta[-1]
        slope = w * (expit(margin) - y)
        value = w @ (np.logaddexp(0.0, margin) - y * margin) + penalty / 2 * theta[:-1] @ theta[:-1]
        return float(value), np.append(
            (slope.astype(np.float32) @ x).astype(np.float64) + penalty * theta[:-1], slope.sum()
        )

    if start is None:
        rate = np.average(y, weights=w)
        start = np.append(np.zeros(x.shape[1]), np.log(rate / (1 - rate)))
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 200, "ftol": 1e-9, "gtol": 1e-3},
    )
    if not np.isfinite(found.fun):
        raise ModelError(
            f"The ridge logit did not converge on {len(y)} rows and {x.shape[1]} columns; check the matrix for infinite values."
        )
    return np.asarray(found.x, float)


def to_json(ridge: Ridge) -> dict[str, Any]:
    """The content of ridge.json: every number that `from_json` needs."""
    design = {
        k: v.tolist() if isinstance(v, np.ndarray) else list(v)
        for k, v in asdict(ridge.design).items()
    }
    losses = [list(pair) for pair in ridge.logloss_by_penalty]
    return {
        "design": design,
        "coef": ridge.coef.tolist(),
        "intercept": ridge.intercept,
        "penalty": ridge.penalty,
        "logloss_by_penalty": losses,
    }


def from_json(content: dict[str, Any]) -> Ridge:
    """The ridge that `to_json` wrote, equal to the last bit."""
    d = content["design"]
    arrays = {k: np.array(d[k], float) for k in ("low", "high", "scale", "mean", "sd")}
    design = Design(names=tuple(d["names"]), flags=tuple(d["flags"]), **arrays)
    losses = tuple((float(a), float(b)) for a, b in content["logloss_by_penalty"])
    return Ridge(
        design, np.array(content["coef"], float), content["intercept"], content["penalty"], losses
    )


def _column(values: Floats, params: RidgeParams) -> tuple[float, ...]:
    """low, high, scale, mean, sd of one feature, rounded; a feature without values becomes 0 everywhere."""
    known = np.asarray(values[~np.isnan(values)], np.float64)
    if not len(known):
        return 0.0, 0.0, 1.0, 0.0, 1.0
    low, high = _rounded(np.quantile(known, [params.tail, 1 - params.tail]))
    scale = float(_rounded(np.array([np.median(np.abs(known)) or np.abs(known).max() or 1.0]))[0])
    z = compressed(known, low, high, scale)
    mean, sd = _rounded(np.array([z.mean(), z.std()]))
    return low, high, scale, mean, sd if sd > 1e-9 else 1.0


def _thinned(
    label: Floats, fold: NDArray[np.bool_], goods_per_bad: float
) -> tuple[NDArray[np.intp], Floats]:
    """Rows of a fold with all bads and evenly spaced goods, and the factor that gives the goods back their weight."""
    bads, goods = np.flatnonzero(fold & (label == 1)), np.flatnonzero(fold & (label == 0))
    kept = goods[
        np.unique(
            np.linspace(
                0, len(goods) - 1, min(len(goods), int(len(bads) * goods_per_bad) + 1)
            ).astype(np.intp)
        )
    ]
    rows = np.sort(np.concatenate([bads, kept]))
    return rows, np.where(label[rows] == 1, 1.0, len(goods) / len(kept))


def _flags(x: Floats, params: RidgeParams) -> tuple[int, ...]:
    """The first feature of each distinct pattern of nulls that is neither too rare nor nearly always."""
    seen: dict[bytes, int] = {}
    for i in range(x.shape[1]):
        null = np.isnan(x[:, i])
        if params.min_null_share < null.mean() < 1 - params.min_null_share:
            seen.setdefault(np.packbits(null).tobytes(), i)
    return tuple(sorted(seen.values()))


def _rounded(values: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(values == 0, 0.0, np.floor(np.log10(np.abs(values))))
    factor = 10.0 ** (DIGITS - 1 - power)
    return np.asarray(np.round(values * factor) / factor)
