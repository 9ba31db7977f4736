"""The booster behind one narrow door: margins, and exact contributions that add up to them."""

from __future__ import annotations

import os
import warnings
from functools import cached_property

import lightgbm as lgb
import numpy as np

from .kernel.explainer import Explainer
from .kernel.forest import UnsupportedModel
from .model_text import check_model_text, refusal

CHECKED = 8  # rows of every batch held against LightGBM's own contributions
TOLERANCE = 1e-9


def free_threads() -> int:
    """Cores this process may use; more threads than that make LightGBM slower."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Margin:
    """A binary LightGBM model read from its text.

    `raw(x)` is the margin m per row; `contributions(x)` is (base, phi) with m = base + sum of phi, on log-odds.
    x is float64, rows x features in model order, NaN = null.
    """

    def __init__(self, text: str, names: tuple[str, ...], threads: int | None = None) -> None:
        self._text = text
        self._booster = _read(text)
        self._threads = threads or free_threads()
        _check_names(self._booster.feature_name(), names)
        self.base = float(self._contributions(np.full((1, len(names)), np.nan))[0, -1])

    def raw(self, x: np.ndarray) -> np.ndarray:
        """Margin per row; a row alone gives the same bits as in a batch."""
        if not len(x):
            return np.empty(0)
        return np.asarray(self._booster.predict(x, raw_score=True, num_threads=self._threads), dtype=np.float64)

    def contributions(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Exact path-dependent SHAP values: the constant base and one column per feature.

        The kernel makes them; of every batch some rows are held against LightGBM's own, which serve for all, with a
        warning, when they differ or when the model is of a kind that the kernel does not explain.
        """
        if not len(x):
            return self.base, np.empty_like(x)
        phi = self._by_kernel(x)
        return self.base, self._contributions(x)[:, :-1] if phi is None else phi

    def _by_kernel(self, x: np.ndarray) -> np.ndarray | None:
        if self._kernel is None:
            return None
        raw, phi = self._kernel.contributions(x)
        some = np.unique(np.linspace(0, len(x) - 1, CHECKED).astype(np.int64))
        gap = np.abs(phi[some] - self._contributions(x[some])[:, :-1]).max()
        if gap < TOLERANCE and np.array_equal(raw[some], self.raw(x[some])):
            return phi
        warnings.warn(f"the kernel differs from LightGBM by {gap:.1e}; LightGBM explains this batch, slowly", RuntimeWarning, stacklevel=3)
        return None

    @cached_property
    def _kernel(self) -> Explainer | None:
        try:
            return Explainer(self._text, self._threads)
        except UnsupportedModel as reason:
            warnings.warn(f"the kernel cannot explain this model ({reason}); LightGBM does, slowly", RuntimeWarning, stacklevel=4)
            return None

    def _contributions(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self._booster.predict(x, pred_contrib=True, num_threads=self._threads), dtype=np.float64)


def _read(text: str) -> lgb.Booster:
    check_model_text(text)
    try:
        return lgb.Booster(model_str=text)
    except lgb.basic.LightGBMError as error:
        raise refusal("LightGBM cannot read the model text", "a complete model.txt", str(error)) from error


def _check_names(found: list[str], names: tuple[str, ...]) -> None:
    wanted = [n.replace(" ", "_") for n in names]  # LightGBM writes blanks as underscores
    if found != wanted:
        first = next((f"{f!r} at {k}" for k, (f, w) in enumerate(zip(found, wanted, strict=False)) if f != w), "")
        raise refusal("model and catalogue name different features", f"{len(wanted)} names in one order", first or f"{len(found)} names")
