"""`creditloom register`, `promote`, `history`: versions of the registered model and their aliases.

They are not stages of DVC on purpose. Their purpose is a side effect in the registry. DVC would
skip it in a fresh clone or when the run cache has the outs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from creditloom.pipeline.base import params, paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.commands.retrain.run_notes import run_notes
from creditloom.serving.ledger.signing import PublicKey, private_key
from creditloom.serving.registry import alias_history
from creditloom.serving.registry.alias_history import Change
from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.gate import RegistryParams
from creditloom.serving.registry.lookup import LEARNT_TAG, bundle_sha256
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.model_registry import CHALLENGER, CHAMPION, ModelRegistry
from creditloom.serving.registry.runtime import RUNTIME
from creditloom.serving.registry.safety.signature_check import change_fault
from creditloom.storage.files.formats import RESULTS, read_document, write_document

# Messages go to stderr. Only the history goes to stdout, because it is the result.
_print = Console(stderr=True, soft_wrap=True, highlight=False).print
_out = Console(soft_wrap=True)

DIFFERS = 6  # exit code, as of `creditloom verify`
# A runtime's name is its sha256: so much of it is shown.
LONG_NAME = len("creditloom_rt_") + 8

# The options of the commands, each with its help.
IfMissingOption = Annotated[
    bool, typer.Option("--if-missing", help="do nothing when this bundle is registered already")
]
VersionOption = Annotated[
    int | None, typer.Option(help="the version that the alias shall name; or give --previous")
]
PreviousOption = Annotated[
    bool, typer.Option("--previous", help="go back to the champion before this one")
]
ReasonOption = Annotated[str, typer.Option(help="why; kept in the history")]
AliasOption = Annotated[str, typer.Option(help="champion or challenger")]
SignOption = Annotated[
    Path | None,
    typer.Option(help="a private key that signs; default: CREDITLOOM_SIGN, or nobody signs"),
]
KeyOption = Annotated[
    Path | None, typer.Option(help="a public key: every change must be signed by it (exit code 6)")
]
DateOption = Annotated[
    str | None,
    typer.Option(help="who held the aliases then: a day (to its end, UTC) or a moment, ISO 8601"),
]


def register(if_missing: IfMissingOption = False, sign: SignOption = None) -> None:
    """Register data/model/ in MLflow as a new version.

    The first version that passes the gate becomes champion.
    """
    registry = registry_of(sign)
    _mend(registry)
    known = registry.find(paths.MODEL, RUNTIME) if if_missing else None
    # The same bundle and runtime are already registered: a second version would add nothing.
    if known is not None:
        _write_receipt(registry, known)
        name = registry.params.name
        _print(f"{name}: this bundle is registered as version {known}; nothing to do")
        return
    metrics = read_document(paths.METRICS, RESULTS)
    about = run_notes(registry.params.name, metrics)
    version, change, missed = registry.register(paths.MODEL, RUNTIME, metrics, _notes(), about)
    _write_receipt(registry, version.version)
    made_of = f"bundle {version.bundle_sha256[:8]}, {version.runtime[:LONG_NAME]}"
    _print(f"{version.name}: version {version.version} ({made_of}) in {registry.store.place}")
    print_change(change)
    # A version that does not pass the gate is still registered.
    for line in missed:
        _print(f"  not fit for {CHAMPION}: {line}")
    for line in _beside_the_gate(metrics):
        _print(f"  {line}")


def _beside_the_gate(metrics: Mapping[str, Any]) -> Iterator[str]:
    """Yield the bars of the report that the run misses, which the gate does not ask."""
    # Here: whoever asks what is registered waits for no bar.
    from creditloom.models.evaluation.bars import Bars

    missed = []
    for bar in params.document(Bars, paths.BARS).bars:
        if bar.judge(metrics) is False:
            shown = bar.shown(metrics, bar.figure)
            missed.append(f"{bar.name} is {shown}, asked {bar.at(metrics).aim}")
    if missed:
        yield (
            "the gate asks observable figures alone (registry.gate); the report also misses "
            f"{len(missed)} of its bars:"
        )
        yield from missed


def promote(
    reason: ReasonOption,
    version: VersionOption = None,
    previous: PreviousOption = False,
    alias: AliasOption = CHAMPION,
    sign: SignOption = None,
) -> None:
    """Let an alias name a version. `champion` is gated; a former champion may always come back.

    --previous rolls back: the champion before this one decides again, with its own code.
    """
    registry = registry_of(sign)
    if previous == (version is not None) or (previous and alias != CHAMPION):
        raise RegistryError.of(
            "Which version is meant is not clear",
            where="creditloom promote",
            expected="either --version N, or --previous for the alias champion",
            got=f"--version {version}" + " --previous" * previous + f" --alias {alias}",
            next_step="see `creditloom history`, and give one of them",
        )
    chosen = registry.previous_champion() if version is None else version
    for change in registry.promote(chosen, alias, reason):
        print_change(change)


def show_history(date: DateOption = None, key: KeyOption = None) -> None:
    """Every change of an alias: when, which version, and why. The registry itself keeps them.

    With --date, who decided on that day. An alias that was moved in MLflow is told.
    Exit code 6: with --key, a change that is not signed by it.
    """
    registry = registry_of(None)
    _mend(registry)
    history = registry.history()
    if date is not None:
        _print_holders(history.changes, date)
    else:
        _out.print(_table(history.changes))
    faults = [] if key is None else _faults(registry.record.log().changes, PublicKey.read(key))
    for note in (*history.notes, *faults):
        _print(note)
    if faults:
        raise SystemExit(DIFFERS)


def _faults(changes: tuple[Change, ...], key: PublicKey) -> list[str]:
    """Return what is wrong with the signatures of the changes on record, a line each."""
    found = ((change.number, change_fault(change, key)) for change in changes)
    return [f"change {number}: {fault}" for number, fault in found if fault]


def _table(changes: tuple[Change, ...]) -> Table:
    """Return all changes as a table, in the order of the record."""
    void = {change.voids for change in changes if change.voids}
    table = Table(title="changes of aliases")
    for name in ("date", "alias", "version", "before", "bundle", "reason"):
        table.add_column(name)
    for change in changes:
        remark = "not carried out: " if change.number in void else ""
        table.add_row(
            change.date,
            change.alias,
            _number(change.version),
            _number(change.previous),
            change.bundle_sha256[:8],
            remark + change.reason,
        )
    return table


def _print_holders(changes: tuple[Change, ...], date: str) -> None:
    """Print which version each alias named at a moment, one line per alias."""
    moment = alias_history.moment(date)
    for alias in (CHAMPION, CHALLENGER):
        change = alias_history.held(changes, alias, moment)
        if change is None or change.version is None:
            gone = "" if change is None else f", since {change.date} ({change.reason})"
            _out.print(f"{alias} on {date}: none{gone}")
        else:
            bundle = f", bundle {change.bundle_sha256}" if change.bundle_sha256 else ""
            version = f"{change.name} version {change.version}{bundle}"
            _out.print(f"{alias} on {date}: {version}, since {change.date} ({change.reason})")


def registry_of(sign: Path | None) -> ModelRegistry:
    """Return the registry of this folder; `sign` is the private key that signs, None = nobody."""
    registry_params = params.section("registry", RegistryParams)
    store = Store.at(paths.REGISTRY)
    return ModelRegistry(registry_params, store, paths.ALIASES, private_key(sign))


def _mend(registry: ModelRegistry) -> None:
    """Take up what an interrupted command left, and say so."""
    for note in registry.mend():
        _print(note)


def _notes() -> dict[str, str]:
    """Return what a version of this folder says of itself: until when it has learnt."""
    # Here, because it brings pandas: whoever asks what is registered waits for no library.
    from creditloom.models.sample.split import SplitParams, learnt_until

    return {LEARNT_TAG: str(learnt_until(params.section("split", SplitParams)))}


def _write_receipt(registry: ModelRegistry, version: int) -> None:
    """Write data/registry/registered.json: which version the bundle of this folder is."""
    receipt = {
        "name": registry.params.name,
        "version": version,
        "bundle_sha256": bundle_sha256(paths.MODEL),
    }
    write_document(receipt, paths.REGISTERED, RESULTS)


def print_change(change: Change) -> None:
    """Print one change of an alias on stderr."""
    versions = f"{_number(change.previous)} -> {_number(change.version)}"
    _print(f"{change.name}@{change.alias}: {versions} ({change.reason})")


def _number(version: int | None) -> str:
    return "-" if version is None else str(version)
