"""The evidence: parts are kept, an interrupted run goes on, what is missing is said, runs logged.

Stages are stubs: what they would measure is tested with the judges and with the chain of this
folder.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from creditloom.models.evaluation.bars import Bar, Bars, figure
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.cli import build
from creditloom.pipeline.proof.claims import seed_folder
from creditloom.pipeline.proof.claims.labelled_world import LabelledWorld
from creditloom.pipeline.proof.evidence import command, macro_paths, page, parts, run_parts
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_json, write_json
from tests.pipeline.test_evidence_judges import GOOD as MEASURED
from tests.pipeline.test_evidence_judges import LARGE

GOOD: dict[str, Any] = {"final": {"approve_rate": 0.62, "bad_rate_true": 0.011}}


def bar(figure: str, **edges: Any) -> Bar:
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
    """The figures with every bar of a run met that does not stand among them."""
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


def good(name: str, seed: int) -> dict[str, Any]:
    """What a part would measure of a good model."""
    if name == "large":
        return LARGE
    found: dict[str, Any] = copy.deepcopy(MEASURED.get(seed, MEASURED[3])[name])
    if name == "run":
        duels = found["metrics"]["duels"]
        found["metrics"] = met({**GOOD, "duels": duels})
    return found


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Stub stages and parts; every stage and every part that runs is noted."""
    ran: list[str] = []

    def run(folder: Path, names: tuple[str, ...]) -> None:
        for name in names:
            ran.append(f"{folder.parent.name} {folder.name} {name}")
            write_json({"seconds": 1}, folder / paths.RUNTIME / f"{name}.json")

    def measured(name: str) -> Any:
        def measure(folder: Path) -> dict[str, Any]:
            ran.append(f"{folder.parent.name} {name}")
            return good(name, int(folder.parent.name.removeprefix("seed-")))

        return measure

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stage_runner, "run", run)
    stubs = {
        name: parts.EvidencePart(measured(name), one.run, one.last)
        for name, one in parts.PARTS.items()
    }
    monkeypatch.setattr(command, "PARTS", stubs)
    return ran


def evidence(*words: str) -> Any:
    asked = ("--applicants", "5000", "--out", "out")
    return CliRunner().invoke(build(["evidence"]), ["evidence", *asked, *words])


def test_every_part_is_measured_once_and_every_bar_is_judged(stages: list[str]) -> None:
    ended = evidence("--page", "evidence.md")
    assert ended.exit_code == 0, ended.output
    written = read_json(Path("out/evidence.json"))
    assert len(written["bars"]) == sum(
        len(document(Bars, path).bars) for path in (paths.BARS, paths.EVIDENCE_BARS)
    )
    assert [line for line in stages if "large" in line and "simulate" in line] == [
        "seed-1 large simulate"
    ]
    assert stages.count("seed-2 calm simulate") == 1
    text = Path("evidence.md").read_text()
    assert "0.0230 (0.0100 to 0.0400)" in text and "MISSED" not in text
    # The runs are gigabytes: none is left when all its parts are there.
    assert [path.name for path in Path("out/seed-1").iterdir() if path.is_dir()] == []


