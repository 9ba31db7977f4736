"""The `creditloom` command: finds the command that was entered and runs it.

Each command has a module of its own. Only the module of the entered command is imported, so that a
small command does not load the libraries of the large ones.
"""

from __future__ import annotations

import ast
import atexit
import functools
import gc
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from creditloom import __version__
from creditloom.pipeline.base.ending import ending, require_finite

# table: name of a command -> its module and function
COMMANDS = {
    "status": "creditloom.pipeline.commands.workspace.status:status",
    "open": "creditloom.pipeline.commands.workspace.open_page:open_page",
    "doctor": "creditloom.pipeline.commands.workspace.doctor:doctor",
    "simulate": "creditloom.pipeline.commands.world.simulate:simulate",
    "params": "creditloom.pipeline.commands.model.params:params",
    "fit": "creditloom.pipeline.commands.model.fit:fit",
    "tables": "creditloom.pipeline.commands.tables.tables:tables",
    "check": "creditloom.pipeline.commands.tables.check:check",
    "snapshot": "creditloom.pipeline.commands.tables.snapshot:app",
    "lake": "creditloom.pipeline.commands.tables.lake:app",
    "online": "creditloom.pipeline.commands.tables.online:app",
    "lineage": "creditloom.pipeline.commands.tables.lineage:lineage",
    "decide": "creditloom.pipeline.commands.decisions.decide:decide",
    "recourse": "creditloom.pipeline.commands.decisions.recourse:recourse",
    "score": "creditloom.pipeline.commands.decisions.score:score",
    "quote": "creditloom.pipeline.commands.decisions.quote:quote",
    "replay": "creditloom.pipeline.commands.decisions.replay:replay",
    "verify": "creditloom.pipeline.commands.decisions.verify:verify",
    "erase": "creditloom.pipeline.commands.decisions.erase:erase",
    "key": "creditloom.pipeline.commands.decisions.key:app",
    "refer": "creditloom.pipeline.commands.decisions.refer:app",
    "explain": "creditloom.pipeline.commands.letters.explain:explain",
    "letter": "creditloom.pipeline.commands.letters.letter:letter",
    "codes": "creditloom.pipeline.commands.letters.codes:codes",
    "products": "creditloom.pipeline.commands.decisions.products:products",
    "register": "creditloom.pipeline.commands.model.register:register",
    "promote": "creditloom.pipeline.commands.model.register:promote",
    "retrain": "creditloom.pipeline.commands.retrain.command:retrain",
    "history": "creditloom.pipeline.commands.model.register:show_history",
    "verify-model": "creditloom.pipeline.commands.model.verify_model:verify_model",
    "policy": "creditloom.pipeline.commands.policy.policy:app",
    "whatif": "creditloom.pipeline.commands.policy.whatif:whatif",
    "compare": "creditloom.pipeline.commands.portfolio.compare:compare",
    "optimise": "creditloom.pipeline.commands.portfolio.optimise:optimise",
    "review": "creditloom.pipeline.commands.portfolio.review:review",
    "forward": "creditloom.pipeline.commands.portfolio.forward:forward",
    "evidence": "creditloom.pipeline.proof.evidence.command:evidence",
    "certificate": "creditloom.pipeline.proof.evidence.promises.command:certificate",
    "steadiness": "creditloom.pipeline.proof.evidence.promises.steady_command:steadiness",
    "claims": "creditloom.pipeline.proof.claims.command:claims",
    "scale": "creditloom.pipeline.proof.scale:scale",
    "bench": "creditloom.pipeline.proof.bench.command:app",
    "keep": "creditloom.pipeline.commands.model.keep:keep",
    "tune": "creditloom.pipeline.stages.model.tune.command:tune",
    "backtest": "creditloom.pipeline.commands.origins.backtest:run_backtest",
    "rejects": "creditloom.pipeline.commands.origins.rejects.command:rejects",
    "alternatives": "creditloom.pipeline.commands.origins.alternatives.command:alternatives",
    "share-recovery": "creditloom.pipeline.proof.share_recovery:share_recovery",
    "trace": "creditloom.pipeline.proof.trace.command:trace",
    "dictionary": "creditloom.pipeline.commands.model.dictionary:dictionary",
}
# table: heading of `creditloom --help` -> its commands, by who looks for them
GROUPS = {
    "Where you are": ("status", "open", "doctor", "params"),
    "A table or raw tables of your own": ("fit", "tables", "check", "lake", "snapshot"),
    "Decisions": ("decide", "score", "quote", "products", "replay", "verify", "erase", "key"),
    "One person": ("online", "explain", "letter", "recourse", "refer", "codes", "lineage"),
    "Models": ("register", "promote", "history", "verify-model", "retrain", "tune", "keep"),
    "Policy and book": ("policy", "whatif", "compare", "optimise", "review", "forward"),
    "Judgement": ("backtest", "rejects", "alternatives", "steadiness", "certificate", "evidence"),
    "The simulated lender": ("simulate", "claims", "share-recovery"),
    "For its developers": ("bench", "scale", "trace", "dictionary"),
}
# Old name of a command -> new name. An old name still works, with a note on stderr, but is not
# listed.
RENAMED = {"machinery": "share-recovery"}


