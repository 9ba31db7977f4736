"""The `creditloom` command: composes the commands that stand outside the DAG; each lives in a module of its own.

Only the module of the command that is asked for gets imported: asking the registry whether a model is there must not wait for the
libraries that score.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable

import typer

from pipeline.refusal import refusals

COMMANDS = {
    "params": "pipeline.check:params",
    "fit": "pipeline.fit:fit",
    "decide": "pipeline.decide_one:decide",
    "score": "pipeline.score:score",
    "quote": "pipeline.quote:quote",
    "replay": "pipeline.replay:replay",
    "verify": "pipeline.verify:verify",
    "refer": "pipeline.refer:app",
    "products": "pipeline.products:products",
    "register": "pipeline.register:register",
    "promote": "pipeline.register:promote",
    "history": "pipeline.register:show_history",
    "compare": "pipeline.compare:compare",
    "optimise": "pipeline.optimise:optimise",
    "review": "pipeline.review:review",
    "forward": "pipeline.forward:forward",
    "evidence": "pipeline.evidence:evidence",
    "scale": "pipeline.scale:scale",
    "bench": "pipeline.bench.command:bench",
    "keep": "pipeline.keep:keep",
    "machinery": "pipeline.machinery:machinery",
    "trace": "pipeline.trace.command:trace",
    "dictionary": "pipeline.dictionary:dictionary",
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
