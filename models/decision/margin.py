"""The booster behind one narrow door: margins, and exact contributions that add up to them."""

from __future__ import annotations

import os

import lightgbm as lgb
import numpy as np

from .model_text import check_model_text, refusal


def free_threads() -> int:
    """Cores this process may use; more threads than that make LightGBM slower."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Margin:
    """A binary LightGBM model read from its text.

    `raw(x)` is the margin m per row; `contributions(x)` is (base, phi) with m = base + sum of phi, on log-odds.
    x is float64, rows x features in model order, NaN = null.
    """

    def __init__(self, text: str, names: tuple[str, ...], threads: int | None = None) -> None:
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
        """Exact path-dependent SHAP values: the constant base and one column per feature."""
        if not len(x):
            return self.base, np.empty_like(x)
        return self.base, self._contributions(x)[:, :-1]

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
