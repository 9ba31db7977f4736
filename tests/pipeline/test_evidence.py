"""The bars and how many seeds are judged by them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from creditloom.models.evaluation.bars import Bar, Bars, figure
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.cli import build
from creditloom.pipeline.proof import evidence
from creditloom.storage.files.store import read_json, write_json

GOOD: dict[str, Any] = {"final": {"approve_rate": 0.62, "bad_rate_true": 0.011}}


def bar(figure: str, **edges: float) -> Bar:
    return Bar(
        id="a_bar",
        name="a bar",
        chinese="",
        reason="",
        figure=figure,
        kind="share",
        sample="",
        bad_model="",
        source="",
        **edges,
    )


def met(metrics: dict[str, Any]) -> dict[str, Any]:
    """The figures with every bar met that does not stand among them."""
    whole: dict[str, Any] = {"has_truth": True}
    for one in document(Bars, paths.BARS).bars:
        keys = one.figure.split(".")
        value = one.low if one.low > float("-inf") else one.high
        place = whole
        if keys[0] == "duels":
            whole.setdefault("duels", []).append({"id": keys[1], keys[2]: value})
            continue
        for key in keys[:-1]:
            place = place.setdefault(key, {})
        place[keys[-1]] = value
    return {**whole, **metrics}


@pytest.mark.parametrize(
    ("value", "held"), [(0.619, False), (0.62, True), (0.75, True), (0.7501, False), (None, False)]
)
def test_a_bar_holds_on_its_edges(value: float | None, held: bool) -> None:
    metrics = {"final": {"approve_rate": value}}
    assert bar("final.approve_rate", low=0.62, high=0.75).judge(metrics) is held


def test_a_bar_says_its_aim() -> None:
    assert [bar("", low=0.9).aim, bar("", high=0.013).aim, bar("", low=0.62, high=0.75).aim] == [
        ">= 0.9",
        "<= 0.013",
        "0.62-0.75",
    ]


def test_a_figure_is_found_by_its_path_or_absent() -> None:
    assert figure(GOOD, "final.approve_rate") == 0.62
    assert (
        figure(GOOD, "final.approve_rate.more") is figure(GOOD, "none") is figure(GOOD, "") is None
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
        met(GOOD),
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
    bad = {"final": {"approve_rate": 0.5, "bad_rate_true": 0.011}}
    ended = _evidence(monkeypatch, tmp_path, met(bad), "--seeds", "3")
    assert ended.exit_code == 1 and "FAIL" in ended.stdout
    assert not read_json(tmp_path / paths.EVIDENCE)["held"]


def test_evidence_fails_where_a_figure_is_absent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without = {key: value for key, value in met(GOOD).items() if key != "leak"}
    ended = _evidence(monkeypatch, tmp_path, without, "--seeds", "3")
    assert ended.exit_code == 1 and not read_json(tmp_path / paths.EVIDENCE)["held"]


def test_seeds_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(evidence.EvidenceError, match="expected whole numbers"):
        evidence._seeds("1,two")
