"""What people write is printed as they wrote it: it is never markup."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.table import Table

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from tests.checkout import needs_checkout

ODD_TEXTS = ("[/red]", "x [/OPS]", "[bold]b", "[link=http://a]", ":warning:", "\\[a]", "[[", "[/]")


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_a_text_is_printed_as_it_is(text: str) -> None:
    printed = io.StringIO()
    console = Console(file=printed, width=200)
    table = Table(text, title=text, caption=text)
    table.add_row(text)
    console.print(text)
    console.print(table)
    assert printed.getvalue().count(text) == 5


@needs_checkout
def test_nothing_of_ours_prints_by_another_console() -> None:
    root = paths.PACKAGE.parent
    rooms = ("storage", "models", "world", "report", "serving", "portfolio", "pipeline")
    own = Path("pipeline/base/console.py")
    others = ("from rich.console", "from rich import print", "import rich.console")
    found = [
        path.relative_to(root)
        for room in rooms
        for path in (root / room).rglob("*.py")
        if any(other in path.read_text(encoding="utf-8") for other in others)
    ]
    assert found == [own]
