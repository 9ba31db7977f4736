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
# table: command -> what a person does after it
NEXT = {
    "open": "creditloom status: what else is here",
    "params": "dvc repro: run what the parameters change",
    "simulate": "creditloom check LENDER/raw, or creditloom fit --data LENDER/raw --label is_bad",
    "fit": "creditloom open OUT: its report; creditloom score --bundle OUT/bundle",
    "tables": "creditloom check: what the tables hold",
    "check": "creditloom fit --data ... --label ..., or creditloom lake add",
    "lake": "creditloom score --events LAKE",
    "snapshot": "creditloom score --events ... --snapshot FOLDER",
    "lineage": "creditloom explain: the whole decision in words",
    "decide": "creditloom explain --application ID: why, in words",
    "recourse": "creditloom letter --application ID: what the person is told",
    "score": "creditloom verify OUTPUT; creditloom explain --first decline --batch OUTPUT",
    "online": "creditloom online status STORE; creditloom online decide STORE PERSON",
    "quote": "creditloom products: the other products and laws",
    "replay": "creditloom verify: has any byte changed",
    "verify": "creditloom replay: decide again, to the bit",
    "erase": "creditloom verify: what is left still proves itself",
    "key": "creditloom register --sign KEY, or score --sign KEY",
    "refer": "creditloom refer list: what waits",
    "explain": "creditloom letter: what the person is told; creditloom lineage: a number's rows",
    "letter": "creditloom recourse: what would change the decision",
    "codes": "creditloom explain: a decision with its codes",
    "products": "creditloom quote --product PRODUCT: a loan of it to the cent",
    "register": "creditloom history: who is champion; creditloom score --input FILE",
    "promote": "creditloom history; back again: creditloom promote --previous",
    "retrain": "creditloom promote --version N --reason WHY, once a person agrees",
    "history": "creditloom verify-model models:/NAME@champion",
    "verify-model": "creditloom score --input FILE: decide with it",
    "policy": "creditloom whatif --policy DRAFT --decisions BATCH: who would move",
    "whatif": "creditloom open whatif; creditloom policy draft --policy DRAFT",
    "compare": "creditloom optimise: prices and limits under budgets",
    "optimise": "creditloom forward: run the book forward under it",
    "review": "the same with --standing and next month's panel; calls.csv goes to collections",
    "forward": "creditloom review --panel data/book/panel.parquet",
    "keep": "creditloom params --set select.keep=N, then dvc repro",
    "tune": "commit the printed block to params.yaml, then dvc repro",
    "backtest": "creditloom retrain --as-of MONTH",
    "rejects": "creditloom params --set reject.way=WAY, then dvc repro",
    "alternatives": "docs/fairness.md: who decides about a front, and how it is recorded",
    "evidence": "docs/evidence.md: the page that it wrote",
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
