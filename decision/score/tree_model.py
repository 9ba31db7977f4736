"""The booster behind one narrow door: margins, and exact contributions that add up to them."""

from __future__ import annotations

import os
import warnings
from functools import cached_property, lru_cache
from itertools import count

import lightgbm as lgb
import numpy as np

from ..base.errors import DecisionError
from .contributions.explainer import Explainer
from .contributions.forest import UnsupportedModel

# Is this text a whole LightGBM model that the runtime supports? Asked before LightGBM reads it: a cut text ends its process.

EXPECTED = (
    "text that starts with 'tree', num_class=1, objective=binary, and ends with its parameters"
)
UNSUPPORTED = (
    "\naverage_output",
    "\nis_linear=1",
)  # random forests and linear trees: their contributions do not add up to the margin


def check_model_text(text: str) -> None:
    """Raise `DecisionError` unless every tree is there in the size that the header gives and the model is one binary booster."""
    head, _, _ = text.partition("\nTree=0\n")
    if (
        not head.startswith("tree\n")
        or "\nnum_class=1\n" not in head
        or "\nobjective=binary" not in head
    ):
        raise refusal("this is not a binary LightGBM model", EXPECTED, repr(text[:60]))
    found = next((mark.strip() for mark in UNSUPPORTED if mark in text), None)
    if found:
        raise refusal(
            "this kind of booster is not supported",
            "gradient-boosted trees with constant leaves",
            found,
        )
    if not _is_whole(text, head):
        raise refusal(
            "the model text is cut or changed",
            EXPECTED,
            f"{len(text)} characters that do not match tree_sizes",
        )


def _is_whole(text: str, head: str) -> bool:
    """Each tree begins where the sizes before it end; 'end of trees' follows, and 'end of parameters' closes."""
    sizes = next(
        (
            line.split("=", 1)[1].split()
            for line in head.split("\n")
            if line.startswith("tree_sizes=")
        ),
        [],
    )
    body, place = text.encode(), len(head.encode()) + 1
    for k, size in enumerate(sizes):
        if not body.startswith(f"Tree={k}\n".encode(), place):
            return False
        place += int(size)
    return (
        bool(sizes)
        and body.startswith(b"end of trees", place)
        and b"\nend of parameters\n" in body[place:]
    )


def used_features(text: str, n_features: int) -> np.ndarray:
    """Features that some tree splits on, ascending; all of them where no tree splits."""
    lines = (
        line.partition("=")[2].split()
        for line in text.splitlines()
        if line.startswith("split_feature=")
    )
    found = sorted({int(feature) for line in lines for feature in line})
    return np.array(found or range(n_features), dtype=np.int64)


def refusal(what: str, expected: str, got: str) -> DecisionError:
    """The refusal of a model text."""
    return DecisionError(
        what,
        where="model.txt",
        expected=expected,
        got=got,
        next_step="train again, or restore the bundle",
    )


CHECKED, PER_CHECK = (
    8,
    4_096,
)  # of every batch one row in so many is held against LightGBM itself, at least one, at most so many
ALONE = 16  # of rows explained one by one, which pay a fifth of their time for it, one in so many; the first is that of `Scorer.warm`
TOLERANCE = 1e-9  # log-odds
BLOCK = 8_192  # rows that LightGBM explains at once where the kernel does not serve
DECIMALS = 6  # of points, when features are compared


