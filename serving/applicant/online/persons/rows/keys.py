"""Which keys of raw tables a store holds, and of which person: so that a row counts once.

Keys that grow with time are cheap: a call's keys lie above those that are there, and nothing is
read. Keys without an order are looked up in every stretch that they may lie in.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

# Keys of a stretch: 256 kB with the persons.
STRETCH = 16_384
STRETCHES = """
SELECT body FROM keys JOIN runs USING (run)
WHERE raw = ? AND high >= ? AND low <= ? AND is_whole
"""


@dataclass(frozen=True)
class Keys:
    """Keys of one raw table, sorted, each once, and the person of each."""

    keys: np.ndarray
    people: np.ndarray

    @classmethod
    def of(cls, keys: np.ndarray, people: np.ndarray) -> Keys:
        """Sort keys, each of which stands once."""
        # Each key stands once: no tie is left.
        order = np.argsort(keys)
        return cls(keys[order], people[order])

    @classmethod
    def read(cls, body: bytes) -> Keys:
        """Read a stretch."""
        words = np.frombuffer(body, np.int64)
        return cls(words[: len(words) // 2], words[len(words) // 2 :])

    def stretches(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield (smallest key, largest key, bytes) of each stretch."""
        for begin in range(0, len(self.keys), STRETCH):
            keys = self.keys[begin : begin + STRETCH]
            body = np.concatenate([keys, self.people[begin : begin + STRETCH]])
            yield int(keys[0]), int(keys[-1]), body.astype(np.int64).tobytes()

    def write(self, connection: sqlite3.Connection, run: int, raw: int) -> None:
        """Write the keys of a run in one raw table."""
        rows = [(run, raw, *stretch) for stretch in self.stretches()]
        connection.executemany(
            "INSERT INTO keys (run, raw, low, high, body) VALUES (?, ?, ?, ?, ?)", rows
        )


def known(connection: sqlite3.Connection, raw: int, keys: np.ndarray) -> Keys:
    """Return those of some keys that the store holds, with their persons."""
    found = Keys(np.zeros(0, np.int64), np.zeros(0, np.int64))
    if not len(keys):
        return found
    keys_found = [found.keys]
    people_found = [found.people]
    span = (raw, int(keys.min()), int(keys.max()))
    for (body,) in connection.execute(STRETCHES, span):
        there = Keys.read(body)
        at = np.searchsorted(there.keys, keys)
        at[at == len(there.keys)] = 0
        is_there = there.keys[at] == keys
        keys_found.append(keys[is_there])
        people_found.append(there.people[at[is_there]])
    return Keys.of(np.concatenate(keys_found), np.concatenate(people_found))
