"""The `creditloom` command: finds the command that was entered and runs it.

Each command has a module of its own. Only the module of the entered command is imported, so that a
small command does not load the libraries of the large ones.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import os
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from creditloom import __version__
from creditloom.pipeline.base.ending import ending, require_finite
from creditloom.pipeline.entry import contents

if TYPE_CHECKING:
    import typer

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
# table: commands that, entered without an option, run without typer -> their function
AT_ONCE = {"status": "creditloom.pipeline.commands.workspace.folder_state:show"}
HELP = ("-h", "--help", "--version")
# The variable by which a shell asks this program to complete words, as typer names it.
COMPLETES = "_CREDITLOOM_COMPLETE"


def build(names: Iterable[str], *, is_main: bool = False) -> typer.Typer:
    """Return the command line with these commands; each is imported with all that it needs.

    With `is_main` a command that refuses ends the process with a message and its exit code.
    Without, its exception reaches the caller.
    """
    # Loaded here: the list of commands needs no typer.
    import typer

    from creditloom.pipeline.entry.command_line import empty

    app = empty()
    for name in names:
        command = _function(COMMANDS[name])
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
        _tell_next(name.split()[0], as_json=as_json)

    return run


def _tell_next(name: str, *, as_json: bool) -> None:
    """Say on a terminal what a person does next; a program that reads along is told nothing."""
    if not as_json and sys.stderr.isatty() and name in contents.NEXT:
        sys.stderr.write(f"next: {contents.NEXT[name]}\n")


def _finite(command: Callable[..., None], name: str) -> Callable[..., None]:
    """Return the command, which then refuses an option that is NaN or infinite."""

    @functools.wraps(command)
    def run(**options: Any) -> None:
        require_finite(name, options)
        command(**options)

    return run


def listed() -> typer.Typer:
    """Return the command line that knows every command by name; no command is imported.

    It completes names, and says which is meant where one is mistyped.
    """
    from creditloom.pipeline.entry.command_line import empty

    app = empty()
    for name in COMMANDS:
        app.command(name, help=contents.summary_of(COMMANDS[name]))(lambda: None)
    return app


def main() -> None:
    """Run the command line. A refusal is a message and an exit code, no traceback."""
    _rename_command()
    # A notebook hands its own way of drawing down to the commands that it starts, and matplotlib
    # refuses one that is not installed here. A command draws into files only.
    os.environ["MPLBACKEND"] = "agg"
    words = _words()
    if _wrote_at_once(words):
        return
    entered = [name for name in words[:1] if name in COMMANDS]
    # Around the import of the command, and what typer does before and after it.
    with ending("creditloom"):
        # What the libraries define stays until the end: to look through it again and again while
        # they load takes a fifth of the time until the command begins.
        gc.disable()
        app = build(entered, is_main=True) if entered else listed()
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


def _words() -> list[str]:
    """Return the words that a shell wants to complete, else the words that were entered."""
    if COMPLETES not in os.environ:
        return sys.argv[1:]
    # bash hands them over under one name; zsh, fish and PowerShell under the other.
    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    return line.split()[1:]


def _wrote_at_once(words: list[str]) -> bool:
    """Write what needs no typer: the list of commands, the version, a command without options."""
    if COMPLETES in os.environ or (words and words[0] not in AT_ONCE and words[0] not in HELP):
        return False
    name = "".join(words[:1])
    if name in AT_ONCE and len(words) > 1:
        return False
    with ending(f"creditloom {name}".strip()):
        if name in AT_ONCE:
            _function(AT_ONCE[name])()
        elif name == "--version":
            sys.stdout.write(f"creditloom {__version__}\n")
        else:
            sys.stdout.write(contents.contents(GROUPS, COMMANDS))
    return True


def _function(entry: str) -> Any:
    """Return what `module:function` names; the module is imported."""
    module, _, function = entry.partition(":")
    return getattr(importlib.import_module(module), function)


if __name__ == "__main__":
    main()