def free_threads() -> int:
    """Cores this process may use; more threads than that make LightGBM slower."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Margin:
    """A binary LightGBM model read from its text.

    `raw(x)` is the margin m per row; `contributions(x)` is (base, phi) with m = base + sum of phi, on log-odds; `points(x, ...)` sums
    phi per concept. x is float64, rows x features in model order, NaN = null; `used` are the features that some tree splits on.

    The kernel does the work. Every row's points must add up to its margin, and of every batch some rows are held against LightGBM's own
    answer. When they differ LightGBM serves from then on, with a warning, as it does a model that the kernel does not explain.
    """

    def __init__(self, text: str, names: tuple[str, ...], threads: int | None = None) -> None:
        self._text = text
        self._booster = _read(text)
        self._threads = threads or free_threads()
        _check_names(self._booster.feature_name(), names)
        self.used = used_features(text, len(names))
        self._alone = count()
        self.base = float(self._contributions(np.full((1, len(names)), np.nan))[0, -1])

    def raw(self, x: np.ndarray) -> np.ndarray:
        """Margin per row; a row alone gives the same bits as in a batch."""
        kernel = self._kernel
        if len(x) and kernel:
            raw = kernel.margins(x)
            some = _some(len(x))
            if np.array_equal(raw[some], self._raw(x[some])):
                return raw
            self._distrust("margins", np.abs(raw[some] - self._raw(x[some])).max())
        return self._raw(x)

    def contributions(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Exact path-dependent SHAP values: the constant base and one column per feature."""
        if not len(x):
            return self.base, np.empty_like(x)
        kernel = self._kernel
        if kernel:
            phi = kernel.contributions(x)[1]
            some = _some(len(x))
            gap = np.abs(phi[some] - self._contributions(x[some])[:, :-1]).max()
            if gap < TOLERANCE:
                return self.base, phi
            self._distrust("contributions", gap)
        return self.base, self._contributions(x)[:, :-1]

    def points(
        self, x: np.ndarray, scale: float, owner: np.ndarray, reference: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(points, lead), rows x concepts: scale * phi summed over the features that each concept owns, and who leads in it.

        The lead is the used feature with the lowest points against `reference`, to six decimals, the first of equals; -1 without one.
        """
        kernel = self._kernel
        if len(x) and kernel:
            raw, points, lead = kernel.points(x, scale, owner, reference)
            gap = np.maximum(
                np.abs(scale * (raw - self.base) - points.sum(axis=1)).max(),
                self._off(x, points, scale, owner),
            )
            if gap < TOLERANCE * abs(scale):
                return points, lead
            self._distrust("points", gap)
        return self._slow_points(x, scale, owner, reference)

    def _off(self, x: np.ndarray, points: np.ndarray, scale: float, owner: np.ndarray) -> float:
        """Largest distance of the checked rows' points from LightGBM's own; 0 for a row alone whose turn it is not."""
        if len(x) == 1 and next(self._alone) % ALONE:
            return 0.0
        some = _some(len(x))
        theirs = scale * self._contributions(x[some])[:, :-1]
        return float(np.abs(points[some] - [np.bincount(owner, row) for row in theirs]).max())

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
        n = int(owner.max()) + 1
        points, lead = np.zeros((len(x), n)), np.full((len(x), n), -1, np.int32)
        for start in range(0, len(x), BLOCK):
            rows = slice(start, min(start + BLOCK, len(x)))
            points[rows], lead[rows] = by_concept(
                scale * self._contributions(x[rows])[:, :-1], owner, reference, self.used
            )
        return points, lead

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
        return np.asarray(
            self._booster.predict(x, raw_score=True, num_threads=self._free(x)), dtype=np.float64
        )

    def _contributions(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(
            self._booster.predict(x, pred_contrib=True, num_threads=self._free(x)), dtype=np.float64
        )

    def _free(self, x: np.ndarray) -> int:
        """Threads for LightGBM: a few rows are done before a second one has started."""
        return self._threads if len(x) > CHECKED else 1


def by_concept(
    points: np.ndarray, owner: np.ndarray, reference: np.ndarray, used: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(points, lead) of every concept from points of every feature: the plain way, which the kernel must equal."""
    n = int(owner.max()) + 1
    total, lead = np.zeros((len(points), n)), np.full((len(points), n), -1, np.int32)
    gain = np.round(points - reference, DECIMALS)
    for concept in range(n):
        own = used[owner[used] == concept]
        if len(own):
            total[:, concept] = points[:, own].sum(axis=1)
            lead[:, concept] = own[np.argmin(gain[:, own], axis=1)]
    return total, lead


@lru_cache(maxsize=64)
def _some(n_rows: int) -> np.ndarray:
    """Evenly spaced rows to be checked."""
    return np.unique(
        np.linspace(0, n_rows - 1, min(max(n_rows // PER_CHECK, 1), CHECKED)).astype(np.int64)
    )


def _read(text: str) -> lgb.Booster:
    check_model_text(text)
    try:
        return lgb.Booster(model_str=text)
    except lgb.basic.LightGBMError as error:
        raise refusal(
            "LightGBM cannot read the model text", "a complete model.txt", str(error)
        ) from error


def _check_names(found: list[str], names: tuple[str, ...]) -> None:
    wanted = [n.replace(" ", "_") for n in names]  # LightGBM writes blanks as underscores
    if found != wanted:
        first = next(
            (
                f"{f!r} at {k}"
                for k, (f, w) in enumerate(zip(found, wanted, strict=False))
                if f != w
            ),
            "",
        )
        raise refusal(
            "model and catalogue name different features",
            f"{len(wanted)} names in one order",
            first or f"{len(found)} names",
        )
