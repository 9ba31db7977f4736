"""One file of decisions beside a batch's folder, for those who asked for a .parquet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from creditloom.serving.batch.drift import drift_of, require_no_drift
from creditloom.serving.batch.output import BatchFolder, duplicates, writing
from creditloom.serving.batch.part import Batch, BlockResult, Decide, Receipt, Work
from creditloom.serving.ledger.entries import link, merkle_root, sealed
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import BATCH
from creditloom.storage.files.store import Writer, iter_tables, open_parquet

SUFFIX = ".parquet"
EXPORTED = {"decisions": SUFFIX, "quarantine": ".rejected.parquet"}


def batch_folder(output: Path) -> Path:
    """Where the batch lies: the output itself, or `<name>.batch` beside the file that was asked for."""
    return output.with_suffix(".batch") if output.suffix == SUFFIX else output


def the_input(source: Path | None, events: Path | None) -> Path:
    """The one of --input and --events that is given; DataError for both or none."""
    given = [path for path in (source, events) if path is not None]
    if len(given) != 1:
        raise DataError.of(
            "One input is needed",
            where="creditloom score",
            expected="--input or --events",
            got=f"{len(given)} of them",
            next_step="give a table of features with --input, or a folder of raw tables with --events",
        )
    return given[0]


def check_output(source: Path, output: Path) -> None:
    """DataError where the output would touch the input, or is a file of another kind."""
    place = batch_folder(output).resolve()
    inside = source.resolve() in (place, output.resolve(), *place.parents) or (
        source.is_dir() and place in source.resolve().parents
    )
    is_folder_wanted = output.suffix != SUFFIX
    is_wrong = output.is_file() if is_folder_wanted else output.is_dir()
    if inside or is_wrong or (is_folder_wanted and output.suffix):
        raise DataError.of(
            "The output has no proper place",
            where=output,
            expected="a folder, or a file named *.parquet, outside the input",
            got="the input itself, or a place inside it" if inside else "another kind of file",
            next_step="choose another --output",
        )


def export(folder: BatchFolder, output: Path) -> None:
    """Write all parts as one file, and the rows set aside as <name>.rejected.parquet; nothing where a folder was asked for."""
    if output.suffix != SUFFIX:
        return
    with writing(output):
        for kind, suffix in EXPORTED.items():
            target = output.with_suffix(suffix)
            parts = sorted((folder.root / kind).glob("*.parquet"))
            if not parts:
                target.unlink(missing_ok=True)
                continue
            with open_parquet(parts[0]) as first:
                schema = first.schema_arrow
            with Writer(target, schema) as writer:
                for block in iter_tables(folder.root / kind, rows=131_072):
                    writer.write(block.cast(schema))


# The batch job put together: what is asked, whether some of it is done already, then part by part until it is sealed.

SAMPLED, SAMPLE_ROWS = (
    8,
    2_048,
)  # blocks, and rows of each, that are looked at before anything is decided (R12)
ID = "application_id"
Engine = Callable[
    [Batch, pa.Array, int], Iterator[Receipt]
]  # a batch, its duplicate ids, the row to begin at: receipts of parts in order


@dataclass
class Tally:
    """What the batch comes to, counted as parts are finished; `resumed` rows were done by an earlier run."""

    rows: int = 0
    resumed: int = 0
    counts: dict[str, Counter[str]] = field(
        default_factory=lambda: {"decisions": Counter(), "rejected_by_rule": Counter()}
    )
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
class BatchJob:
    """One batch, what decides its sample, and where its parts are made: `engine` yields their receipts in order."""

    batch: Batch
    bundle: Path
    decide: Decide
    engine: Engine
    asked: Mapping[str, Any]
    threads: int

    def run(self, tally: Tally, tell: Callable[[int], None], *, replace: bool) -> dict[str, Any]:
        """Decide what is not done yet; return the manifest. The folder must be claimed."""
        folder = self.batch.folder
        document = folder.begin(self.document(), replace=replace)
        for receipt in folder.finished():
            tally.add(receipt)
        tally.resumed = tally.rows
        if not tally.rows and "accept_drift" not in self.asked:
            require_no_drift(drift_of(self._sample(), self.bundle))
        tell(tally.rows)
        previous = tally.links[-1] if tally.links else link(document)
        for made in self._made(tally.rows):
            receipt = {"format": BATCH, **made, "previous": previous}
            folder.note(receipt["part"], receipt)
            tally.add(receipt)
            previous = tally.links[-1]
            tell(tally.rows)
        ends = {"batch": link(document), "parts": tally.links, "root": merkle_root(tally.links)}
        manifest = sealed({"format": BATCH, **tally.figures(), **ends})
        folder.seal(manifest)
        return manifest

    def document(self) -> dict[str, Any]:
        """The content of batch.json: all that the output depends on."""
        batch = self.batch
        files = [asdict(file) for file in batch.source.fingerprints]
        return {
            "format": BATCH,
            "input": {"path": str(batch.source.source.absolute()), "files": files},
            "columns": batch.names,
            "versions": batch.versions.as_dict(),
            "options": dict(self.asked),
            "part_rows": batch.part_rows,
        }

    def _made(self, first: int) -> Iterator[Receipt]:
        batch = self.batch
        if first < batch.source.rows:
            twice = duplicates(batch.source.files, ID, batch.folder.root / ".spill", self.threads)
            yield from self.engine(batch, twice, first)

    def _sample(self) -> Iterator[BlockResult]:
        """Decisions of some blocks spread over the input; they are not kept."""
        work = Work(self.batch.rules(pa.array([], pa.null())), self.decide)
        yield from map(work, self.batch.source.spread(self.batch.names, SAMPLE_ROWS, SAMPLED))


def embedded(decide: Decide, threads: int) -> Engine:
    """The parts are made in this process."""
    return lambda batch, twice, first: batch.made(decide, twice, first, batch.source.rows, threads)
