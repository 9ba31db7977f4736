"""`creditloom status`, `open`, `doctor` and the groups of `--help`: a newcomer finds the way."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from creditloom.pipeline import cli
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.stage import STAGES
from creditloom.pipeline.base.waiting import FRAMES, waiting
from creditloom.pipeline.commands.workspace import doctor
from creditloom.pipeline.commands.workspace.folder_state import (
    DONE,
    NOT_RUN,
    OLDER,
    stage_states,
)
from creditloom.pipeline.commands.workspace.open_page import PAGES
from creditloom.pipeline.entry.contents import NEXT
from creditloom.storage.files.formats import RESULTS, write_document
from tests.checkout import ROOT

APP = cli.build(["status", "open", "doctor"])


def _ran(folder: Path, *stages: str) -> None:
    """Leave the records of stages that ended one after the other."""
    for second, stage in enumerate(stages):
        record = folder / paths.RUNTIME / f"{stage}.json"
        write_document({"stage": stage, "seconds": 1.5, "rows": {}}, record, RESULTS)
        os.utime(record, (1_000 + second, 1_000 + second))


def _told(folder: Path) -> dict[str, object]:
    done = CliRunner().invoke(APP, ["status", "--folder", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    found: dict[str, object] = json.loads(done.output)
    return found


def _cpu(*words: str) -> float:
    """Return the least CPU seconds of three runs of a command: other work runs beside a test."""
    code = "import sys, time; from creditloom.pipeline.cli import main\n"
    code += "try: main()\nexcept SystemExit: pass\nsys.stderr.write(str(time.process_time()))"
    runs = [
        subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(paths.PACKAGE.parent)},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        for _ in range(3)
    ]
    return min(float(run.stderr) for run in runs)


# table: command -> most CPU seconds
AT_MOST = {("--help",): 0.3, ("--version",): 0.3, ("status",): 0.5}


@pytest.mark.parametrize("words", AT_MOST)
def test_what_shows_the_way_starts_at_once(words: tuple[str, ...]) -> None:
    assert _cpu(*words) < AT_MOST[words]


@pytest.mark.slow
@pytest.mark.parametrize("variable", ["COMP_WORDS", "_TYPER_COMPLETE_ARGS"])
def test_a_shell_completes_commands_and_the_options_of_one(variable: str) -> None:
    """bash hands its words over under one name, zsh and fish under the other."""
    names = _completed(variable, "creditloom qu")
    assert "quote" in names
    assert "--tenor" in _completed(variable, "creditloom quote --t")


def _completed(variable: str, line: str) -> str:
    shell = "complete_bash" if variable == "COMP_WORDS" else "complete_zsh"
    asked = {variable: line, "COMP_CWORD": str(len(line.split()) - 1), cli.COMPLETES: shell}
    done = subprocess.run(
        [sys.executable, "-m", "creditloom.pipeline.cli"],
        cwd=ROOT,
        env={**os.environ, **asked, "PYTHONPATH": str(paths.PACKAGE.parent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


def test_every_command_stands_in_one_group_of_the_help() -> None:
    grouped = [name for names in cli.GROUPS.values() for name in names]
    assert sorted(grouped) == sorted(cli.COMMANDS)


def test_a_new_checkout_is_told_to_make_the_report(tmp_path: Path) -> None:
    (tmp_path / paths.PARAMS).write_text("seed: 11\n")
    assert "make repro" in str(_told(tmp_path)["next"])
    assert {one.state for one in stage_states(tmp_path)} == {NOT_RUN}


def test_an_empty_folder_is_told_of_a_table_of_ones_own(tmp_path: Path) -> None:
    assert "creditloom fit" in str(_told(tmp_path)["next"])


def test_a_stage_that_is_older_than_the_one_before_is_named(tmp_path: Path) -> None:
    (tmp_path / paths.PARAMS).write_text("seed: 11\n")
    _ran(tmp_path, "featurize", *(stage for stage in STAGES if stage != "featurize"))
    states = {one.stage: one.state for one in stage_states(tmp_path)}
    assert states["featurize"] == OLDER and states["train"] == DONE
    assert "featurize" in str(_told(tmp_path)["next"])


def test_evaluate_may_end_after_explain(tmp_path: Path) -> None:
    """Neither follows the other: DVC runs them in any order."""
    first = [stage for stage in STAGES if stage not in ("evaluate", "report")]
    _ran(tmp_path, *first, "evaluate", "report")
    assert {one.state for one in stage_states(tmp_path)} == {DONE}


def test_the_figures_of_the_last_evaluation_are_told(tmp_path: Path) -> None:
    (tmp_path / paths.PARAMS).write_text("seed: 11\n")
    metrics = {"discrimination": {"auc_oot": 0.75}, "final": {"approve_rate": None}}
    write_document(metrics, tmp_path / paths.METRICS, RESULTS)
    assert _told(tmp_path)["figures"] == {"AUC, out of time, through the door": "0.750"}


def test_the_path_of_a_page_is_printed_and_a_wrong_one_names_the_known(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text("")
    done = CliRunner().invoke(APP, ["open", str(tmp_path), "--path"])
    assert done.output.replace("\n", "") == str(page.resolve())
    wrong = CliRunner().invoke(APP, ["open", str(tmp_path / "none")])
    assert "No such page" in str(wrong.exception) and "report" in str(wrong.exception)


def test_every_page_that_open_names_is_written_by_somebody() -> None:
    """The folder or file of each stands in the module that writes it."""
    code = paths.PACKAGE / "pipeline"
    writers = {
        "report": code / "stages/results/report/__main__.py",
        "whatif": code / "commands/policy/whatif.py",
    }
    constants = {"report": "paths.REPORT", "whatif": "paths.WHATIF"}
    texts = {name: writers[name].read_text(encoding="utf-8") for name in PAGES}
    assert [
        name
        for name, text in texts.items()
        if constants[name] not in text or "write_text(" not in text
    ] == []


def test_what_every_use_needs_is_missing_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (99, 0))
    done = CliRunner().invoke(APP, ["doctor"])
    assert done.exit_code == 1 and "missing: Python" in done.output


def test_what_one_use_needs_is_absent_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(doctor, "_version", lambda name: None)
    verdicts = {one.part: one.verdict for one in doctor.examined()}
    assert verdicts["mlflow"] == "absent" and verdicts["Python"] == "ok"
    done = CliRunner().invoke(APP, ["doctor"])
    assert done.exit_code == 0 and "absent" in done.output


# Commands for developers and evidence end with a table that says all; `status` and `doctor` name
# the next step themselves.
WITHOUT_NEXT = {
    "status",
    "doctor",
    "steadiness",
    "certificate",
    "claims",
    "share-recovery",
    "bench",
    "scale",
    "trace",
    "dictionary",
}


def test_every_command_of_users_has_a_next_step_and_names_commands_that_exist() -> None:
    assert set(NEXT) == set(cli.COMMANDS) - WITHOUT_NEXT
    named = {found for text in NEXT.values() for found in re.findall(r"creditloom ([a-z-]+)", text)}
    assert named <= set(cli.COMMANDS)


def test_a_stage_shows_the_time_left_by_its_last_run(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("select", 30.0, is_shown=True):
        time.sleep(3 / FRAMES)
    assert "select: about" in capsys.readouterr().err
    with waiting("select", 30.0, is_shown=False):
        pass
    assert capsys.readouterr().err == ""
