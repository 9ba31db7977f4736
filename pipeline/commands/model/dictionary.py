"""`creditloom dictionary`: writes the data dictionary from the declarations and the spec tests.

It writes docs/features.md, one page per family, and the worked examples.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.declare.dictionary import pages
from creditloom.features.declare.registry import catalogue
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.commands.own_outputs import require_page
from creditloom.storage.files.store import write_text

DOCS = paths.CHECKOUT / "docs"
SPEC = paths.CHECKOUT / "tests" / "spec"
HEAD = """# Worked examples

The spec tests (`tests/spec/`), chapter by chapter: events in, one value per person out. `ago` is \
days before the application.
"""

FolderOption = Annotated[Path, typer.Option(help="where the pages go")]


def dictionary(folder: FolderOption = DOCS) -> None:
    """Write the data dictionary: every feature with text, unit, windows, sign, null and source."""
    written = documents()
    for name, text in written.items():
        require_page(folder / name, text)
    for name, text in written.items():
        write_text(text, folder / name)
    characters = sum(map(len, written.values()))
    Console().print(f"{folder}: {len(written)} pages, {characters:,} characters")


def documents() -> dict[str, str]:
    """Return the text of every page by its file name below docs/."""
    declared = catalogue([table.name for table in EVENT_TABLES])
    return {**pages(declared), "features/examples.md": page(SPEC)}


# Turns the spec tests into worked examples in Markdown: their small tables and their assertions.


def page(folder: Path) -> str:
    """Return the text of all chapters, in the order of their files."""
    return "\n".join([HEAD, *(_chapter(file) for file in sorted(folder.glob("test_*.py")))])


def _chapter(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    parts = [f"## {(ast.get_docstring(tree) or file.stem).rstrip('.')}\n"]
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        parts += _tables(node, text)
        if node.name.startswith("test_"):
            parts.append(f"**{node.name.removeprefix('test_').replace('_', ' ')}**\n")
            parts += _description(node)
            parts += ["```python", *_claims(node, text), "```\n"]
    return "\n".join(parts)


def _tables(function: ast.FunctionDef, text: str) -> Iterator[str]:
    """Yield the tables handed to `features(...)` by keyword, each under its name."""
    for call in ast.walk(function):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "features":
            for word in call.keywords:
                yield f"`{word.arg}`\n\n```\n{_table_text(word.value, text)}\n```\n"


def _table_text(value: ast.expr, text: str) -> str:
    """Return a table as written in the test: its text, or the source of the call that makes it."""
    if isinstance(value, ast.Constant):
        written = str(value.value)
    else:
        written = str(ast.get_source_segment(text, value))
    # The source of an f-string begins with f and quotes, which are not part of the table.
    return inspect.cleandoc(written).strip("f").strip(chr(34)).strip()


def _description(function: ast.FunctionDef) -> list[str]:
    docstring = ast.get_docstring(function)
    return [f"{docstring}\n"] if docstring else []


def _claims(function: ast.FunctionDef, text: str) -> list[str]:
    """Return the lines of a test's assignments and assertions, as written."""
    lines = text.splitlines()
    claims: list[str] = []
    for node in function.body:
        is_claim = isinstance(node, ast.Assert | ast.Assign)
        # Skip the call that makes the features: its tables are already shown.
        if is_claim and "features(" not in (ast.get_source_segment(text, node) or ""):
            written = lines[node.lineno - 1 : node.end_lineno]
            claims += [line.removeprefix("    ") for line in written]
    return claims
