"""Check that a finished batch is still what was written when it was sealed, but for erasures.

What can be checked without keeping anything elsewhere are accidents, and changes by someone who did
not make all documents anew. Against the others stand a root that is kept elsewhere, and a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from creditloom.serving.batch.output import BATCH, ERASURES, KINDS, MANIFEST, BatchFolder, sha256
from creditloom.serving.ledger.check import Finding, chain_findings, changed_rows
from creditloom.serving.ledger.log.log import FOLDER, Head, Log
from creditloom.serving.ledger.log.notes import batches, erasures
from creditloom.serving.ledger.rows.check import PartTables, row_findings, shown
from creditloom.serving.ledger.seal import WHOLE_ROOT, schema_of
from creditloom.serving.ledger.signing import PublicKey
from creditloom.storage.files.store import read_json, read_table

SUFFIX = ".parquet"
# What a part without bad rows would have in its quarantine.
NOTHING_ASIDE = pa.table({"row": pa.array([], pa.int64()), "rule": pa.array([], pa.string())})
NO_LEAVES = pa.table({"row": pa.array([], pa.int64())})


@dataclass(frozen=True)
class Anchor:
    """What whoever checks keeps elsewhere: the root of a batch, a head of the log, a public key."""

    root: str = ""
    head: Head | None = None
    key: PublicKey | None = None

    @classmethod
    def of(cls, root: str = "", key: Path | None = None) -> Anchor:
        """Read a root (64 digits) or head (`SIZE:ROOT`), and the file of a key."""
        public = PublicKey.read(key) if key is not None else None
        if ":" in root:
            return cls(head=Head.parse(root), key=public)
        # Parsed as a head of no size, which tells what is no root.
        return cls(root=Head.parse(f"0:{root}").root if root else "", key=public)


def verify(
    folder: Path | str, kept: Anchor | None = None, log: Path | None = None
) -> list[Finding]:
    """Return all that differs from what was sealed in a finished batch's folder; [] for nothing.

    `log` is the folder of the log, by default the one beside the batch. Raises DataError where the
    folder holds no finished batch.
    """
    place = BatchFolder(Path(folder))
    return list(_Check(place, Log.beside(place.root, log), kept or Anchor()).findings())


def verify_export(
    file: Path | str, batch: Path | None = None, kept: Anchor | None = None, log: Path | None = None
) -> list[Finding]:
    """Return what differs of an exported file, and of the batch that it came from.

    `batch` is the batch's folder, by default the one beside the file.
    """
    path = Path(file)
    place = BatchFolder(batch or path.with_suffix(".batch"))
    check = _Check(place, Log.beside(place.root, log), kept or Anchor())
    return [*check.findings(), *check.export(path)]


def verify_log(folder: Path | str, kept: Anchor | None = None) -> list[Finding]:
    """Return what does not hold in a log, and which of its batches are gone or other ones."""
    log = Log(Path(folder))
    held = kept or Anchor()
    findings = [Finding(str(folder), what) for what in log.faults(held.key, held.head)]
    known = batches(log.entries())
    for name, entry in known.items():
        manifest = log.place_of(name) / MANIFEST
        if not manifest.is_file():
            findings.append(Finding(name, "the batch is not there any more"))
        elif read_json(manifest).get("root") != entry["root"]:
            findings.append(Finding(name, "its root is not the one in the log"))
    if held.root and held.root not in {entry["root"] for entry in known.values()}:
        findings.append(Finding(str(folder), f"no batch has the kept root {held.root[:12]}"))
    return findings


@dataclass
class _Check:
    """One batch as it is checked; `erased` and `changed_files` come from the entries of the log."""

    batch: BatchFolder
    log: Log
    kept: Anchor
    erased: dict[int, set[int]] = field(default_factory=dict)
    rewritten: dict[str, str | None] = field(default_factory=dict)

    def findings(self) -> Iterator[Finding]:
        manifest = read_json(self.batch.root / MANIFEST)
        folder = self.batch.root / "receipts"
        receipts = [read_json(file) for file in sorted(folder.glob("part-*.json"))]
        yield from chain_findings(read_json(self.batch.root / BATCH), receipts, manifest)
        yield from self._kept_findings(manifest, receipts)
        yield from self._log_findings(manifest)
        for receipt in receipts:
            yield from self._part_findings(receipt, manifest.get("schema", {}))
        for export in manifest.get("exports", {}).values():
            file = self.batch.root.absolute().parent / export["file"]
            if file.is_file():
                yield from self.export(file)
        yield from self._strangers(receipts)

    def _kept_findings(
        self, manifest: Mapping[str, Any], receipts: list[dict[str, Any]]
    ) -> Iterator[Finding]:
        """Yield what a kept root or key does not accept."""
        if self.kept.root and self.kept.root != manifest["root"]:
            roots = f"kept {self.kept.root[:12]}, now {manifest['root'][:12]}"
            yield Finding(MANIFEST, f"its root is not the kept one: {roots}")
        if self.kept.key is None:
            return
        fault = self.kept.key.fault(manifest, "batch")
        if fault is not None:
            yield Finding(MANIFEST, fault)
        for receipt in receipts:
            # Receipts of an earlier run without a key are covered by the signed root all the same.
            fault = self.kept.key.fault(receipt, "receipt")
            if fault is not None and "signature" in receipt:
                yield Finding(f"receipts/part-{receipt['part']:05}.json", fault)

    def _log_findings(self, manifest: Mapping[str, Any]) -> Iterator[Finding]:
        """Yield what is wrong with the log, and take in the erasures that it holds."""
        if not self.log.exists:
            if self.kept.head is not None or self.kept.key is not None or self.batch.is_erased():
                yield Finding(FOLDER, f"there is no log at {self.log.folder}; name it with --log")
            entries = self.batch.erasures()
        else:
            name = self.log.folder.name
            faults = self.log.faults(self.kept.key, self.kept.head)
            yield from (Finding(name, what) for what in faults)
            entries = self.log.entries()
            roots = {entry["root"] for entry in entries if entry["kind"] == "batch"}
            copies = self.batch.erasures()
            if any(entry not in entries for entry in copies):
                yield Finding(ERASURES, "an erasure stands here that the log does not hold")
            if manifest.get("format", 1) >= WHOLE_ROOT and manifest["root"] not in roots:
                yield Finding(name, f"no entry names the root {manifest['root'][:12]}")
        for entry in erasures(entries, manifest["root"]):
            for part, rows in entry["rows"].items():
                self.erased.setdefault(int(part), set()).update(rows)
            self.rewritten.update(entry["files"])

    def _part_findings(
        self, receipt: Mapping[str, Any], schema: Mapping[str, Any]
    ) -> Iterator[Finding]:
        """Yield files that are gone or changed; where none is, rows that do not fit."""
        findings = list(self._files(receipt))
        yield from findings
        if findings:
            return
        for kind in receipt["files"]:
            file = self.batch.file(kind, receipt["part"])
            if kind in schema and file.is_file() and schema_of(file) != schema[kind]:
                yield Finding(self._name(file), "its columns are not those that were sealed")
        erased = self.erased.get(receipt["part"], set())
        tables = self._tables(receipt)
        yield from row_findings(tables, receipt, erased, lambda k: self._kind_name(k, receipt))

    def _files(self, receipt: Mapping[str, Any]) -> Iterator[Finding]:
        for kind, first in receipt["files"].items():
            file = self.batch.file(kind, receipt["part"])
            sealed = self.rewritten.get(self._name(file), first)
            current = sha256(file)
            if current == sealed:
                continue
            if current is None:
                yield Finding(self._name(file), "the file is gone")
            elif sealed is None:
                yield Finding(self._name(file), "all its rows were erased, and it is there again")
            else:
                change = f"sha256 was {sealed[:12]}, is {current[:12]}"
                yield Finding(self._name(file), f"{change}; {self._rows(kind, receipt)}")

    def _rows(self, kind: str, receipt: Mapping[str, Any]) -> str:
        """Say which rows of a changed file differ, as far as the file can still be read."""
        if kind in ("quarantine", "leaves"):
            return "rows that were set aside" if kind == "quarantine" else "salts or leaves of rows"
        part = receipt["part"]
        try:
            decisions = read_table(self.batch.file("decisions", part))
            ledger = read_table(self.batch.file("ledger", part))
            rows = changed_rows(decisions, ledger)
        except (OSError, ValueError) as error:
            # Arrow raises the one, DataError is the other; a damaged file is a finding, no crash.
            rows_of_part = f"rows {receipt['first']}-{receipt['first'] + receipt['rows'] - 1}"
            return f"it can no longer be read ({str(error).splitlines()[0]}): any of {rows_of_part}"
        if not len(rows):
            return (
                "no figure of a decision changed: the wording of a reason, a place in the ledger, "
                "or the frame of the file"
            )
        return shown(rows, part)

    def _tables(self, receipt: Mapping[str, Any]) -> PartTables:
        place = self.batch.file
        part = receipt["part"]
        decisions = read_table(place("decisions", part))
        ledger = read_table(place("ledger", part))
        aside = place("quarantine", part)
        quarantine = read_table(aside) if aside.is_file() else NOTHING_ASIDE
        has_leaves = "leaves" in receipt["files"]
        leaves = read_table(place("leaves", part)) if has_leaves else NO_LEAVES
        return PartTables(decisions, ledger, quarantine, leaves)

    def export(self, file: Path) -> Iterator[Finding]:
        """Yield whether an exported file is not the one that was sealed, or erased from since."""
        exports = read_json(self.batch.root / MANIFEST).get("exports", {})
        current = sha256(file)
        is_rejected = file.name.endswith(".rejected.parquet")
        export = exports.get("quarantine" if is_rejected else "decisions")
        if export is None:
            yield Finding(file.name, "the batch was sealed without this file")
            return
        sealed = self.rewritten.get(f"../{export['file']}", export["sha256"])
        if current != sealed:
            change = f"sha256 was {str(sealed)[:12]}, is {str(current)[:12]}"
            yield Finding(file.name, f"it is not the file that was sealed: {change}")

    def _strangers(self, receipts: list[dict[str, Any]]) -> Iterator[Finding]:
        named = {
            self.batch.file(kind, receipt["part"])
            for receipt in receipts
            for kind in receipt["files"]
        }
        present = [path for kind in KINDS for path in (self.batch.root / kind).glob("*")]
        # Sorted, as a folder's listing has no order of its own.
        for file in sorted(path for path in present if path not in named):
            yield Finding(self._name(file), "no receipt knows this file")

    def _kind_name(self, kind: str, receipt: Mapping[str, Any]) -> str:
        # Counts by rule are those of the quarantine.
        folder = "quarantine" if kind == "rejected" else kind
        return self._name(self.batch.file(folder, receipt["part"]))

    def _name(self, file: Path) -> str:
        return file.relative_to(self.batch.root).as_posix()
