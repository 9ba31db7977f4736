"""What `creditloom fit` writes: the bundle, which is checked, the decisions and metrics.json."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

import creditloom
from creditloom.decision.base.layout import Layout
from creditloom.decision.frames.arrow import decisions_table
from creditloom.decision.score.tiers import Tiers
from creditloom.models.fit import bundle
from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.fitted_model import CalibratedModel
from creditloom.models.fit.judgement.reported import FittedTable, content, held_out_decisions
from creditloom.models.fit.leaks.proxies import ProxyFigure
from creditloom.models.fit.leaks.table_warning import TableWarning
from creditloom.models.fit.sign_suggestions import SignSuggestions
from creditloom.models.fit.training_table import TrainingTable
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.models.stacking.search_budget import SearchBudget
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.model.fit_options import PARAMS, RunChoices
from creditloom.pipeline.commands.model.fit_subject import Subject
from creditloom.storage.files.errors import StatedError
from creditloom.storage.finished import Finished

# Libraries whose versions stand in metrics.json, as figures may move with them.
LIBRARIES = ("lightgbm", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")
# A PD of the written bundle may differ from the fitted one by the rounding of sums, and no more.
SAME_PD = 1e-9


class SelfCheckError(StatedError):
    """The written bundle does not give the training table the PDs that were fitted."""


@dataclass(frozen=True)
class FitOutcome:
    """What a run found: the fitted table, the frame it decided, warnings and proxies.

    suggestions: signs that nobody stated. search: with the record of each fit; None = no budget.
    """

    fitted: FittedTable
    frame: pd.DataFrame
    warnings: tuple[TableWarning, ...]
    proxies: tuple[ProxyFigure, ...]
    suggestions: SignSuggestions
    search: SearchBudget | None

    @property
    def grave(self) -> tuple[TableWarning, ...]:
        """The grave warnings that nobody accepted."""
        return tuple(w for w in self.warnings if w.level == "grave" and not w.is_accepted)


def training_table(read: Subject) -> TrainingTable:
    """Return the rows to learn from; codes of missing stand in them, as in what is decided."""
    found = read.table
    return TrainingTable(
        frame=found.features,
        label=found.label,
        signs=read.signs,
        special_codes=found.codes,
        weight=found.weight,
        group=found.group,
        time=found.time,
    )


def frame_of(found: Finished) -> pd.DataFrame:
    """Return the table as a decision reads it."""
    frame = found.decided_features.assign(application_id=found.ids)
    return frame if found.time is None else frame.assign(as_of=found.time)


def write_bundle(folder: Path, final: CalibratedModel, read: Subject, choices: RunChoices) -> Tiers:
    """Write the bundle of a model of `read` into the new `folder`; return its tiers."""
    policy = _policy(choices)
    rate = float(np.average(read.table.label, weights=read.table.weight))
    tiers = bundle.tiers_around(rate, policy.tier_edges)
    # Features of raw tables are the house's own: they have no layout.
    has_layout = bool(read.table.columns)
    layout = Layout.from_json(json.dumps(read.table.layout())) if has_layout else None
    params = section("fit", FitParams, PARAMS)
    bundle.write(
        folder,
        final,
        training_table(read),
        tiers,
        read.words,
        params.calibration,
        policy,
        layout,
        params.refits,
    )
    return tiers


def _policy(choices: RunChoices) -> PolicyParams:
    """Return the committed policy, with what a person chose for values beyond training."""
    policy = section("policy", PolicyParams, PARAMS)
    if choices.beyond is None:
        return policy
    return replace(
        policy, beyond_training=replace(policy.beyond_training, treatment=choices.beyond)
    )


def check_bundle(decided: np.ndarray, fitted: np.ndarray, folder: Path) -> None:
    """Raise SelfCheckError where the bundle gives a training row another PD than was fitted."""
    gap = np.abs(decided - fitted)
    is_other = ~(gap <= SAME_PD)
    if is_other.any():
        first = int(np.argmax(is_other))
        rows = int(is_other.sum())
        raise SelfCheckError.of(
            "The written bundle does not give the training table the PDs that were fitted",
            where=f"{folder.name}, row {first}",
            expected=f"PD {fitted[first]:.9f}",
            got=f"PD {decided[first]:.9f}; {rows:,} rows differ",
            next_step="do not use the bundle; report the table's column names and types as a bug",
        )


def decisions_of(fitted: FittedTable) -> pa.Table:
    """Return the decisions of the final model, with what held-out models say beside them.

    The final model has learnt from the label of the row, so its PD is not what is judged.
    """
    judged = held_out_decisions(fitted)
    table = decisions_table(fitted.decisions.assign(pd_held_out=fitted.cv.model_pd))
    for name in ("tier", "decision"):
        table = table.append_column(f"{name}_held_out", pa.array(judged[name], pa.string()))
    return table


def metrics_of(
    outcome: FitOutcome, found: Finished, choices: RunChoices, seconds: Mapping[str, float]
) -> dict[str, Any]:
    """Return metrics.json."""
    cv = outcome.fitted.cv
    # table: metrics.json
    return {
        **content(outcome.fitted),
        "warnings": [warning.to_json() for warning in outcome.warnings],
        "grave": [warning.name for warning in outcome.grave],
        "proxies": [vars(figure) for figure in outcome.proxies],
        "suggested_signs": asdict(outcome.suggestions),
        "search": _searched(outcome.search, choices),
        "notes": [note._asdict() for note in found.notes],
        "special_codes": _coded(found.code_counts),
        "cv_folds": {"model": list(cv.model), "ridge": list(cv.ridge)},
        "arguments": dict(choices.arguments),
        "versions": _versions(),
        "seconds": dict(seconds),
    }


def _searched(search: SearchBudget | None, choices: RunChoices) -> dict[str, Any] | None:
    """Return trials and seconds of the search, per fit."""
    if search is None:
        return None
    return {
        "minutes": choices.budget,
        "trials": sum(record.trials for record in search.records),
        "seconds": round(search.spent, 3),
        "fits": [asdict(record) for record in search.records],
    }


def _coded(counts: Mapping[str, Mapping[float, int]]) -> dict[str, dict[str, int]]:
    return {name: {f"{code:g}": n for code, n in one.items()} for name, one in counts.items()}


def _versions() -> dict[str, str]:
    libraries = {name: version(name) for name in LIBRARIES}
    return {
        "python": platform.python_version(),
        "creditloom": creditloom.__version__,
        **libraries,
    }
