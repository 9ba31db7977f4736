"""The batch job put together: what is asked, whether some of it is done already, then part by part until it is sealed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from data.batch_duplicates import duplicates
from data.batch_input import BatchInput
from data.batch_output import BatchFolder
from models.batch import parts
from models.batch.drift import drift_of, require_no_drift
from models.batch.faults import Rules
from models.batch.job import Decide, Outcome, Work, in_order
from models.batch.parts import Part
from models.inputs import Column
from models.ledger.chain import link, merkle_root, sealed
from models.ledger.versions import Versions

PART_ROWS = 131_072
BLOCK_BYTES, BLOCK_ROWS = 24 << 20, (1_024, 16_384)
SAMPLED, SAMPLE_ROWS = 8, 2_048  # blocks, and rows of each, that are looked at before anything is decided (R12)
ID = "application_id"


@dataclass
class Tally:
    """What the batch comes to, counted as parts are finished; `resumed` rows were done by an earlier run."""

    rows: int = 0
    resumed: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=lambda: {"decisions": Counter(), "rejected_by_rule": Counter()})
    links: list[str] = field(default_factory=list)

    def add(self, receipt: Mapping[str, Any]) -> None:
        """Count one finished part."""
        self.rows += receipt["rows"]
        for name, counter in self.counts.items():
            counter.update(receipt[name])
        self.links.append(link(receipt))

    def figures(self) -> dict[str, Any]:
        """Rows, decided, rejected, and how."""
        found = {name: dict(sorted(counter.items())) for name, counter in self.counts.items()}
        decided, rejected = (counter.total() for counter in self.counts.values())
        return {"rows": self.rows, "decided": decided, "rejected": rejected, **found}


@dataclass(frozen=True)
class Job:
    """One batch: where it comes from, where it goes, and what decides."""

    source: BatchInput
    folder: BatchFolder
    columns: tuple[Column, ...]
    bundle: Path
    decide: Decide
    versions: Versions
    asked: Mapping[str, Any]
    threads: int
    part_rows: int = PART_ROWS

    @property
    def block_rows(self) -> int:
        """Rows decided at a time: few of a wide model, so that the blocks in work stay near BLOCK_BYTES each."""
        least, most = BLOCK_ROWS
        return max(least, min(most, BLOCK_BYTES // (8 * len(self.columns))))

    def run(self, tally: Tally, tell: Callable[[int], None], *, replace: bool) -> dict[str, Any]:
        """Decide what is not done yet; return the manifest. The folder must be claimed."""
        batch = self.batch()
        self.folder.begin(batch, replace=replace)
        for receipt in self.folder.finished():
            tally.add(receipt)
        tally.resumed = tally.rows
        if not tally.rows and "accept_drift" not in self.asked:
            require_no_drift(drift_of(self._sample(), self.bundle))
        tell(tally.rows)
        previous = tally.links[-1] if tally.links else link(batch)
        for part in self._parts(tally.rows):
            receipt = self._written(part, previous)
            tally.add(receipt)
            previous = tally.links[-1]
            tell(tally.rows)
        manifest = sealed({**tally.figures(), "batch": link(batch), "parts": tally.links, "root": merkle_root(tally.links)})
        self.folder.seal(manifest)
        return manifest

    def batch(self) -> dict[str, Any]:
        """The content of batch.json: all that the output depends on."""
        files = [asdict(file) for file in self.source.fingerprints]
        return {
            "input": {"path": str(self.source.source.absolute()), "files": files}, "columns": self._names,
            "versions": self.versions.as_dict(), "options": dict(self.asked), "part_rows": self.part_rows,
        }  # fmt: skip

    def _sample(self) -> Iterator[Outcome]:
        """Decisions of some blocks spread over the input; they are not kept."""
        work = Work(self._rules(pa.array([], pa.null())), self.decide)
        if self.source.rows <= SAMPLED * SAMPLE_ROWS:
            yield from map(work, self.source.blocks(self._names, SAMPLE_ROWS))
            return
        for place in range(SAMPLED):
            yield work(next(self.source.blocks(self._names, SAMPLE_ROWS, place * self.source.rows // SAMPLED)))

    @property
    def _names(self) -> list[str]:
        return [column.name for column in self.columns]

    def _rules(self, duplicates: pa.Array) -> Rules:
        return Rules(self.columns, duplicates, dt.date.fromisoformat(self.asked["today"]))

    def _parts(self, first: int) -> Iterator[Part]:
        if first >= self.source.rows:
            return
        rules = self._rules(duplicates(self.source.files, ID, self.folder.root / ".spill", self.threads))
        blocks = parts.cut(self.source.blocks(self._names, self.block_rows, first), self.part_rows)
        outcomes = in_order(Work(rules, self.decide), blocks, self.threads)
        yield from parts.gathered(outcomes, self.part_rows, self.source.rows)

    def _written(self, part: Part, previous: str) -> dict[str, Any]:
        decisions, rejected = part.decisions, part.rejected
        places = self.source.places(part.decided_rows)
        footers = [file.footer_sha256 for file in self.source.fingerprints]
        ledger = part.ledger(decisions, places, footers, self.versions)
        files = self.folder.write(part.number, {"decisions": decisions, "ledger": ledger, "quarantine": rejected})
        counted = parts.counts(decisions, rejected)
        receipt = {"part": part.number, "first": part.first, "rows": part.rows, **counted, "files": files, "previous": previous}
        self.folder.note(part.number, receipt)
        return receipt
