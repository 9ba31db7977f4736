"""The entry point for MLflow: `_load_pyfunc`, and a model that checks its own parameters.

MLflow ignores parameters that it does not know; here they are refused.
"""

from __future__ import annotations

import datetime as dt
import difflib
import gc
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from .base.errors import DecisionError
from .decide import Decider, one_of
from .frames.answer import Answer, answered, refused_only
from .frames.arrow import table_of
from .frames.callers import mlflow_call, require_no_session_zone, shorten_warnings, worded
from .frames.columns import require_not_banned
from .frames.feature_values import BeyondRows
from .frames.input_block import InputBlock
from .frames.records.direct import DirectDecider
from .frames.row_rules import RowFault, one_per_row
from .score.drift import PopulationCounts

# What `predict` answers: decisions on the rows, or the counts of the last rows that came.
DECISIONS = "decisions"
POPULATION = "population"
# Parameters of `predict` with their defaults; the signature of the registered model lists them.
PARAMS: dict[str, str] = {
    "explain": "adverse",
    "product": "",
    "law": "",
    "language": "en",
    "answer": DECISIONS,
}


class DecisionModel:
    """A registered bundle: `predict(frame, params)` returns the decisions of `Decider.decide`."""

    def __init__(self, decider: Decider) -> None:
        self.decider = decider
        self.direct = DirectDecider(decider)
        # The table that a thread judged last, and the block that it was read to.
        self._judged = threading.local()

    def predict(self, frame: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return one answer per row of `frame`: a decision, or the rule that the row breaks.

        Beside the columns of `Decider.decide` stand `refused_rule`, `refused_column` and
        `refused_reason`, null for a row that was decided; all others but id and moment are null
        for one that was not. The rules are those of a batch (`frames/row_rules.py`); the last day
        of an as_of is today, in UTC.
        params: explain (adverse | all | none), product and law (of the bundle's; empty takes its
        default product and the law of the day), language (en | zh), answer (decisions |
        population). The population is that of the last rows that this process was sent, one row per
        count and level (`Drift.table`); the rows of the call are neither decided nor counted.
        Raises `DecisionError` for another input than a frame, for columns of which no row can be
        read and for an unknown parameter.
        """
        try:
            return self._answered(frame, params)
        except DecisionError as refused:
            # In the words and the type that MLflow's server hands on to the client.
            raise worded(refused) from refused

    def _answered(self, frame: pd.DataFrame, params: Mapping[str, Any] | None) -> pd.DataFrame:
        if not isinstance(frame, pd.DataFrame):
            raise _refusal(
                "the input is not a frame",
                "predict(frame)",
                "a pandas DataFrame with named columns",
                type(frame).__name__,
            )
        call = mlflow_call()
        options = _checked({**call.params, **(params or {})})
        answer = options.pop("answer")
        one_of("answer", answer, (DECISIONS, POPULATION))
        if answer == POPULATION:
            counts, drift = self.decider.population()
            return Answer(drift.table(counts))
        policy = self.decider.terms(options["product"], options["law"])[0]
        require_not_banned(call.columns, policy.banned_columns, self.decider.read_names)
        require_no_session_zone(frame, self.decider.moment_names)
        today = dt.datetime.now(dt.UTC).date()
        block, faults = self.decider.judged(frame, today=today, policy=policy)
        scores = [np.empty(0)]

        def decide(good: InputBlock) -> dict[str, Any]:
            columns = self.decider.decide_block(good, **options)
            scores.append(columns["score_raw"])
            return columns

        if not faults:
            found = answered(decide(block), frame.index)
        else:
            found = refused_only(block, one_per_row(faults), frame.index, decide)
        self.decider.count(block.features, len(block), scores[-1])
        return found

    def answers(
        self,
        applications: Sequence[Mapping[str, Any]],
        params: Mapping[str, Any] | None = None,
        *,
        today: dt.date | None = None,
    ) -> list[dict[str, Any]]:
        """Return one answer per application, dict in and dict out, for one or few of them.

        The values are those of `predict` on a frame of the same rows, without the frame; params are
        those of `predict` but `answer`. today: the last day of an as_of; None is today, in UTC.
        Raises `DecisionError` as `predict`.
        """
        return self.direct.answers(applications, today, **_for_decisions(params))

    def get_raw_model(self) -> DecisionModel:
        """Return the model that `mlflow.pyfunc.load_model(...).get_raw_model()` gives.

        Its `predict` skips MLflow's own check of every column, which comes before ours.
        """
        return self

    def predict_table(self, table: pa.Table, params: Mapping[str, Any] | None = None) -> pa.Table:
        """Return the decisions on a table in Arrow of which every row can be decided."""
        return self.decider.decide_table(table, **_for_decisions(params))

    def predict_judged(self, table: pa.Table, params: Mapping[str, Any] | None = None) -> pa.Table:
        """Return the decisions on rows of `judge` without a fault: they are not judged again."""
        options = _for_decisions(params)
        policy = self.decider.terms(options["product"], options["law"])[0]
        judged, block = getattr(self._judged, "last", (None, None))
        # Nearly always no row had a fault: the same table comes back, and need not be read again.
        if judged is not table or block is None:
            block = self.decider.bundle.reader.block(table, policy.banned_columns)
        return table_of(self.decider.decide_block(block, **options))

    def judge(
        self, table: pa.Table, repeated: pa.Array, today: dt.date
    ) -> tuple[pa.Table, list[RowFault]]:
        """Return a part of a batch in its one form, and every fault of its rows.

        `repeated` are the ids that occur more than once in the whole batch, `today` is the last day
        on which an as_of may lie.
        """
        block, faults = self.decider.judged(table, today=today, repeated=repeated)
        canonical = block.table()
        self._judged.last = (canonical, block)
        return canonical, faults

    def beyond(self, table: pa.Table) -> dict[str, Any] | None:
        """Return, per column, the rows of a table of `judge` that hold what training never saw.

        As `PopulationCounts.as_plain`; None where the rule book says nothing of such rows.
        """
        if self.decider.bundle.policy.beyond_training is None:
            return None
        judged, block = getattr(self._judged, "last", (None, None))
        if judged is not table or block is None:
            block = self.decider.bundle.reader.block(table)
        beyond = BeyondRows() if block.features is None else block.features.beyond
        return PopulationCounts.of(beyond, len(block)).as_plain()


def _for_decisions(params: Mapping[str, Any] | None) -> Any:
    """Return the parameters of a call that is always answered by decisions."""
    return {name: value for name, value in _checked(params).items() if name != "answer"}


def _checked(params: Mapping[str, Any] | None) -> Any:
    merged = {**PARAMS, **(params or {})}
    unknown = sorted(set(merged) - set(PARAMS))
    if unknown:
        nearest = difflib.get_close_matches(unknown[0], PARAMS, n=1, cutoff=NEAR)
        hint = f"; nearest is {nearest[0]}" if nearest else ""
        raise _refusal(
            "a parameter is not known",
            unknown[0],
            f"one of {', '.join(PARAMS)}{hint}",
            repr(merged[unknown[0]]),
        )
    return merged


# Likeness from which a known name is told as the nearest one: `lang` and `language` have 0.67.
NEAR = 0.5


def _load_pyfunc(path: str) -> DecisionModel:
    """Return the model of the bundle in the folder `path`; MLflow calls this by its name."""
    decider = Decider.load(path)
    shorten_warnings()
    # Load compiled code now, so that the first row waits no longer than the others.
    decider.warm()
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
