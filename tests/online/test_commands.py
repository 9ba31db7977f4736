"""docs/online.md: every command of it runs, in its order, and does what the page says.

They are `creditloom online`, then `verify`, `replay` and `erase` of what it left.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from creditloom.pipeline.cli import build
from creditloom.storage.files.errors import DataError, refusals
from tests.checkout import ROOT, needs_checkout
from tests.online.world import AS_OF, World
from tests.own_tables.conftest import own  # noqa: F401 - a fixture

PAGE = ROOT / "docs" / "online.md"


def commands() -> list[list[str]]:
    """The words of each command of the page, without its remark."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    shells = [block for language, block in blocks if not language]
    lines = [line.partition("  #")[0] for block in shells for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("creditloom ")]


def ran(words: list[str]) -> Result:
    with refusals():
        return CliRunner().invoke(build([words[0]]), words, catch_exceptions=False)


@pytest.fixture
def home(
    tmp_path: Path,
    own: Path,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A folder with what the page names: raw/, data/model, network/, my_files/, rows.jsonl."""
    world = World.made(tmp_path / "world", people=25, seed=11, is_clean=True)
    shutil.copytree(world.folder, tmp_path / "raw")
    shutil.copytree(world.bundle, tmp_path / "data" / "model")
    shutil.copytree(world.network, tmp_path / "network")
    own.rename(tmp_path / "my_files")
    row = world.raw["bills"].slice(0, 1).to_pylist()[0]
    line = {**row, "event_id": 10**8, "table": "bills"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(line, default=str) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@needs_checkout
def test_every_command_of_the_page_runs(home: Path) -> None:
    answers = {}
    for words in commands():
        if words[0] == "bench":
            continue
        words = [w.replace("2026-11-20T10:00:00", AS_OF.isoformat()) for w in words]
        if words[0] in ("verify", "replay"):
            [batch] = [file.parent.name for file in Path("journal").glob("*/manifest.json")]
            words[1] = f"journal/{batch}"
        # Person 17 has application 17 here.
        words = ["17" if word == "4711" else word for word in words]
        done = ran(words)
        assert done.exit_code == 0, (words, done.output)
        answers[" ".join(words[:2])] = done
    assert json.loads(answers["online decide"].stdout)["application_id"] == 17
    assert "bills" in answers["online status"].stdout
    # The files again are known, and the person is gone.
    assert "known, left out" in ran(["online", "load", "persons", "raw"]).output
    words = ["online", "decide", "persons", "17", "--bundle", "data/model"]
    words += ["--snapshot", "network", "--as-of", AS_OF.isoformat()]
    with pytest.raises(DataError, match="no such application"):
        CliRunner().invoke(build(["online"]), words, catch_exceptions=False)


@pytest.mark.slow
def test_the_bench_of_the_page_runs(home: Path) -> None:
    [words] = [words for words in commands() if words[0] == "bench"]
    words = [AS_OF.isoformat() if word == "2026-11-20" else word for word in words]
    options = [
        "--events",
        "raw",
        "--people",
        "8",
        "--calls",
        "4",
        "--seconds",
        "1",
        "--compared",
        "5",
    ]
    done = ran([*words, *options, "--output", "bench.json"])
    assert done.exit_code == 0, done.output
    rows = json.loads((home / "bench.json").read_text())["rows"]
    named = {row["what"]: row for row in rows}
    assert named["answers that differ"]["ours"] == 0.0
    assert len(rows) == 14 and all(row["ours"] == 0.0 for row in rows if row["unit"] == "differ")
