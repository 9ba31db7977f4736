"""`creditloom params`: checks every block of params.yaml before anything runs, or changes values.

The types are named as text and imported only when needed. Otherwise a stage that reads its own
parameters would import every room.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import (
    SECTIONS,
    ParamsError,
    changed_text,
    parse_value,
    section,
)
from creditloom.storage.files.store import write_text

# table: block of params.yaml -> module and name of its frozen type
TYPES: dict[str, str] = {
    "seed": "builtins:int",
    "source": "creditloom.storage.files.source_params:SourceParams",
    "calendar": "creditloom.world.config.config_types:Calendar",
    "world": "creditloom.world.config.config_types:WorldParams",
    "features": "creditloom.features.feature_params:FeatureParams",
    "label": "creditloom.features.feature_params:LabelParams",
    "split": "creditloom.models.sample.split:SplitParams",
    "tune": "creditloom.models.tuning.space:TuneParams",
    "select": "creditloom.models.selection.feature_choice:SelectParams",
    "train": "creditloom.models.training.training:TrainParams",
    "reject": "creditloom.models.rejects.reject_params:RejectParams",
    "ridge": "creditloom.models.learners.ridge:RidgeParams",
    "calibration": "creditloom.models.calibration.calibration:CalibrationParams",
    "policy": "creditloom.models.policy.bundle_policy:PolicyParams",
    "evaluate": "creditloom.models.evaluation.evaluate_params:EvaluateParams",
    "explain": "creditloom.report.explanation.explain:ExplainParams",
    "report": "creditloom.report.parts.data:ReportParams",
    "registry": "creditloom.serving.registry.gate:RegistryParams",
    "retrain": "creditloom.pipeline.commands.retrain.retrain_month:RetrainParams",
    "fit": "creditloom.models.fit.fit_params:FitParams",
    "review": "creditloom.portfolio.book.bcard:ReviewParams",
    "optimise": "creditloom.portfolio.optimiser.optimise_params:OptimiseParams",
}
# Keys of the calendar of the simulated world, and the keys of other blocks that must agree.
MUST_AGREE = (
    ("calendar.applications_start", "split.start"),
    ("calendar.train_months", "split.train_months"),
    ("calendar.calibration_months", "split.calibration_months"),
    ("calendar.oot_months", "split.oot_months"),
    ("calendar.performance_months", "label.performance_months"),
    ("label.performance_months", "split.performance_months"),
)

# Days of outcome behind a label of instalment loans (domain 0.12).
YEAR_DAYS = 365

PathOption = Annotated[Path, typer.Option(help="the parameter file")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="a value to change first, as world.applicants=6000"),
]


def type_of(name: str) -> type:
    """Return the frozen type of one block of params.yaml."""
    module, _, name_of_type = TYPES[name].partition(":")
    kind: type = getattr(importlib.import_module(module), name_of_type)
    return kind


def params(path: PathOption = paths.PARAMS, change: SetOption = None) -> None:
    """Check params.yaml: every block, key and value, before a long run.

    With --set, change values first; the comments of the file stay.
    """
    if change:
        # What is no params.yaml is refused before it is changed.
        section("seed", int, path)
        write_text(changed_text(assignments(change), path), path)
    blocks: dict[str, Any] = {name: section(name, type_of(name), path) for name in SECTIONS}
    _check_agreement(blocks, path)
    _check_horizon(blocks, path)
    console = Console(soft_wrap=True)
    console.print(f"{path}: {len(SECTIONS)} blocks, all as declared")
    note = _rate_note(blocks)
    if note:
        console.print(note)


def _rate_note(blocks: dict[str, Any]) -> str:
    """Return that the edges of the tiers are those of a lender of another base rate; "" if not."""
    world = blocks["world"].base_rate
    edges = blocks["policy"].base_rate
    if blocks["source"].kind != "world" or world == edges:
        return ""
    return (
        f"note: the world has a base rate of {world:g}, the tiers are those of {edges:g}: few or "
        f"nearly all will be approved. `creditloom params --set policy.base_rate={world:g}` moves "
        "them; `creditloom policy show` says whether they are approved"
    )


def _check_agreement(blocks: dict[str, Any], path: Path) -> None:
    """Raise ParamsError where the blocks disagree about the calendar of the simulated world."""
    if blocks["source"].kind != "world":
        return  # the user's own data have no simulated calendar
    for ours, theirs in MUST_AGREE:
        one = _value(blocks, ours)
        other = _value(blocks, theirs)
        if one != other:
            raise ParamsError(
                f"{path}: {ours} is {one} but {theirs} is {other}; expected the same, change both"
            )


def _value(blocks: dict[str, Any], dotted: str) -> Any:
    block, _, key = dotted.partition(".")
    return getattr(blocks[block], key)


def _check_horizon(blocks: dict[str, Any], path: Path) -> None:
    """Raise ParamsError where label and policy have different horizons (domain 0.12)."""
    label = blocks["label"]
    expected = label.performance_days if label.loans == "short" else YEAR_DAYS
    if blocks["policy"].horizon_days != expected:
        got = f"policy.horizon_days is {blocks['policy'].horizon_days:g}"
        raise ParamsError(
            f"{path}: {got} but label.loans is {label.loans}; expected {expected}, change one"
        )


def assignments(texts: list[str] | None) -> dict[str, object]:
    """Return dotted path -> value. Raises ParamsError where there is no `=`.

    >>> assignments(["world.applicants=6000", "world.profile=S5"])
    {'world.applicants': 6000, 'world.profile': 'S5'}
    """
    return dict(_assignment(text) for text in texts or ())


def _assignment(text: str) -> tuple[str, object]:
    key, equals, value = text.partition("=")
    if not equals:
        raise ParamsError(
            f"--set {text}: expected a dotted path, `=` and a value, as world.applicants=6000"
        )
    return key, parse_value(value)
