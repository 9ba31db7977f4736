"""One registered model: its versions, who is champion, and every change of an alias written down with its reason."""

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

CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True)
class ModelRegistry:
    """The model named in `params`, kept in `store`; `file` holds the changes of its aliases."""

    params: RegistryParams
    store: Store
    file: Path

    def find(self, bundle: Path, runtime: Path) -> int | None:
        """The newest version made of exactly this bundle and runtime; None when there is none, or its artifacts are gone.

        Asked of the sqlite file where there is one, so that nothing waits for mlflow.
        """
        made_of = (lookup.bundle_sha256(bundle), runtime_name(runtime))
        if not self.store.is_embedded:
            return self.store.find(
                self.params.name,
                dict(zip((lookup.BUNDLE_TAG, lookup.RUNTIME_TAG), made_of, strict=True)),
            )
        known = lookup.versions(self.store.file, self.params.name) if self.store.file else ()
        return max(
            (v.version for v in known if (v.bundle_sha256, v.runtime) == made_of and v.is_whole),
            default=None,
        )

    def register(
        self, bundle: Path, runtime: Path, metrics: Mapping[str, Any]
    ) -> tuple[Version, Change, tuple[str, ...]]:
        """Publish a new version. It is challenger, unless there is no champion yet and it passes the absolute gate.

        Returns the version, the change of alias, and what kept it from `champion`, one line each.
        """
        measured = Measured.of(metrics)
        version = self.store.publish(
            bundle, runtime, self.params.name, measured.tags(), measured.figures()
        )
        short = gate.shortfalls(measured, self.params.gate)
        if short or self.store.alias(self.params.name, CHAMPION) is not None:
            return (
                version,
                self._move(CHALLENGER, version.version, version.bundle_sha256, "registered"),
                short,
            )
        return (
            version,
            self._move(
                CHAMPION,
                version.version,
                version.bundle_sha256,
                "first champion: passed the absolute gate",
            ),
            (),
        )

    def promote(self, version: int, alias: str, reason: str) -> tuple[Change, ...]:
        """Let `alias` name `version`. RegistryError without a reason, for another alias, or where `champion` and the gate refuses.

        The relative gate does not hold for a former champion: the way back is always open.
        """
        _check_words(alias, reason)
        tags = self.store.tags(self.params.name, version)
        if alias == CHAMPION:
            self._check_gate(version, Measured.of_tags(tags))
        moved = self._move(alias, version, tags.get(lookup.BUNDLE_TAG, ""), reason)
        if alias == CHAMPION and self.store.alias(self.params.name, CHALLENGER) == version:
            return moved, self._move(CHALLENGER, None, "", f"version {version} became champion")
        return (moved,)

    def _check_gate(self, version: int, measured: Measured) -> None:
        who = f"{self.params.name} version {version}"
        gate.require(gate.shortfalls(measured, self.params.gate), who)
        holder = self.store.alias(self.params.name, CHAMPION)
        if holder not in (None, version) and not alias_history.was(
            alias_history.read(self.file), CHAMPION, version
        ):
            champion = Measured.of_tags(self.store.tags(self.params.name, holder))
            gate.require(gate.behind(measured, champion, self.params.gate), who)

    def _move(self, alias: str, version: int | None, sha: str, reason: str) -> Change:
        """Move the alias, then write the change down."""
        previous = self.store.alias(self.params.name, alias)
        self.store.point(self.params.name, alias, version)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        change = Change(now, self.params.name, alias, version, previous, sha, reason)
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
