"""Write the entries of the log: that a batch was sealed, and where else a person's values lie."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from creditloom.serving.ledger.log.log import Entry, Head, Log
from creditloom.serving.ledger.signing import PrivateKey

# What an entry is of.
BATCH = "batch"
STORE = "store"
ERASURE = "erasure"
COUNTS = ("rows", "decided", "rejected")


def now() -> str:
    """Return the moment, UTC in ISO 8601."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def note_batch(
    log: Log, folder: Path, manifest: Mapping[str, Any], key: PrivateKey | None = None
) -> Head:
    """Add the sealed batch to the log, unless its last entry says the same; return the head.

    A job that was killed between seal and log is noted by its next run.
    """
    entry = {
        "kind": BATCH,
        "path": log.name_of(folder),
        "root": manifest["root"],
        **{name: manifest[name] for name in COUNTS},
        "exports": [export["file"] for export in manifest.get("exports", {}).values()],
    }
    return _once(log, entry, key)


def note_store(log: Log, store: str, path: Path, key: PrivateKey | None = None) -> Head:
    """Note that a store of kind `store` holds values of persons at `path`: `erase` goes there."""
    return _once(log, {"kind": STORE, "store": store, "path": log.name_of(path)}, key)


def _once(log: Log, entry: Mapping[str, Any], key: PrivateKey | None) -> Head:
    same_place = [
        {name: kept[name] for name in entry if name in kept}
        for kept in log.entries()
        if (kept["kind"], kept.get("path")) == (entry["kind"], entry["path"])
    ]
    heads = log.heads()
    is_covered = bool(heads) and heads[-1]["size"] == len(log.leaves())
    if same_place and same_place[-1] == dict(entry):
        return log.head() if is_covered else log.cover(now(), key)
    return log.add({**entry, "date": now()}, key)


def batches(entries: Sequence[Entry]) -> dict[str, Entry]:
    """Return the last entry of each batch by its path."""
    return {entry["path"]: entry for entry in entries if entry["kind"] == BATCH}


def stores(entries: Sequence[Entry]) -> Iterator[tuple[str, str]]:
    """Yield kind and path of each store that was noted, each once."""
    noted = ((entry["store"], entry["path"]) for entry in entries if entry["kind"] == STORE)
    yield from dict.fromkeys(noted)


def erasures(entries: Sequence[Entry], root: str) -> list[Entry]:
    """Return the erasures from the batch with this root, oldest first."""
    # An erasure from another store names no batch.
    return [e for e in entries if e["kind"] == ERASURE and e.get("batch") == root]
