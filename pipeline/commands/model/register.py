"""`creditloom register`, `promote`, `history`: the bundle as a version of the registered model, and who is champion and since when.

Outside DVC's DAG on purpose: a stage whose meaning is a side effect is skipped in a fresh clone and by the run cache.
"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from creditloom.pipeline.base import params, paths
from creditloom.serving.registry import alias_history
from creditloom.serving.registry.alias_history import Change
from creditloom.serving.registry.gate import RegistryParams
from creditloom.serving.registry.lookup import bundle_sha256
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.model_registry import CHALLENGER, CHAMPION, ModelRegistry
from creditloom.serving.registry.runtime import RUNTIME
from creditloom.storage.files.formats import RESULTS, read_document, write_document

_say = Console(stderr=True, soft_wrap=True, highlight=False).print


def register(
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="do nothing when this bundle is registered already")
    ] = False,
) -> None:
    """Register data/model/ in MLflow as a new version; the first one that passes the gate becomes champion."""
    ledger = _ledger()
    known = ledger.find(paths.MODEL, RUNTIME) if if_missing else None
    if known is not None:
        _receipt(ledger, known)
        _say(f"{ledger.params.name}: this bundle is registered as version {known}; nothing to do")
        return
    version, change, short = ledger.register(
        paths.MODEL, RUNTIME, read_document(paths.METRICS, RESULTS)
    )
    _receipt(ledger, version.version)
    _say(
        f"{version.name}: version {version.version} (bundle {version.bundle_sha256[:8]}, {version.runtime}) in {ledger.store.uri}"
    )
    _tell(change)
    for line in short:
        _say(f"  not fit for {CHAMPION}: {line}")


def promote(
    version: Annotated[int, typer.Option(help="the version that the alias shall name")],
    reason: Annotated[str, typer.Option(help="why; kept in the history")],
    alias: Annotated[str, typer.Option(help="champion or challenger")] = CHAMPION,
) -> None:
    """Let an alias name a version. `champion` is gated; a former champion may always come back."""
    for change in _ledger().promote(version, alias, reason):
        _tell(change)


def show_history(
    date: Annotated[
        str | None,
        typer.Option(
            help="who held the aliases then: a day (to its end, UTC) or a moment, ISO 8601"
        ),
    ] = None,
) -> None:
    """Every change of an alias: when, which version, and why; with --date, who decided on that day."""
    if date is not None:
        _tell_held(date)
        return
    table = Table(
        "date", "alias", "version", "before", "bundle", "reason", title="changes of aliases"
    )
    for change in alias_history.read(paths.ALIASES):
        table.add_row(
            change.date,
            change.alias,
            _number(change.version),
            _number(change.previous),
            change.bundle_sha256[:8],
            change.reason,
        )
    Console(soft_wrap=True).print(table)


def _tell_held(date: str) -> None:
    """Who held each alias at a moment, one line each."""
    changes, moment = alias_history.read(paths.ALIASES), alias_history.moment(date)
    for alias in (CHAMPION, CHALLENGER):
        change = alias_history.held(changes, alias, moment)
        if change is None or change.version is None:
            Console(soft_wrap=True).print(f"{alias} on {date}: none")
        else:
            who = f"{change.name} version {change.version}, bundle {change.bundle_sha256}"
            Console(soft_wrap=True).print(
                f"{alias} on {date}: {who}, since {change.date} ({change.reason})"
            )


def _ledger() -> ModelRegistry:
    return ModelRegistry(
        params.section("registry", RegistryParams), Store.at(paths.REGISTRY), paths.ALIASES
    )


def _receipt(ledger: ModelRegistry, version: int) -> None:
    receipt = {
        "name": ledger.params.name,
        "version": version,
        "bundle_sha256": bundle_sha256(paths.MODEL),
    }
    write_document(receipt, paths.REGISTERED, RESULTS)


def _tell(change: Change) -> None:
    _say(
        f"{change.name}@{change.alias}: {_number(change.previous)} -> {_number(change.version)} ({change.reason})"
    )


def _number(version: int | None) -> str:
    return "-" if version is None else str(version)
