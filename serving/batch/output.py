"""The folder that a batch writes: parts that appear whole or not at all, each with a receipt, so that a killed job goes on where it was.

batch.json      what was asked: input files, model, options, and the format of the folder; another batch does not go into the same one
decisions/ ledger/ quarantine/   part-00000.parquet, ...; a part without bad rows has no file in quarantine/
receipts/       part-00000.json: counts, sha256 of the part's files, and of the receipt before it; written last
manifest.json   written when all parts are there: counts, links and their Merkle root
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from creditloom.storage.files import formats
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import read_document
from creditloom.storage.files.store import write_json, write_table

KINDS = ("decisions", "ledger", "quarantine")
BATCH, MANIFEST, LOCK = "batch.json", "manifest.json", ".lock"


class BusyError(DataError):
    """Another job is writing the folder."""

    exit_code = 3


class StorageError(DataError):
    """The disk is full or a file cannot be written; what is finished is kept."""

    exit_code = 4


@dataclass(frozen=True)
class BatchFolder:
    """The folder `root` of one batch."""

    root: Path

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold the folder for one writer; BusyError while another lives. The system frees it when its process ends."""
        with writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            lock = (self.root / LOCK).open("a+")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise BusyError.of(
                    "Another job is writing this folder",
                    where=self.root,
                    expected="one writer",
                    got=f"process {lock.read().strip()}",
                    next_step="wait for it, or choose another --output",
                ) from None
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield

    def asked(self) -> dict[str, Any] | None:
        """What batch.json says; None in a new folder."""
        return (
            read_document(self.root / BATCH, formats.BATCH)
            if (self.root / BATCH).is_file()
            else None
        )

    def begin(self, batch: Mapping[str, Any], *, replace: bool) -> dict[str, Any]:
        """Make ready for `batch`: leftovers of a killed job go, finished parts stay. DataError where the folder holds another batch.

        Returns what batch.json says: of a batch that an earlier release began it stays as that wrote it, since the receipts follow from it.
        """
        before = self.asked()
        is_same = before is not None and {**before, "format": batch["format"]} == batch
        if (
            before is None
            and not replace
            and any(path.name != LOCK for path in self.root.iterdir())
        ):
            raise self._taken("other files", "an empty or new folder")
        if before is not None and not is_same and not replace:
            differing = [key for key in batch if key != "format" and before.get(key) != batch[key]]
            raise self._taken(
                f"a batch with another {', '.join(differing)}", "the same batch, or an empty folder"
            )
        if replace and not is_same:
            self._clear()
        document = dict(before if before is not None and is_same else batch)
        with writing(self.root):
            for kind in (*KINDS, "receipts"):
                (self.root / kind).mkdir(exist_ok=True)
            for leftover in self.root.rglob(".*.tmp"):
                leftover.unlink()
            write_json(document, self.root / BATCH)
        return document

    def file(self, kind: str, part: int) -> Path:
        """Where one file of a part lies."""
        return self.root / kind / f"part-{part:05}.parquet"

    def receipt(self, part: int) -> Path:
        """Where the receipt of a part lies."""
        return self.root / "receipts" / f"part-{part:05}.json"

    def finished(self) -> Iterator[dict[str, Any]]:
        """Receipts of the parts that are whole, from the first to the last before a gap; files are held against their sha256."""
        part = 0
        while self.receipt(part).is_file():
            receipt = read_document(self.receipt(part), formats.BATCH)
            if any(sha256(self.file(kind, part)) != sha for kind, sha in receipt["files"].items()):
                return
            yield receipt
            part += 1

    def write(self, part: int, tables: Mapping[str, pa.Table]) -> dict[str, str]:
        """Write the files of a part, the empty ones excepted; return the sha256 of each. StorageError when the disk does not take them."""
        found = {}
        with writing(self.root):
            for kind, table in tables.items():
                self.file(kind, part).unlink(missing_ok=True)
                if len(table) or kind != "quarantine":
                    write_table(table, self.file(kind, part), version=formats.BATCH)
                    found[kind] = str(sha256(self.file(kind, part)))
        return found

    def note(self, part: int, receipt: Mapping[str, Any]) -> None:
        """Write the receipt of a part: from now on it is done."""
        with writing(self.root):
            write_json(receipt, self.receipt(part))

    def seal(self, manifest: Mapping[str, Any]) -> None:
        """Write manifest.json: the batch is complete."""
        with writing(self.root):
            write_json(manifest, self.root / MANIFEST)

    def _clear(self) -> None:
        for path in self.root.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != LOCK:
                path.unlink()

    def _taken(self, got: str, expected: str) -> DataError:
        return DataError.of(
            "The output folder is taken",
            where=self.root,
            expected=expected,
            got=got,
            next_step="choose another --output, or add --replace to delete what is there",
        )


@contextmanager
def writing(where: Path) -> Iterator[None]:
    """Turn a refusal of the file system into StorageError, which says that finished parts are kept."""
    try:
        yield
    except OSError as error:
        raise StorageError.of(
            "The output cannot be written",
            where=where,
            expected="a disk with room that takes files",
            got=str(error),
            next_step="make room (or mend the disk), then run the same command again: finished parts are kept",
        ) from error


def sha256(path: Path) -> str | None:
    """sha256 of a file; None where there is none."""
    if not path.is_file():
        return None
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


# Ids that occur more than once in a batch, found by DuckDB, which spills to disk what does not fit its memory.

MEMORY_MB = 200
QUERY = """
select {id} from read_parquet($files) where {id} is not null group by {id} having count(*) > 1 order by {id}
"""


def duplicates(files: Sequence[Path], name: str, spill: Path, threads: int = 2) -> pa.Array:
    """The values of column `name` that more than one row holds, sorted; null is no value.

    DataError where a file cannot be read, StorageError where memory and disk do not suffice.
    """
    import duckdb

    with duckdb.connect(
        config={"memory_limit": f"{MEMORY_MB}MB", "threads": threads, "temp_directory": str(spill)}
    ) as con:
        try:
            found = con.sql(
                QUERY.format(id=f'"{name}"'), params={"files": [str(file) for file in files]}
            ).to_arrow_table()
        except duckdb.OutOfMemoryException as error:
            raise StorageError.of(
                "No room to look for duplicates",
                where=spill,
                expected=f"{MEMORY_MB} MB of memory and room to spill on disk",
                got=str(error).splitlines()[0],
                next_step="make room on the output's disk and run the same command again",
            ) from error
        except duckdb.Error as error:
            raise DataError.of(
                "Damaged Parquet file",
                where=files[0].parent,
                expected=f"files whose column `{name}` can be read",
                got=str(error).splitlines()[0],
                next_step="copy or write the file again; nothing was written",
            ) from error
    return found.column(0).combine_chunks()
