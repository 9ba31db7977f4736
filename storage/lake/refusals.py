"""Refuse what cannot be done to a lake, with the next step."""

from __future__ import annotations

from pathlib import Path

from creditloom.storage.files.errors import DataError
from creditloom.storage.folders.lake_lists import LakeState
from creditloom.storage.lake.rules_version import rules_version

# More would be files of a few people each, for a country too: the time goes into opening them.
MAX_SHARDS = 65_536


def allowed(shards: int) -> int:
    """Return a number of shards; DataError for one that no lake has."""
    if not 1 <= shards <= MAX_SHARDS:
        raise DataError.of(
            "No such number of shards",
            where="--shards",
            expected=f"1 to {MAX_SHARDS:,}",
            got=shards,
            next_step="name another number",
        )
    return shards


def require_shards(state: LakeState, shards: int | None) -> None:
    """Raise DataError where a lake has other shards than asked for, or other rules than now."""
    if shards is not None and shards != state.shards:
        raise DataError.of(
            "The lake has another number of shards",
            where=state.root,
            expected=f"{state.shards}, or no --shards",
            got=shards,
            next_step=f"cut it anew: creditloom lake reshard {state.root} --shards {shards}",
        )
    if state.rules != rules_version():
        raise DataError.of(
            "The rows of the lake were judged by other rules than those of now",
            where=state.root,
            expected=f"rules {rules_version()}",
            got=f"rules {state.rules}",
            next_step="judge them again first: creditloom lake reshard "
            f"{state.root} --shards {state.shards}",
        )


def there(root: Path, state: LakeState | None) -> LakeState:
    """Return the state of a lake; DataError where none lies there."""
    if state is None:
        raise DataError.of(
            "No lake lies there",
            where=root,
            expected="a folder with lake.json",
            got="none",
            next_step="begin one: creditloom lake add LAKE FOLDER_OF_RAW_TABLES",
        )
    return state


def is_a_lake(source: Path) -> DataError:
    """Return the error for a lake that is to be added to a lake."""
    return DataError.of(
        "A lake cannot be added to a lake",
        where=source,
        expected="a folder of raw tables, or of your own files with --mapping",
        got="a folder with lake.json",
        next_step="read the lake itself: creditloom score --events, source.path, from_events",
    )