def build(names: Iterable[str], *, is_main: bool = False) -> typer.Typer:
    """Return the command line with these commands; each is imported with all that it needs.

    With `is_main` a command that refuses ends the process with a message and its exit code.
    Without, its exception reaches the caller.
    """
    app = _empty()
    for name in names:
        module, _, function = COMMANDS[name].partition(":")
        command = getattr(importlib.import_module(module), function)
        if not isinstance(command, typer.Typer):
            app.command(name)(_ended(command, name) if is_main else _finite(command, name))
            continue
        app.add_typer(command, name=name)
        for part in command.registered_commands:
            if is_main and part.callback:
                part.callback = _ended(part.callback, f"{name} {part.name}")
    return app


def _ended(command: Callable[..., None], name: str) -> Callable[..., None]:
    """Return the command with its refusals told, as JSON too where its `--json` is given."""

    @functools.wraps(command)
    def run(**options: Any) -> None:
        as_json = bool(options.get("as_json") or options.get("json_out"))
        with ending(f"creditloom {name}", options.get("output"), as_json=as_json):
            _finite(command, name)(**options)

    return run


def _finite(command: Callable[..., None], name: str) -> Callable[..., None]:
    """Return the command, which then refuses an option that is NaN or infinite."""

    @functools.wraps(command)
    def run(**options: Any) -> None:
        require_finite(name, options)
        command(**options)

    return run


def contents() -> typer.Typer:
    """Return the command line that lists every command by group; no command is imported."""
    app = _empty()
    for group, names in GROUPS.items():
        for name in names:
            app.command(name, help=summary_of(name), rich_help_panel=group)(lambda: None)
    return app


def summary_of(name: str) -> str:
    """Return the first line of a command's docstring."""
    # Read the docstring from the source. Importing all commands would take seconds and need all
    # optional libraries.
    module, _, function = COMMANDS[name].partition(":")
    spec = importlib.util.find_spec(module)
    tree = ast.parse(Path(str(spec.origin if spec else "")).read_text(encoding="utf-8"))
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    command = next((node for node in functions if node.name == function), None)
    # A group of commands (`refer`) is a variable: the docstring of its module stands for it.
    docstring = ast.get_docstring(command or tree) or ""
    return docstring.splitlines()[0].rpartition("`: ")[2]


def main() -> None:
    """Run the command line. A refusal is a message and an exit code, no traceback."""
    _rename_command()
    # A notebook hands its own way of drawing down to the commands that it starts, and matplotlib
    # refuses one that is not installed here. A command draws into files only.
    os.environ["MPLBACKEND"] = "agg"
    # The words that a shell wants to complete, else the words that were entered.
    words = os.environ.get("COMP_WORDS", "").split()[1:2] or sys.argv[1:2]
    entered = [name for name in words if name in COMMANDS]
    # Around the import of the command, and what typer does before and after it.
    with ending("creditloom"):
        # What the libraries define stays until the end: to look through it again and again while
        # they load takes a fifth of the time until the command begins.
        gc.disable()
        app = build(entered, is_main=True) if entered else contents()
        gc.freeze()
        gc.enable()
        atexit.register(_unfreeze)
        app(prog_name="creditloom")


def _unfreeze() -> None:
    """Let the end of the process collect DuckDB's objects: it tells a page of leaks otherwise."""
    if "_duckdb" in sys.modules:
        gc.unfreeze()


def _rename_command() -> None:
    """Replace an old name of a command by its name now, and say so on stderr."""
    old = "".join(sys.argv[1:2])
    if old in RENAMED:
        new = RENAMED[old]
        sys.stderr.write(f"creditloom {old} is called creditloom {new} now; use that name\n")
        sys.argv[1] = new


def _empty() -> typer.Typer:
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_about)
    return app


def _print_version(is_asked: bool) -> None:
    if is_asked:
        sys.stdout.write(f"creditloom {__version__}\n")
        raise typer.Exit


# Eager: the version is printed before typer complains about a missing command.
VersionOption = Annotated[
    bool,
    typer.Option(
        "--version", callback=_print_version, is_eager=True, help="print the version and stop"
    ),
]


def _about(_version: VersionOption = False) -> None:
    """Credit decisions from raw events. The pipeline itself runs as `make repro` or `dvc repro`."""


if __name__ == "__main__":
    main()
