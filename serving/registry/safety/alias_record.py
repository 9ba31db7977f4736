"""Move aliases so that no move is lost: on record before, confirmed after, and what others moved.

The record is the registry's own (`change_log.py`); a local file gets a copy of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from creditloom.serving.ledger.signing import PrivateKey
from creditloom.serving.registry import alias_history, lookup
from creditloom.serving.registry.alias_history import Change
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.safety import change_log
from creditloom.serving.registry.safety.change_log import ChangeLog
from creditloom.storage.files.store import write_text


@dataclass(frozen=True)
class AliasHistory:
    """Every change of an alias, and notes for a person on what is not as the record says."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class AliasRecord:
    """The changes of the aliases of the model `name` in `store`; `file` holds a copy of them.

    What is written is signed by `key`, where there is one. Whoever moves or mends holds the
    store's lock.
    """

    store: Store
    name: str
    file: Path
    key: PrivateKey | None = None

    def history(self) -> AliasHistory:
        """Return all changes of aliases, and what there is to say about them; nothing is written.

        A change that was interrupted is judged by where its alias is. An alias that was moved in
        MLflow, past the history, is among the changes as one that was seen now.
        """
        log = self.log()
        now = self.store.aliases(self.name)
        pending = log.pending
        notes = []
        if pending is not None:
            notes.append(change_log.interrupted(pending, now))
            if now.get(pending.alias) != pending.version:
                log = log.extended(change_log.void(pending))
        local = self._local(log)
        if local:
            notes.append(
                f"{len(local)} changes lie in {self.file} alone; the next `creditloom register` or "
                "`promote` takes them into the registry"
            )
        for change in local:
            log = log.extended(change)
        for change in change_log.strayed(log, now, self.name):
            notes.append(change_log.moved_past(change))
            log = log.extended(change)
        return AliasHistory(log.changes, tuple(notes))

    def move(self, alias: str, version: int | None, sha: str, reason: str) -> Change:
        """Put a change on record, move the alias, and confirm the change."""
        log = self.caught_up()
        asked = Change(
            date=change_log.now_text(),
            name=self.name,
            alias=alias,
            version=version,
            previous=self.store.aliases(self.name).get(alias),
            bundle_sha256=sha,
            reason=reason,
        )
        change = self._written(log, asked).changes[-1]
        self.store.point(self.name, alias, version)
        self._confirm(change.number)
        self._copy()
        return change

    def caught_up(self) -> ChangeLog:
        """Write what the record lacks, and return it.

        That is a word on an interrupted change, the lines of an earlier release's local file, and
        aliases that were moved in MLflow.
        """
        log = self.log()
        now = self.store.aliases(self.name)
        pending = log.pending
        if pending is not None and now.get(pending.alias) != pending.version:
            log = self._written(log, change_log.void(pending))
        for change in self._local(log):
            log = self._written(log, change)
        for change in change_log.strayed(log, now, self.name):
            log = self._written(log, change)
        if log.pending is not None:
            self._confirm(len(log.changes))
            self._copy()
        return replace(log, confirmed=len(log.changes))

    def log(self) -> ChangeLog:
        """Return the record as the registry holds it; RegistryError where its chain is broken."""
        return ChangeLog.of(self.store.model_tags(self.name), self.store.place)

    def _written(self, log: ChangeLog, change: Change) -> ChangeLog:
        extended = log.extended(change, self.key)
        last = extended.changes[-1]
        self.store.tag_model(self.name, change_log.tag_of(last), last.line)
        return extended

    def _confirm(self, number: int) -> None:
        self.store.tag_model(self.name, change_log.CONFIRMED, str(number))

    def _local(self, log: ChangeLog) -> tuple[Change, ...]:
        """Return the changes of an earlier release's local file that belong to this registry."""
        local = alias_history.read(self.file)
        # The store is asked for its versions only where there are such lines.
        if all(change.number for change in local):
            return ()
        return change_log.untaken(log, local, self.name, self._bundles())

    def _bundles(self) -> dict[int, str]:
        """Return the sha256 of the bundle of every version."""
        if self.store.is_embedded:
            known = lookup.versions(self.store.file, self.name) if self.store.file else ()
            return {version.version: version.bundle_sha256 for version in known}
        versions = self.store.versions(self.name)
        return {number: tags.get(lookup.BUNDLE_TAG, "") for number, tags in versions.items()}

    def _copy(self) -> None:
        """Write the record to the local file too, after the lines that belong elsewhere."""
        log = self.log()
        taken = {change_log.identity(change) for change in log.changes}
        kept = (
            change
            for change in alias_history.read(self.file)
            if change.number == 0 and change_log.identity(change) not in taken
        )
        lines = [change.line for change in (*kept, *log.changes)]
        write_text("".join(f"{line}\n" for line in lines), self.file)
