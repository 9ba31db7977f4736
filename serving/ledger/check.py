"""Is a batch still what it was? Receipts against their links, files against their sha256, rows against the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.serving.ledger.entries import link, merkle_root, sealed
from creditloom.serving.ledger.hashing import decision_hashes
from creditloom.storage.files.formats import BATCH, check_format


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written: which file, and what of it."""

    where: str
    what: str


def chain_findings(
    batch: Mapping[str, Any], receipts: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]
) -> Iterator[Finding]:
    """batch.json, every receipt and manifest.json, each held against the next. DataError for a format of a later release."""
    for where, document in (
        ("batch.json", batch),
        *((_receipt(k), r) for k, r in enumerate(receipts)),
        ("manifest.json", manifest),
    ):
        check_format(document, BATCH, where)
    previous = link(batch)
    if manifest["batch"] != previous:
        yield Finding("batch.json", "its content is not what the batch was made with")
    if len(receipts) != len(manifest["parts"]):
        yield Finding(
            "receipts", f"{len(manifest['parts'])} parts were sealed, {len(receipts)} are there"
        )
    for k, (receipt, noted) in enumerate(zip(receipts, manifest["parts"], strict=False)):
        found = link(receipt)
        if found != noted:
            yield Finding(_receipt(k), f"sealed as {noted[:12]}, now {found[:12]}")
        elif receipt["previous"] != previous:
            yield Finding(_receipt(k), "does not follow from the one before it")
        previous = noted
    if manifest != sealed(manifest):
        yield Finding("manifest.json", "its content is not what was sealed")
    if manifest["root"] != merkle_root(manifest["parts"]):
        yield Finding("manifest.json", "the root is not that of its parts")
    for name in ("rows", "decided", "rejected"):
        total = sum(receipt[name] for receipt in receipts)
        if len(receipts) == len(manifest["parts"]) and manifest[name] != total:
            yield Finding("manifest.json", f"`{name}` says {manifest[name]}, the receipts {total}")


def _receipt(part: int) -> str:
    return f"receipts/part-{part:05}.json"


def changed_rows(decisions: pa.Table, ledger: pa.Table) -> np.ndarray:
    """Rows of a part whose decision is not the one in the ledger, by key or by content."""
    n = min(len(decisions), len(ledger))
    one, other = decisions.slice(0, n), ledger.slice(0, n)
    keys = np.asarray(one["decision_id"].to_pylist(), object) != np.asarray(
        other["decision_id"].to_pylist(), object
    )
    differs = keys | (decision_hashes(one) != other["decision_hash"].to_numpy())
    return np.append(np.flatnonzero(differs), np.arange(n, max(len(decisions), len(ledger))))
