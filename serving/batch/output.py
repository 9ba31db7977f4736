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
damaged.json    the file of the input that stopped the job; gone once it is read whole
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from creditloom.storage.files import formats, outputs
from creditloom.storage.files.durable import made_folder, sync
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import read_document
from creditloom.storage.files.outputs import FolderKind, json_keys, place_beside
from creditloom.storage.files.store import read_json, write_json, write_table

KINDS = ("decisions", "ledger", "quarantine", "leaves")
BATCH = "batch.json"
MANIFEST = "manifest.json"
DAMAGED = "damaged.json"
# Entries of the log by which persons were erased from the batch.
ERASURES = "erasures.jsonl"
LOCK = ".lock"
# Copies of CSV files of the input, as long as a job runs.
COPIES = ".creditloom-copies"
# What a batch's folder holds: whoever writes more into it adds the name here, or `--replace` takes
# the file for somebody else's and refuses.
FOLDER = FolderKind(
    what="a batch",
    mark=BATCH,
    keys=frozenset({"input", "columns", "versions", "options", "part_rows"}),
    names=(
        MANIFEST,
        DAMAGED,
        ERASURES,
        LOCK,
        ".secret",
        ".spill/**",
        f"{COPIES}/**",
        "receipts/part-[0-9]*.json",
        *(f"{kind}/part-[0-9]*.parquet" for kind in KINDS),
    ),
)
# How a batch.json begins: a torn one is ours by this.
BEGINNING = b'{\n "columns"'


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

        The system frees the folder when the process ends, however it ends. A folder that was made
        here is gone again where nothing was written into it.
        """
        with writing(self.root):
            is_new = not self.root.exists()
            made_folder(self.root)
            # "a+" keeps the number of the process that holds the lock readable.
            lock = (self.root / LOCK).open("a+")
        with lock:
            self._hold(lock)
            try:
                yield
            finally:
                if is_new and self._holds(lock) and [*self.root.iterdir()] == [self.root / LOCK]:
                    (self.root / LOCK).unlink()
                    self.root.rmdir()

    def _hold(self, lock: IO[str]) -> None:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise self._busy(f"process {lock.read().strip()}") from None
        # The one who held it before may have deleted or moved the folder meanwhile.
        if not self._holds(lock):
            raise self._busy("one that has just ended")
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()

    def _holds(self, lock: IO[str]) -> bool:
        """Return whether the folder's lock is this one, and not that of a folder of before."""
        place = self.root / LOCK
        return place.exists() and place.stat().st_ino == os.fstat(lock.fileno()).st_ino

    def _busy(self, got: str) -> BusyError:
        return BusyError.of(
            "Another job is writing this folder",
            where=self.root,
            expected="one writer",
            got=got,
            next_step="wait for it, or choose another --output",
        )

    def asked(self) -> dict[str, Any] | None:
        """Return the content of batch.json; None where there is none, or a torn one."""
        document = self.root / BATCH
        return read_document(document, formats.BATCH_BY_FILE) if json_keys(document) else None

    def is_sealed(self) -> bool:
        """Return whether all parts were finished once."""
        return bool(json_keys(self.root / MANIFEST))

    def is_blank(self) -> bool:
        """Return whether nothing lies here that a batch could not be written over."""
        return all(_is_bare(path) or _is_no_work(path) for path in self.root.iterdir())

    def write_asked(self, document: Mapping[str, Any]) -> None:
        """Write batch.json; leftovers of a killed job go."""
        with writing(self.root):
            write_json(document, self.root / BATCH)
            for kind in (*KINDS, "receipts"):
                made_folder(self.root / kind)
            for leftover in self.root.rglob(".*.tmp"):
                if FOLDER.is_known(leftover.relative_to(self.root).as_posix()):
                    leftover.unlink()

    def damaged(self) -> str | None:
        """Return the name of the input file that stopped the job; None where none did."""
        note = self.root / DAMAGED
        return str(read_document(note, formats.BATCH)["file"]) if json_keys(note) else None

    def note_damaged(self, name: str | None) -> None:
        """Keep the name of the input file that stopped the job, or forget it."""
        with writing(self.root):
            if name is None:
                (self.root / DAMAGED).unlink(missing_ok=True)
            else:
                formats.write_document({"file": name}, self.root / DAMAGED, formats.BATCH)

    def file(self, kind: str, part: int) -> Path:
        """Return the path of one file of a part."""
        return self.root / kind / f"part-{part:05}.parquet"

    def receipt(self, part: int) -> Path:
        """Return the path of a part's receipt."""
        return self.root / "receipts" / f"part-{part:05}.json"

    def receipts(self) -> list[Path]:
        """Return the files of all receipts, by number; a torn one is among them."""
        return sorted((self.root / "receipts").glob("part-[0-9]*.json"))

    def parts(self) -> Iterator[dict[str, Any]]:
        """Yield the receipts of the finished parts, by number, those after a gap too.

        A part counts only while its files have the sha256 of its receipt, and a receipt only where
        it was written whole.
        """
        for path in self.receipts():
            if json_keys(path) >= {"part", "first", "rows", "files"}:
                receipt = read_document(path, formats.BATCH)
                if self.receipt(receipt["part"]) == path and not self.missing(receipt):
                    yield receipt

    def finished(self) -> Iterator[dict[str, Any]]:
        """Yield the receipts of the finished parts, from the first to the last before a gap."""
        for number, receipt in enumerate(self.parts()):
            if receipt["part"] != number:
                return
            yield receipt

    def missing(self, receipt: Mapping[str, Any]) -> list[Path]:
        """Return the files of a part that are not there, or not as its receipt says."""
        files = {self.file(kind, receipt["part"]): sha for kind, sha in receipt["files"].items()}
        return [path for path, sha in files.items() if sha256(path) != sha]

    def write(
        self, part: int, tables: Mapping[str, pa.Table], salts: Mapping[str, str]
    ) -> dict[str, str]:
        """Write the files of a part; return the sha256 of each.

        `salts` are texts noted in them, by kind. An empty quarantine is not written. Raises
        StorageError when the disk takes no file.
        """
        sha256_by_kind = {}
        with writing(self.root):
            self.require_there()
            for kind, table in tables.items():
                # A killed job may have left a quarantine that this part does not have.
                self.file(kind, part).unlink(missing_ok=True)
                if len(table) or kind != "quarantine":
                    write_table(
                        table, self.file(kind, part), version=formats.BATCH, salt=salts[kind]
                    )
                    sha256_by_kind[kind] = str(sha256(self.file(kind, part)))
        return sha256_by_kind

    def require_there(self) -> None:
        """Raise StorageError where the folder was moved or deleted while the job ran."""
        if not (self.root / BATCH).is_file():
            raise gone(self.root, [BATCH])

    def note(self, part: int, receipt: Mapping[str, Any]) -> None:
        """Write the receipt of a part: from now on it is done."""
        with writing(self.root):
            write_json(receipt, self.receipt(part))

    def forget(self, receipts: Iterable[Path]) -> None:
        """Delete the receipts of parts that must be made again, the last one first."""
        with writing(self.root):
            for path in sorted(receipts, reverse=True):
                path.unlink(missing_ok=True)
            (self.root / MANIFEST).unlink(missing_ok=True)
            if (self.root / "receipts").is_dir():
                sync(self.root / "receipts")
            sync(self.root)

    def clear(self) -> None:
        """Delete all that we wrote but the lock, the mark last."""
        with writing(self.root):
            for path in sorted(_files(self.root), key=lambda path: path.name == BATCH):
                name = path.relative_to(self.root).as_posix()
                if FOLDER.is_known(name) and name != LOCK:
                    path.unlink()

    def tidy(self) -> None:
        """Delete files of parts that no receipt names, as a job of more parts may leave them."""
        named = {self.file(kind, one["part"]) for one in self.parts() for kind in one["files"]}
        with writing(self.root):
            for path in _files(self.root):
                name = path.relative_to(self.root).as_posix()
                if name.startswith(KINDS) and FOLDER.is_known(name) and path not in named:
                    path.unlink()

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
            self.require_there()
            write_json(manifest, self.root / MANIFEST)

    def beside(self) -> BatchFolder:
        """Return the folder of the batch that is to take this one's place."""
        return BatchFolder(place_beside(self.root, "new"))


