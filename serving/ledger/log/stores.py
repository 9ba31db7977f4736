"""Erase persons from a sealed batch, and from a table: the stores that are ours.

Of a batch: decisions, ledger, salts and rows set aside, the exported files and the features beside
it. Its input is not ours, and stays.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from creditloom.serving.batch.output import ERASURES, MANIFEST, BatchFolder, sha256
from creditloom.serving.ledger.log.erasure import Erased, Note, register
from creditloom.serving.ledger.log.notes import BATCH
from creditloom.serving.ledger.rows.leaves import SALT_BYTES, as_words, file_salt
from creditloom.storage.files import formats
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.outputs import parquet_notes
from creditloom.storage.files.store import (
    SALT,
    Writer,
    iter_tables,
    open_parquet,
    read_json,
    read_table,
    write_table,
)

ID = "application_id"
# Metadata of pandas: no part of a table here (`store`).
PANDAS = b"pandas"
# The kind of a Parquet file with a row per application.
TABLE = "table"
# Ends the name of a file that takes the place of another one when its erasure is noted.
DRAFT = ".erased.tmp"


def is_of(table: pa.Table, persons: frozenset[str]) -> NDArray[np.bool_]:
    """Return which rows are of these persons, by application id as text; null is nobody's."""
    ids = table[ID].cast(pa.string())
    found = pc.is_in(ids, value_set=pa.array(sorted(persons), pa.string()))
    return np.asarray(found.to_numpy(), dtype=bool)


