"""The bars and how many seeds are judged by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from creditloom.models.evaluation.bars import Bar, figure
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.cli import build
from creditloom.pipeline.proof import evidence
from creditloom.storage.files.store import read_json, write_json

GOOD = {
    "discrimination": {"share_of_reachable_gini": 0.95},
    "calibration": {"calibration_in_the_large_p": 0.4, "tiers_reversed": 0},
    "portfolio": {"approval_rate": 0.68, "bad_rate_approved_true": 0.011},
}


def bar(figure: str, **edges: float) -> Bar:
    return Bar(name="a bar", chinese="", figure=figure, kind="share", source="", **edges)


@pytest.mark.parametrize(
    ("value", "met"), [(0.619, False), (0.62, True), (0.75, True), (0.7501, False), (None, None)]
)
def test_a_bar_holds_on_its_edges(value: float | None, met: bool | None) -> None:
    assert (
        bar("portfolio.approval_rate", low=0.62, high=0.75).judge(
            {"portfolio": {"approval_rate": value}}
        )
        is met
    )


def test_a_bar_says_its_aim() -> None:
    assert [bar("", low=0.9).aim, bar("", high=0.013).aim, bar("", low=0.62, high=0.75).aim] == [
        ">= 0.9",
        "<= 0.013",
        "0.62-0.75",
    ]


def test_a_figure_is_found_by_its_path_or_absent() -> None:
    assert figure(GOOD, "portfolio.approval_rate") == 0.68
    assert (
        figure(GOOD, "portfolio.approval_rate.more")
        is figure(GOOD, "none")
        is figure(GOOD, "")
        is None
    )


def _evidence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, metrics: dict[str, Any], *args: str
) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        stage_runner, "prepare", lambda folder, changes: write_json(changes, folder / "asked.json")
    )
    monkeypatch.setattr(
        stage_runner, "run", lambda folder, _stages: write_json(metrics, folder / paths.METRICS)
    )
    return CliRunner().invoke(build(["evidence"]), ["evidence", *args])


def test_evidence_writes_what_it_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    ended = _evidence(
        monkeypatch,
        tmp_path,
        GOOD,
        "--seeds",
        "1,2",
        "--applicants",
        "5000",
        "--set",
        "world.profile=S5",
    )
    written = read_json(tmp_path / paths.EVIDENCE)
    assert (
        ended.exit_code == 0
        and written["held"]
        and [run["seed"] for run in written["runs"]] == [1, 2]
    )
    assert written["changes"] == {"world.applicants": 5000, "world.profile": "S5"}


def test_evidence_fails_when_a_bar_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bad = {**GOOD, "portfolio": {"approval_rate": 0.8, "bad_rate_approved_true": 0.011}}
    ended = _evidence(monkeypatch, tmp_path, bad, "--seeds", "3")
    assert ended.exit_code == 1 and "FAIL" in ended.stdout
    assert not read_json(tmp_path / paths.EVIDENCE)["held"]


def test_seeds_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(evidence.EvidenceError, match="expected whole numbers"):
        evidence._seeds("1,two")
