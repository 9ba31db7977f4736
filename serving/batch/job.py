"""Run the batch job: what is kept of an earlier run, then part by part until it is sealed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from creditloom.decision.score.drift import PopulationCounts, total_counts
from creditloom.serving.batch.drift import (
    decided_scores,
    drift_of,
    require_no_drift,
    sample_scores,
)
from creditloom.serving.batch.input import DamagedError
from creditloom.serving.batch.output import gone
from creditloom.serving.batch.part import BEYOND, Batch, BlockResult, Decide, Receipt, Work
from creditloom.serving.ledger.entries import link
from creditloom.serving.ledger.rows.leaves import begin_secret, forget_secret
from creditloom.serving.ledger.seal import schemas, sealed_manifest
from creditloom.serving.ledger.signing import PrivateKey, signed_by
from creditloom.serving.whole.export import Exports, noted_exports, staged_exports
from creditloom.serving.whole.repeated import digest, repeated_ids
from creditloom.serving.whole.resume import FoundBatch, begun, missing_spans
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import BATCH

# Blocks, and rows of each, that are decided for R12 before anything is kept: 16,384 rows, of which
# enough have a score even where many are refused.
SAMPLED_BLOCKS = 8
SAMPLE_ROWS = 2_048
# Takes a batch, its duplicate ids, the row to begin at and the one to stop at; yields receipts of
# parts in order.
Engine = Callable[[Batch, pa.Array, int, int], Iterator[Receipt]]


def the_input(source: Path | None, events: Path | None, *, is_mapped: bool = False) -> Path:
    """Return the one of --input and --events that is given; DataError for both or none.

    `is_mapped`: a mapping is given, which makes raw tables of files and nothing else.
    """
    if is_mapped and events is None:
        raise DataError.of(
            "A mapping makes raw tables of files",
            where="creditloom score --mapping",
            expected="--events, the folder of your own files",
            got="--input" if source is not None else "no --events",
            next_step="give the folder with --events, or leave --mapping out",
        )
    given = [path for path in (source, events) if path is not None]
    if len(given) != 1:
        raise DataError.of(
            "One input is needed",
            where="creditloom score",
            expected="--input or --events",
            got=f"{len(given)} of them",
            next_step="give a table of features with --input, or a folder of raw tables with "
            "--events",
        )
    return given[0]


def require_raw(snapshot: object, *, is_raw: bool) -> None:
    """Raise DataError where a network snapshot is given for what are no raw tables of ours."""
    if not is_raw:
        raise DataError.of(
            "A network snapshot goes with raw tables",
            where=f"creditloom score --snapshot {snapshot}",
            expected="--events, the folder of raw tables that it was made of, and no --mapping",
            got="--input or --mapping",
            next_step="leave --snapshot out, or give the raw tables with --events",
        )


def erased_before(root: Path) -> DataError:
    """Return the refusal to go on with a batch from which persons were erased."""
    return DataError.of(
        "Persons were erased from this batch",
        where=root,
        expected="a batch as it was decided",
        got="one that would hold them again",
        next_step="it is finished: use it as it is, or choose another --output for a new batch",
    )


def _counters() -> dict[str, Counter[str]]:
    return {"decisions": Counter(), "rejected_by_rule": Counter()}


@dataclass
class Tally:
    """Counts of the batch as its parts are finished; an earlier run did `resumed` rows."""

    rows: int = 0
    resumed: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=_counters)
    links: list[str] = field(default_factory=list)
    beyond: PopulationCounts = field(default_factory=PopulationCounts)
    is_beyond_counted: bool = False

    def add(self, receipt: Mapping[str, Any]) -> None:
        """Count one finished part."""
        self.rows += receipt["rows"]
        for name, counter in self.counts.items():
            counter.update(receipt[name])
        if BEYOND in receipt:
            self.is_beyond_counted = True
            self.beyond += PopulationCounts.from_plain(receipt[BEYOND])
        self.links.append(link(receipt))

    def figures(self) -> dict[str, Any]:
        """Return rows, decided, rejected, and the counts by decision and by rule.

        And per column what training never saw, where the bundle has a rule for it.
        """
        by_name = {name: dict(sorted(counter.items())) for name, counter in self.counts.items()}
        return {
            "rows": self.rows,
            "decided": self.counts["decisions"].total(),
            "rejected": self.counts["rejected_by_rule"].total(),
            **by_name,
            **({BEYOND: self.beyond.as_plain()} if self.is_beyond_counted else {}),
        }


@dataclass(frozen=True)
class BatchJob:
    """One batch, the function that decides its sample, and the engine that makes its parts.

    `engine` yields the receipts of the parts in order. `is_drift_accepted` says that a person
    looked at the scores of the batch.
    """

    batch: Batch
    bundle: Path
    decide: Decide
    engine: Engine
    is_drift_accepted: bool
    threads: int

    def run(
        self,
        found: FoundBatch,
        tally: Tally,
        tell: Callable[[int], None],
        *,
        key: PrivateKey | None = None,
        output: Path | None = None,
    ) -> tuple[dict[str, Any], Exports]:
        """Decide what is not done yet; return the manifest, and the exports to be put in place.

        The folder must be claimed. `found` is what it holds already. `tell` is called with the
        number of rows done. `key` signs; `output` is where one file was asked for.
        """
        # A batch with finished parts has passed this check, or was accepted by a person.
        if not found.kept and not self.is_drift_accepted:
            sample = list(self._sample())
            counted = total_counts(one.counted for one in sample if one.counted is not None)
            drift = drift_of(sample_scores(sample), counted, self.bundle)
            require_no_drift(drift, "a sample")
        folder = self.batch.folder
        try:
            kept = begun(folder, found, lambda: digest(self._repeated))
            self._check_signed(kept, key)
            tally.resumed = sum(receipt["rows"] for receipt in kept.values())
            tell(tally.resumed)
            previous = link(found.document)
            for receipt in self._receipts(kept):
                tally.add(self._noted(receipt, previous, key))
                previous = tally.links[-1]
                tell(tally.rows)
        except DamagedError as error:
            # The run after this one may find the file mended, and keep what others gave.
            if folder.asked() is not None:
                folder.note_damaged(error.name)
            raise
        if not self.is_drift_accepted:
            scores = decided_scores(folder, len(tally.links))
            require_no_drift(drift_of(scores, tally.beyond, self.bundle), "all decided rows")
        return self._sealed(found, tally, key, output or folder.root)

    def _check_signed(self, kept: Mapping[int, Receipt], key: PrivateKey | None) -> None:
        """Raise SigningError where a part of an earlier run is not signed by `key`.

        What someone put there between two runs must not be sealed under our signature.
        """
        if key is not None:
            for number, receipt in kept.items():
                key.public.check(receipt, "receipt", self.batch.folder.receipt(number))

    def _noted(self, receipt: Receipt, previous: str, key: PrivateKey | None) -> Receipt:
        """Return the receipt as it stands in the folder, linked to the one before it."""
        # A part that is kept has its place in the chain, unless batch.json changed.
        if receipt.get("previous") == previous:
            return receipt
        bare = {name: value for name, value in receipt.items() if name != "signature"}
        noted = signed_by(key, {**bare, "previous": previous}, "receipt")
        self.batch.folder.note(noted["part"], noted)
        return noted

    def _receipts(self, kept: Mapping[int, Receipt]) -> Iterator[Receipt]:
        """Yield the receipts of all parts in order: those kept, and those made now."""
        number = 0
        for first, stop in missing_spans(kept, self.batch):
            made_now = self.batch.numbers(first, stop)
            yield from (kept[at] for at in range(number, made_now.start))
            begin_secret(self.batch.folder.root)
            for made in self.engine(self.batch, self._repeated, first, stop):
                yield {"format": BATCH, **made, "repeated_ids": digest(self._repeated)}
            number = made_now.stop
        yield from (kept[at] for at in sorted(kept) if at >= number)

    def _sealed(
        self, found: FoundBatch, tally: Tally, key: PrivateKey | None, output: Path
    ) -> tuple[dict[str, Any], Exports]:
        """Check that all is there that was announced, export it and write the manifest.

        The exports get their names later, once the batch has its place.
        """
        source = self.batch.source
        folder = self.batch.folder
        source.check()
        figures = tally.figures()
        if not source.rows == figures["rows"] == figures["decided"] + figures["rejected"]:
            raise DataError.of(
                "Not every row was decided or set aside",
                where=source.source,
                expected=f"{source.rows:,} rows",
                got=f"{figures['decided']:,} decided, {figures['rejected']:,} set aside",
                next_step="run the same command again; if it says so again, report it",
            )
        there = [link(receipt) for receipt in folder.parts()]
        if there != tally.links:
            lost = [f"part {at}" for at, one in enumerate(tally.links) if one not in there]
            raise gone(folder.root, lost or ["receipts"])
        folder.note_damaged(None)
        folder.tidy()
        exports = staged_exports(folder, output)
        manifest = sealed_manifest(
            figures, link(found.document), tally.links, schemas(folder.root), noted_exports(exports)
        )
        # A finished batch that is run again without the key keeps its signature.
        if key is not None or not folder.is_sealed_as(manifest):
            folder.seal(signed_by(key, manifest, "batch"))
        forget_secret(folder.root)
        return manifest, exports

    @cached_property
    def _repeated(self) -> pa.Array:
        # Looked for once, and only where a part is to be made.
        spill = self.batch.folder.root / ".spill"
        # The first column that is read names the application.
        return repeated_ids(self.batch.source, self.batch.names[0], spill, self.threads)

    def _sample(self) -> Iterator[BlockResult]:
        """Yield decisions of some blocks spread over the input; they are not kept."""
        # Duplicates are not known yet; a repeated row moves no distribution.
        work = Work(self.batch.rules(pa.array([], pa.null())), self.decide)
        blocks = self.batch.source.spread(self.batch.names, SAMPLE_ROWS, SAMPLED_BLOCKS)
        yield from map(work, blocks)


def embedded(decide: Decide, threads: int) -> Engine:
    """Return the engine that makes the parts in this process."""

    def parts(batch: Batch, repeated: pa.Array, first: int, stop: int) -> Iterator[Receipt]:
        return batch.made(decide, repeated, first, stop, threads)

    return parts
