"""Manage one registered model: its versions, its champion, and the record of its aliases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from creditloom.serving.registry import alias_history, gate, lookup
from creditloom.serving.registry.alias_history import Change
from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.gate import Measured, RegistryParams
from creditloom.serving.registry.lookup import Version
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.runtime import runtime_name

CHAMPION = "champion"
CHALLENGER = "challenger"


@dataclass(frozen=True)
class ModelRegistry:
    """The model named in `params`, kept in `store`; `file` holds the changes of its aliases."""

    params: RegistryParams
    store: Store
    file: Path

    def find(self, bundle: Path, runtime: Path) -> int | None:
        """Return the newest version made of exactly this bundle and runtime.

        None when there is none, or its artifacts are gone.
        """
        sha = lookup.bundle_sha256(bundle)
        package = runtime_name(runtime)
        # A sqlite file is read directly, so that nothing waits for the import of mlflow.
        if not self.store.is_embedded:
            tags = {lookup.BUNDLE_TAG: sha, lookup.RUNTIME_TAG: package}
            return self.store.find(self.params.name, tags)
        known = lookup.versions(self.store.file, self.params.name) if self.store.file else ()
        equal = [
            version.version
            for version in known
            if version.bundle_sha256 == sha and version.runtime == package and version.is_whole
        ]
        return max(equal, default=None)

    def register(
        self, bundle: Path, runtime: Path, metrics: Mapping[str, Any]
    ) -> tuple[Version, Change, tuple[str, ...]]:
        """Publish a new version, and return it with the change of alias and its shortfalls.

        It becomes challenger, unless there is no champion yet and it passes the absolute gate. The
        shortfalls are what kept it from `champion`, one line each.
        """
        measured = Measured.of(metrics)
        version = self.store.publish(
            bundle, runtime, self.params.name, measured.tags(), measured.figures()
        )
        short = gate.shortfalls(measured, self.params.gate)
        # A second champion needs a person: `promote` asks for a reason.
        if short or self.store.alias(self.params.name, CHAMPION) is not None:
            alias = CHALLENGER
            reason = "registered"
        else:
            alias = CHAMPION
            reason = "first champion: passed the absolute gate"
        change = self._move(alias, version.version, version.bundle_sha256, reason)
        return version, change, short

    def promote(self, version: int, alias: str, reason: str) -> tuple[Change, ...]:
        """Let `alias` name `version`; return the changes made.

        Raises RegistryError without a reason, for an unknown alias, and where the gate refuses a
        champion. The relative gate does not apply to a former champion: one can always go back.
        """
        _check_words(alias, reason)
        tags = self.store.tags(self.params.name, version)
        if alias == CHAMPION:
            self._check_gate(version, Measured.of_tags(tags))
        moved = self._move(alias, version, tags.get(lookup.BUNDLE_TAG, ""), reason)
        # A champion is not its own challenger.
        if alias == CHAMPION and self.store.alias(self.params.name, CHALLENGER) == version:
            return moved, self._move(CHALLENGER, None, "", f"version {version} became champion")
        return (moved,)

    def _check_gate(self, version: int, measured: Measured) -> None:
        who = f"{self.params.name} version {version}"
        gate.require(gate.shortfalls(measured, self.params.gate), who)
        holder = self.store.alias(self.params.name, CHAMPION)
        if holder is None or holder == version:
            return
        if not alias_history.was(alias_history.read(self.file), CHAMPION, version):
            champion = Measured.of_tags(self.store.tags(self.params.name, holder))
            gate.require(gate.behind(measured, champion, self.params.gate), who)

    def _move(self, alias: str, version: int | None, sha: str, reason: str) -> Change:
        """Move the alias, then record the change: a move that fails must not be on record."""
        previous = self.store.alias(self.params.name, alias)
        self.store.point(self.params.name, alias, version)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        change = Change(
            date=now,
            name=self.params.name,
            alias=alias,
            version=version,
            previous=previous,
            bundle_sha256=sha,
            reason=reason,
        )
        alias_history.append(change, self.file)
        return change


def _check_words(alias: str, reason: str) -> None:
    if alias not in (CHAMPION, CHALLENGER) or not reason.strip():
        raise RegistryError.of(
            "Unknown alias, or no reason given",
            where="creditloom promote",
            expected=f"--alias {CHAMPION} or {CHALLENGER}, and a reason in words",
            got=f"--alias {alias} --reason {reason!r}",
            next_step="give both",
        )
