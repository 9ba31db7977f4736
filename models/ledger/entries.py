"""The ledger's table: one row per decision, what it was made of and where its input lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from models.ledger.versions import NO_LAW, Versions

PIECES = ("bundle", "model", "calibration", "policy", "product", "code")
Hashes = tuple[NDArray[np.uint64], NDArray[np.uint64]]  # row_hash, decision_hash
Places = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]  # index of the file, row group, row in the group


def entries(decisions: pa.Table, hashes: Hashes, places: Places, files: Sequence[str], versions: Versions) -> pa.Table:
    """decision_id; row_hash and decision_hash; input_file (sha256 of its footer), row_group, row; a sha256 per piece that decided.

    In the order of the decisions; `files` are the footers' sha256 by index.
    """
    n, (file, group, row) = len(decisions), places
    in_force = pc.fill_null(decisions["law_profile"].cast(pa.string()), NO_LAW)
    laws = pc.index_in(in_force, pa.array(list(versions.laws))).combine_chunks()
    columns: dict[str, Any] = {
        "decision_id": decisions["decision_id"],
        "row_hash": pa.array(hashes[0]),
        "decision_hash": pa.array(hashes[1]),
        "input_file": _coded(file, files),
        "row_group": pa.array(group.astype(np.int32)),
        "row": pa.array(row),
        **{name: _coded(np.zeros(n, np.int64), [getattr(versions, name)]) for name in PIECES},
        "law": pa.DictionaryArray.from_arrays(laws, pa.array(list(versions.laws.values()))),
    }
    return pa.table(columns)


def _coded(index: NDArray[np.int64], levels: Sequence[str]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pa.array(list(levels), pa.string()))