@dataclass
class _Drafts:
    """Files that wait to take their places; a draft of None is a file that goes."""

    root: Path
    drafts: dict[Path, Path | None] = field(default_factory=dict)

    def path(self, file: Path) -> Path:
        """Return where the new content of `file` is written."""
        draft = file.with_name(f".{file.name}{DRAFT}")
        self.drafts[file] = draft
        return draft

    def drop(self, file: Path) -> None:
        """Have `file` go."""
        self.drafts[file] = None

    def sums(self) -> dict[str, str | None]:
        """Return the sha256 of each new file, by its path from the root."""
        return {
            Path(os.path.relpath(file, self.root)).as_posix(): None if new is None else sha256(new)
            for file, new in self.drafts.items()
        }

    def settle(self) -> None:
        """Put every draft in its place, on the disk."""
        for file, draft in self.drafts.items():
            if draft is None:
                file.unlink(missing_ok=True)
            else:
                with draft.open("rb") as content:
                    os.fsync(content.fileno())
                draft.replace(file)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Delete drafts that took no place."""
        try:
            yield
        finally:
            for draft in self.drafts.values():
                if draft is not None:
                    draft.unlink(missing_ok=True)


@dataclass(frozen=True)
class BatchStore:
    """A sealed batch in a folder."""

    root: Path

    def erase(self, persons: frozenset[str], note: Note) -> Erased:
        """Take out the persons' rows; the leaves of the rows stay without their salts.

        Raises DataError for a batch whose rows have no leaves: those of release 0.2.0 and before.
        """
        folder = BatchFolder(self.root)
        drafts = _Drafts(self.root.absolute())
        with folder.claimed(), drafts.kept():
            manifest = read_json(self.root / MANIFEST)
            erased = self._parts(folder, persons, drafts)
            left = tuple(self._beside(manifest, persons, drafts))
            rows = {str(part): at.tolist() for part, at in erased.items()}
            count = sum(map(len, rows.values()))
            if drafts.drafts:
                scope = {"batch": manifest["root"], "rows": rows, "files": drafts.sums()}
                entry = note(scope)
                # The mark comes before the files: a job must never make them anew.
                with (self.root / ERASURES).open("a", encoding="utf-8") as out:
                    out.write(formats.to_line(entry, formats.LOG) + "\n")
                    out.flush()
                    os.fsync(out.fileno())
                drafts.settle()
        return Erased(count, left if count else ())

    def _parts(
        self, folder: BatchFolder, persons: frozenset[str], drafts: _Drafts
    ) -> dict[int, NDArray[np.int64]]:
        """Write the parts without these persons; return the rows taken out, counted per part."""
        erased = {}
        for file in sorted((self.root / "receipts").glob("part-*.json")):
            receipt = read_json(file)
            rows = _part_without(folder, receipt, persons, drafts)
            if len(rows):
                erased[receipt["part"]] = rows
        return erased

    def _beside(
        self, manifest: dict[str, Any], persons: frozenset[str], drafts: _Drafts
    ) -> Iterator[str]:
        """Write files beside the batch without these persons; yield what is out of reach."""
        beside = self.root.absolute().parent
        for export in manifest.get("exports", {}).values():
            if (beside / export["file"]).is_file():
                _file_without(beside / export["file"], persons, drafts)
            else:
                yield f"{export['file']}: not beside the batch; erase where it lies"
        features = self.root.absolute().with_suffix(".features")
        source = Path(read_json(self.root / "batch.json")["input"]["path"])
        if features in source.parents:
            for file in sorted(features.rglob("*.parquet")):
                _file_without(file, persons, drafts)
            yield "the raw events: not ours; erase where they lie"
        else:
            yield f"the input {source}: not ours; erase where it lies"


def _part_without(
    folder: BatchFolder, receipt: dict[str, Any], persons: frozenset[str], drafts: _Drafts
) -> NDArray[np.int64]:
    """Write the files of a part without these persons; return their rows, counted in the part."""
    part = receipt["part"]
    kinds = [kind for kind in receipt["files"] if _is_there(folder, kind, part)]
    tables = {kind: read_table(folder.file(kind, part)) for kind in kinds}
    of_decided = is_of(tables["decisions"], persons)
    aside = tables.get("quarantine")
    of_aside = np.zeros(0, dtype=bool) if aside is None else is_of(aside, persons)
    if not of_decided.any() and not of_aside.any():
        return np.zeros(0, np.int64)
    if "leaves" not in receipt:
        raise _no_leaves(folder.root)
    leaves = tables["leaves"]
    is_there = ~leaves["salt"].is_null().to_numpy()
    decided = np.flatnonzero(leaves["is_decided"].to_numpy() & is_there)
    rows = decided[of_decided]
    if aside is not None:
        rows = np.append(rows, aside["row"].to_numpy()[of_aside] - receipt["first"])
    rows = np.sort(rows)
    is_there[rows] = False
    salts = as_words(leaves["salt"].combine_chunks())[is_there]
    place = leaves.schema.get_field_index("salt")
    kept = pc.if_else(pa.array(is_there), leaves["salt"].combine_chunks(), None)
    new = {
        "decisions": tables["decisions"].filter(pa.array(~of_decided)),
        "ledger": tables["ledger"].filter(pa.array(~of_decided)),
        "leaves": leaves.set_column(place, leaves.schema.field(place), kept),
    }
    if aside is not None:
        new["quarantine"] = aside.filter(pa.array(~of_aside))
    for kind, table in new.items():
        file = folder.file(kind, part)
        if kind == "quarantine" and not len(table):
            drafts.drop(file)
        else:
            salt = file_salt(salts, kind)
            write_table(table, drafts.path(file), version=receipt["format"], salt=salt)
    return rows


def _is_there(folder: BatchFolder, kind: str, part: int) -> bool:
    # A quarantine of which every row was erased before is gone.
    return kind != "quarantine" or folder.file(kind, part).is_file()


def _file_without(file: Path, persons: frozenset[str], drafts: _Drafts) -> int:
    """Write a table without these persons, block by block; return how many rows they had."""
    with open_parquet(file) as table:
        schema = table.schema_arrow
    if ID not in schema.names:
        return 0
    count = 0
    # What the file is, and of which batch, stays said.
    notes = {key: value for key, value in parquet_notes(file).items() if key not in (SALT, PANDAS)}
    draft = drafts.path(file)
    with Writer(draft, schema, notes=notes, salt=secrets.token_hex(SALT_BYTES)) as writer:
        for block in iter_tables(file):
            is_theirs = is_of(block, persons)
            count += int(is_theirs.sum())
            writer.write(block.filter(pa.array(~is_theirs)).cast(writer.schema))
    if not count:
        draft.unlink()
        del drafts.drafts[file]
    return count


@dataclass(frozen=True)
class TableStore:
    """A Parquet file with a row per application, as a queue of cases or a matrix."""

    file: Path

    def erase(self, persons: frozenset[str], note: Note) -> Erased:
        """Take out the persons' rows."""
        drafts = _Drafts(self.file.absolute().parent)
        with drafts.kept():
            count = _file_without(self.file.absolute(), persons, drafts)
            if count:
                note({"count": count, "files": drafts.sums()})
                drafts.settle()
        return Erased(count)


def _no_leaves(root: Path) -> DataError:
    return DataError.of(
        "The rows of this batch cannot be proved one by one",
        where=root,
        expected="a batch of format 3",
        got="one that an earlier release sealed as a whole",
        next_step="score its input again without these persons into a new folder, then delete this "
        "one",
    )


register(BATCH, BatchStore)
register(TABLE, TableStore)