def _is_bare(path: Path) -> bool:
    """Return whether a path is a folder of ours without any file of work in it."""
    of_work = (".spill", COPIES)
    is_ours = path.name in (*KINDS, "receipts", *of_work) and not path.is_symlink()
    leftovers = all(outputs.LEFTOVER.fullmatch(one.name) for one in _files(path))
    return is_ours and path.is_dir() and (leftovers or path.name in of_work)


def _is_no_work(path: Path) -> bool:
    """Return whether a file is ours, and nothing is lost that cannot be made again at once."""
    if path.is_dir() or path.is_symlink():
        return False
    if path.name == BATCH:
        return json_keys(path) >= FOLDER.keys or is_torn(path)
    if path.name == DAMAGED:
        return json_keys(path) >= {"file", "format"} or not path.stat().st_size
    if path.name == LOCK:
        # It holds the number of a process, or nothing.
        return not path.read_bytes().strip(b"0123456789\n")
    return bool(outputs.LEFTOVER.fullmatch(path.name)) and FOLDER.is_known(path.name)


def is_torn(path: Path) -> bool:
    """Return whether a batch.json was not written whole: empty, or it breaks off."""
    content = path.read_bytes()
    # A file whose data never reached the disk is empty, or reads as zeros.
    return not content.strip(b"\0") or (content.startswith(BEGINNING) and not json_keys(path))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.is_dir())


def gone(root: Path, names: list[str]) -> StorageError:
    """Return the error of an output that is not there as it was written."""
    return StorageError.of(
        "The output was moved, deleted or changed while the job wrote it",
        where=root,
        expected="every finished part as it was written",
        got=f"not there, or another content: {', '.join(names[: outputs.MAX_LISTED_FILES])}",
        next_step="put it back, or leave it, and run the same command again: what is missing is "
        "made again",
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
