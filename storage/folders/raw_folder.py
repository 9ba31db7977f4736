"""Find the files of each raw table under a folder; what no table claims is refused.

A table lies in one file `<table>.parquet`, or in a folder `<table>/` of Parquet files at any depth:
parts side by side, or below folders such as `month=2025-07/`. Names that begin with `_` or `.` are
not read, as other systems keep there what is no data yet (`_temporary/`, `_SUCCESS`, `.crc`). The
folders are walked as those of a batch are (`lake`).
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from creditloom.features.contract.tables import APPLICATIONS, TABLES
from creditloom.storage.files.errors import DataError
from creditloom.storage.folders.lake import visible, visible_files
from creditloom.storage.folders.lake_lists import (
    LAKE_FOLDERS,
    RUN_NAME,
    is_lake,
    read_lake,
)

StrPath = str | os.PathLike[str]
SUFFIX = ".parquet"
# A mapping reads these.
TEXT_SUFFIXES = (".csv", ".tsv", ".txt")
# Names that an error lists.
MAX_LISTED = 5


def raw_tables(root: StrPath) -> dict[str, tuple[Path, ...]]:
    """Return the files of each raw table under `root`, in reading order; no key for an absent one.

    Raises DataError where `root` is no folder, for a file or folder that no table claims, for a
    table that lies there twice, for a link that leads nowhere, and for a Delta, Iceberg or Hudi
    table, whose files alone do not say which rows count.
    """
    folder = Path(root)
    if not folder.is_dir():
        raise DataError.of(
            "No such folder",
            where=folder,
            expected="a folder of raw tables",
            got="a file" if folder.is_file() else "nothing",
            next_step="check the path of the raw tables",
        )
    if is_lake(folder):
        return _of_lake(folder)
    entries = visible(folder)
    strangers = [entry for entry in entries if claimed(entry) is None]
    if strangers:
        raise _unclaimed(folder, strangers)
    found: dict[str, tuple[Path, ...]] = {}
    for entry in entries:
        name = str(claimed(entry))
        files = files_of(entry)
        if files and name in found:
            raise _twice(name, folder)
        if files:
            found[name] = files
    # In the order of the declarations, whatever the order of the names.
    return {name: found[name] for name in TABLES if name in found}


def _of_lake(folder: Path) -> dict[str, tuple[Path, ...]]:
    """Return the files that count in a lake, by table.

    Raises DataError for a file that lies in it and that no command put there.
    """
    names = {*TABLES, *LAKE_FOLDERS}
    strangers = [entry for entry in visible(folder) if entry.name not in names]
    strangers += [
        file
        for entry in visible(folder)
        if entry.is_dir() and entry.name in TABLES
        for file in visible_files(entry)
        if not RUN_NAME.fullmatch(file.relative_to(entry).as_posix())
    ]
    if strangers:
        raise DataError.of(
            "A lake holds a file that it does not list",
            where=folder,
            expected="files that `creditloom lake` wrote",
            got=", ".join(one.relative_to(folder).as_posix() for one in strangers[:MAX_LISTED]),
            next_step=f"move it elsewhere, and add it: creditloom lake add {folder} ELSEWHERE",
        )
    state = read_lake(folder)
    found: dict[str, tuple[Path, ...]] = dict.fromkeys(state.tables, ())
    for own in state.all_runs():
        for run in own:
            found[run.table] = (*found[run.table], folder / run.path)
    return found


def table_files(root: StrPath, name: str) -> tuple[Path, ...]:
    """Return the files of one raw table, in reading order; () where it is not there."""
    return raw_tables(root).get(name, ())


def without_tables(
    files: dict[str, tuple[Path, ...]],
    root: StrPath,
    needed: Iterable[str] = (),
    without: Collection[str] = (),
) -> dict[str, tuple[Path, ...]]:
    """Return the tables less those that a person leaves out.

    Raises DataError for a needed table that is neither there nor left out, and for a name that is
    no table, or that of the applications.
    """
    _check_optional(without)
    present = {name: paths for name, paths in files.items() if name not in without}
    absent = [name for name in needed if name not in present and name not in without]
    if not absent:
        return present
    options = " ".join(f"--without {name}" for name in absent)
    raise DataError.of(
        "Raw tables that are needed are missing: " + ", ".join(absent),
        where=root,
        expected="every table that the features are made of",
        got=", ".join(present) or "no raw table",
        next_step=f"add them, or decide with their features null: {options} "
        "(in a pipeline: name them in source.without)",
    )


def _check_optional(without: Collection[str]) -> None:
    optional = [name for name in TABLES if name != APPLICATIONS.name]
    for name in without:
        if name not in optional:
            raise DataError.of(
                f"`{name}` is no table that can be left out",
                where="--without",
                expected="one of " + ", ".join(optional),
                got=name,
                next_step=f"name {_nearest(name, optional)}",
            )


def name_in(root: Path, name: str, file: Path) -> str:
    """Return a table's file as the quarantine names it: its path below the table's folder."""
    folder = root / name
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.name


def files_of(entry: Path) -> tuple[Path, ...]:
    """Return the files of a table that lies in one file or one folder, in reading order.

    Raises DataError as `raw_tables`.
    """
    return (entry,) if entry.is_file() else tuple(_below(entry))


def claimed(entry: Path) -> str | None:
    """Return the table that a file or folder holds; None where no table has its name.

    Raises DataError for a link that leads nowhere.
    """
    is_folder = entry.is_dir()
    name = entry.name if is_folder else entry.stem
    _check_link(entry)
    is_table = name in TABLES and (is_folder or entry.suffix.lower() == SUFFIX)
    return name if is_table else None


def suggestion(entry: Path) -> str:
    """Return what to do with a file or folder that no table claims."""
    is_folder = entry.is_dir()
    name = entry.name if is_folder else entry.stem
    if not is_folder and name in TABLES and entry.suffix.lower() in TEXT_SUFFIXES:
        return "turn it into Parquet: creditloom tables --from DIR --out DIR reads CSV"
    if is_folder and "=" in name:
        return f"put it into the folder of its table, as `payments/{name}/`"
    return f"rename it to {_nearest(name, TABLES)}"


def _unclaimed(folder: Path, strangers: list[Path]) -> DataError:
    """Return the error for all files and folders that no table claims."""
    [first, *others] = strangers
    kind = "folder" if first.is_dir() else "file"
    more = f", nor of {len(others)} more" if others else ""
    steps = "; ".join([suggestion(first), *(f"{one.name}: {suggestion(one)}" for one in others)])
    names = ", ".join(entry.name for entry in strangers)
    instead = "put `_` before its name (such names are not read), or say in a mapping file what it "
    return DataError.of(
        f"No raw table has the name of this {kind}: `{first.name}`{more}",
        where=folder,
        expected="<table>.parquet or <table>/, of the tables " + ", ".join(TABLES),
        got=names,
        next_step=f"{steps}; or move it elsewhere, {instead}holds (docs/own_tables.md)",
    )


def _nearest(name: str, names: Iterable[str]) -> str:
    known = list(names)
    close = difflib.get_close_matches(name, known, n=1)
    return f"`{close[0]}`" if close else f"one of {', '.join(known)}"


def _below(folder: Path) -> Iterator[Path]:
    """Yield the Parquet files of a table's folder, at any depth, by name."""
    for file in visible_files(folder):
        _check_link(file)
        if file.suffix.lower() != SUFFIX:
            raise DataError.of(
                f"A raw table holds a file that is not read: `{file.name}`",
                where=file.parent,
                expected=f"files that end in {SUFFIX}",
                got=file.name,
                next_step="convert it to Parquet (and name it so), move it elsewhere, or put `_` "
                "before its name: such names are not read",
            )
        yield file


def _check_link(entry: Path) -> None:
    if not entry.exists():
        raise DataError.of(
            "A link leads nowhere",
            where=entry,
            expected="a file or folder",
            got=f"a link to {entry.readlink()}",
            next_step="restore what it leads to, or remove the link",
        )


def _twice(name: str, folder: Path) -> DataError:
    there = [path.name for path in visible(folder) if claimed(path) == name]
    return DataError.of(
        f"Table `{name}` lies here twice",
        where=folder,
        expected="one file or one folder",
        got=", ".join(there[:MAX_LISTED]),
        next_step="keep the one that holds its rows; a name that begins with `_` is not read",
    )
