"""`creditloom dictionary`: writes docs/features.md, a page per family and the worked examples, from the declarations and the spec tests."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.declare.dictionary import pages
from creditloom.features.families.registry import catalogue
from creditloom.pipeline.base import paths
from creditloom.storage.files.store import write_text

DOCS = paths.CHECKOUT / "docs"
SPEC = paths.CHECKOUT / "tests" / "spec"


def dictionary(folder: Annotated[Path, typer.Option(help="where the pages go")] = DOCS) -> None:
    """Write the data dictionary: every feature with text, unit, windows, sign, meaning of null and source."""
    written = documents()
    for name, text in written.items():
        write_text(text, folder / name)
    Console().print(
        f"{folder}: {len(written)} pages, {sum(map(len, written.values())):,} characters"
    )


def documents() -> dict[str, str]:
    """File name to text of every page."""
    return {
        **pages(catalogue([table.name for table in EVENT_TABLES])),
        "features/examples.md": page(SPEC),
    }


# The spec tests as worked examples: their small tables and what each asserts, as pages of Markdown.

HEAD = """# Worked examples

The spec tests (`tests/spec/`), chapter by chapter: events in, one value per person out. `ago` is days before the application.
"""


def page(folder: Path) -> str:
    """The text of all chapters, in their order."""
    return "\n".join([HEAD, *(_chapter(file) for file in sorted(folder.glob("test_*.py")))])


def _chapter(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    parts = [f"## {(ast.get_docstring(tree) or file.stem).rstrip('.')}\n"]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            parts += _tables(node, text)
            if node.name.startswith("test_"):
                parts += [
                    f"**{node.name.removeprefix('test_').replace('_', ' ')}**\n",
                    *_said(node),
                    "```python",
                    *_claims(node, text),
                    "```\n",
                ]
    return "\n".join(parts)


def _tables(function: ast.FunctionDef, text: str) -> Iterator[str]:
    """The tables handed to `features(...)`, each under its name."""
    calls = [
        n
        for n in ast.walk(function)
        if isinstance(n, ast.Call) and getattr(n.func, "id", "") == "features"
    ]
    for word in (word for call in calls for word in call.keywords):
        written = (
            word.value.value
            if isinstance(word.value, ast.Constant)
            else ast.get_source_segment(text, word.value)
        )
        yield f"`{word.arg}`\n\n```\n{inspect.cleandoc(str(written)).strip('f').strip(chr(34)).strip()}\n```\n"


def _said(function: ast.FunctionDef) -> list[str]:
    said = ast.get_docstring(function)
    return [f"{said}\n"] if said else []


def _claims(function: ast.FunctionDef, text: str) -> list[str]:
    """The assignments and assertions of a test, as written."""
    kept = [
        n
        for n in function.body
        if isinstance(n, ast.Assert | ast.Assign)
        and "features(" not in (ast.get_source_segment(text, n) or "")
    ]
    lines = text.splitlines()
    return [line.removeprefix("    ") for n in kept for line in lines[n.lineno - 1 : n.end_lineno]]
