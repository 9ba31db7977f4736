"""Manage one registered model: its versions, its champion, and the record of its aliases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from creditloom.serving.ledger.signing import PrivateKey
from creditloom.serving.registry import alias_history, gate, lookup
from creditloom.serving.registry.alias_history import Change
from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.gate import Measured, RegistryParams, SameRows
from creditloom.serving.registry.lookup import Version
from creditloom.serving.registry.mlflow_store import RunNotes, Store
from creditloom.serving.registry.runtime import runtime_name
from creditloom.serving.registry.safety import change_log, moved_store
from creditloom.serving.registry.safety.alias_record import AliasHistory, AliasRecord
from creditloom.serving.registry.safety.signature_check import signature_of

CHAMPION = "champion"
CHALLENGER = "challenger"
# A change is a tag of MLflow's, which older servers cut at 5,000 characters.
MAX_REASON = 2_000


@dataclass(frozen=True)
class ModelRegistry:
    """The model named in `params`, kept in `store`; `file` is a copy of its history.

    `key` signs versions and changes of aliases; None where nobody signs.
    """

    params: RegistryParams
    store: Store
    file: Path
    key: PrivateKey | None = None

    @property
    def record(self) -> AliasRecord:
        """Return the record of the model's aliases."""
        return AliasRecord(self.store, self.params.name, self.file, self.key)

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
        self,
        bundle: Path,
        runtime: Path,
        metrics: Mapping[str, Any],
        notes: Mapping[str, str] | None = None,
        run: RunNotes | None = None,
    ) -> tuple[Version, Change, tuple[str, ...]]:
        """Publish a new version, and return it with the change of alias and its shortfalls.

        It becomes challenger, unless there is no champion that could decide and it passes the
        absolute gate. The shortfalls are what kept it from `champion`, one line each. notes: other
        tags of the version. run: what run and version say of themselves.
        """
        measured = Measured.of(metrics)
        short = gate.shortfalls(measured, self.params.gate)
        with self.store.publishing(self.params.name):
            self._mended_places()
            tags = {**measured.tags(), **(notes or {})}
            version = self.store.publish(
                bundle, runtime, self.params.name, tags, measured.figures(), run
            )
        version = self._signed(version)
        with self.store.locked(self.params.name):
            # A second champion needs a person: `promote` asks for a reason.
            is_first = not short and self._champion_is_missing()
            alias = CHAMPION if is_first else CHALLENGER
            reason = "first champion: passed the absolute gate" if is_first else "registered"
            change = self.record.move(alias, version.version, version.bundle_sha256, reason)
        return version, change, short

    def promote(self, version: int, alias: str, reason: str) -> tuple[Change, ...]:
        """Let `alias` name `version`; return the changes made.

        Raises RegistryError without a reason, for an unknown alias, and where the gate refuses a
        champion. The relative gate does not apply to a former champion: one can always go back.
        """
        _check_words(alias, reason)
        with self.store.locked(self.params.name):
            self._mended_places()
            tags = self.store.tags(self.params.name, version)
            if alias == CHAMPION:
                self._check_gate(version, tags)
            moved = self.record.move(alias, version, tags.get(lookup.BUNDLE_TAG, ""), reason)
            # A champion is not its own challenger.
            if alias == CHAMPION and self._holder(CHALLENGER) == version:
                gone = self.record.move(CHALLENGER, None, "", f"version {version} became champion")
                return moved, gone
        return (moved,)

    def previous_champion(self) -> int:
        """Return the version that was champion before the one that is.

        Raises RegistryError where nobody was.
        """
        now = self._holder(CHAMPION)
        asked = (one for one in reversed(alias_history.effective(self.history().changes)))
        before = (
            one.version
            for one in asked
            if one.alias == CHAMPION and one.is_asked and one.version not in (None, now)
        )
        version = next(before, None)
        if version is None:
            raise RegistryError.of(
                "Nobody was champion before",
                where=self.store.place,
                expected="an earlier champion in `creditloom history`",
                got="no champion" if now is None else f"version {now} alone",
                next_step="name a version: creditloom promote --version N --reason WHY",
            )
        return version

    def history(self) -> AliasHistory:
        """Return all changes of aliases, and notes on what is not as the record says."""
        return self.record.history()

    def mend(self) -> tuple[str, ...]:
        """Take up what an interrupted process left, and correct the places of a moved store.

        Returns what was mended, in words.
        """
        if self.record.log().pending is None and not self._is_moved():
            return ()
        # Under the lock, so that a change which is under way is not taken for an interrupted one.
        with self.store.locked(self.params.name):
            pending = self.record.log().pending
            now = self.store.aliases(self.params.name)
            notes = () if pending is None else (change_log.interrupted(pending, now),)
            if pending is not None:
                self.record.caught_up()
            return (*notes, *self._mended_places())

    def _signed(self, version: Version) -> Version:
        """Keep a signature with a version, where there is a key."""
        if self.key is None:
            return version
        signature = signature_of(version, self.key)
        self.store.tag_version(version.name, version.version, lookup.SIGNATURE_TAG, signature)
        return replace(version, signature=signature)

    def _mended_places(self) -> tuple[str, ...]:
        """Let the store name its artifacts where they lie now; say so if there was need."""
        file = self.store.file
        if file is None or not self._is_moved():
            return ()
        moved_store.mend(file)
        return (f"{file} was moved: it names its artifacts where they lie now",)

    def _is_moved(self) -> bool:
        return self.store.file is not None and moved_store.is_moved(self.store.file)

    def _champion_is_missing(self) -> bool:
        """Return whether no version is champion, or the one that is has lost its artifacts."""
        holder = self._holder(CHAMPION)
        if holder is None or self.store.file is None:
            return holder is None
        version = lookup.aliased(self.store.file, self.params.name, CHAMPION)
        return version is not None and not version.is_whole

    def _check_gate(self, version: int, tags: Mapping[str, str]) -> None:
        measured = Measured.of_tags(tags)
        who = f"{self.params.name} version {version}"
        gate.require(gate.shortfalls(measured, self.params.gate), who)
        holder = self._holder(CHAMPION)
        if holder is None or holder == version:
            return
        if not alias_history.was(self.history().changes, CHAMPION, version):
            champion = Measured.of_tags(self.store.tags(self.params.name, holder))
            same_rows = SameRows.of_tags(tags)
            if same_rows is not None and same_rows.champion == holder:
                champion = replace(champion, auc=same_rows.auc)
            gate.require(gate.behind(measured, champion, self.params.gate), who)

    def _holder(self, alias: str) -> int | None:
        return self.store.aliases(self.params.name).get(alias)


def _check_words(alias: str, reason: str) -> None:
    if alias not in (CHAMPION, CHALLENGER) or not reason.strip() or len(reason) > MAX_REASON:
        raise RegistryError.of(
            "Unknown alias, or no reason given",
            where="creditloom promote",
            expected=f"--alias {CHAMPION} or {CHALLENGER}, and a reason in words of at most "
            f"{MAX_REASON} characters",
            got=f"--alias {alias} --reason {reason[:80]!r}",
            next_step="give both",
        )
