"""The list of commands that `creditloom --help` shows: written at once, without typer or rich."""

from __future__ import annotations

import importlib.util
import re
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

# Widest line of the list: wider ones are hard to read.
MOST_COLUMNS = 100
ABOUT = "Credit decisions from raw events. The pipeline itself runs as `make repro` or `dvc repro`."
# table: options of `creditloom` itself -> what they do
OPTIONS = {
    "-h, --help": "show this list; creditloom COMMAND --help shows a command's options",
    "--version": "print the version and stop",
    "--install-completion": "let this shell complete commands and options",
    "--show-completion": "print what completes them, to copy it",
}


def contents(groups: Mapping[str, Sequence[str]], commands: Mapping[str, str]) -> str:
    """Return the list of `commands` (name -> module:function) by group, as wide as the terminal."""
    width = min(shutil.get_terminal_size().columns, MOST_COLUMNS)
    # Two blanks on each side of the longest name.
    indent = max(map(len, (*commands, *OPTIONS))) + 4
    lines = ["Usage: creditloom [OPTIONS] COMMAND [ARGS]...", "", *textwrap.wrap(ABOUT, width)]
    for group, names in groups.items():
        lines += ["", group]
        for name in names:
            lines += _entry(name, summary_of(commands[name]), indent, width)
    lines += ["", "Options"]
    for option, text in OPTIONS.items():
        lines += _entry(option, text, indent, width)
    lines += ["", "next: creditloom status says what is here and what comes next"]
    return "\n".join(lines) + "\n"


def summary_of(entry: str) -> str:
    """Return the first line of the docstring of a command, given as module:function.

    It is read from the source, as text: importing all commands would take seconds and need all
    optional libraries, and a syntax tree of each module takes ten times as long as its text.
    """
    module, _, function = entry.partition(":")
    text = _source(module)
    at = re.search(rf"^def {function}\(", text, re.MULTILINE)
    # A group of commands (`refer`) is a variable: the docstring of its module stands for it.
    found = re.search(r'"""(.+?)(?:"""|$)', text[at.start() if at else 0 :], re.MULTILINE)
    return found.group(1).strip().rpartition("`: ")[2] if found else ""


def _entry(name: str, text: str, indent: int, width: int) -> list[str]:
    wrapped = textwrap.wrap(text, max(width - indent, 20)) or [""]
    first = f"  {name}".ljust(indent) + wrapped[0]
    return [first.rstrip(), *(" " * indent + line for line in wrapped[1:])]


def _source(module: str) -> str:
    """Return the text of a module that is not imported."""
    package, _, inner = module.partition(".")
    spec = importlib.util.find_spec(package)
    root = Path(next(iter(spec.submodule_search_locations or ()))) if spec else Path()
    place = root.joinpath(*inner.split("."))
    file = place.with_suffix(".py")
    return (file if file.is_file() else place / "__init__.py").read_text(encoding="utf-8")
