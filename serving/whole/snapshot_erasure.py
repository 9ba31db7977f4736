"""Take people out of a network snapshot: every row that is theirs or names them.

What others' values count of them stays, as a number: it tells nobody who they were.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pyarrow as pa

from creditloom.serving.whole.network_snapshot import (
    FOLDER,
    MARK,
    QUARANTINE,
    OpenSnapshot,
    aside_of,
    hash_of,
)
from creditloom.storage.files.outputs import new_folder
from creditloom.storage.files.store import read_table, write_json, write_table
from creditloom.storage.folders.identity import FixedFile

# Beside the rows of a quarantine: their counts.
SUMMARY = "summary.json"
# Columns of a snapshot, and of its quarantine, that hold a person.
PEOPLE = ("person", "other", "applicant_id", "contact_id", "counterparty_id")


def erase_from_snapshot(path: Path, people: Collection[int]) -> int:
    """Rewrite a snapshot without some people; return how many rows went.

    It has a new name then: batches and answers of before cite the old one. Killed at any moment, it
    leaves the old one or the new one. Raises DataError as `OpenSnapshot.open`.
    """
    manifest = dict(OpenSnapshot.open(path).manifest)
    gone = pa.array(sorted(people), pa.int64())
    tables = {}
    count = 0
    with new_folder(path, FOLDER) as work:
        for name in manifest["tables"]:
            file = work / f"{name}.parquet"
            count += _without(path / file.name, file, gone)
            tables[name] = {"rows": len(read_table(file)), "sha256": FixedFile.of(file).sha256}
        for old in sorted((path / QUARANTINE).glob("*.parquet")):
            count += _without(old, work / QUARANTINE / old.name, gone)
        if (path / QUARANTINE / SUMMARY).is_file():
            # Where no row was set aside, the folder holds the counts alone.
            (work / QUARANTINE).mkdir(exist_ok=True)
            shutil.copy(path / QUARANTINE / SUMMARY, work / QUARANTINE / SUMMARY)
        aside = {name: aside_of(work / QUARANTINE, name) for name in manifest["aside"]}
        said = {**manifest, "tables": tables, "aside": aside}
        write_json({**said, "sha256": hash_of(said)}, work / MARK)
    return count


def _without(old: Path, new: Path, gone: pa.Array) -> int:
    """Write a file without the rows that name somebody; return how many went."""
    rows = read_table(old)
    is_theirs = np.zeros(len(rows), bool)
    for name in PEOPLE:
        if name in rows.column_names:
            is_theirs |= np.isin(rows[name].to_numpy(), gone.to_numpy())
    write_table(rows.filter(pa.array(~is_theirs)), new)
    return int(is_theirs.sum())
