"""`creditloom params`: read every block of params.yaml as its room's type before anything runs, or change values in it.

The types are named as text and imported when asked for: a stage must not reach every room because it reads its own parameters.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import SECTIONS, ParamsError, changed, parse_value, section
from creditloom.storage.files.store import write_text

TYPES: dict[str, str] = {
    "seed": "builtins:int",
    "source": "creditloom.storage.files.source_params:SourceParams",
    "calendar": "creditloom.world.config.config_types:Calendar",
    "world": "creditloom.world.config.config_types:WorldParams",
    "features": "creditloom.features.feature_params:FeatureParams",
    "label": "creditloom.features.feature_params:LabelParams",
    "split": "creditloom.models.sample.split:SplitParams",
    "tune": "creditloom.models.training.tuning:TuneParams",
    "select": "creditloom.models.selection.feature_choice:SelectParams",
    "train": "creditloom.models.training.training:TrainParams",
    "ridge": "creditloom.models.learners.ridge:RidgeParams",
    "calibration": "creditloom.models.calibration.calibration:CalibrationParams",
    "policy": "creditloom.models.policy.bundle_policy:PolicyParams",
    "evaluate": "creditloom.models.evaluation.evaluate_params:EvaluateParams",
    "explain": "creditloom.report.explanation.explain:ExplainParams",
    "report": "creditloom.report.parts.data:ReportParams",
    "registry": "creditloom.serving.registry.gate:RegistryParams",
    "fit": "creditloom.models.fit.fit_params:FitParams",
    "review": "creditloom.portfolio.book.bcard:ReviewParams",
    "optimise": "creditloom.portfolio.optimiser.optimise_params:OptimiseParams",
}
AGREE = (  # the simulated world's calendar, and the blocks that divide it
    ("calendar.applications_start", "split.start"),
    ("calendar.train_months", "split.train_months"),
    ("calendar.calibration_months", "split.calibration_months"),
    ("calendar.oot_months", "split.oot_months"),
    ("calendar.performance_months", "label.performance_months"),
)

YEAR_DAYS = 365  # horizon of a label of instalment loans


def type_of(name: str) -> type:
    """The frozen type of one block of params.yaml."""
    module, _, kind = TYPES[name].partition(":")
    found: type = getattr(importlib.import_module(module), kind)
    return found


def params(
    path: Annotated[Path, typer.Option(help="the parameter file")] = paths.PARAMS,
    change: Annotated[
        list[str] | None,
        typer.Option("--set", help="a value to change first, as world.applicants=6000"),
    ] = None,
) -> None:
    """Check params.yaml: every block, key and value, before a long run. With --set, change values first (comments are lost)."""
    if change:
        write_text(changed(assignments(change), path), path)
    blocks: dict[str, Any] = {name: section(name, type_of(name), path) for name in SECTIONS}
    _check_agreement(blocks, path)
    _check_horizon(blocks, path)
    Console().print(f"{path}: {len(SECTIONS)} blocks, all as declared")


def _check_agreement(blocks: dict[str, Any], path: Path) -> None:
    """For a simulated world, two blocks must not tell two calendars; other sources have no calendar of ours."""
    for pair in AGREE if blocks["source"].kind == "world" else ():
        one, other = (
            getattr(blocks[name], key)
            for name, _, key in (dotted.partition(".") for dotted in pair)
        )
        if one != other:
            raise ParamsError(
                f"{path}: {pair[0]} is {one} but {pair[1]} is {other}; expected the same, change both"
            )


def _check_horizon(blocks: dict[str, Any], path: Path) -> None:
    """The outcome that the label looks at is the one that the policy prices (domain 0.12)."""
    label = blocks["label"]
    expected = label.performance_days if label.loans == "short" else YEAR_DAYS
    if blocks["policy"].horizon_days != expected:
        got = f"policy.horizon_days is {blocks['policy'].horizon_days:g}"
        raise ParamsError(
            f"{path}: {got} but label.loans is {label.loans}; expected {expected}, change one"
        )


def assignments(texts: list[str] | None) -> dict[str, object]:
    """`world.applicants=6000` and its like as dotted path -> value. Raises ParamsError where there is no `=`."""
    return dict(_assignment(text) for text in texts or ())


def _assignment(text: str) -> tuple[str, object]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ParamsError(
            f"--set {text}: expected a dotted path, `=` and a value, as world.applicants=6000"
        )
    return key, parse_value(value)
