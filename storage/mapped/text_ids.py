"""Number the ids that are text, and give the text back.

The contract's ids are int64. A mapping numbers texts from 1 in the order in which they first come;
the texts are kept beside the tables, in `_ids/<numbering>.parquet`. Whatever leaves the house, as a
decision, names an application by its text again.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import read_document
from creditloom.storage.files.store import read_table, write_table
from creditloom.storage.folders.lake_lists import LakeState, is_lake, read_lake

# Beside the tables, under names that no reader of raw tables looks at: what the mapping did, and
# the texts of each numbering.
MARK = "_mapping.json"
IDS = "_ids"
# The format of MARK.
MAPPED = 1


class Numbering:
    """Gives each text a whole number from 1 on, the same one each time it comes.

    It goes on with the numbers of `known`, a table as `table` gives it.
    """

    def __init__(self, known: pa.Table | None = None) -> None:
        self._numbers: dict[str, int] = {}
        if known is not None:
            ids = known["id"].to_pylist()
            self._numbers = dict(zip(known["text"].to_pylist(), ids, strict=True))

    def of(self, texts: pa.Array) -> pa.Array:
        """Return the int64 numbers of texts; null stays null."""
        at, once = pd.factorize(np.asarray(texts.to_numpy(zero_copy_only=False), object))
        numbers = self._numbers
        known = np.array([numbers.setdefault(text, len(numbers) + 1) for text in once], np.int64)
        is_null = at < 0
        # A place of -1 is a null: any number may stand below its mask.
        values = known[np.where(is_null, 0, at)] if len(known) else np.zeros(len(at), np.int64)
        return pa.array(values, pa.int64(), mask=is_null)

    def table(self) -> pa.Table:
        """Return one row per text: `id` (int64) and `text`, by id."""
        ids = pa.array(self._numbers.values(), pa.int64())
        return pa.table({"id": ids, "text": pa.array(self._numbers, pa.string())})


def write_ids(numberings: dict[str, Numbering], folder: Path) -> None:
    """Write the texts of each numbering below the folder of the tables."""
    for name, numbering in numberings.items():
        write_table(numbering.table(), folder / IDS / f"{name}.parquet")


def ids_file(root: Path, column: str = "application_id") -> Path | None:
    """Return the file with the texts of a column of applications; None where it was no text.

    Raises DataError where the folder's mark names a numbering whose file is not there.
    """
    if is_lake(root):
        return _file_of_lake(read_lake(root), column)
    if not (root / MARK).is_file():
        return None
    name = read_document(root / MARK, MAPPED)["ids"].get(f"applications.{column}")
    if name is None:
        return None
    file = root / IDS / f"{name}.parquet"
    if not file.is_file():
        raise DataError.of(
            "The texts of the ids are gone",
            where=root,
            expected=f"{IDS}/{name}.parquet, which `creditloom tables` wrote",
            got="nothing there",
            next_step="map the tables again: creditloom tables --mapping FILE --from DIR --out DIR",
        )
    return file


def _file_of_lake(lake: LakeState, column: str) -> Path | None:
    name = lake.ids.get(f"applications.{column}")
    return None if name is None else lake.root / lake.numberings[name]


def with_texts(root: Path | str, ids: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return the user's own ids of applications: texts where a mapping numbered them.

    Without such a mapping the ids are returned as they are. Raises DataError as `ids_file`.
    """
    file = ids_file(Path(root))
    if file is None:
        return ids
    known = read_table(file)
    # Numbers go from 1 without a gap: the place of a text is its number less one.
    return known["text"].take(pc.subtract(ids, 1))


def with_own_ids(block: pa.Table, root: Path | str) -> pa.Table:
    """Return a block of a matrix with `application_id` as `with_texts` gives it."""
    at = block.column_names.index("application_id")
    return block.set_column(at, "application_id", with_texts(root, block["application_id"]))
