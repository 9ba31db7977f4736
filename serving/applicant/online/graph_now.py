"""The graph of a month with the consents of now: what a snapshot says of a person at a decision.

The values are those of the first of the month. A neighbour's refusal counts from its moment on: the
graph is then measured again without the person, once for all decisions until the next refusal.
"""

from __future__ import annotations

import bisect
import sqlite3
import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from creditloom.features.declare.declarations import FeatureSpec
from creditloom.features.network.graph import of_nobody
from creditloom.features.network.network_features import MEETINGS, SNAPSHOT
from creditloom.features.network.snapshot_reading import NetworkSnapshot
from creditloom.serving.applicant.online.persons.applications import CONSENTS

SOCIAL = CONSENTS["consent_social"]
LINKED = MEETINGS[-1].name
STATEMENTS = """
SELECT moment, application_id, person, consents FROM applications
WHERE seq > ? AND moment IS NOT NULL AND person IS NOT NULL ORDER BY moment, application_id
"""


class Refusals:
    """Who had refused the social consent, as of the first of a month or of a moment within it."""

    def __init__(self, month: int) -> None:
        self._first = int(np.datetime64(month, "M").astype("datetime64[us]").astype(np.int64))
        self._seq = 0
        # The last statement of each person before the month: its place in time, and if given.
        self._before: dict[int, tuple[tuple[int, int], bool]] = {}
        # The statements within the month of each person who refuses in it, in order of time.
        self._within: dict[int, list[tuple[int, int, bool]]] = {}
        self._refusing: set[int] = set()
        # People who had refused before the month, sorted; None where that is to be made again.
        self._base: np.ndarray | None = None
        # The moments of all statements within the month, sorted: between two of them nothing
        # changes, so the answer of the last stretch is kept.
        self._moments: list[int] = []
        self._last: tuple[int, np.ndarray] | None = None

    def read(self, connection: sqlite3.Connection) -> None:
        """Read the statements of the calls that came since."""
        seq = connection.execute("SELECT coalesce(max(seq), 0) FROM calls").fetchone()[0]
        if seq == self._seq:
            return
        for moment, key, person, consents in connection.execute(STATEMENTS, (self._seq,)):
            self._note(moment, key, person, is_given=bool(consents & SOCIAL))
        self._seq = seq

    def _note(self, moment: int, key: int, person: int, *, is_given: bool) -> None:
        self._last = None
        if moment >= self._first:
            bisect.insort(self._moments, moment)
            bisect.insort(self._within.setdefault(person, []), (moment, key, is_given))
            if not is_given:
                self._refusing.add(person)
        elif person not in self._before or (moment, key) >= self._before[person][0]:
            self._before[person] = ((moment, key), is_given)
            self._base = None

    def as_of(self, moment: int) -> np.ndarray:
        """Return the people, sorted, whom the network leaves out for a decision at a moment."""
        # A statement holds from its moment on: one of this very moment does not yet.
        stretch = bisect.bisect_left(self._moments, moment)
        if self._last is None or self._last[0] != stretch:
            self._last = (stretch, self._left_out(moment))
        return self._last[1]

    def _left_out(self, moment: int) -> np.ndarray:
        if self._base is None:
            refused = [person for person, (_, is_given) in self._before.items() if not is_given]
            self._base = np.array(sorted(refused), np.int64)
        # Whoever agreed since the first of the month stays out: that network holds nobody new.
        new = [person for person in self._refusing if self._refuses(person, moment)]
        return np.union1d(self._base, np.array(new, np.int64)) if new else self._base

    def _refuses(self, person: int, moment: int) -> bool:
        """Return whether the last statement of the month before a moment is a refusal."""
        own = self._within[person]
        end = bisect.bisect_left(own, (moment,))
        return end > 0 and not own[end - 1][2]


class GraphNow:
    """What the network of a month says of one person, of the features that are wanted."""

    def __init__(self, snapshot: NetworkSnapshot, wanted: Collection[str]) -> None:
        self.snapshot = snapshot
        self.specs = tuple(spec for spec in SNAPSHOT if spec.name in wanted)
        self._refusals = Refusals(snapshot.month)
        self._lock = threading.Lock()
        self._linked: tuple[np.ndarray, np.ndarray] | None = None
        if LINKED in wanted and "linked" in snapshot.files:
            self._linked = snapshot.linked()
        self._people = np.zeros(0, np.int64)
        self._known = np.zeros(0, np.int64)
        self._made: Mapping[str, np.ndarray] = {}
        # Of the last set of people who are left out.
        self._again: tuple[bytes, Mapping[str, np.ndarray]] = (b"", {})
        # The very array that was asked for last, and what was found.
        self._asked: tuple[np.ndarray | None, Mapping[str, np.ndarray]] = (None, {})
        if self.specs and "graph" in snapshot.files:
            self._people, self._known, self._made = snapshot.graph_of(self.specs)

    def values(self, connection: sqlite3.Connection, person: int, as_of: int) -> dict[str, float]:
        """Return the values of a person, NaN for null; `as_of` in microseconds."""
        found: dict[str, float] = {}
        if self._linked is not None:
            found[LINKED] = _at(*self._linked, person, 0.0)
        if self._made:
            with self._lock:
                self._refusals.read(connection)
                refused = self._refusals.as_of(as_of)
                columns = self._columns(refused)
            place = int(np.searchsorted(self._people, person))
            is_node = place < len(self._people) and self._people[place] == person
            for spec in self.specs:
                nobody = float(of_nobody(spec.null_meaning, 1)[0])
                found[spec.name] = float(columns[spec.name][place]) if is_node else nobody
        return found

    def _columns(self, refused: np.ndarray) -> Mapping[str, np.ndarray]:
        """Return the values of everybody in the network without some people."""
        if refused is self._asked[0]:
            return self._asked[1]
        found = self._made if np.array_equal(refused, self._known) else self._measured(refused)
        self._asked = (refused, found)
        return found

    def _measured(self, refused: np.ndarray) -> Mapping[str, np.ndarray]:
        name = refused.tobytes()
        if self._again[0] != name:
            everyone = np.arange(len(self._people))
            made = self.snapshot.measured(self.specs, self._people, everyone, refused)
            self._again = (name, _by_name(self.specs, made))
        return self._again[1]


def _by_name(specs: Sequence[FeatureSpec], made: Any) -> dict[str, np.ndarray]:
    return {spec.name: column for spec, column in zip(specs, made, strict=True)}


def _at(people: np.ndarray, values: np.ndarray, person: int, absent: float) -> float:
    place = int(np.searchsorted(people, person))
    is_there = place < len(people) and people[place] == person
    return float(values[place]) if is_there else absent
