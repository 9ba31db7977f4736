"""The history of aliases lives with the registry: one history for all, and what others did is told.

The tests work on a store whose versions are two entries without artifacts: an alias needs no more.
"""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditloom.serving.registry import alias_history
from creditloom.serving.registry.alias_history import SEEN, TAKEN, VOID, Change, held, moment
from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.gate import GateParams, RegistryParams
from creditloom.serving.registry.lookup import BUNDLE_TAG, RUNTIME_TAG
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.model_registry import CHALLENGER, CHAMPION, ModelRegistry
from creditloom.serving.registry.safety.change_log import ChangeLog, tag_of

# What all of them look at takes tens of seconds to make.
pytestmark = pytest.mark.slow

NAME = "credit-decision"
PARAMS = RegistryParams(NAME, GateParams(0.65, 0.01, 0.01, 0.01, 0.0, ("ridge",)))
FIGURES = {
    "observable.auc": "0.75",
    "observable.calibration_p": "0.4",
    "observable.group_p": "0.3",
    "observable.ridge_delta_high": "0.01",
}
FAR = moment("2100-01-01")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store with two versions that pass the gate; version 1 is champion."""
    store = Store.at(tmp_path_factory.mktemp("made"), {})
    client = store.client()
    client.create_registered_model(NAME)
    for number in "12":
        tags = {BUNDLE_TAG: number * 64, RUNTIME_TAG: f"creditloom_rt_{number * 8}", **FIGURES}
        client.create_model_version(NAME, f"file:///nowhere/{number}", tags=tags)
    return store


@pytest.fixture
def clone(made: Store, tmp_path: Path) -> ModelRegistry:
    """A checkout with a copy of the store."""
    assert made.file is not None
    (tmp_path / "mlflow.db").write_bytes(made.file.read_bytes())
    store = Store.at(tmp_path, {})
    return ModelRegistry(PARAMS, store, tmp_path / "aliases.jsonl")


def _holders(registry: ModelRegistry) -> list[int | None]:
    changes = registry.history().changes
    found = [held(changes, alias, FAR) for alias in (CHAMPION, CHALLENGER)]
    return [change and change.version for change in found]


def test_two_clones_on_one_registry_tell_one_history(clone: ModelRegistry, tmp_path: Path) -> None:
    other = replace(clone, file=tmp_path / "elsewhere" / "aliases.jsonl")
    clone.promote(1, CHAMPION, "first")
    other.promote(2, CHALLENGER, "to compare")
    clone.promote(2, CHAMPION, "better")
    assert clone.history() == other.history()
    told = [(change.alias, change.version, change.reason) for change in other.history().changes]
    assert told == [
        (CHAMPION, 1, "first"),
        (CHALLENGER, 2, "to compare"),
        (CHAMPION, 2, "better"),
        (CHALLENGER, None, "version 2 became champion"),
    ]
    assert alias_history.read(clone.file) == clone.history().changes, "the local file is a copy"
    assert clone.history().notes == ()


def test_an_alias_that_was_moved_in_mlflow_is_told(clone: ModelRegistry) -> None:
    """Taken away, moved, or new: the history says so at once, and keeps it with the next change."""
    clone.promote(1, CHAMPION, "first")
    clone.store.point(NAME, CHAMPION, None)
    clone.store.point(NAME, CHALLENGER, 2)
    assert _holders(clone) == [None, 2]
    notes = clone.history().notes
    assert [note.split(" was ")[0] for note in notes] == [CHALLENGER, CHAMPION]
    assert "version 1 on record, none now" in notes[1]
    clone.promote(1, CHAMPION, "put back")
    kinds = [change.kind for change in clone.history().changes]
    assert kinds == ["moved", SEEN, SEEN, "moved"]
    assert clone.history().notes == ()


def test_who_was_champion_by_mlflow_alone_meets_the_gate(clone: ModelRegistry) -> None:
    """One can go back to a former champion, but not to one that never passed the gate."""
    store = clone.store
    store.client().set_model_version_tag(NAME, "2", "observable.auc", "0.7")
    clone.promote(1, CHAMPION, "first")
    store.point(NAME, CHAMPION, 2)
    clone.promote(1, CHAMPION, "put back")
    with pytest.raises(RegistryError, match=r"less 0\.01"):
        clone.promote(2, CHAMPION, "was there before")


class StoppedError(Exception):
    """The process ends here."""


@pytest.mark.parametrize("has_moved", [False, True])
def test_a_change_that_was_interrupted_is_told_and_mended(
    clone: ModelRegistry, monkeypatch: pytest.MonkeyPatch, has_moved: bool
) -> None:
    """Stopped between the record and the alias, and between the alias and its confirmation."""
    clone.promote(1, CHAMPION, "first")
    point = Store.point

    def stop(store: Store, name: str, alias: str, version: int | None) -> None:
        if has_moved:
            point(store, name, alias, version)
        raise StoppedError

    with monkeypatch.context() as patched:
        patched.setattr(Store, "point", stop)
        with pytest.raises(StoppedError):
            clone.promote(2, CHAMPION, "second")
    (note,) = clone.history().notes
    assert ("it holds" in note, "was not carried out" in note) == (has_moved, not has_moved)
    assert _holders(clone) == [2 if has_moved else 1, None]
    assert clone.mend() == (note,)
    assert (clone.history().notes, clone.mend()) == ((), ())
    assert _holders(clone) == [2 if has_moved else 1, None]
    kinds = [change.kind for change in clone.history().changes]
    assert kinds == ["moved", "moved"] + ([] if has_moved else [VOID])


def test_lines_of_an_earlier_release_are_taken_into_the_registry(clone: ModelRegistry) -> None:
    """Of this store only: a line that names another bundle stays in the file."""
    lines = [
        {"date": "2026-01-10T08:00:00+00:00", "version": 1, "previous": None, "bundle": "1" * 64},
        {"date": "2026-01-11T08:00:00+00:00", "version": 2, "previous": 1, "bundle": "f" * 64},
    ]
    old = [
        {
            "date": line["date"],
            "name": NAME,
            "alias": CHAMPION,
            "version": line["version"],
            "previous": line["previous"],
            "bundle_sha256": line["bundle"],
            "reason": "before 0.3",
        }
        for line in lines
    ]
    clone.file.write_text("".join(json.dumps(line) + "\n" for line in old))
    clone.store.point(NAME, CHAMPION, 1)
    (note,) = clone.history().notes
    assert "1 changes lie in" in note
    assert _holders(clone) == [1, None]
    clone.promote(2, CHALLENGER, "to compare")
    history = clone.history()
    assert history.notes == ()
    taken = history.changes[0]
    assert (taken.kind, taken.version, taken.date[:10]) == (TAKEN, 1, "2026-01-10")
    first = alias_history.read(clone.file)[0]
    assert (first.bundle_sha256, first.number) == ("f" * 64, 0), "the other store's line is kept"
    assert alias_history.read(clone.file)[1:] == history.changes


@pytest.mark.parametrize("harm", ["removed", "edited"])
def test_a_broken_chain_is_told(clone: ModelRegistry, harm: str) -> None:
    for version in (1, 2, 1):
        clone.promote(version, CHAMPION, "why")
    second = clone.history().changes[1]
    client = clone.store.client()
    if harm == "removed":
        client.delete_registered_model_tag(NAME, tag_of(second))
    else:
        client.set_registered_model_tag(NAME, tag_of(second), replace(second, reason="x").line)
    with pytest.raises(RegistryError, match="history of aliases is broken"):
        clone.history()


def _promote(registry: ModelRegistry, worker: int, times: int) -> None:
    for turn in range(times):
        registry.promote(1 + turn % 2, CHALLENGER, f"{worker}/{turn} [/red] \u2028 NaN")


def test_eight_processes_that_promote_at_once_lose_no_line(clone: ModelRegistry) -> None:
    clone.promote(1, CHAMPION, "first")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_promote, args=(clone, k, 3)) for k in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 8
    changes = clone.history().changes
    reasons = sorted(change.reason for change in changes[1:])
    assert reasons == sorted(f"{k}/{t} [/red] \u2028 NaN" for k in range(8) for t in range(3))
    assert clone.history().notes == ()
    assert alias_history.read(clone.file) == changes


@given(st.lists(st.text(max_size=20), max_size=6))
def test_any_text_is_a_reason_and_the_chain_holds(reasons: list[str]) -> None:
    """The log is read back as it was written, whatever people write."""
    log = ChangeLog((), 0, "")
    for reason in reasons:
        written = reason.encode(errors="replace").decode()
        log = log.extended(
            Change("2026-01-10T08:00:00+00:00", NAME, CHAMPION, 1, None, "", written)
        )
    tags = {tag_of(change): change.line for change in log.changes}
    assert ChangeLog.of(tags, "here").changes == log.changes


def test_a_reason_that_no_tag_holds_is_refused(clone: ModelRegistry) -> None:
    with pytest.raises(RegistryError, match="at most 2000 characters"):
        clone.promote(1, CHAMPION, "x" * 2001)
