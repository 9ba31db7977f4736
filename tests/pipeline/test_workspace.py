"""`creditloom status`, `open`, `doctor` and the groups of `--help`: a newcomer finds the way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from creditloom.pipeline import cli
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.stage import STAGES
from creditloom.pipeline.commands.workspace import doctor
from creditloom.pipeline.commands.workspace.status import DONE, NOT_RUN, OLDER, stage_states
from creditloom.storage.files.formats import RESULTS, write_document

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
    assert "no such page" in str(wrong.exception) and "report" in str(wrong.exception)


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
