"""Run the batch job: what is asked, what is done already, then part by part until it is sealed.

The places of input and output are checked here too, and the parts exported as one file for those
who asked for a .parquet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from creditloom.serving.batch.drift import drift_of, require_no_drift
from creditloom.serving.batch.output import BatchFolder, duplicates, sha256, writing
from creditloom.serving.batch.part import Batch, BlockResult, Decide, Receipt, Work
from creditloom.serving.ledger.entries import link
from creditloom.serving.ledger.rows.leaves import begin_secret, forget_secret
from creditloom.serving.ledger.seal import schemas, sealed_manifest
from creditloom.serving.ledger.signing import PrivateKey, signed_by
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import BATCH
from creditloom.storage.files.store import Writer, iter_tables, open_parquet

SUFFIX = ".parquet"
# The kinds of files that are exported, and the suffix of each.
EXPORTED = {"decisions": SUFFIX, "quarantine": ".rejected.parquet"}
# Rows copied at a time by an export: one part.
EXPORT_ROWS = 131_072


def batch_folder(output: Path) -> Path:
    """Return the batch's folder: the output itself, or `<name>.batch` beside a .parquet.

    >>> batch_folder(Path("out/day.parquet")).as_posix()
    'out/day.batch'
    """
    return output.with_suffix(".batch") if output.suffix == SUFFIX else output


def the_input(source: Path | None, events: Path | None) -> Path:
    """Return the one of --input and --events that is given; DataError for both or none."""
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


def check_output(source: Path, output: Path) -> None:
    """Raise DataError where the output would touch the input, or is a file of another kind."""
    place = batch_folder(output).resolve()
    source_place = source.resolve()
    is_inside = source_place in (place, output.resolve(), *place.parents)
    is_around = source.is_dir() and place in source_place.parents
    touches = is_inside or is_around
    is_folder_wanted = output.suffix != SUFFIX
    is_wrong = output.is_file() if is_folder_wanted else output.is_dir()
    # A suffix other than .parquet is a file of a kind that is not written.
    if touches or is_wrong or (is_folder_wanted and output.suffix):
        got = "the input itself, or a place inside it" if touches else "another kind of file"
        raise DataError.of(
            "The output has no proper place",
            where=output,
            expected="a folder, or a file named *.parquet, outside the input",
            got=got,
            next_step="choose another --output",
        )


def export(folder: BatchFolder, output: Path) -> None:
    """Write all parts as one file, and the rows set aside as <name>.rejected.parquet.

    Nothing is written where a folder was asked for.
    """
    if output.suffix != SUFFIX:
        return
    with writing(output):
        for kind, suffix in EXPORTED.items():
            target = output.with_suffix(suffix)
            parts = sorted((folder.root / kind).glob("*.parquet"))
            if not parts:
                # What an earlier batch left under this name must not look like this one's.
                target.unlink(missing_ok=True)
                continue
            with open_parquet(parts[0]) as first:
                schema = first.schema_arrow
            with Writer(target, schema) as writer:
                for block in iter_tables(folder.root / kind, rows=EXPORT_ROWS):
                    writer.write(block.cast(schema))


def exported(output: Path) -> dict[str, Any]:
    """Return what was exported, by kind: file, rows and sha256; {} where a folder was asked for."""
    if output.suffix != SUFFIX:
        return {}
    noted = {}
    for kind, suffix in EXPORTED.items():
        file = output.with_suffix(suffix)
        if file.is_file():
            with open_parquet(file) as table:
                rows = table.metadata.num_rows
            noted[kind] = {"file": file.name, "rows": rows, "sha256": sha256(file)}
    return noted


def erased_before(root: Path) -> DataError:
    """Return the refusal to go on with a batch from which persons were erased."""
    return DataError.of(
        "Persons were erased from this batch",
        where=root,
        expected="a batch as it was decided",
        got="one that would hold them again",
        next_step="it is finished: use it as it is, or choose another --output for a new batch",
    )


# The job itself.

# Blocks, and rows of each, that are decided for R12 before anything is kept: 16,384 rows, of which
# enough have a score even where many are refused.
SAMPLED_BLOCKS = 8
SAMPLE_ROWS = 2_048
APPLICATION_ID = "application_id"
# Takes a batch, its duplicate ids and the row to begin at; yields receipts of parts in order.
Engine = Callable[[Batch, pa.Array, int], Iterator[Receipt]]


def _counters() -> dict[str, Counter[str]]:
    return {"decisions": Counter(), "rejected_by_rule": Counter()}


@dataclass
class Tally:
    """Counts of the batch as its parts are finished; an earlier run did `resumed` rows."""

    rows: int = 0
    resumed: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=_counters)
    links: list[str] = field(default_factory=list)

    def add(self, receipt: Mapping[str, Any]) -> None:
        """Count one finished part."""
        self.rows += receipt["rows"]
        for name, counter in self.counts.items():
            counter.update(receipt[name])
        self.links.append(link(receipt))

    def figures(self) -> dict[str, Any]:
        """Return rows, decided, rejected, and the counts by decision and by rule."""
        by_name = {name: dict(sorted(counter.items())) for name, counter in self.counts.items()}
        return {
            "rows": self.rows,
            "decided": self.counts["decisions"].total(),
            "rejected": self.counts["rejected_by_rule"].total(),
            **by_name,
        }


@dataclass(frozen=True)
class BatchJob:
    """One batch, the function that decides its sample, and the engine that makes its parts.

    `engine` yields the receipts of the parts in order. `asked` are the options, as batch.json keeps
    them.
    """

    batch: Batch
    bundle: Path
    decide: Decide
    engine: Engine
    asked: Mapping[str, Any]
    threads: int

    def run(
        self,
        tally: Tally,
        tell: Callable[[int], None],
        *,
        replace: bool,
        key: PrivateKey | None = None,
        output: Path | None = None,
    ) -> dict[str, Any]:
        """Decide what is not done yet, export and seal it; return the manifest.

        The folder must be claimed. `tell` is called with the number of rows done, `key` signs, and
        `output` is what `export` takes.
        """
        folder = self.batch.folder
        if folder.is_erased():
            raise erased_before(folder.root)
        document = folder.begin(self.document(), replace=replace)
        self._count_finished(tally, key)
        # A batch with finished parts has passed this check, or was accepted by a person.
        if not tally.rows and "accept_drift" not in self.asked:
            require_no_drift(drift_of(self._sample(), self.bundle))
        tell(tally.rows)
        previous = tally.links[-1] if tally.links else link(document)
        for part in self._made(tally.rows):
            bare = {"format": BATCH, **part, "previous": previous}
            receipt = signed_by(key, bare, "receipt")
            folder.note(receipt["part"], receipt)
            tally.add(receipt)
            previous = tally.links[-1]
            tell(tally.rows)
        return self._sealed(tally, link(document), key, output or folder.root)

    def _count_finished(self, tally: Tally, key: PrivateKey | None) -> None:
        """Count what an earlier run finished; SigningError where it is not signed by `key`."""
        folder = self.batch.folder
        for receipt in folder.finished():
            if key is not None:
                # What someone put there between two runs must not be sealed under our signature.
                key.public.check(receipt, "receipt", folder.receipt(receipt["part"]))
            tally.add(receipt)
        tally.resumed = tally.rows

    def _sealed(
        self, tally: Tally, batch: str, key: PrivateKey | None, output: Path
    ) -> dict[str, Any]:
        """Export the parts and seal the batch; return the manifest. `batch` links to batch.json."""
        folder = self.batch.folder
        export(folder, output)
        manifest = sealed_manifest(
            tally.figures(), batch, tally.links, schemas(folder.root), exported(output)
        )
        # A finished batch that is run again without the key keeps its signature.
        if key is not None or not folder.is_sealed_as(manifest):
            folder.seal(signed_by(key, manifest, "batch"))
        forget_secret(folder.root)
        return manifest

    def document(self) -> dict[str, Any]:
        """Return the content of batch.json: all that the output depends on."""
        source = self.batch.source
        files = [asdict(file) for file in source.fingerprints]
        return {
            "format": BATCH,
            "input": {"path": str(source.source.absolute()), "files": files},
            "columns": self.batch.names,
            "versions": self.batch.versions.as_dict(),
            "options": dict(self.asked),
            "part_rows": self.batch.part_rows,
        }

    def _made(self, first: int) -> Iterator[Receipt]:
        batch = self.batch
        # A batch that was finished, but not sealed, needs no look for duplicates.
        if first < batch.source.rows:
            begin_secret(batch.folder.root)
            spill = batch.folder.root / ".spill"
            repeated_ids = duplicates(batch.source.files, APPLICATION_ID, spill, self.threads)
            yield from self.engine(batch, repeated_ids, first)

    def _sample(self) -> Iterator[BlockResult]:
        """Yield decisions of some blocks spread over the input; they are not kept."""
        # Duplicates are not known yet; a repeated row moves no distribution.
        work = Work(self.batch.rules(pa.array([], pa.null())), self.decide)
        blocks = self.batch.source.spread(self.batch.names, SAMPLE_ROWS, SAMPLED_BLOCKS)
        yield from map(work, blocks)


def embedded(decide: Decide, threads: int) -> Engine:
    """Return the engine that makes the parts in this process."""

    def parts(batch: Batch, repeated_ids: pa.Array, first: int) -> Iterator[Receipt]:
        return batch.made(decide, repeated_ids, first, batch.source.rows, threads)

    return parts
