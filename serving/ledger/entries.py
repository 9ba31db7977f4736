"""Build the ledger: per decision, what it was made of and where its input lies.

The links between the parts of a batch, and the Merkle root over them, are here too.
"""

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

# What decided, piece by piece: the sha256 of model, calibration, policy, product, laws and code.

# Keys of a manifest that its seal does not cover.
UNSEALED = ("seal", "signature")
# The id of a law profile where none was in force.
NO_LAW = ""


@dataclass(frozen=True)
class Versions:
    """The sha256 of every piece that decides.

    `bundle` is the model version (sha256 of the manifest), `code` the fingerprint of the runtime.
    `laws` maps the id of a law profile to its link.
    """

    bundle: str
    model: str
    calibration: str
    policy: str
    product: str
    laws: Mapping[str, str]
    code: str

    @classmethod
    def of(cls, bundle: Path, code: str, product: str = "") -> Versions:
        """Return the versions in a bundle's folder, for the runtime of fingerprint `code`.

        `product` is the id of one of its products; "" is the bundle's own.
        """
        manifest = (bundle / "manifest.json").read_bytes()
        files = json.loads(manifest)["files"]
        policy = json.loads((bundle / "policy.json").read_text(encoding="utf-8"))
        laws = {law["id"]: link(law) for law in (*policy["laws"], *policy.get("other_laws", ()))}
        offered = (entry for entry in policy.get("products", ()) if entry["id"] == product)
        chosen = next(offered, policy["product"])
        return cls(
            bundle=hashlib.sha256(manifest).hexdigest(),
            model=files["model.txt"],
            calibration=files["calibration.json"],
            policy=files["policy.json"],
            product=link(chosen),
            laws={**laws, NO_LAW: ""},
            code=code,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the versions as they stand in batch.json."""
        return asdict(self)


# The pieces that are the same for all decisions of a batch; the law profile varies by decision.
PIECES = ("bundle", "model", "calibration", "policy", "product", "code")
# row_hash, decision_hash
Hashes = tuple[NDArray[np.uint64], NDArray[np.uint64]]
# index of the file, row group, row in the group
InputPlaces = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]


def entries(
    decisions: pa.Table,
    hashes: Hashes,
    places: InputPlaces,
    files: Sequence[str],
    versions: Versions,
) -> pa.Table:
    """Return the ledger of some decisions, one row each, in their order.

    Columns: decision_id; row_hash and decision_hash; input_file (sha256 of its footer), row_group,
    row; a sha256 per piece that decided. `files` are the footers' sha256 by index.
    """
    row_hash, decision_hash = hashes
    file, group, row = places
    in_force = pc.fill_null(decisions["law_profile"].cast(pa.string()), NO_LAW)
    laws = pc.index_in(in_force, pa.array(list(versions.laws))).combine_chunks()
    law_links = pa.array(list(versions.laws.values()))
    # Each piece is one text for all rows: as a dictionary of one level it costs 4 bytes a row.
    first_level = np.zeros(len(decisions), np.int64)
    pieces = {name: _coded(first_level, [getattr(versions, name)]) for name in PIECES}
    decided = {"decision_id": decisions["decision_id"], "row_hash": pa.array(row_hash)}
    place = {"row_group": pa.array(group.astype(np.int32)), "row": pa.array(row)}
    return pa.table(
        {
            **decided,
            "decision_hash": pa.array(decision_hash),
            "input_file": _coded(file, files),
            **place,
            **pieces,
            "law": pa.DictionaryArray.from_arrays(laws, law_links),
        }
    )


def _coded(index: NDArray[np.int64], levels: Sequence[str]) -> pa.DictionaryArray:
    codes = pa.array(index.astype(np.int32))
    return pa.DictionaryArray.from_arrays(codes, pa.array(list(levels), pa.string()))


# How parts are linked: each receipt names the sha256 of the one before it, and one Merkle root
# stands for all of them.


def link(document: Any) -> str:
    """Return the sha256 of a JSON document in canonical form: the next receipt's `previous`.

    The order of keys does not matter:

    >>> link({"a": 1, "b": 2}) == link({"b": 2, "a": 1})
    True
    """
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest with `seal`, the link of all its other keys but the signature."""
    bare = {name: value for name, value in manifest.items() if name not in UNSEALED}
    return {**bare, "seal": link(bare)}


def merkle_root(links: Sequence[str]) -> str:
    """Return the root of the binary tree over `links`, as hex.

    A leaf is sha256(0x00 + link), a node sha256(0x01 + left + right). An odd node moves up as it
    is. No links at all give the sha256 of nothing.
    """
    # The first byte differs for leaves and nodes, so that no node can be shown as a leaf.
    level = [hashlib.sha256(b"\0" + bytes.fromhex(leaf)).digest() for leaf in links]
    level = level or [hashlib.sha256(b"").digest()]
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\1" + level[k] + level[k + 1]).digest()
            for k in range(0, len(level) - 1, 2)
        ]
        level = pairs + level[len(pairs) * 2 :]
    return level[0].hex()
