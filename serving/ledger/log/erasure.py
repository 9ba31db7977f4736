"""Erase persons from every store that the log names; each erasure is an entry of the log.

A store is a place where values of persons lie. A batch is one as soon as it is sealed; others are
noted by `notes.note_store` under a kind, and `register` says how a kind is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from creditloom.serving.ledger.log.log import Entry, Log
from creditloom.serving.ledger.log.notes import BATCH, ERASURE, batches, now, stores
from creditloom.serving.ledger.signing import PrivateKey
from creditloom.storage.files.errors import DataError

# Takes what was erased (places and counts, no values); adds it to the log and returns the entry.
Note = Callable[[Mapping[str, Any]], Entry]
# Characters: a reason is a sentence, not "ok".
MIN_REASON_LENGTH = 10


@dataclass(frozen=True)
class Erased:
    """What a store did: rows taken out, and places of these persons that it cannot reach."""

    rows: int
    left: tuple[str, ...] = ()


class PersonStore(Protocol):
    """A place where values of persons lie."""

    def erase(self, persons: frozenset[str], note: Note) -> Erased:
        """Take out all rows of these persons, given by application id as text.

        Everything is prepared first; then `note` is called once, if there is any row; then the
        old content goes. So a kill in between leaves an entry and the content, and the same
        command ends it.
        """


@dataclass(frozen=True)
class Outcome:
    """The outcome at one place; `erased` is None where the place is not there any more."""

    kind: str
    path: str
    erased: Erased | None


OPENERS: dict[str, Callable[[Path], PersonStore]] = {}


def register(kind: str, opener: Callable[[Path], PersonStore]) -> None:
    """Say how a store of this kind is opened at a path."""
    OPENERS[kind] = opener


def erase(
    persons: Iterable[str], reason: str, log: Log, key: PrivateKey | None = None
) -> list[Outcome]:
    """Erase persons from every store of the log; return what was done at each place.

    Raises DataError without a reason, without a log, and for a store of a kind that is not known.
    """
    wanted = frozenset(persons)
    _check(reason, log)
    entries = log.entries()
    places = [*((BATCH, path) for path in batches(entries)), *stores(entries)]
    for kind, path in places:
        if kind not in OPENERS:
            raise DataError.of(
                "Nobody here knows how to erase from this store",
                where=log.place_of(path),
                expected=f"a store of kind {', '.join(sorted(OPENERS))}",
                got=kind,
                next_step="use the release that noted it; nothing was erased",
            )
    return [_at(kind, path, wanted, reason, log, key) for kind, path in places]


def _at(
    kind: str, path: str, persons: frozenset[str], reason: str, log: Log, key: PrivateKey | None
) -> Outcome:
    place = log.place_of(path)
    if not place.exists():
        return Outcome(kind, path, None)

    def note(scope: Mapping[str, Any]) -> Entry:
        entry = {"kind": ERASURE, "store": kind, "path": path, "reason": reason, "date": now()}
        log.add({**entry, **scope}, key)
        return log.entries()[-1]

    return Outcome(kind, path, OPENERS[kind](place).erase(persons, note))


def _check(reason: str, log: Log) -> None:
    if len(reason.strip()) < MIN_REASON_LENGTH:
        raise DataError.of(
            "An erasure needs a reason",
            where="--reason",
            expected="a sentence, without a value of the person",
            got=reason or "nothing",
            next_step="say why; nothing was erased",
        )
    if not log.exists:
        raise DataError.of(
            "There is no log, so nobody knows where persons lie",
            where=log.folder,
            expected="the folder of a log, as `creditloom score` writes it",
            got="none",
            next_step="name it with --log; nothing was erased",
        )
