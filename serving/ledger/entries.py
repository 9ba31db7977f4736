"""The ledger's table: one row per decision, what it was made of and where its input lies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

# What decided, piece by piece: the sha256 of model, calibration, policy, product, law profiles and code.

NO_LAW = ""  # no profile was in force


@dataclass(frozen=True)
class Versions:
    """`bundle` is the model version (sha256 of the manifest), `code` the fingerprint of the runtime; `laws` go by id of the profile."""

    bundle: str
    model: str
    calibration: str
    policy: str
    product: str
    laws: Mapping[str, str]
    code: str

    @classmethod
    def of(cls, bundle: Path, code: str, product: str = "") -> Versions:
        """The versions in a bundle's folder, decided by the runtime of fingerprint `code` for a product ("" = the bundle's own)."""
        manifest = (bundle / "manifest.json").read_bytes()
        files = json.loads(manifest)["files"]
        policy = json.loads((bundle / "policy.json").read_text(encoding="utf-8"))
        laws = {law["id"]: link(law) for law in (*policy["laws"], *policy.get("other_laws", ()))}
        chosen = next(
            (one for one in policy.get("products", ()) if one["id"] == product), policy["product"]
        )
        return cls(
            hashlib.sha256(manifest).hexdigest(), files["model.txt"], files["calibration.json"], files["policy.json"],
            link(chosen), {**laws, NO_LAW: ""}, code,
        )  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """As it stands in batch.json."""
        return asdict(self)


PIECES = ("bundle", "model", "calibration", "policy", "product", "code")
Hashes = tuple[NDArray[np.uint64], NDArray[np.uint64]]  # row_hash, decision_hash
InputPlaces = tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]
]  # index of the file, row group, row in the group


def entries(
    decisions: pa.Table,
    hashes: Hashes,
    places: InputPlaces,
    files: Sequence[str],
    versions: Versions,
) -> pa.Table:
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
    return pa.DictionaryArray.from_arrays(
        pa.array(index.astype(np.int32)), pa.array(list(levels), pa.string())
    )


# How parts hang together: each receipt names the sha256 of the one before it, and a Merkle root stands for all of them.


def link(document: Any) -> str:
    """sha256 of a JSON document in canonical form: what the next receipt names as `previous`."""
    return hashlib.sha256(
        json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).hexdigest()


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with `seal`, the link of all the rest of it."""
    bare = {name: value for name, value in manifest.items() if name != "seal"}
    return {**bare, "seal": link(bare)}


def merkle_root(links: Sequence[str]) -> str:
    """Root of the binary tree over `links`: a node is sha256(0x01 + left + right), a leaf sha256(0x00 + link), an odd one moves up."""
    level = [hashlib.sha256(b"\0" + bytes.fromhex(leaf)).digest() for leaf in links] or [
        hashlib.sha256(b"").digest()
    ]
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\1" + level[k] + level[k + 1]).digest()
            for k in range(0, len(level) - 1, 2)
        ]
        level = pairs + level[len(pairs) * 2 :]
    return level[0].hex()
