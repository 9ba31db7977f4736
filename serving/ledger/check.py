"""Check a batch against its own records: receipts by their links, files by sha256, rows by hash."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.decision.score.drift import PopulationCounts, total_counts
from creditloom.serving.batch.part import BEYOND
from creditloom.serving.ledger.entries import UNSEALED, link, sealed
from creditloom.serving.ledger.hashing import decision_hashes
from creditloom.serving.ledger.seal import root
from creditloom.storage.files.formats import BATCH, BATCH_BY_FILE, check_format


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written: which file, and what of it."""

    where: str
    what: str


def chain_findings(
    batch: Mapping[str, Any], receipts: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]
) -> Iterator[Finding]:
    """Yield what does not agree between batch.json, the receipts and manifest.json.

    Each document is compared with the link that the next one holds.
    Raises DataError for a format of a later release.
    """
    check_format(batch, BATCH_BY_FILE, "batch.json")
    for number, receipt in enumerate(receipts):
        check_format(receipt, BATCH, _receipt(number))
    check_format(manifest, BATCH, "manifest.json")
    if manifest["batch"] != link(batch):
        yield Finding("batch.json", "its content is not what the batch was made with")
    yield from _receipt_findings(link(batch), receipts, manifest)
    yield from _manifest_findings(receipts, manifest)


def _receipt_findings(
    batch_link: str, receipts: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]
) -> Iterator[Finding]:
    sealed_links = manifest["parts"]
    if len(receipts) != len(sealed_links):
        counts = f"{len(sealed_links)} parts were sealed, {len(receipts)} are there"
        yield Finding("receipts", counts)
    previous = batch_link
    # Not strict: a missing receipt was reported above, the others are still compared.
    for number, (receipt, sealed_link) in enumerate(zip(receipts, sealed_links, strict=False)):
        current = link(receipt)
        if current != sealed_link:
            change = f"sealed as {sealed_link[:12]}, now {current[:12]}"
            yield Finding(_receipt(number), change)
        elif receipt["previous"] != previous:
            yield Finding(_receipt(number), "does not follow from the one before it")
        # The sealed link, not the current one: one changed receipt must not accuse all after it.
        previous = sealed_link


def _manifest_findings(
    receipts: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any]
) -> Iterator[Finding]:
    bare = {name: value for name, value in manifest.items() if name not in UNSEALED}
    if manifest.get("seal") != sealed(bare)["seal"]:
        yield Finding("manifest.json", "its content is not what was sealed")
    if manifest["root"] != root(manifest):
        yield Finding("manifest.json", "the root is not that of what it covers")
    # With a receipt missing the totals cannot agree, and that is reported already.
    if len(receipts) != len(manifest["parts"]):
        return
    for name in ("rows", "decided", "rejected"):
        total = sum(receipt[name] for receipt in receipts)
        if manifest[name] != total:
            yield Finding("manifest.json", f"`{name}` says {manifest[name]}, the receipts {total}")
    for name in ("decisions", "rejected_by_rule"):
        counted = sum((Counter(receipt[name]) for receipt in receipts), Counter[str]())
        if manifest[name] != dict(counted):
            yield Finding("manifest.json", f"`{name}` is not the sum of the receipts")
    beyond = [PopulationCounts.from_plain(one[BEYOND]) for one in receipts if BEYOND in one]
    if manifest.get(BEYOND) != (total_counts(beyond).as_plain() if beyond else None):
        yield Finding("manifest.json", f"`{BEYOND}` is not the sum of the receipts")


def _receipt(part: int) -> str:
    return f"receipts/part-{part:05}.json"


def changed_rows(decisions: pa.Table, ledger: pa.Table) -> np.ndarray:
    """Return the rows of a part whose decision differs from the ledger's, by key or by content.

    Rows that only one of the two tables has are among them.
    """
    common = min(len(decisions), len(ledger))
    current = decisions.slice(0, common)
    recorded = ledger.slice(0, common)
    current_ids = np.asarray(current["decision_id"].to_pylist(), object)
    recorded_ids = np.asarray(recorded["decision_id"].to_pylist(), object)
    is_other_content = decision_hashes(current) != recorded["decision_hash"].to_numpy()
    differs = (current_ids != recorded_ids) | is_other_content
    unmatched = np.arange(common, max(len(decisions), len(ledger)))
    return np.append(np.flatnonzero(differs), unmatched)
