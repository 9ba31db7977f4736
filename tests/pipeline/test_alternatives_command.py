"""`creditloom alternatives` on the small world: page and figures, resumed, and then closed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from creditloom.pipeline.base import paths
from creditloom.pipeline.cli import build

# It waits for the one small chain, as test_chain.py does.
pytestmark = pytest.mark.slow

QUICK = ("alternatives", "--trees", "10", "--passed", "0.7")


@pytest.fixture(scope="module")
def copy(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small world's run up to the selection, without what a later stage has written."""
    folder = tmp_path_factory.mktemp("alternatives")
    shutil.copy(run / paths.PARAMS, folder / paths.PARAMS)
    for part in (paths.FEATURES, paths.SELECTED.parent, paths.TRUTH):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        # A link: the matrix is read and nothing is written there.
        (folder / part).symlink_to((run / part).resolve())
    return folder


def ended(*options: str) -> Result:
    return CliRunner().invoke(build([QUICK[0]], is_main=True), [*QUICK, *options])


def test_a_search_goes_on_is_judged_once_and_then_closed(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copy)
    first = ended("--models", "4", "--minutes", "0")
    assert first.exit_code == 0 and "run it again to go on" in first.output
    assert not (paths.ALTERNATIVES / "figures.json").exists()
    end = ended("--models", "4")
    assert end.exit_code == 0, end.output
    figures = json.loads((paths.ALTERNATIVES / "figures.json").read_text("utf-8"))
    assert figures["models"] == 4 and figures["judged_by"] == "truth"
    assert figures["front"][0]["words"] == "as given"
    assert figures["chosen"] in {one["ordinal"] for one in figures["front"]}
    for one in figures["front"]:
        judged = one["judged"]
        assert judged["gap_low"] <= judged["gap"] <= judged["gap_high"]
        assert judged["auc_low"] <= judged["auc"] <= judged["auc_high"]
    page = (paths.ALTERNATIVES / "page.md").read_text("utf-8")
    assert "**Chosen by the folds alone" in page and page in end.output
    # One more model would be chosen by what the truth has said.
    more = ended("--models", "5")
    assert more.exit_code == 2 and "expected no other" in more.output


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--field", "shoe_size"), "expected one of"),
        (("--group", "astronaut"), "expected groups of"),
        (("--with", "no_such_column"), "got none of that name"),
    ],
)
def test_what_is_not_there_is_refused(
    copy: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(copy)
    end = ended(*options, "--out", "data/reports/none")
    assert end.exit_code == 2 and told in end.output
    assert not Path("data/reports/none").exists()
