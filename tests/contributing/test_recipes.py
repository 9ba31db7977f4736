"""How to add a family, a product ...: short, and true, as each recipe is carried out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import IN_CHECKOUT, ROOT
from tests.contributing.recipes import carry_out, recipes

pytestmark = pytest.mark.skipif(not IN_CHECKOUT, reason="CONTRIBUTING.md lies in the repository")
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8") if IN_CHECKOUT else ""
RECIPES = recipes(TEXT)
MOST_PLACES = {
    "Add a family": 3,
    "Add an aggregate": 1,
    "Add a raw table": 3,
    "Add a metric": 2,
    "Add a report section": 2,
    "Add a product": 1,
    "Add a law": 1,
    "Add a stage": 3,
    "Add a command": 2,
}


def copied(folder: Path) -> Path:
    """The tracked files and links of the repository in a folder of their own."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    for name in filter(None, listed.stdout.decode().split("\0")):
        if os.path.lexists(ROOT / name):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    return folder


def test_every_promised_recipe_is_there() -> None:
    assert set(RECIPES) == set(MOST_PLACES)


@pytest.mark.parametrize("title", MOST_PLACES)
def test_a_recipe_touches_few_places(title: str) -> None:
    assert 1 <= len(RECIPES[title].places) <= MOST_PLACES[title], RECIPES[title].places
    assert RECIPES[title].commands, "a recipe ends in a command that shows that it worked"


# Slow: `make consumer` runs it at every change.
@pytest.mark.slow
@pytest.mark.parametrize("title", MOST_PLACES)
def test_a_recipe_works(title: str, tmp_path: Path) -> None:
    folder = copied(tmp_path / "copy")
    carry_out(RECIPES[title], folder)
    touched = [edit.file for edit in RECIPES[title].edits if edit.file.endswith(".py")]
    style = [f"ruff check {file} && ruff format --check {file}" for file in touched]
    for command in (*style, *RECIPES[title].commands):
        done = run(command, folder)
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


# Slow: `make consumer` runs it at every change.
@pytest.mark.slow
@pytest.mark.parametrize("title", MOST_PLACES)
def test_its_commands_fail_without_it(title: str, tmp_path: Path) -> None:
    """Otherwise they would show nothing."""
    folder = copied(tmp_path / "copy")
    assert any(run(command, folder).returncode for command in RECIPES[title].commands)


def test_a_recipe_with_a_lost_anchor_is_seen(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("one\n")
    broken = '## Add it\n<!-- after: "two" in x.py -->\n```python\nthree\n```\n'
    with pytest.raises(AssertionError, match="stands there 0 times"):
        carry_out(recipes(broken)["Add it"], tmp_path)


def test_a_line_is_added_after_or_before_another_or_replaces_it(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text('one\n"two"\n')
    text = """## Add it
<!-- after: "one" in x.py -->
```
behind one
```
<!-- before: "one" in x.py -->
```
before one
```
<!-- replace: "\\"two\\""
  in x.py -->
```
three
```
"""
    carry_out(recipes(text)["Add it"], tmp_path)
    assert (tmp_path / "x.py").read_text() == "before one\none\nbehind one\nthree\n"


def test_a_package_that_a_recipe_makes_is_one_place() -> None:
    files = ("a/b/__init__.py", "a/b/__main__.py", "a/c.py", "tests/d.py")
    blocks = "".join(f"<!-- new: {file} -->\n```\n```\n" for file in files)
    assert recipes(f"## Add it\n{blocks}")["Add it"].places == {"a/b/", "a/c.py"}


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command line in the copy, whose code goes before what is installed."""
    kept = {
        **os.environ,
        "PYTHONPATH": str(folder),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    return subprocess.run(
        command, cwd=folder, env=kept, shell=True, capture_output=True, text=True, check=False
    )
