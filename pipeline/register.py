"""`creditloom register`, `promote`, `history`: the bundle as a version of the registered model, and who is champion and since when.

Outside DVC's DAG on purpose: a stage whose meaning is a side effect is skipped in a fresh clone and by the run cache.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from data import store as files
from models.registry import gate, history, lookup
from models.registry.errors import RegistryError
from models.registry.gate import Measured, RegistryParams
from models.registry.history import Change
from models.registry.runtime import runtime_name
from models.registry.store import Store
from pipeline import params, paths

RUNTIME = paths.HOUSE / "models" / "decision"
CHAMPION, CHALLENGER = "champion", "challenger"
_say = Console(stderr=True, soft_wrap=True, highlight=False).print


def register(
    if_missing: Annotated[
        bool, typer.Option("--if-missing", help="do nothing when this bundle and runtime are registered already")
    ] = False,
) -> None:
    """Register data/model/ in MLflow as a new version; the first one that passes the gate becomes champion."""
    settings, store = params.section("registry", RegistryParams), Store.at(paths.REGISTRY)
    sha, runtime = bundle_sha256(paths.MODEL), runtime_name(RUNTIME)
    known = _registered(store, settings.name, sha, runtime) if if_missing else None
    if known is not None:
        _receipt(settings.name, known, sha)
        _say(f"{settings.name}: this bundle is version {known} already; nothing to do")
        return
    measured = Measured.of(files.read_json(paths.METRICS))
    tags = {lookup.BUNDLE_TAG: sha, lookup.RUNTIME_TAG: runtime, **measured.tags()}
    version = store.publish(paths.MODEL, RUNTIME, settings.name, tags, measured.figures())
    _receipt(settings.name, version, sha)
    _say(f"{settings.name}: registered version {version} (bundle {sha[:8]}, runtime {runtime}) in {store.uri}")
    _first_alias(store, settings, version, measured, sha)


def promote(
    version: Annotated[int, typer.Option(help="the version that the alias shall name")],
    reason: Annotated[str, typer.Option(help="why; kept in the history")],
    alias: Annotated[str, typer.Option(help="champion or challenger")] = CHAMPION,
) -> None:
    """Let an alias name a version. `champion` is gated; a former champion may always come back."""
    settings, store = params.section("registry", RegistryParams), Store.at(paths.REGISTRY)
    _check_words(alias, reason)
    tags = store.tags(settings.name, version)
    if alias == CHAMPION:
        _check_gate(store, settings, version, Measured.of_tags(tags))
    _move(store, settings.name, alias, version, tags.get(lookup.BUNDLE_TAG, ""), reason)
    if alias == CHAMPION and store.alias(settings.name, CHALLENGER) == version:
        _move(store, settings.name, CHALLENGER, None, "", f"version {version} became champion")


def show_history() -> None:
    """Every change of an alias: when, which version, and why."""
    table = Table("date", "alias", "version", "before", "bundle", "reason", title="changes of aliases")
    for change in history.read(paths.ALIASES):
        before, after = (str(number) if number else "-" for number in (change.previous, change.version))
        table.add_row(change.date, change.alias, after, before, change.bundle_sha256[:8], change.reason)
    Console(soft_wrap=True).print(table)


def bundle_sha256(bundle: Path) -> str:
    """The bundle's version: sha256 of its manifest. RegistryError when there is no bundle."""
    manifest = bundle / "manifest.json"
    if not manifest.is_file():
        raise RegistryError.of(
            "No bundle to register", where=bundle, expected="manifest.json and the files it lists", got="none", next_step="run `dvc repro`"
        )
    return hashlib.sha256(manifest.read_bytes()).hexdigest()


def _registered(store: Store, name: str, sha: str, runtime: str) -> int | None:
    """The version made of this bundle and runtime whose artifacts are still there, asked of the sqlite file when there is one."""
    if store.file is not None:
        found = [known for known in lookup.versions(store.file, name) if (known.bundle_sha256, known.runtime) == (sha, runtime)]
        return next((known.version for known in reversed(found) if known.is_whole), None)
    return store.find(name, {lookup.BUNDLE_TAG: sha, lookup.RUNTIME_TAG: runtime})


def _receipt(name: str, version: int, sha: str) -> None:
    files.write_json({"name": name, "version": version, "bundle_sha256": sha}, paths.REGISTERED)


def _first_alias(store: Store, settings: RegistryParams, version: int, measured: Measured, sha: str) -> None:
    """A new version is challenger, unless there is no champion yet and it passes the absolute gate."""
    lines = gate.shortfalls(measured, settings.gate)
    if store.alias(settings.name, CHAMPION) is None and not lines:
        _move(store, settings.name, CHAMPION, version, sha, "first champion: passed the absolute gate")
        return
    _move(store, settings.name, CHALLENGER, version, sha, "registered")
    for line in lines:
        _say(f"  not champion: {line}")


def _check_words(alias: str, reason: str) -> None:
    if alias not in (CHAMPION, CHALLENGER) or not reason.strip():
        raise RegistryError.of(
            "Unknown alias, or no reason given",
            where="creditloom promote",
            expected=f"--alias {CHAMPION} or {CHALLENGER}, and a reason in words",
            got=f"--alias {alias} --reason {reason!r}",
            next_step="give both",
        )


def _check_gate(store: Store, settings: RegistryParams, version: int, measured: Measured) -> None:
    gate.require(gate.shortfalls(measured, settings.gate), f"{settings.name} version {version}")
    holder = store.alias(settings.name, CHAMPION)
    if holder not in (None, version) and not history.was(history.read(paths.ALIASES), CHAMPION, version):
        champion = Measured.of_tags(store.tags(settings.name, holder))
        gate.require(gate.behind(measured, champion, settings.gate), f"{settings.name} version {version}")


def _move(store: Store, name: str, alias: str, version: int | None, sha: str, reason: str) -> None:
    """Move the alias and write the change down."""
    previous = store.alias(name, alias)
    store.point(name, alias, version)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    history.append(Change(now, name, alias, version, previous, sha, reason), paths.ALIASES)
    _say(f"{name}@{alias}: {previous or '-'} -> {version or '-'}  ({reason})")


def main(argv: Any = None) -> None:
    """`python -m pipeline.register`."""
    typer.run(register)


if __name__ == "__main__":
    main()
