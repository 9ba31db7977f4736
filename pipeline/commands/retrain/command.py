"""`creditloom retrain`: trains one month forward and judges the new model beside the champion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.sample.split import SplitParams, learnt_until
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.model.register import print_change, registry_of
from creditloom.pipeline.commands.retrain import shown
from creditloom.pipeline.commands.retrain.judging import JudgingParams, judge_models
from creditloom.pipeline.commands.retrain.proposal import Proposal, earlier, propose
from creditloom.pipeline.commands.retrain.retrain_month import (
    RetrainError,
    RetrainMonth,
    RetrainParams,
    month_of,
)
from creditloom.pipeline.commands.retrain.run_folder import JUDGE, PROPOSAL, RunFolder, run_params
from creditloom.pipeline.commands.retrain.run_notes import retrain_notes
from creditloom.serving.batch.deciding_model import DecidingModel
from creditloom.serving.registry import alias_history
from creditloom.serving.registry.gate import RegistryParams
from creditloom.serving.registry.lookup import LEARNT_TAG, Version, bundle_sha256
from creditloom.serving.registry.model_registry import CHALLENGER, CHAMPION, ModelRegistry
from creditloom.serving.registry.resolve import resolve
from creditloom.serving.registry.runtime import RUNTIME
from creditloom.storage.files.source_params import SourceParams

NOT_PROPOSED = 3  # exit code: everything was done, and the answer is no
DEFAULT_OUT = paths.DATA / "retrained"

_err = Console(stderr=True, soft_wrap=True, highlight=False)

# The options of the command, each with its help.
AsOfOption = Annotated[
    str,
    typer.Option("--as-of", help="month, as 2026-01: what was known before its first day counts"),
]
SourceOption = Annotated[
    Path | None,
    typer.Option(help="folder of raw tables, up to the month or beyond; default: source.path"),
]
OutOption = Annotated[
    Path | None, typer.Option(help="folder of the run; default: data/retrained/MONTH")
]
RegisterOption = Annotated[
    bool, typer.Option("--register", help="register a proposed model as challenger")
]
PromoteOption = Annotated[
    bool, typer.Option("--promote", help="register it, and let it become champion by the gate")
]
UntilOption = Annotated[
    str | None,
    typer.Option(
        "--champion-until",
        help="first month of which the champion has learnt nothing; default: as registered",
    ),
]
SignOption = Annotated[
    Path | None,
    typer.Option(help="a private key that signs; default: CREDITLOOM_SIGN, or nobody signs"),
]


@dataclass(frozen=True)
class Champion:
    """The champion of the registry: its version, and the first month it has not learnt from."""

    version: Version
    learnt_until: np.datetime64


def retrain(
    as_of: AsOfOption,
    source: SourceOption = None,
    out: OutOption = None,
    register: RegisterOption = False,
    promote: PromoteOption = False,
    champion_until: UntilOption = None,
    sign: SignOption = None,
) -> None:
    """Train one month forward, judge beside the champion, propose or not. For a scheduler.

    The new model learns from all that was known before the first day of the month, but for the
    newest months (retrain.judged_months), on whose loans it is judged: by the defaults that are
    known so far, beside the champion, which has not learnt from them either. It is proposed where
    it passes registry.gate and is not worse than the champion on the same loans.

    Nothing is registered without --register or --promote, and nothing twice. Run again, it gives
    the same answer; a run that was killed goes on. To go back: creditloom promote --previous.

    Exit codes: 0 proposed (and registered or promoted as asked), 3 not proposed, 2 refused or
    failed, 7 the registry does not answer: run it again later.
    """
    month = month_of(as_of, "creditloom retrain --as-of")
    given = _raw_source()
    place = source or Path(given.path)
    folder = out or DEFAULT_OUT / f"{month}"
    registry = registry_of(sign)
    for note in registry.mend():
        _err.print(note)
    champion = _champion(registry, champion_until)
    months = _months(month, champion)
    _err.print(shown.plan(months, None if champion is None else champion.version, place, folder))
    with RunFolder.held(folder, place, months, _err.print) as run:
        run.prepare(place, run_params(months, given.kind, paths.PARAMS))
        run.run()
        proposal = _proposal(run, champion)
    if proposal is not None:
        asked = "promote" if promote else "register" if register else ""
        _answer(registry, proposal, folder, asked)


def _answer(registry: ModelRegistry, proposal: Proposal, folder: Path, asked: str) -> None:
    """Tell the answer, and register or promote a proposed model where asked."""
    Console(soft_wrap=True).print(shown.table(proposal))
    _err.print(shown.words(proposal))
    if asked and proposal.is_proposed:
        _publish(registry, proposal, folder, is_promoted=asked == "promote")
    _err.print(shown.next_step(proposal, folder, asked))
    if not proposal.is_proposed:
        raise SystemExit(NOT_PROPOSED)


def _raw_source() -> SourceParams:
    """Return the block `source`; RetrainError where it has no raw tables."""
    given = section("source", SourceParams)
    if given.kind == "matrix":
        raise RetrainError.of(
            "A finished feature table has no months to go forward by",
            where="creditloom retrain",
            expected="source.kind `world` or `tables`",
            got=f"`{given.kind}`, {given.path}",
            next_step="train on the new table: creditloom fit",
        )
    return given


def _months(month: np.datetime64, champion: Champion | None) -> RetrainMonth:
    """Return the months that are learnt from, and those that judge."""
    split = section("split", SplitParams)
    until = None if champion is None else champion.learnt_until
    return RetrainMonth.of(month, split, section("retrain", RetrainParams), until)


def _champion(registry: ModelRegistry, until: str | None) -> Champion | None:
    """Return the champion of the registry; None where nobody is."""
    name = registry.params.name
    if CHAMPION not in registry.store.aliases(name):
        return None
    version = resolve(f"models:/{name}@{CHAMPION}", registry.store)
    stated = registry.store.tags(name, version.version).get(LEARNT_TAG)
    if until is not None:
        month = month_of(until, "creditloom retrain --champion-until")
    elif stated is not None:
        month = np.datetime64(stated, "M")
    else:
        month = learnt_until(section("split", SplitParams))
        _err.print(
            f"version {version.version} does not say until when it has learnt (it is of an earlier "
            f"release): taken as {month}, by `split` of params.yaml; else give --champion-until"
        )
    return Champion(version, month)


def _is_champion(run: RunFolder, champion: Champion | None) -> bool:
    """Return whether the model of this run is champion, by an earlier answer of this run."""
    if champion is None or champion.version.bundle_sha256 != bundle_sha256(run.model):
        return False
    answer = earlier(run.folder / PROPOSAL)
    return answer is not None and answer["bundle_sha256"] == champion.version.bundle_sha256


def _proposal(run: RunFolder, champion: Champion | None) -> Proposal | None:
    """Judge the model of the run and write the answer; None where it is champion by this run."""
    version = None if champion is None else champion.version
    if _is_champion(run, champion):
        _err.print(shown.already(version, earlier(run.folder / PROPOSAL)))
        return None
    with run.step(JUDGE):
        params = JudgingParams(
            section("evaluate", EvaluateParams), section("calibration", CalibrationParams)
        )
        model = None if version is None else DecidingModel.of_version(version)
        judged = judge_models(run.folder, run.month.split, params, model)
    gate = section("registry", RegistryParams).gate
    limits = (section("retrain", RetrainParams), gate)
    proposal = propose(run.month, run.inputs_sha256, run.model, version, judged, limits)
    proposal.write(run.folder / PROPOSAL)
    return proposal


def _publish(
    registry: ModelRegistry, proposal: Proposal, folder: Path, *, is_promoted: bool
) -> None:
    """Register the model of the run's folder unless it is there, and promote it where asked."""
    bundle = folder / paths.MODEL
    known = registry.find(bundle, RUNTIME)
    if known is None:
        metrics: Mapping[str, Any] = proposal.judged.metrics
        about = retrain_notes(
            registry.params.name, metrics, folder, proposal.reason, proposal.judged_words
        )
        version, change, _ = registry.register(bundle, RUNTIME, metrics, proposal.notes, about)
        known = version.version
        print_change(change)
    else:
        _err.print(f"registered already, as version {known}")
    changes = registry.history().changes
    # Killed between the two, an earlier run left a version that nobody names.
    if not any(change.version == known for change in changes):
        _moved(registry, known, CHALLENGER, proposal)
    if not is_promoted or registry.store.aliases(registry.params.name).get(CHAMPION) == known:
        return
    if alias_history.was(changes, CHAMPION, known):
        # Somebody went back from it, for a reason: no scheduler brings it again.
        _err.print(f"not promoted: version {known} was champion, and somebody went back from it")
        raise SystemExit(NOT_PROPOSED)
    _moved(registry, known, CHAMPION, proposal)


def _moved(registry: ModelRegistry, version: int, alias: str, proposal: Proposal) -> None:
    for change in registry.promote(version, alias, proposal.reason):
        print_change(change)
