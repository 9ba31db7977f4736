"""The `creditloom` command: composes the commands that stand outside the DAG; each lives in a module of its own.

Only the module of the command that is asked for gets imported: asking the registry whether a model is there must not wait for the
libraries that score.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable

import typer

from creditloom.storage.files.refusal import refusals

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
    "machinery": "creditloom.pipeline.proof.machinery:machinery",
    "trace": "creditloom.pipeline.proof.trace.command:trace",
    "dictionary": "creditloom.pipeline.commands.model.dictionary:dictionary",
}


def build(names: Iterable[str]) -> typer.Typer:
    """The command line with the commands named."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(_about)
    for name in names:
        module, _, function = COMMANDS[name].partition(":")
        found = getattr(importlib.import_module(module), function)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def main() -> None:
    """Run the command line; refusals of our rooms exit with code 2 and no traceback."""
    asked = [name for name in sys.argv[1:2] if name in COMMANDS]
    with refusals():
        build(asked or COMMANDS)(prog_name="creditloom")


def _about() -> None:
    """Credit decisions from raw events. The pipeline itself runs as `make repro` or `dvc repro`."""


if __name__ == "__main__":
    main()
