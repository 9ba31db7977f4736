"""Read a folder whose files and columns have the contract's names already, but may be CSV."""

from __future__ import annotations

from pathlib import Path

from creditloom.features.contract.tables import TABLES
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.outputs import MAX_LISTED_FILES
from creditloom.storage.folders.lake import visible
from creditloom.storage.folders.raw_folder import suggestion
from creditloom.storage.mapped.mapping import MappedFile, MappedTable, TableMapping
from creditloom.storage.mapped.own_files import is_data


def same_names(root: Path) -> TableMapping:
    """Return the mapping of a folder whose files and columns have the contract's names already.

    It turns CSV into Parquet and keeps all further columns. Raises DataError where no file has the
    name of a table.
    """
    named = [entry for entry in visible(root) if is_named(entry)]
    stems = [entry.stem for entry in named]
    twice = sorted({stem for stem in stems if stems.count(stem) > 1})
    there = ", ".join(entry.name for entry in visible(root)[:MAX_LISTED_FILES])
    if not named:
        raise DataError.of(
            "No file has the name of a raw table",
            where=root,
            expected="<table>.csv or <table>.parquet, or a folder <table>/ of such files",
            got=there or "nothing",
            next_step="say in a mapping file what these hold: --mapping FILE (docs/own_tables.md)",
        )
    if twice:
        raise DataError.of(
            f"Table `{twice[0]}` lies here twice",
            where=root,
            expected="one file or one folder",
            got=there,
            next_step="keep one of the two; a name that begins with `_` is not read",
        )
    return TableMapping(
        files={entry.stem: MappedFile(entry.name) for entry in named},
        tables={stem: MappedTable(rows=stem, keep_others=True) for stem in stems},
    )


def is_named(entry: Path) -> bool:
    """Return whether a file or folder has the name of a raw table, be it CSV or Parquet."""
    return entry.stem in TABLES and (entry.is_dir() or is_data(entry))


def strangers(root: Path) -> tuple[str, ...]:
    """Return a line for each folder and data file that has no table's name, with a suggestion."""
    return tuple(
        f"`{entry.name}` is read by nothing: {suggestion(entry)}"
        for entry in visible(root)
        if not is_named(entry) and (entry.is_dir() or is_data(entry))
    )
