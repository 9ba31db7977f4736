"""Write the folder of a batch: each part appears whole or not at all, and has a receipt.

So a job that was killed continues where it was.

batch.json      what was asked: input files, model, options, and the format of the folder; another
                batch does not go into the same one
leaves/         per row of a part its salt and the digest that commits to it
decisions/ ledger/ quarantine/   part-00000.parquet, ...; a part without bad rows has no file in
                quarantine/
receipts/       part-00000.json: counts, sha256 of the part's files, and of the receipt before it;
                written last
manifest.json   written when all parts are there: counts, links and their Merkle root
"""

from __future__ import annotations

import fcntl
import hashlib
import json
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
from creditloom.storage.files.store import read_json, write_json, write_table

KINDS = ("decisions", "ledger", "quarantine", "leaves")
BATCH = "batch.json"
MANIFEST = "manifest.json"
# Entries of the log by which persons were erased from the batch.
ERASURES = "erasures.jsonl"
LOCK = ".lock"


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
        """Hold the folder for one writer; BusyError while another one runs.

        The system frees the folder when the process ends, however it ends.
        """
        with writing(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            # "a+" keeps the number of the process that holds the lock readable.
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
        """Return the content of batch.json; None in a new folder."""
        document = self.root / BATCH
        return read_document(document, formats.BATCH) if document.is_file() else None

    def begin(self, batch: Mapping[str, Any], *, replace: bool) -> dict[str, Any]:
        """Prepare the folder for `batch`: leftovers of a killed job go, finished parts stay.

        Return the content of batch.json. A batch that an earlier release began keeps what that
        release wrote, since the receipts follow from it. Raises DataError where the folder holds
        another batch, or other files, unless `replace` allows to delete them.
        """
        before = self.asked()
        # The format is the release's, not the batch's: a later one may continue it.
        is_same = before is not None and {**before, "format": batch["format"]} == batch
        if not is_same and not replace:
            self._check_free(before, batch)
        if not is_same and replace:
            self._clear()
        document = dict(before if before is not None and is_same else batch)
        with writing(self.root):
            for kind in (*KINDS, "receipts"):
                (self.root / kind).mkdir(exist_ok=True)
            for leftover in self.root.rglob(".*.tmp"):
                leftover.unlink()
            write_json(document, self.root / BATCH)
        return document

    def _check_free(self, before: dict[str, Any] | None, batch: Mapping[str, Any]) -> None:
        """Raise DataError where the folder holds another batch (`before`), or other files."""
        if before is not None:
            differing = [key for key in batch if key != "format" and before.get(key) != batch[key]]
            raise self._taken(
                f"a batch with another {', '.join(differing)}", "the same batch, or an empty folder"
            )
        # The lock is our own: claiming the folder made it.
        if any(path.name != LOCK for path in self.root.iterdir()):
            raise self._taken("other files", "an empty or new folder")

    def file(self, kind: str, part: int) -> Path:
        """Return the path of one file of a part."""
        return self.root / kind / f"part-{part:05}.parquet"

    def receipt(self, part: int) -> Path:
        """Return the path of a part's receipt."""
        return self.root / "receipts" / f"part-{part:05}.json"

    def finished(self) -> Iterator[dict[str, Any]]:
        """Yield the receipts of the finished parts, from the first to the last before a gap.

        A part counts only while its files have the sha256 of its receipt.
        """
        part = 0
        while self.receipt(part).is_file():
            receipt = read_document(self.receipt(part), formats.BATCH)
            if any(sha256(self.file(kind, part)) != sha for kind, sha in receipt["files"].items()):
                return
            yield receipt
            part += 1

    def write(
        self, part: int, tables: Mapping[str, pa.Table], salts: Mapping[str, str]
    ) -> dict[str, str]:
        """Write the files of a part; return the sha256 of each.

        `salts` are texts noted in them, by kind. An empty quarantine is not written. Raises
        StorageError when the disk takes no file.
        """
        sha256_by_kind = {}
        with writing(self.root):
            for kind, table in tables.items():
                # A killed job may have left a quarantine that this part does not have.
                self.file(kind, part).unlink(missing_ok=True)
                if len(table) or kind != "quarantine":
                    write_table(
                        table, self.file(kind, part), version=formats.BATCH, salt=salts[kind]
                    )
                    sha256_by_kind[kind] = str(sha256(self.file(kind, part)))
        return sha256_by_kind

    def note(self, part: int, receipt: Mapping[str, Any]) -> None:
        """Write the receipt of a part: from now on it is done."""
        with writing(self.root):
            write_json(receipt, self.receipt(part))

    def erasures(self) -> list[dict[str, Any]]:
        """Return the entries of the log by which persons were erased from the batch."""
        file = self.root / ERASURES
        if not file.is_file():
            return []
        return [json.loads(line) for line in file.read_bytes().split(b"\n")[:-1]]

    def is_erased(self) -> bool:
        """Return whether persons were erased from the batch: it is never made again then."""
        return (self.root / ERASURES).is_file()

    def is_sealed_as(self, manifest: Mapping[str, Any]) -> bool:
        """Return whether the folder has this manifest already, signed or not."""
        file = self.root / MANIFEST
        if not file.is_file():
            return False
        sealed = read_json(file)
        return {**manifest, "signature": None} == {**sealed, "signature": None}

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
    """Turn an OSError into StorageError, which says that finished parts are kept."""
    try:
        yield
    except OSError as error:
        raise StorageError.of(
            "The output cannot be written",
            where=where,
            expected="a disk with room that takes files",
            got=str(error),
            next_step="make room (or mend the disk), then run the same command again: "
            "finished parts are kept",
        ) from error


def sha256(path: Path) -> str | None:
    """Return the sha256 of a file; None where there is none."""
    if not path.is_file():
        return None
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


# Ids that occur more than once in a batch. DuckDB looks for them: it spills to disk what does not
# fit its memory.

# DuckDB's limit, whatever the size of the batch: the rest of the job needs memory too.
MEMORY_MB = 200
# Sorted, so that two runs are equal to the byte.
QUERY = """
select {id} from read_parquet($files)
where {id} is not null group by {id} having count(*) > 1 order by {id}
"""


def duplicates(files: Sequence[Path], name: str, spill: Path, threads: int = 2) -> pa.Array:
    """Return the values of column `name` that more than one row holds, sorted; null is no value.

    Raises DataError where a file cannot be read, StorageError where memory and disk do not suffice.
    """
    import duckdb

    config: dict[str, Any] = {
        "memory_limit": f"{MEMORY_MB}MB",
        "threads": threads,
        "temp_directory": str(spill),
    }
    query = QUERY.format(id=f'"{name}"')
    with duckdb.connect(config=config) as connection:
        try:
            repeated = connection.sql(query, params={"files": [str(file) for file in files]})
            table = repeated.to_arrow_table()
        # The narrower error first: it is one of duckdb.Error too.
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
    return table.column(0).combine_chunks()
