"""Keep every change of an alias in the registry itself, as tags of the registered model.

So two clones on one store tell the same. Each change has a number and names the sha256 of the line
before. It is written before the alias moves, and confirmed after it: whoever reads a change that is
not confirmed looks where the alias is. Only one process at a time writes (`store_lock.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from creditloom.serving.ledger.signing import PrivateKey
from creditloom.serving.registry.alias_history import (
    SEEN,
    TAKEN,
    VOID,
    Change,
    effective,
    of_text,
)
from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.safety.signature_check import signed_change

# Tags of the registered model: one a change, and the number of the last one that is confirmed.
PREFIX = "creditloom.alias."
CONFIRMED = "creditloom.aliases_confirmed"
# The alias in a change that moves none.
NO_ALIAS = ""


@dataclass(frozen=True)
class ChangeLog:
    """The changes that a registry holds, in the order in which they were written.

    `confirmed` is the number of the last change whose alias was seen to have moved, `head` the
    sha256 of the last line ("" before the first).
    """

    changes: tuple[Change, ...]
    confirmed: int
    head: str

    @classmethod
    def of(cls, tags: Mapping[str, str], where: str) -> ChangeLog:
        """Read the log from the tags of a registered model.

        Raises RegistryError where a change is missing from the chain or was edited.
        """
        keys = sorted(key for key in tags if key.startswith(PREFIX))
        lines = [tags[key] for key in keys]
        changes = tuple(of_text(tags[key], f"{where}, tag {key}") for key in keys)
        before = ""
        for place, (change, line) in enumerate(zip(changes, lines, strict=True), start=1):
            if change.number != place or change.before != before:
                raise _broken(where, place, change)
            before = digest(line)
        return cls(changes, int(tags.get(CONFIRMED, "0")), before)

    @property
    def pending(self) -> Change | None:
        """Return the change that was begun and is not confirmed; None where all are."""
        last = self.changes[-1] if self.changes else None
        return last if last and last.number > self.confirmed else None

    def extended(self, change: Change, key: PrivateKey | None = None) -> ChangeLog:
        """Return the log with one more change, numbered, linked to the last, signed by `key`."""
        numbered = replace(change, number=len(self.changes) + 1, before=self.head)
        linked = signed_change(numbered, key)
        return replace(self, changes=(*self.changes, linked), head=digest(linked.line))

    def holders(self) -> dict[str, int]:
        """Return the version of each alias by the changes on record."""
        latest = {change.alias: change.version for change in effective(self.changes)}
        return {alias: version for alias, version in latest.items() if version is not None}


def tag_of(change: Change) -> str:
    """Return the key of a change: in order of its number as text too, up to 999,999 changes."""
    return f"{PREFIX}{change.number:06d}"


def digest(line: str) -> str:
    """Return the sha256 of a line."""
    return hashlib.sha256(line.encode()).hexdigest()


def interrupted(pending: Change, now: Mapping[str, int]) -> str:
    """Return in words how far a change came that was begun and is not confirmed."""
    what = f"change {pending.number} ({pending.alias} -> {pending.version}) was interrupted"
    if now.get(pending.alias) == pending.version:
        return f"{what} after the alias had moved: it holds"
    return f"{what} before the alias moved: it was not carried out"


def moved_past(change: Change) -> str:
    """Return in words that an alias was moved by others."""
    before, now = (
        "none" if version is None else f"version {version}"
        for version in (change.previous, change.version)
    )
    return (
        f"{change.alias} was moved in MLflow past this history: {before} on record, {now} now; "
        "nobody gave a reason, and no gate was asked"
    )


def void(pending: Change) -> Change:
    """Return the word that a change was not carried out."""
    return Change(
        date=now_text(),
        name=pending.name,
        alias=NO_ALIAS,
        version=None,
        previous=None,
        bundle_sha256="",
        reason=f"change {pending.number} was interrupted before the alias moved",
        kind=VOID,
        voids=pending.number,
    )


def strayed(log: ChangeLog, now: Mapping[str, int], name: str) -> tuple[Change, ...]:
    """Return the changes that MLflow shows and the log does not: aliases that others moved."""
    recorded = log.holders()
    moved = sorted(alias for alias in {*recorded, *now} if recorded.get(alias) != now.get(alias))
    return tuple(
        Change(
            date=now_text(),
            name=name,
            alias=alias,
            version=now.get(alias),
            previous=recorded.get(alias),
            bundle_sha256="",
            reason="moved in MLflow, not by `creditloom promote`; seen at this date",
            kind=SEEN,
        )
        for alias in moved
    )


def untaken(
    log: ChangeLog, local: tuple[Change, ...], name: str, bundles: Mapping[int, str]
) -> tuple[Change, ...]:
    """Return the lines of a local file that the registry lacks, as an earlier release wrote them.

    `bundles` are the versions of the store. A line that names another bundle for its version
    belongs to another store. Then a line whose version the store does not have may belong there
    too; both stay in the file.
    """
    known = {identity(change) for change in log.changes}
    lines = [
        change
        for change in local
        if change.number == 0 and change.name == name and identity(change) not in known
    ]
    is_mixed = any(_names_another(change, bundles) for change in lines)
    return tuple(
        replace(change, kind=TAKEN)
        for change in lines
        if not _names_another(change, bundles) and (not is_mixed or _is_there(change, bundles))
    )


def now_text() -> str:
    """Return the present moment as a change has it: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def identity(change: Change) -> tuple[object, ...]:
    """Return what makes a change the same one in a local file and in the registry."""
    versions = (change.version, change.previous)
    return (change.date, change.name, change.alias, *versions, change.reason)


def _names_another(change: Change, bundles: Mapping[int, str]) -> bool:
    held = bundles.get(change.version or 0, change.bundle_sha256)
    return change.version is not None and held != change.bundle_sha256


def _is_there(change: Change, bundles: Mapping[int, str]) -> bool:
    return (change.previous if change.version is None else change.version) in bundles


def _broken(where: str, place: int, change: Change) -> RegistryError:
    return RegistryError.of(
        "The history of aliases is broken",
        where=where,
        expected=f"change {place}, after the line before it",
        got=f"change {change.number}, after {change.before[:12] or 'nothing'}",
        next_step="compare the tags of the registered model with a copy of aliases.jsonl: somebody "
        "edited or removed one",
    )
