"""The booster: its margins, and exact contributions that add up to them."""

from __future__ import annotations

import os
import warnings
from functools import cached_property, lru_cache
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from .contributions.explainer import Explainer
from .contributions.forest import UnsupportedModel
from .model_text import check_model_text, feature_names, refusal, used_features

if TYPE_CHECKING:
    import lightgbm as lgb

# Of every batch some rows are compared with LightGBM itself: one in so many, at least one, at most
# MAX_CHECKED.
ROWS_PER_CHECK = 4_096
MAX_CHECKED = 8
# A check costs as much as all else of a row that is decided alone, so only one in so many of them
# is checked: fewer than one in a hundred, so that the slowest one of a hundred is none of them.
# The first is the row of `Scorer.warm`.
SINGLE_ROWS_PER_CHECK = 128
# How far kernel and LightGBM may differ, in log-odds: far above rounding, far below a point.
TOLERANCE = 1e-9
# Rows that LightGBM explains at once where the kernel does not serve.
BLOCK = 8_192
# Decimals of points when the features of a concept are compared: the same as in the kernel.
DECIMALS = 6


def free_threads() -> int:
    """Return the cores that this process may use; more threads make LightGBM slower."""
    # Only Linux knows the cores of a process; elsewhere the machine's are counted.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Margin:
    """A binary LightGBM model read from its text.

    `raw(x)` is the margin m per row; `contributions(x)` is (base, phi) with m = base + sum of phi,
    on log-odds; `points(x, ...)` sums phi per concept. x is float64, rows x features in model
    order, NaN = null; `used` are the features that some tree splits on.

    The kernel of `contributions/` does the work. Every row's points must add up to its margin, and
    of every batch some rows are compared with LightGBM's own answer. When they differ LightGBM
    serves from then on, with a warning, as it does a model that the kernel does not explain.
    """

    def __init__(self, text: str, names: tuple[str, ...], threads: int | None = None) -> None:
        check_model_text(text)
        self._text = text
        self._threads = threads or free_threads()
        _check_names(feature_names(text), names)
        self.used = used_features(text, len(names))
        self._n_features = len(names)
        self._single_scored = count()
        self._single_explained = count()

    @cached_property
    def base(self) -> float:
        """The constant of every explanation: the mean margin of the training rows."""
        kernel = self._kernel
        if kernel:
            return kernel.base
        nothing = np.full((1, self._n_features), np.nan)
        return float(self._contributions(nothing)[0, -1])

    def raw(self, x: np.ndarray) -> np.ndarray:
        """Return the margin of each row; a row alone gives the same bits as in a batch."""
        kernel = self._kernel
        if len(x) and kernel:
            raw = kernel.margins(x)
            if len(x) == 1 and next(self._single_scored) % SINGLE_ROWS_PER_CHECK:
                return raw
            checked = _checked_rows(len(x))
            if np.array_equal(raw[checked], self._raw(x[checked])):
                return raw
            self._distrust("margins", np.abs(raw[checked] - self._raw(x[checked])).max())
        return self._raw(x)

    def contributions(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Return exact path-dependent SHAP values: the constant base, and rows x features."""
        if not len(x):
            return self.base, np.empty_like(x)
        kernel = self._kernel
        if kernel:
            phi = kernel.contributions(x)[1]
            checked = _checked_rows(len(x))
            gap = np.abs(phi[checked] - self._contributions(x[checked])[:, :-1]).max()
            if gap < TOLERANCE:
                return self.base, phi
            self._distrust("contributions", gap)
        return self.base, self._contributions(x)[:, :-1]

    def points(
        self, x: np.ndarray, scale: float, owner: np.ndarray, reference: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (points, lead), both rows x concepts.

        Points are scale * phi summed over the features that each concept owns; `owner` is the
        concept of each feature. The lead is the used feature with the lowest points against
        `reference`, to six decimals, the first of equals; -1 without one.
        """
        return self.explained(x, scale, owner, reference)[1:]

    def explained(
        self, x: np.ndarray, scale: float, owner: np.ndarray, reference: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return (margins, points, lead) by one pass of the kernel: those of `raw` and `points`."""
        kernel = self._kernel
        if len(x) and kernel:
            raw, points, lead = kernel.points(x, scale, owner, reference)
            # Two checks: each row's points add up to its margin, and some equal LightGBM's.
            sum_gap = np.abs(scale * (raw - self.base) - points.sum(axis=1)).max()
            gap = np.maximum(sum_gap, self._distance(x, points, scale, owner))
            if gap < TOLERANCE * abs(scale):
                return raw, points, lead
            self._distrust("points", gap)
        return (self._raw(x), *self._slow_points(x, scale, owner, reference))

    def _distance(
        self, x: np.ndarray, points: np.ndarray, scale: float, owner: np.ndarray
    ) -> float:
        """Return the largest distance of the checked rows' points from LightGBM's own.

        0 for a single row that is not checked.
        """
        if len(x) == 1 and next(self._single_explained) % SINGLE_ROWS_PER_CHECK:
            return 0.0
        checked = _checked_rows(len(x))
        phi = scale * self._contributions(x[checked])[:, :-1]
        expected = [np.bincount(owner, row) for row in phi]
        return float(np.abs(points[checked] - expected).max())

    def _distrust(self, what: str, gap: float) -> None:
        warnings.warn(
            f"the kernel's {what} differ from LightGBM's by {gap:.1e}; LightGBM serves, slowly",
            RuntimeWarning,
            stacklevel=4,
        )
        self._kernel = None

    def _slow_points(
        self, x: np.ndarray, scale: float, owner: np.ndarray, reference: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return what `points` returns, by LightGBM."""
        n = int(owner.max()) + 1
        points = np.zeros((len(x), n))
        lead = np.full((len(x), n), -1, np.int32)
        for start in range(0, len(x), BLOCK):
            rows = slice(start, min(start + BLOCK, len(x)))
            phi = scale * self._contributions(x[rows])[:, :-1]
            points[rows], lead[rows] = by_concept(phi, owner, reference, self.used)
        return points, lead

    # Read when a row is first checked, not at the start: importing LightGBM is dear.
    @cached_property
    def _booster(self) -> lgb.Booster:
        return _read(self._text)

    @cached_property
    def _kernel(self) -> Explainer | None:
        try:
            return Explainer(self._text, self._threads)
        except UnsupportedModel as reason:
            warnings.warn(
                f"the kernel cannot explain this model ({reason}); LightGBM does, slowly",
                RuntimeWarning,
                stacklevel=4,
            )
            return None

    def _raw(self, x: np.ndarray) -> np.ndarray:
        if not len(x):
            return np.empty(0)
        margins = self._booster.predict(x, raw_score=True, num_threads=self._free(x))
        return np.asarray(margins, dtype=np.float64)

    def _contributions(self, x: np.ndarray) -> np.ndarray:
        """Return rows x (features + 1) by LightGBM; the last column is the base."""
        phi = self._booster.predict(x, pred_contrib=True, num_threads=self._free(x))
        return np.asarray(phi, dtype=np.float64)

    def _free(self, x: np.ndarray) -> int:
        """Return the threads for LightGBM: a few rows are done before a second one has started."""
        return self._threads if len(x) > MAX_CHECKED else 1


def by_concept(
    points: np.ndarray, owner: np.ndarray, reference: np.ndarray, used: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return (points, lead) of every concept from the points of every feature.

    This is the plain way, which the kernel must equal. All matrices have one row per application.

    >>> points = np.array([[-5.0, 1.0, 2.0]])
    >>> owner = np.array([0, 0, 1])
    >>> total, lead = by_concept(points, owner, np.zeros(3), used=np.arange(3))
    >>> total.tolist(), lead.tolist()
    ([[-4.0, 2.0]], [[0, 2]])
    """
    n = int(owner.max()) + 1
    total = np.zeros((len(points), n))
    lead = np.full((len(points), n), -1, np.int32)
    gain = np.round(points - reference, DECIMALS)
    for concept in range(n):
        own = used[owner[used] == concept]
        if len(own):
            total[:, concept] = points[:, own].sum(axis=1)
            lead[:, concept] = own[np.argmin(gain[:, own], axis=1)]
    return total, lead


# Batches have few sizes: the parts of a job, and one row.
@lru_cache(maxsize=64)
def _checked_rows(n_rows: int) -> np.ndarray:
    """Return the positions of the rows to be checked, evenly spaced."""
    n_checked = min(max(n_rows // ROWS_PER_CHECK, 1), MAX_CHECKED)
    return np.unique(np.linspace(0, n_rows - 1, n_checked).astype(np.int64))


def _read(text: str) -> lgb.Booster:
    # Imported here, for the same reason.
    import lightgbm as lgb

    try:
        return lgb.Booster(model_str=text)
    # ValueError: of JSON that LightGBM's Python code reads in the text.
    except (lgb.basic.LightGBMError, ValueError, KeyError) as error:
        raise refusal(
            "LightGBM cannot read the model text", "a complete model.txt", str(error)
        ) from error


def _check_names(in_model: list[str], names: tuple[str, ...]) -> None:
    # LightGBM writes blanks as underscores. In a model of a user's table the features are called
    # f0, f1 ... in the order of the catalogue, as LightGBM refuses some names that people use.
    wanted = [name.replace(" ", "_") for name in names]
    if in_model not in (wanted, [f"f{k}" for k in range(len(names))]):
        pairs = enumerate(zip(in_model, wanted, strict=False))
        differing = [f"{f!r} at {k}" for k, (f, w) in pairs if f != w]
        raise refusal(
            "model and catalogue name different features",
            f"{len(wanted)} names in one order",
            differing[0] if differing else f"{len(in_model)} names",
        )
