"""The `creditloom` command: composes the commands that stand outside the DAG; each lives in a module of its own.

Only the module of the command that is asked for gets imported: asking the registry whether a model is there must not wait for the
libraries that score.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from creditloom import __version__
from creditloom.storage.files.errors import refusals

COMMANDS = {
    "params": "creditloom.pipeline.commands.model.params:params",
    "fit": "creditloom.pipeline.commands.model.fit:fit",
    "decide": "creditloom.pipeline.commands.decisions.decide:decide",
    "score": "creditloom.pipeline.commands.decisions.score:score",
    "quote": "creditloom.pipeline.commands.decisions.quote:quote",
    "replay": "creditloom.pipeline.commands.decisions.replay:replay",
    "verify": "creditloom.pipeline.commands.decisions.verify:verify",
    "refer": "creditloom.pipeline.commands.decisions.refer:app",
    "products": "creditloom.pipeline.commands.decisions.products:products",
    "register": "creditloom.pipeline.commands.model.register:register",
    "promote": "creditloom.pipeline.commands.model.register:promote",
    "history": "creditloom.pipeline.commands.model.register:show_history",
    "compare": "creditloom.pipeline.commands.portfolio.compare:compare",
    "optimise": "creditloom.pipeline.commands.portfolio.optimise:optimise",
    "review": "creditloom.pipeline.commands.portfolio.review:review",
    "forward": "creditloom.pipeline.commands.portfolio.forward:forward",
    "evidence": "creditloom.pipeline.proof.evidence:evidence",
    "scale": "creditloom.pipeline.proof.scale:scale",
    "bench": "creditloom.pipeline.proof.bench.command:bench",
    "keep": "creditloom.pipeline.commands.model.keep:keep",
    "machinery": "creditloom.pipeline.proof.share_recovery:machinery",
    "trace": "creditloom.pipeline.proof.trace.command:trace",
    "dictionary": "creditloom.pipeline.commands.model.dictionary:dictionary",
}


def build(names: Iterable[str]) -> typer.Typer:
    """The command line with the commands named, each loaded with all it needs."""
    app = _empty()
    for name in names:
        module, _, function = COMMANDS[name].partition(":")
        found = getattr(importlib.import_module(module), function)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def contents() -> typer.Typer:
    """The command line that only lists its commands, each with the first line of what it says of itself; none is loaded."""
    app = _empty()
    for name in COMMANDS:
        app.command(name, help=said_of(name))(lambda: None)
    return app


def said_of(name: str) -> str:
    """The first line of a command's docstring, read from its source: importing all of them would take seconds, and every extra."""
    module, _, function = COMMANDS[name].partition(":")
    spec = importlib.util.find_spec(module)
    tree = ast.parse(Path(str(spec.origin if spec else "")).read_text(encoding="utf-8"))
    bodies = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function
    ]
    told = ast.get_docstring(bodies[0] if bodies else tree) or ""
    return told.splitlines()[0].rpartition("`: ")[2]


def main() -> None:
    """Run the command line; refusals of our rooms exit with code 2 and no traceback."""
    typed = (
        os.environ.get("COMP_WORDS", "").split()[1:2] or sys.argv[1:2]
    )  # what a shell wants to complete, or what was entered
    asked = [name for name in typed if name in COMMANDS]
    with refusals():
        (build(asked) if asked else contents())(prog_name="creditloom")


def _empty() -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_about)
    return app


def _tell_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"creditloom {__version__}\n")
        raise typer.Exit


def _about(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="print the version and stop"
        ),
    ] = False,
) -> None:
    """Credit decisions from raw events. The pipeline itself runs as `make repro` or `dvc repro`."""


if __name__ == "__main__":
    main()
