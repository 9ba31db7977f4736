"""Keep the numbers of ids that are text the same from one delivery to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import read_document
from creditloom.storage.files.store import read_table, write_table
from creditloom.storage.folders.lake_lists import LakeState, is_lake, read_lake
from creditloom.storage.lake.state import IDS as LAKE_IDS
from creditloom.storage.mapped.text_ids import IDS, MAPPED, MARK, Numbering


def known_numberings(root: Path) -> dict[str, Numbering]:
    """Return the numberings of a lake, for a mapping to go on with; none of a new lake."""
    if not is_lake(root):
        return {}
    state = read_lake(root)
    return {name: Numbering(read_table(root / file)) for name, file in state.numberings.items()}


def with_numberings(
    state: LakeState, source: Path, tables: Mapping[str, tuple[Path, ...]], mark: str
) -> LakeState:
    """Return the state with the texts of the ids of a delivery, whose file is written.

    Raises DataError where the delivery numbers ids in another way than the lake.
    """
    ids: dict[str, str] = {}
    if (source / MARK).is_file():
        ids = read_document(source / MARK, MAPPED)["ids"]
    before = {key: name for key, name in state.ids.items() if key.split(".")[0] in tables}
    now = {key: name for key, name in ids.items() if key.split(".")[0] in tables}
    is_known = {key for key in {**before, **now} if key.split(".")[0] in state.columns}
    if any(before.get(key) != now.get(key) for key in is_known):
        raise _other_ids(source, before, now)
    files = dict(state.numberings)
    for name in sorted(set(ids.values())):
        texts = read_table(source / IDS / f"{name}.parquet")
        _require_same(state, name, texts, source)
        files[name] = f"{LAKE_IDS}/{name}-{mark}.parquet"
        write_table(texts, state.root / files[name])
    return replace(state, ids={**state.ids, **now}, numberings=files)


def _require_same(state: LakeState, name: str, texts: pa.Table, source: Path) -> None:
    """Raise DataError unless a numbering goes on where that of the lake ended."""
    if name not in state.numberings:
        return
    known = read_table(state.root / state.numberings[name])
    begin = texts.slice(0, len(known))
    if not begin["text"].combine_chunks().equals(known["text"].combine_chunks()):
        raise _other_ids(source, {name: "the numbers of the lake"}, {name: "other numbers"})


def _other_ids(source: Path, before: Mapping[str, str], now: Mapping[str, str]) -> DataError:
    return DataError.of(
        "The ids of this delivery are numbered in another way than those of the lake",
        where=source,
        expected=dict(before) or "whole numbers",
        got=dict(now) or "whole numbers",
        next_step="give the files as they came, with their mapping: creditloom lake add LAKE "
        "FILES --mapping mapping.yaml",
    )
