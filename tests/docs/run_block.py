"""Runs the blocks of a document in a folder, as somebody who copies them into a shell."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from creditloom.pipeline import stage_runner
from tests.docs.documented import Block
from tests.docs.places import Place
from tests.docs.shown import differs

# Seconds that one block may take: a hanging command is to end some day.
LONGEST = 3_600
# An id of a decision, whole or cut short, or the word that stands for one.
_ID = re.compile(r"\b(?:[0-9a-f]{4,}\.\.\.|[0-9a-f]{32}\b|ID\b)")


def failures(blocks: Sequence[Block], place: Place) -> list[str]:
    """Run blocks one after the other; return where each failure is and what it said."""
    found: list[str] = []
    for block in blocks:
        found += _failed(block, place)
    return found


def _failed(block: Block, place: Place) -> list[str]:
    texts = [with_ids(command.text, place) for command in block.commands]
    if not any(command.shown for command in block.commands):
        # One shell for all: a `cd` holds for the lines below it.
        said = _run("\n".join(texts), place.folder)
        return [] if said.returncode == 0 else [f"{block.where}: {_last(said)}"]
    found = []
    for text, command in zip(texts, block.commands, strict=True):
        said = _run(text, place.folder)
        missing = differs(command.shown, said.stdout + said.stderr)
        if said.returncode or missing:
            found.append(f"{block.where}: {text}: not shown: {missing!r}\n{_last(said)}")
    return found


def with_ids(text: str, place: Place) -> str:
    """Return a command with ids of decisions that the place holds."""
    kind = "refer" if text.startswith("creditloom refer") else "adverse"
    known = place.ids.get(kind)
    return text if known is None else _ID.sub(known, text)


def _run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    tools = str(Path(sys.executable).parent)
    mlflow = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW")}
    environ = stage_runner.with_package() | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    # Wide: a table of a terminal is as a document shows it.
    environ |= {"COLUMNS": "120"}
    return subprocess.run(
        ["bash", "-c", f"set -eo pipefail\n{script}"],
        cwd=folder,
        env={name: value for name, value in environ.items() if name not in mlflow},
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )


def _last(said: subprocess.CompletedProcess[str]) -> str:
    """Return the exit code and the last lines of what a command said."""
    lines = (said.stdout + said.stderr).strip().splitlines()[-12:]
    return f"exit code {said.returncode}\n" + "\n".join(lines)
