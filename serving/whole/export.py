"""Write the parts of a finished batch as one file, for those who asked for a .parquet.

Its place, and the places beside it, are checked here before the job begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from creditloom.serving.batch.output import BatchFolder, sha256, writing
from creditloom.serving.ledger.entries import link
from creditloom.serving.ledger.rows.leaves import export_salt
from creditloom.serving.whole.resume import FIRST_WITH_CONTENT, TakenError
from creditloom.storage.files import formats
from creditloom.storage.files.durable import sync
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.outputs import (
    LEFTOVER,
    FileKind,
    kind_note,
    parquet_notes,
    place_beside,
    require_apart,
    require_local,
    require_ours,
)
from creditloom.storage.files.store import FORMAT, SALT, Writer, iter_tables, open_parquet
from creditloom.storage.folders.lake import MAGIC

SUFFIX = ".parquet"
# The kinds of files that are exported, and the suffix of each.
EXPORTED = {"decisions": SUFFIX, "quarantine": ".rejected.parquet"}
# The key under which an exported file names the batch that it comes from: the link of batch.json.
OF_BATCH = b"creditloom.batch"
# Rows copied at a time by an export: one part.
EXPORT_ROWS = 131_072


def batch_folder(output: Path) -> Path:
    """Return the batch's folder: the output itself, or `<name>.batch` beside a .parquet.

    >>> batch_folder(Path("out/day.parquet")).as_posix()
    'out/day.batch'
    """
    return output.with_suffix(".batch") if output.suffix == SUFFIX else output


def features_folder(output: Path) -> Path:
    """Return the folder of the features of a batch that is made from events.

    >>> features_folder(Path("out/day.parquet")).as_posix()
    'out/day.features'
    """
    return batch_folder(output).with_suffix(".features")


def exported(output: Path) -> dict[str, Path]:
    """Return the files that are exported, by kind; none where a folder was asked for."""
    if output.suffix != SUFFIX:
        return {}
    return {kind: output.with_suffix(suffix) for kind, suffix in EXPORTED.items()}


def check_output(source: Path, output: Path, *, is_events: bool) -> None:
    """Raise DataError where an output is no place for a batch, or touches the input.

    Nothing is written: a run that is refused here changes nothing.
    """
    require_local(output, "--output")
    is_folder_wanted = output.suffix != SUFFIX
    is_wrong = output.is_file() if is_folder_wanted else output.is_dir()
    # A suffix other than .parquet is a file of a kind that is not written.
    if is_wrong or (is_folder_wanted and output.suffix):
        raise DataError.of(
            "The output has no proper place",
            where=output,
            expected="a folder, or a file named *.parquet, outside the input",
            got="another kind of file",
            next_step="choose another --output",
        )
    folders = [batch_folder(output), *([features_folder(output)] if is_events else [])]
    beside = [place_beside(folder, state) for folder in folders for state in ("new", "old")]
    require_apart([*exported(output).values(), *folders, *beside], [source])
    for kind, path in exported(output).items():
        require_ours(path, _file_kind(kind, BatchFolder(batch_folder(output))))


def check_inputs_apart(files: Sequence[Path], output: Path) -> None:
    """Raise DataError where a file of the input lies in what the batch writes, by a link too."""
    places = {path.resolve() for path in (*exported(output).values(), batch_folder(output))}
    for file in files:
        real = file.resolve()
        if places & {real, *real.parents}:
            require_apart([batch_folder(output)], [real.parent])
            require_apart([real], [file])


def check_exports(document: Mapping[str, Any], output: Path, *, replace: bool) -> None:
    """Raise TakenError where an exported file of another batch lies there, unless `replace`."""
    for path in exported(output).values():
        of_batch = parquet_notes(path).get(OF_BATCH)
        if of_batch is not None and of_batch.decode() != link(document) and not replace:
            raise TakenError.of(
                "The output file is taken",
                where=path,
                expected="no file, or one of the same batch",
                got="the file of another batch",
                next_step="choose another --output, or add --replace: the file stays until the new "
                "one is whole",
            )


@dataclass(frozen=True)
class Export:
    """One file of a batch: what it holds, its place, and where it waits; None where no row is."""

    kind: str
    target: Path
    made: Path | None


Exports = tuple[Export, ...]


def staged_exports(folder: BatchFolder, output: Path) -> Exports:
    """Write all parts as one file, and the rows set aside as another, beside their places.

    They wait there until the batch is sealed: what an earlier batch exported stays until then.
    Nothing is written where a folder was asked for. Raises StorageError where a part is not there.
    """
    receipts = list(folder.parts())
    staged = []
    for kind, target in exported(output).items():
        parts = [folder.file(kind, one["part"]) for one in receipts if kind in one["files"]]
        made = place_beside(target, "next")
        for path in (target, made):
            require_ours(path, _file_kind(kind, folder))
        with writing(output):
            _without_leftovers(made)
            if parts:
                of_batch = link(folder.asked())
                _write(parts, made, {**kind_note(kind), OF_BATCH: of_batch.encode()}, kind)
        staged.append(Export(kind, target, made if parts else None))
    return tuple(staged)


def noted_exports(exports: Exports) -> dict[str, Any]:
    """Return what the manifest says of the exports, by kind: file, rows and sha256."""
    noted = {}
    for export in exports:
        if export.made is not None:
            with open_parquet(export.made) as table:
                rows = table.metadata.num_rows
            noted[export.kind] = {
                "file": export.target.name,
                "rows": rows,
                "sha256": sha256(export.made),
            }
    return noted


def put_in_place(exports: Exports) -> None:
    """Give the exports of a sealed batch their names."""
    for export in exports:
        with writing(export.target):
            if export.made is None:
                # What an earlier batch left under this name must not look like this one's.
                export.target.unlink(missing_ok=True)
            else:
                export.made.replace(export.target)
            sync(export.target.parent)


def _without_leftovers(target: Path) -> None:
    """Delete what a killed export left beside its target: Parquet that was not finished."""
    for path in target.parent.iterdir():
        leftover = LEFTOVER.fullmatch(path.name)
        if leftover and leftover["name"] == target.name and path.is_file():
            with path.open("rb") as content:
                is_parquet = content.read(len(MAGIC)) in (MAGIC, b"")
            if is_parquet and not path.is_symlink():
                path.unlink()


def _write(parts: Sequence[Path], target: Path, notes: Mapping[bytes, bytes], kind: str) -> None:
    with open_parquet(parts[0]) as first:
        schema = first.schema_arrow
    salt = export_salt([parquet_notes(part).get(SALT, b"") for part in parts], kind)
    with Writer(target, schema, version=formats.BATCH, notes=notes, salt=salt) as writer:
        for block in _blocks(parts):
            writer.write(block.cast(schema))


def _blocks(parts: Sequence[Path]) -> Iterator[pa.Table]:
    for part in parts:
        yield from iter_tables(part, rows=EXPORT_ROWS)


def _file_kind(kind: str, folder: BatchFolder) -> FileKind:
    """Return the kind of an exported file: by its note, or as an earlier release wrote it."""

    def is_marked(path: Path) -> bool:
        notes = parquet_notes(path)
        if FORMAT in notes or OF_BATCH in notes:
            return notes.get(b"creditloom.kind") == kind.encode()
        return _is_of_earlier(path, kind, folder)

    what = {"decisions": "decisions", "quarantine": "rows set aside"}[kind]
    return FileKind(f"a file of {what}", is_marked)


def _is_of_earlier(path: Path, kind: str, folder: BatchFolder) -> bool:
    """Return whether an earlier release, which made no marks, exported this file.

    It has columns and rows of the sealed batch beside it.
    """
    asked = folder.asked() if folder.is_sealed() else None
    if asked is None or asked.get("format", formats.FIRST_FORMAT) >= FIRST_WITH_CONTENT:
        return False
    parts = [folder.file(kind, one["part"]) for one in folder.parts() if kind in one["files"]]
    if not parts:
        return False
    with open_parquet(path) as file, open_parquet(parts[0]) as part:
        names = file.schema_arrow.names == part.schema_arrow.names
        rows = file.metadata.num_rows
    return names and rows == sum(open_parquet(one).metadata.num_rows for one in parts)
