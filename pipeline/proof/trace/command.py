"""`creditloom trace`: writes a table of all rules, and names the rules without code or test."""

from __future__ import annotations

from typing import Annotated

import typer

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.commands.own_outputs import require_page
from creditloom.pipeline.proof.trace.page import PAGE, Trace, page
from creditloom.storage.files.store import write_text

CheckOption = Annotated[
    bool,
    typer.Option("--check", help="write nothing; exit with 1 where the page is not up to date"),
]


def trace(check: CheckOption = False) -> None:
    """Write docs/traceability.md: each rule of the sources, where it is implemented and tested.

    Exit code 1 where a rule has no code or no test, or an id is cited that no list holds.
    """
    rules = Trace.of(paths.CHECKOUT)
    text = page(rules)
    file = paths.CHECKOUT / PAGE
    is_current = file.is_file() and file.read_text(encoding="utf-8") == text
    if not check:
        require_page(file, text)
        write_text(text, file)
    console = Console(highlight=False, soft_wrap=True)
    counts = f"{len(rules.missing)} not accounted for, {len(rules.unknown)} unknown ids"
    console.print(f"{PAGE}: {len(rules.rules)} rules, {counts}")
    if rules.missing:
        console.print(f"no code or no test cites {', '.join(rules.missing)}")
    if rules.unknown:
        console.print(f"cited but not listed in docs/rules: {', '.join(rules.unknown)}")
    if rules.missing or rules.unknown or (check and not is_current):
        raise typer.Exit(1)
