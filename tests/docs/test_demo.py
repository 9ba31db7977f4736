"""What README promises first: `make demo` and its first door, on German credit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import ROOT

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def _made(folder: Path, target: str) -> str:
    """Run a target's commands in a folder with the examples; its installation is that of here."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    text = MAKEFILE.replace(f"{target}: setup", f"{target}:")
    (folder / "Makefile").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["make", target, f"BIN={Path(sys.executable).parent}"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    return done.stdout


def test_the_demo_is_the_first_door_with_its_protected_columns() -> None:
    """`creditloom fit` of README and of the target read the same table by the same columns."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (door,) = [line for line in readme.splitlines() if line.startswith("creditloom fit")]
    recipe = MAKEFILE.partition("\ndemo:")[2]
    words = door.partition(" --out")[0].split()[1:]
    assert [word for word in words if word not in recipe] == []


@pytest.mark.slow
def test_make_demo_fits_decides_writes_a_letter_and_says_what_is_next(
    tmp_path: Path,
) -> None:
    told = _made(tmp_path, "demo")
    assert "\nnext: source .venv/bin/activate; creditloom open data/demo/fitted" in told
    assert "Dear applicant," in told and "What would change this" in told
    demo = tmp_path / "data" / "demo"
    assert (demo / "fitted" / "index.html").is_file() and (demo / "batch").is_dir()
