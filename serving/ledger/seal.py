"""Seal a batch: everything that it says of itself stands under one root, which holds its size.

The entries of the tree are, in this order: counts, schema of the files, exported files, batch.json
and the receipts of the parts. The root of the batch is sha256(0x02 + size + root of the tree).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from creditloom.serving.ledger.entries import link, merkle_root, sealed
from creditloom.storage.files.formats import BATCH
from creditloom.storage.files.store import open_parquet

FIGURES = ("rows", "decided", "rejected", "decisions", "rejected_by_rule")
# Only in a batch whose bundle has a rule for what training never saw.
OPTIONAL_FIGURES = ("beyond_training",)
# The first format whose root covers more than the receipts.
WHOLE_ROOT = 3
SIZE_BYTES = 8


def sealed_manifest(
    figures: Mapping[str, Any],
    batch: str,
    parts: Sequence[str],
    schema: Mapping[str, Any],
    exports: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the manifest: counts, the link of batch.json, those of the parts, and the root."""
    covered = {
        "format": BATCH,
        **figures,
        "batch": batch,
        "parts": list(parts),
        "schema": dict(schema),
        "exports": dict(exports),
    }
    return sealed({**covered, "size": len(covered_links(covered)), "root": root(covered)})


def schemas(root: Path) -> dict[str, list[list[str]]]:
    """Return name and type of every column, by kind of file, as the first file of a kind has them.

    All files of a kind have the same schema.
    """
    noted = {}
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        files = sorted(folder.glob("part-*.parquet"))
        if files:
            noted[folder.name] = schema_of(files[0])
    return noted


def schema_of(file: Path) -> list[list[str]]:
    """Return name and type of every column of a file."""
    with open_parquet(file) as table:
        return [[column.name, str(column.type)] for column in table.schema_arrow]


def covered_links(manifest: Mapping[str, Any]) -> list[str]:
    """Return the links of all that the root of a manifest covers, in the order of the tree."""
    there = [name for name in OPTIONAL_FIGURES if name in manifest]
    figures = {name: manifest[name] for name in (*FIGURES, *there, "format")}
    documents = [figures, {"schema": manifest["schema"]}, {"exports": manifest["exports"]}]
    return [*map(link, documents), manifest["batch"], *manifest["parts"]]


def root(manifest: Mapping[str, Any]) -> str:
    """Return the root that a manifest must have, by its own format."""
    if manifest.get("format", 1) < WHOLE_ROOT:
        return merkle_root(manifest["parts"])
    links = covered_links(manifest)
    tree = bytes.fromhex(merkle_root(links))
    # With the size inside, a root that someone keeps tells how many entries there were.
    return hashlib.sha256(b"\2" + len(links).to_bytes(SIZE_BYTES, "big") + tree).hexdigest()
