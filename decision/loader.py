"""The entry point for MLflow: `_load_pyfunc`, and a model that checks its own parameters.

MLflow ignores parameters that it does not know; here they are refused.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from .base.errors import DecisionError
from .decide import Decider
from .frames.arrow import frame_of


class Answer(pd.DataFrame):
    """The decisions of a registered model: a frame whose `to_dict` gives None for a missing value.

    MLflow's server writes `to_dict("records")` as JSON, which has neither NaN nor pandas' NA.
    Frames derived from it are plain ones.
    """

    def to_dict(self, *args: Any, **options: Any) -> Any:
        """Return what pandas returns, with None for a missing value."""
        return self.astype(object).where(self.notna(), None).to_dict(*args, **options)


# Parameters of `predict` with their defaults; the signature of the registered model lists them.
PARAMS: dict[str, str] = {"explain": "adverse", "product": "", "law": "", "language": "en"}


class DecisionModel:
    """A registered bundle: `predict(frame, params)` returns the decisions of `Decider.decide`."""

    def __init__(self, decider: Decider) -> None:
        self.decider = decider

    def predict(self, frame: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return one decision per row of `frame`.

        params: explain (adverse | all | none), product and law (of the bundle's; empty takes its
        default product and the law of the day), language (en | zh). Raises `DecisionError` for
        another input than a frame and for an unknown parameter.
        """
        if not isinstance(frame, pd.DataFrame):
            raise _refusal(
                "the input is not a frame",
                "predict(frame)",
                "a pandas DataFrame with named columns",
                type(frame).__name__,
            )
        columns = self.decider.decide_columns(frame, **_checked(params))
        return frame_of(columns, frame.index, Answer)

    def get_raw_model(self) -> DecisionModel:
        """Return the model that `mlflow.pyfunc.load_model(...).get_raw_model()` gives.

        Its `predict` skips MLflow's own check of every column, which comes before ours.
        """
        return self

    def predict_table(self, table: pa.Table, params: Mapping[str, Any] | None = None) -> pa.Table:
        """Return the same decisions for a batch in Arrow."""
        return self.decider.decide_table(table, **_checked(params))


def _checked(params: Mapping[str, Any] | None) -> Any:
    merged = {**PARAMS, **(params or {})}
    unknown = sorted(set(merged) - set(PARAMS))
    if unknown:
        raise _refusal(
            "a parameter is not known",
            unknown[0],
            f"one of {', '.join(PARAMS)}",
            repr(merged[unknown[0]]),
        )
    return merged


def _load_pyfunc(path: str) -> DecisionModel:
    """Return the model of the bundle in the folder `path`; MLflow calls this by its name."""
    decider = Decider.load(path)
    # Load compiled code now, so that the first row waits no longer than the others.
    decider.bundle.scorer.warm()
    # Keep what is loaded by now out of full collections: they need not walk over the objects of
    # MLflow, numba and pandas.
    gc.freeze()
    return DecisionModel(decider)


def _refusal(what: str, where: str, expected: str, got: str) -> DecisionError:
    return DecisionError(
        what,
        where=where,
        expected=expected,
        got=got,
        next_step="correct the call; nothing was decided",
    )
