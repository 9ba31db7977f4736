"""The door for MLflow: `_load_pyfunc` and a model whose parameters are checked here (MLflow ignores unknown ones)."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from .base.errors import DecisionError
from .decide import Decider
from .frames.arrow import frame_of

# What the registered model answers: the decisions as a frame that can also be told as JSON.


class Answer(pd.DataFrame):
    """A frame like any other, except that `to_dict` says None for what is missing; frames made from it are plain ones.

    MLflow's server writes `to_dict("records")` as JSON, which knows neither NaN nor pandas' NA.
    """

    def to_dict(self, *args: Any, **options: Any) -> Any:
        """As of pandas, None for what is missing."""
        return self.astype(object).where(self.notna(), None).to_dict(*args, **options)


PARAMS: dict[str, str] = {"explain": "adverse", "product": "", "law": "", "language": "en"}


class DecisionModel:
    """A registered bundle: `predict(frame, params)` returns the decisions of `Decider.decide`."""

    def __init__(self, decider: Decider) -> None:
        self.decider = decider

    def predict(self, frame: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Decide `frame`. params: explain (adverse | all | none), product and law (of the bundle's, empty = its default and the
        law of the day), language (en | zh).
        """
        if not isinstance(frame, pd.DataFrame):
            raise _refusal(
                "the input is not a frame",
                "predict(frame)",
                "a pandas DataFrame with named columns",
                type(frame).__name__,
            )
        return frame_of(self.decider.decide_columns(frame, **_checked(params)), frame.index, Answer)

    def get_raw_model(self) -> DecisionModel:
        """What `mlflow.pyfunc.load_model(...).get_raw_model()` gives: `predict` without MLflow's look at every column before ours."""
        return self

    def predict_table(self, table: pa.Table, params: Mapping[str, Any] | None = None) -> pa.Table:
        """The same with Arrow in and out, for batches."""
        return self.decider.decide_table(table, **_checked(params))


def _checked(params: Mapping[str, Any] | None) -> Any:
    given = {**PARAMS, **(params or {})}
    unknown = sorted(set(given) - set(PARAMS))
    if unknown:
        raise _refusal(
            "a parameter is not known",
            unknown[0],
            f"one of {', '.join(PARAMS)}",
            repr(given[unknown[0]]),
        )
    return given


def _load_pyfunc(path: str) -> DecisionModel:
    """What MLflow calls: `path` is the folder of the bundle. Compiled code is loaded here, so the first row waits no longer than others."""
    decider = Decider.load(path)
    decider.bundle.scorer.warm()
    gc.freeze()  # what is there by now stays: no full collection needs to walk over the objects of MLflow, numba and pandas
    return DecisionModel(decider)


def _refusal(what: str, where: str, expected: str, got: str) -> DecisionError:
    return DecisionError(
        what,
        where=where,
        expected=expected,
        got=got,
        next_step="correct the call; nothing was decided",
    )
