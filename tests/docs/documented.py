"""The commands of the documents as data: where each stands, its tier, and what it is to show.

A comment line before a fenced block of commands says when they are run, and where:

    <!-- tier: test in german -->             by `make test`, in a folder as places.py makes it
    <!-- tier: ci in world -->                by `make consumer` and .ci/run
    <!-- tier: proof in world -->             by `make proof` alone: it takes minutes
    <!-- tier: ci by .ci/run -->              by that file, which names the commands itself

All blocks of one document with the same tier and place run in one folder, one after the other. In
a block of the language `console` a line with `$ ` is a command and the lines below it are what it
shows, where `...` stands for anything. A notebook has its tier in its metadata.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.checkout import ROOT

TIERS = ("test", "ci", "proof")
# table: the first words of a line that is a command
PROGRAMS = (
    "creditloom", "make", "dvc", "pip", "python", "git", "mlflow", "curl", "spark-submit", "uv",
    "source",
)  # fmt: skip
SHELLS = ("", "sh", "console")
# Pages that a command writes, and what earlier releases wrote or said: no instructions.
LEFT_OUT = ("docs/decisions/", "docs/domain/", "docs/features/", "CHANGELOG.md", "tests/formats/")
_FENCE = re.compile(
    r"(?:<!-- (?P<mark>[^\n]*?) -->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```",
    re.DOTALL | re.MULTILINE,
)
_PROGRAM = re.compile(rf"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:{'|'.join(PROGRAMS)})\b")
_TIER = re.compile(r"tier: (?P<name>\w+)(?: in (?P<place>\w+)| by (?P<by>\S+))?")


@dataclass(frozen=True)
class Tier:
    """When commands are run, and in which place, or by which file. Both are "" in a wrong mark."""

    name: str
    place: str = ""
    by: str = ""


@dataclass(frozen=True)
class Command:
    """A command of a document, and the lines that it is to show; none where none are shown."""

    text: str
    shown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """A fenced block of commands; tier: null where the document gives it none."""

    file: str
    line: int
    tier: Tier | None
    commands: tuple[Command, ...]

    @property
    def where(self) -> str:
        """Return file and line, as an editor opens them."""
        return f"{self.file}:{self.line}"


def documents() -> list[Path]:
    """Return every tracked document of instructions, relative to the checkout."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    names = sorted(filter(None, listed.stdout.split("\0")))
    return [
        Path(name) for name in names if not name.startswith(LEFT_OUT) and (ROOT / name).is_file()
    ]


def all_blocks() -> list[Block]:
    """Return the blocks of commands of all documents and notebooks."""
    found = [
        block
        for document in documents()
        for block in blocks((ROOT / document).read_text(encoding="utf-8"), document.as_posix())
    ]
    notebooks = sorted((ROOT / "examples").glob("*.ipynb"))
    return found + [block for notebook in notebooks for block in _of_notebook(notebook)]


def blocks(text: str, file: str) -> Iterator[Block]:
    """Yield the blocks of commands of a document."""
    for fence in _FENCE.finditer(text):
        lines = _joined(fence["text"])
        is_shell = fence["language"] in SHELLS
        # The recipes of CONTRIBUTING.md are carried out by tests/contributing.
        is_recipe = fence["mark"] == "run"
        if is_shell and not is_recipe and any(_PROGRAM.match(line) for line in lines):
            number = text[: fence.start("text")].count("\n") + 1
            yield Block(file, number, _tier(fence["mark"] or ""), _commands(lines))


def _of_notebook(notebook: Path) -> Iterator[Block]:
    content: Any = json.loads(notebook.read_text(encoding="utf-8"))
    mark = content["metadata"].get("creditloom", {}).get("tier", "")
    for number, cell in enumerate(content["cells"]):
        text = "".join(cell["source"])
        if cell["cell_type"] == "code" and text.startswith("%%bash\n"):
            lines = _joined(text.partition("\n")[2])
            file = notebook.relative_to(ROOT).as_posix()
            yield Block(file, number, _tier(f"tier: {mark}"), _commands(lines))


def _tier(mark: str) -> Tier | None:
    found = _TIER.fullmatch(mark)
    return Tier(found["name"], found["place"] or "", found["by"] or "") if found else None


def _joined(text: str) -> list[str]:
    """Return the lines of a block; a backslash at the end of a line continues it."""
    return [line for line in re.sub(r"\\\n\s*", "", text).splitlines() if line.strip()]


def _commands(lines: list[str]) -> tuple[Command, ...]:
    if not any(line.startswith("$ ") for line in lines):
        return tuple(Command(line) for line in lines if not line.startswith("#"))
    found: list[Command] = []
    for line in lines:
        if line.startswith("$ "):
            found.append(Command(line.removeprefix("$ ")))
        elif found:
            found[-1] = Command(found[-1].text, (*found[-1].shown, line))
    return tuple(found)
