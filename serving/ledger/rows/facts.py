"""Read again what a batch decided on: its decisions, beside the facts of its input.

The facts are the inputs of the rule book and the optional facts, not the features: a few tens of
columns. The input is found by the place and the sha256 that the ledger holds of each row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from creditloom.decision.bundle import Bundle
from creditloom.decision.frames.input_block import InputBlock
from creditloom.decision.frames.input_frame import Frame, InputReader
from creditloom.decision.reasons.reasons import has_significant_reason
from creditloom.decision.reasons.significance import UNEXPLAINED
from creditloom.decision.rules.beyond import CODE
from creditloom.serving.batch.input import BatchInput
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.part import cut
from creditloom.serving.ledger.hashing import id_column
from creditloom.serving.ledger.recorded import Recorded
from creditloom.serving.ledger.replay_one import texts_of
from creditloom.serving.own.csv_copies import readable
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_table
from creditloom.storage.folders.identity import fixed

APPLICATION_ID = "application_id"
PLACES = ("input_file", "row_group", "row")
# Of the reasons only the codes are read: the sentences are most of a batch's bytes.
REASON_CODES = "reasons.list.element.concept"
# Rows that are read and decided together: one part of a batch, by its default.
ROWS = 131_072
# Rows of which all features are read together: some hundred numbers each.
FEATURE_ROWS = 16_384


@dataclass(frozen=True)
class RecordedRows:
    """Some decisions and their facts, in the order of the input.

    `decisions` has the columns that were asked for, `numbers` are the rows of the whole input,
    `is_beyond` marks those in which the decision found what training never saw, `is_explained`
    those with a concept among their reasons, `is_unexplained` declines that none explained.
    """

    decisions: pa.Table
    numbers: NDArray[np.int64]
    is_beyond: NDArray[np.bool_]
    is_explained: NDArray[np.bool_]
    is_unexplained: NDArray[np.bool_]
    block: InputBlock

    def __len__(self) -> int:
        return len(self.numbers)


@dataclass(frozen=True)
class RecordedFacts:
    """A batch with its input, whose files are the ones that were decided.

    `folder` is the bundle's.
    """

    batch: BatchFolder
    recorded: Recorded
    source: BatchInput
    bundle: Bundle
    folder: Path

    def frame(self, block: InputBlock, consents: dict[str, str] | None) -> Frame:
        """Return the facts as rules read them, without those that lack one of the consents."""
        return self._reader(consents).frame(block)

    def blocks(self, columns: tuple[str, ...]) -> Iterator[RecordedRows]:
        """Yield all recorded decisions with these columns, and their facts.

        Raises DataError where a file is not the one that was sealed, or the input is another one.
        """
        reader = self._reader(self.bundle.policy.consents)
        layout = reader.layout(self._there)
        texts = texts_of(self.source.source, layout.columns, self.folder, self.recorded.id_type)
        parts = self._parts(columns)
        first, rows, decisions, numbers = next(parts)
        for start, table in cut(self.source.blocks(layout.sources, ROWS), self._bounds):
            while start >= first + rows:
                first, rows, decisions, numbers = next(parts)
            low, high = np.searchsorted(numbers, (start, start + len(table)))
            if low == high:
                continue
            taken = numbers[low:high] - start
            found = table if len(taken) == len(table) else table.take(pa.array(taken))
            own = decisions.slice(low, high - low)
            typed = found if texts is None else texts.typed(found)[0]
            self._check_ids(id_column(typed, layout.columns), own)
            kept = own.drop_columns(["reasons"])
            block = reader.block(typed)
            # table: what the codes of the reasons tell
            yield RecordedRows(
                decisions=kept,
                numbers=numbers[low:high],
                is_beyond=_with_reason(own, [CODE]),
                is_explained=_with_reason(own, self.bundle.scorer.catalogue.concept_ids),
                is_unexplained=_with_reason(own, [UNEXPLAINED]),
                block=block,
            )

    def scored(self, rows: RecordedRows, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the PD of rows that were decided without one, by the model that decided.

        Their features are read now. `mask` marks the rows; the others are null.
        """
        pd = np.full(len(rows), np.nan)
        scorer = self.bundle.scorer
        for places, x in self._features(rows, mask):
            pd[places] = scorer.calibration.pd(scorer.margin.raw(x))
        return pd

    def has_reason(self, rows: RecordedRows, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which of the marked rows have a concept that explains a decline by the score.

        The reasons of what was declined or referred by its score were recorded. Of the others the
        features are read now.
        """
        if not self.bundle.has_significant_reasons:
            # Before format 5 the worst concept was cited whatever it lost.
            return mask
        out = mask & rows.is_explained
        unknown = mask & ~rows.is_explained & ~rows.is_unexplained
        for places, x in self._features(rows, unknown):
            out[places] = has_significant_reason(self.bundle, x)
        return out

    def _features(
        self, rows: RecordedRows, mask: NDArray[np.bool_]
    ) -> Iterator[tuple[NDArray[np.int64], np.ndarray]]:
        """Yield places of the marked rows and their features, as the model reads them."""
        if not mask.any():
            return
        reader = self.bundle.reader
        layout = reader.layout(self._there)
        texts = texts_of(self.source.source, layout.columns, self.folder, self.recorded.id_type)
        wanted = np.flatnonzero(mask)
        numbers = rows.numbers[wanted]
        last = int(numbers[-1])
        for start, table in self.source.blocks(layout.sources, FEATURE_ROWS, int(numbers[0])):
            low, high = np.searchsorted(numbers, (start, start + len(table)))
            if low < high:
                found = table.take(pa.array(numbers[low:high] - start))
                typed = found if texts is None else texts.typed(found)[0]
                yield wanted[low:high], reader.frame(reader.block(typed)).x
            if start + len(table) > last:
                return

    @property
    def _there(self) -> tuple[str, ...]:
        return tuple(next(self.source.schemas())[1].names)

    @property
    def _bounds(self) -> NDArray[np.int64]:
        """The first row of each part, and the end: as the receipts say."""
        spans = [(receipt["first"], receipt["rows"]) for receipt in self.recorded.receipts]
        first, rows = spans[-1]
        return np.array([*(begin for begin, _ in spans), first + rows], np.int64)

    def _reader(self, consents: dict[str, str] | None) -> InputReader:
        """Return the bundle's reader of facts alone: of no feature."""
        bare = replace(self.bundle.scorer.catalogue, features=())
        return replace(self.bundle.reader, catalogue=bare, consents=consents or {})

    def _parts(
        self, columns: tuple[str, ...]
    ) -> Iterator[tuple[int, int, pa.Table, NDArray[np.int64]]]:
        """Yield first row, rows, decisions and numbers of the decided rows, part by part."""
        asked = [APPLICATION_ID, *columns, REASON_CODES]
        for receipt in self.recorded.receipts:
            part = receipt["part"]
            self._check_sealed(receipt)
            decisions = read_table(self.batch.file("decisions", part), asked)
            ledger = read_table(self.batch.file("ledger", part), list(PLACES))
            yield receipt["first"], receipt["rows"], decisions, self._numbers(ledger)

    def _check_sealed(self, receipt: dict[str, Any]) -> None:
        from creditloom.serving.batch.output import sha256

        for kind in ("decisions", "ledger"):
            file = self.batch.file(kind, receipt["part"])
            name = f"{kind}/{file.name}"
            sealed = self.recorded.erased_files.get(name, receipt["files"][kind])
            if sha256(file) != sealed:
                raise DataError.of(
                    "A file of the batch is not what was sealed",
                    where=file,
                    expected=f"sha256 {str(sealed)[:12]}",
                    got="other content",
                    next_step="run `creditloom verify` on the batch; restore the file",
                )

    def _numbers(self, ledger: pa.Table) -> NDArray[np.int64]:
        """Return the numbers of the rows in the input; DataError for a file that is not there."""
        noted = pc.dictionary_encode(ledger["input_file"].cast(pa.string())).combine_chunks()
        index = []
        for sha in noted.dictionary.to_pylist():
            prints = enumerate(self.source.fingerprints)
            # An earlier release noted the sha256 of the footer.
            at = [k for k, one in prints if sha in (one.sha256, one.footer_sha256)]
            if not at:
                raise _other_input(self.source, sha)
            index.append(at[0])
        codes = noted.indices.to_numpy()
        file = np.array(index, np.int64)[codes] if index else np.zeros(0, np.int64)
        return self.source.numbers(
            file,
            ledger["row_group"].to_numpy().astype(np.int64),
            ledger["row"].to_numpy().astype(np.int64),
        )

    def _check_ids(self, ids: pa.Array, decisions: pa.Table) -> None:
        recorded = decisions[APPLICATION_ID].combine_chunks()
        if not ids.cast(recorded.type).equals(recorded):
            raise DataError.of(
                "The input has other applications than the batch",
                where=self.source.source,
                expected="the ids of the decisions, in the places that the ledger names",
                got="other ids",
                next_step="run `creditloom replay` on the batch",
            )


@contextmanager
def recorded_facts(
    batch: BatchFolder, bundle: Path, threads: int, source: Path | None = None
) -> Iterator[RecordedFacts]:
    """Open a batch, its input and the bundle in a folder.

    `source` is the input where it no longer lies in its old place. Raises DataError where the batch
    or its input is not there.
    """
    asked = batch.asked() or {}
    place = source or Path(asked["input"]["path"])
    with (
        TemporaryDirectory(prefix="creditloom-") as scratch,
        readable(BatchInput.open(place), Path(scratch)) as opened,
    ):
        held = opened.held_to(fixed(opened.files, threads))
        recorded = Recorded.of(batch)
        yield RecordedFacts(batch, recorded, held, Bundle.load(bundle, 1), bundle)


def _with_reason(decisions: pa.Table, wanted: Sequence[str]) -> NDArray[np.bool_]:
    """Return which decisions have one of these codes among their reasons."""
    lists = decisions["reasons"].combine_chunks()
    codes = pc.struct_field(pc.list_flatten(lists), 0).cast(pa.string())
    rows = pc.list_parent_indices(lists).to_numpy()
    is_found = np.zeros(len(decisions), dtype=bool)
    is_one = pc.is_in(codes, pa.array(wanted, pa.string()))
    is_found[rows[is_one.to_numpy(zero_copy_only=False)]] = True
    return is_found


def _other_input(source: BatchInput, sha: str) -> DataError:
    present = ", ".join(one.sha256[:12] for one in source.fingerprints[:3])
    return DataError.of(
        "The input is not the one that was decided",
        where=source.source,
        expected=f"a file with the sha256 {sha[:12]}",
        got=present,
        next_step="name the file that the batch read with --input",
    )