def test_an_interrupted_run_goes_on_where_it_was(
    stages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = dict(command.PARTS)

    def fail(_: Path) -> dict[str, Any]:
        raise run_parts.EvidenceRunError("no figure")

    broken["backtest"] = parts.EvidencePart(fail, "calm", "evaluate")
    whole = command.PARTS
    monkeypatch.setattr(command, "PARTS", broken)
    ended = evidence("--seeds", "11", "--large", "0")
    assert ended.exit_code == 1 and "no figure" in ended.stderr
    assert Path("out/seed-11/calm").is_dir() and not Path("out/seed-11/off").exists()
    missing = evidence("--seeds", "11", "--large", "0", "--check")
    assert missing.exit_code == 1 and "seed 11: backtest missing" in missing.stdout
    stages.clear()
    monkeypatch.setattr(command, "PARTS", whole)
    evidence("--seeds", "11", "--large", "0")
    assert stages == ["seed-11 backtest"]
    assert evidence("--seeds", "11", "--large", "0", "--check").exit_code == 0


def test_check_runs_and_writes_nothing(stages: list[str]) -> None:
    ended = evidence("--seeds", "3", "--check")
    assert ended.exit_code == 1 and "refits, large missing" in ended.stdout
    assert not stages and not Path("out").exists()


def test_what_was_not_asked_for_is_a_bar_missed(stages: list[str]) -> None:
    ended = evidence("--seeds", "1", "--only", "backtest")
    assert ended.exit_code == 1 and "seed-1 backtest" in stages
    bars = read_json(Path("out/evidence.json"))["bars"]
    met_bars = [name for name, one in bars.items() if one["is_met"]]
    assert met_bars == ["inner estimate less the AUC that followed, of what is allowed"]


def test_the_log_of_a_page_is_only_added_to(stages: list[str]) -> None:
    """Looks at the judged seeds are counted; those at others are not."""
    evidence("--seeds", "2", "--only", "run", "--page", "evidence.md")
    first = page.log_lines(Path("evidence.md").read_text())
    assert len(first) == 1 and "seeds 2, 5,000 applicants: run of 2" in first[0]
    Path("evidence.md").write_text(
        Path("evidence.md").read_text() + "- 2026-01-01: an earlier look\n"
    )
    evidence("--seeds", "1", "--only", "run", "--page", "evidence.md", "--out", "other")
    evidence("--seeds", "11", "--only", "run", "--page", "evidence.md", "--out", "third")
    later = page.log_lines(Path("evidence.md").read_text())
    assert later[:2] == [*first, "- 2026-01-01: an earlier look"] and len(later) == 3


def test_a_page_of_somebody_else_is_left_alone(stages: list[str]) -> None:
    Path("mine.md").write_text("# Mine\n")
    ended = evidence("--seeds", "1", "--page", "mine.md")
    assert isinstance(ended.exception, DataError) and not stages


def test_other_code_is_refused(stages: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    evidence("--seeds", "1", "--only", "run")
    monkeypatch.setattr(seed_folder, "code_digest", lambda *_: "other")
    ended = evidence("--seeds", "1", "--only", "run")
    assert isinstance(ended.exception, DataError) and "code other" in str(ended.exception)


def test_options_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(command.EvidenceOptionError, match="whole numbers"):
        command._seeds("1,two")
    with pytest.raises(command.EvidenceOptionError, match="got speed"):
        command._parts("run,speed")


# --- What the parts measure ---


def test_everyone_is_told_where_the_ceiling_is_measured() -> None:
    """Refused, grey and young loans get their true outcome and count alike."""
    # table: labels
    labels = pa.table(
        {
            "application_id": [1, 2, 3],
            "is_booked": [True, False, True],
            "is_complete": [False, False, True],
            "label": pa.array([None, None, None], pa.int8()),
            "is_indeterminate": [False, False, True],
            "weight": pa.array([4.0, None, 2.0], pa.float64()),
        }
    )
    truth = pd.DataFrame({"application_id": [3, 2, 1], "defaulted": [False, True, True]})
    told = run_parts.all_told(labels, truth)
    assert told["label"].to_pylist() == [1, 1, 0]
    assert told["weight"].to_pylist() == [1.0] * 3
    assert all(told["is_booked"].to_pylist())
    assert not any(told["is_indeterminate"].to_pylist())
    assert told.schema == labels.schema


def test_the_share_of_the_ceiling_is_paired() -> None:
    rng = np.random.default_rng(1)
    pd_true = np.exp(rng.normal(-4, 1, 4000))
    near, far = (np.log(pd_true) + sd * rng.normal(size=4000) for sd in (0.5, 1.5))
    scores = {"embargo": (far,), "ceiling": (near,)}
    found = run_parts.of_ceiling(scores, pd_true, (100, 1))
    assert found["low"] < found["value"] < found["high"] < 1.0
    own = run_parts.shares_of(scores, pd_true, 0.6, (100, 1))
    # Both meet the same applicants: the ratio is surer than each share alone.
    width = own["embargo"]["high"] - own["embargo"]["low"]
    assert found["high"] - found["low"] < 2 * width


def test_a_redrawn_path_is_the_same_until_the_day_that_was_known(tmp_path: Path) -> None:
    stage_runner.prepare(tmp_path, {"seed": 11, "world.applicants": 2000}, paths.DEFAULTS)
    labelled = LabelledWorld.of(tmp_path)
    own = labelled.setting().economy
    rng = np.random.default_rng(1)
    drawn = [macro_paths.gone_on(labelled, 18, rng) for _ in range(300)]
    place = 18 + macro_paths.MONTHS_BEFORE_VINTAGES
    assert all(np.allclose(one.path[:place], own.path[:place]) for one in drawn)
    # Many months on, the path has forgotten where it was: the world's own spread and centre.
    last = np.array([one.path[-1] for one in drawn]) + macro_paths._centre(labelled)
    assert abs(last.mean()) < 0.2 and last.std() == pytest.approx(1.0, abs=0.15)
    # One month on, it has hardly moved.
    first = np.array([one.path[place] for one in drawn])
    assert first.std() == pytest.approx(np.sqrt(1 - 0.95**2), abs=0.06)
