"""How commands begin and end.

Refusals in words with exit code 2, bugs with their traceback, seconds noted only on success.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from creditloom.pipeline.base import paths, stage
from creditloom.pipeline.base.params import ParamsError
from creditloom.pipeline.cli import COMMANDS, GROUPS, RENAMED, build
from creditloom.pipeline.entry.contents import contents
from creditloom.storage.files.errors import DataError, refusals


def _creditloom(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(paths.PACKAGE.parent)}
    return subprocess.run(
        [sys.executable, "-m", "creditloom.pipeline.cli", *args],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("kind", [DataError, ParamsError])
def test_an_error_of_ours_is_a_message_and_exit_code_2(
    kind: type[ValueError], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended, refusals():
        raise kind("the matrix is missing; run `dvc repro featurize`")
    assert ended.value.code == 2
    assert (
        capsys.readouterr().err == "creditloom: the matrix is missing; run `dvc repro featurize`\n"
    )


@pytest.mark.parametrize(
    "bug", [ValueError("operands could not be broadcast"), KeyError("pd"), ZeroDivisionError()]
)
def test_a_bug_keeps_its_traceback(bug: Exception) -> None:
    with pytest.raises(type(bug)), refusals():
        raise bug


def test_a_stage_notes_its_seconds_and_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stage.run("train", lambda: {"rows": 7})
    noted = json.loads((tmp_path / "data/reports/runtime/train.json").read_text())
    assert noted["stage"] == "train" and noted["rows"] == {"rows": 7} and 0 <= noted["seconds"] < 5


def test_a_stage_that_refuses_notes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def refuse() -> None:
        raise DataError("no rows")

    with pytest.raises(SystemExit):
        stage.run("train", refuse)
    assert not (tmp_path / "data").exists()


def _params(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """Exit code and stderr of `creditloom params` in a folder, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        try:
            with refusals():
                build(["params"])(["params", *options], standalone_mode=False)
        except SystemExit as ended:
            return int(str(ended.code)), capsys.readouterr().err
    return 0, capsys.readouterr().err


def test_params_are_checked_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = (paths.DEFAULTS).read_text(encoding="utf-8")
    (tmp_path / "params.yaml").write_text(good, encoding="utf-8")
    assert _params(tmp_path, capsys) == (0, "")
    (tmp_path / "params.yaml").write_text(
        good.replace("\nseed: 1\n", "\nseed: one\n"), encoding="utf-8"
    )
    code, told = _params(tmp_path, capsys)
    assert code == 2
    assert "params.yaml: seed: expected: Input should be a valid integer, got str 'one'" in told


def test_two_blocks_may_not_tell_two_calendars(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "params.yaml").write_text(
        (paths.DEFAULTS).read_text(encoding="utf-8"), encoding="utf-8"
    )
    code, told = _params(tmp_path, capsys, "--set", "calendar.train_months=14")
    assert code == 2 and "calendar.train_months is 14 but split.train_months is 15" in told


def test_a_command_outside_a_checkout_says_so(tmp_path: Path) -> None:
    refused = _creditloom("params", cwd=tmp_path)
    assert refused.returncode == 2 and "run from the root of the repository" in refused.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    shown = CliRunner().invoke(build([name]), [name, "--help"], prog_name="creditloom")
    assert shown.exit_code == 0 and f"creditloom {name}" in shown.stdout


def test_help_lists_every_command_with_what_it_does() -> None:
    lines = contents(GROUPS, COMMANDS).splitlines()
    told = {line.split()[0]: line.split()[1:] for line in lines if line.startswith("  ")}
    assert [name for name in COMMANDS if not told.get(name)] == []


def test_a_mistyped_command_names_the_nearest() -> None:
    shown = _creditloom("quot", "--amount", "1", cwd=paths.PACKAGE.parent)
    assert shown.returncode == 2 and "quote" in shown.stderr


def test_asking_the_registry_does_not_wait_for_the_libraries_that_score() -> None:
    """`make repro` asks at the end of every run whether the model is registered."""
    code = "import sys; from creditloom.pipeline import cli; cli.build(['register'])\n"
    code += "sys.exit(bool({'lightgbm', 'mlflow', 'sklearn'} & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], cwd=paths.PACKAGE.parent, timeout=120, check=False
        ).returncode
        == 0
    )


def test_an_old_name_of_a_command_works_and_says_so() -> None:
    shown = _creditloom("machinery", "--help", cwd=paths.PACKAGE.parent)
    assert shown.returncode == 0 and "creditloom share-recovery" in shown.stdout
    assert shown.stderr == (
        "creditloom machinery is called creditloom share-recovery now; use that name\n"
    )
    assert "machinery" not in COMMANDS and set(RENAMED.values()) <= set(COMMANDS)


def test_a_command_that_loads_duckdb_ends_without_a_word_on_stderr() -> None:
    """DuckDB tells of leaks at the end of a process whose objects are frozen."""
    shown = _creditloom("check", "--help", cwd=paths.PACKAGE.parent)
    assert (shown.returncode, shown.stderr) == (0, "")


def test_an_unknown_command_is_refused() -> None:
    assert _creditloom("frobnicate", cwd=paths.PACKAGE.parent).returncode == 2
