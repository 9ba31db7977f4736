"""Propose the new model as the next champion or not, with every reason, and keep the answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from creditloom.models.sample.split import learnt_until
from creditloom.pipeline.commands.retrain.judging import JudgedModels
from creditloom.pipeline.commands.retrain.retrain_month import RetrainMonth, RetrainParams
from creditloom.serving.registry import gate
from creditloom.serving.registry.gate import GateParams, Measured, SameRows
from creditloom.serving.registry.lookup import LEARNT_TAG, Version, bundle_sha256
from creditloom.storage.files.formats import RESULTS, read_document, write_document


@dataclass(frozen=True)
class Proposal:
    """Whether the new model is proposed, and why not.

    inputs_sha256: of tables, parameters, code and libraries that it was made of. champion: version
    and bundle that it was judged beside; None where there was none. reasons: what keeps it from
    being proposed, one line each; () = proposed. No time is in it: the same inputs, the same bytes.
    """

    month: RetrainMonth
    inputs_sha256: str
    bundle_sha256: str
    champion: Version | None
    judged: JudgedModels
    reasons: tuple[str, ...]

    @property
    def is_proposed(self) -> bool:
        """Return whether it is proposed."""
        return not self.reasons

    @property
    def content(self) -> dict[str, Any]:
        """Return what proposal.json holds."""
        split = self.month.split
        champion = self.champion
        # table: key of proposal.json -> its value
        content = {
            "as_of": str(self.month.month),
            "is_proposed": self.is_proposed,
            "reasons": list(self.reasons),
            "learns_from": f"{split.start.isoformat()[:7]}",
            "learns_until": f"{self.month.judged_from}",
            "outcomes_known_by": split.known_by,
            "judged_from": f"{self.month.judged_from}",
            "judged_until": f"{self.month.month}",
            "inputs_sha256": self.inputs_sha256,
            "bundle_sha256": self.bundle_sha256,
            "champion_version": None if champion is None else champion.version,
            "champion_bundle_sha256": None if champion is None else champion.bundle_sha256,
            "judged": asdict(self.judged),
            "metrics": self.judged.metrics,
        }
        return content

    @property
    def notes(self) -> dict[str, str]:
        """Return the tags that a version of the new model is registered with."""
        notes = {LEARNT_TAG: str(learnt_until(self.month.split))}
        beside = self.judged.champion
        if self.champion is not None and beside is not None:
            notes |= SameRows(self.champion.version, beside.figures.auc).tags()
        return notes

    @property
    def reason(self) -> str:
        """Return what the history of aliases says where it becomes champion."""
        beside = self.judged.champion
        found = f"retrain as of {self.month.month}"
        if beside is None or self.champion is None:
            return f"{found}: the first champion"
        paired = beside.paired
        return (
            f"{found}: {paired.verdict} with version {self.champion.version} on the same "
            f"{self.judged.loans} loans, AUC {paired.delta:+.4f} "
            f"({paired.low:+.4f} to {paired.high:+.4f})"
        )

    @property
    def judged_words(self) -> dict[str, float]:
        """Return the figures that it was judged by, by their words."""
        judged = self.judged
        words: dict[str, float] = {"judged loans": judged.loans, "bads among them": judged.bads}
        words["AUC on them"] = judged.figures.auc
        if judged.champion is not None:
            words["AUC of the champion on them"] = judged.champion.figures.auc
        return {name: float(value) for name, value in words.items()}

    def write(self, path: Path) -> None:
        """Write proposal.json."""
        write_document(self.content, path, RESULTS)


def propose(
    month: RetrainMonth,
    inputs_sha256: str,
    bundle: Path,
    champion: Version | None,
    judged: JudgedModels,
    limits: tuple[RetrainParams, GateParams],
) -> Proposal:
    """Return the proposal by `retrain` and `registry.gate` of params.yaml."""
    params, gate_params = limits
    sha256 = bundle_sha256(bundle)
    return Proposal(
        month=month,
        inputs_sha256=inputs_sha256,
        bundle_sha256=sha256,
        champion=champion,
        judged=judged,
        reasons=(
            *_unchanged(sha256, champion),
            *_too_few(judged, params),
            *gate.shortfalls(Measured.of(judged.metrics), gate_params),
            *_behind(judged, gate_params),
        ),
    )


def _unchanged(sha256: str, champion: Version | None) -> tuple[str, ...]:
    if champion is None or champion.bundle_sha256 != sha256:
        return ()
    return (f"the new model is the champion, version {champion.version}, to the byte",)


def _too_few(judged: JudgedModels, params: RetrainParams) -> tuple[str, ...]:
    if judged.bads >= params.min_bads:
        return ()
    return (f"bads known among the judged loans: {judged.bads}, at least {params.min_bads}",)


def _behind(judged: JudgedModels, params: GateParams) -> tuple[str, ...]:
    """Return what makes the new model worse than the champion on the same loans."""
    beside = judged.champion
    if beside is None:
        return ()
    ours = Measured(auc=judged.figures.auc)
    lines = gate.behind(ours, Measured(auc=beside.figures.auc), params)
    if beside.paired.high < params.min_rival_delta:
        label = "AUC less that of the champion, upper end of its interval (the same loans)"
        high = f"{beside.paired.high:.4f}"
        lines = (*lines, f"{label} is {high}, at least {params.min_rival_delta:.4f}")
    return lines


def earlier(path: Path) -> Mapping[str, Any] | None:
    """Return an earlier answer; None where there is none."""
    return read_document(path, RESULTS) if path.is_file() else None
