"""The batch job put together: what is asked, whether some of it is done already, then part by part until it is sealed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from data.batch_duplicates import duplicates
from models.batch.drift import drift_of, require_no_drift
from models.batch.job import Decide, Outcome, Work
from models.ledger.chain import link, merkle_root, sealed
from pipeline.score_part import Batch, Receipt

SAMPLED, SAMPLE_ROWS = 8, 2_048  # blocks, and rows of each, that are looked at before anything is decided (R12)
ID = "application_id"
Engine = Callable[[Batch, pa.Array, int], Iterator[Receipt]]  # a batch, its duplicate ids, the row to begin at: receipts of parts in order


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
    """One batch, what decides its sample, and where its parts are made: `engine` yields their receipts in order."""

    batch: Batch
    bundle: Path
    decide: Decide
    engine: Engine
    asked: Mapping[str, Any]
    threads: int

    def run(self, tally: Tally, tell: Callable[[int], None], *, replace: bool) -> dict[str, Any]:
        """Decide what is not done yet; return the manifest. The folder must be claimed."""
        document, folder = self.document(), self.batch.folder
        folder.begin(document, replace=replace)
        for receipt in folder.finished():
            tally.add(receipt)
        tally.resumed = tally.rows
        if not tally.rows and "accept_drift" not in self.asked:
            require_no_drift(drift_of(self._sample(), self.bundle))
        tell(tally.rows)
        previous = tally.links[-1] if tally.links else link(document)
        for made in self._made(tally.rows):
            receipt = {**made, "previous": previous}
            folder.note(receipt["part"], receipt)
            tally.add(receipt)
            previous = tally.links[-1]
            tell(tally.rows)
        manifest = sealed({**tally.figures(), "batch": link(document), "parts": tally.links, "root": merkle_root(tally.links)})
        folder.seal(manifest)
        return manifest

    def document(self) -> dict[str, Any]:
        """The content of batch.json: all that the output depends on."""
        batch = self.batch
        files = [asdict(file) for file in batch.source.fingerprints]
        return {
            "input": {"path": str(batch.source.source.absolute()), "files": files}, "columns": batch.names,
            "versions": batch.versions.as_dict(), "options": dict(self.asked), "part_rows": batch.part_rows,
        }  # fmt: skip

    def _made(self, first: int) -> Iterator[Receipt]:
        batch = self.batch
        if first < batch.source.rows:
            twice = duplicates(batch.source.files, ID, batch.folder.root / ".spill", self.threads)
            yield from self.engine(batch, twice, first)

    def _sample(self) -> Iterator[Outcome]:
        """Decisions of some blocks spread over the input; they are not kept."""
        work = Work(self.batch.rules(pa.array([], pa.null())), self.decide)
        yield from map(work, self.batch.source.spread(self.batch.names, SAMPLE_ROWS, SAMPLED))


def embedded(decide: Decide, threads: int) -> Engine:
    """The parts are made in this process."""
    return lambda batch, twice, first: batch.made(decide, twice, first, batch.source.rows, threads)
