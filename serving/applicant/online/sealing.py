"""Seal the lines of a journal as batches of the log: to verify, to replay, to erase.

A batch decides the rows again, by the code of every batch; that each answer was this very decision
is checked before the lines go. A batch has an application once: lines that decide one again go into
a further batch beside the first.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from creditloom.decision.frames.answer import REFUSED
from creditloom.serving.applicant.online.journal import JournalLine, left_over, lines_of, plain
from creditloom.serving.batch.events import FOLDER, MARK, MATRIX
from creditloom.serving.inputs import InputColumn, columns
from creditloom.serving.score import score
from creditloom.serving.whole.batch_matrix import TYPES
from creditloom.serving.whole.resume import TakenError
from creditloom.storage.files.durable import sync
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import FEATURES
from creditloom.storage.files.outputs import new_folder
from creditloom.storage.files.store import iter_tables, matrix_writer, write_json

ID = "application_id"
# Online each row is treated by itself; a batch of them is not stopped by its distribution.
DRIFT = "decided online, one by one"


@dataclass(frozen=True)
class Sealing:
    """How a journal is sealed: its folder, the bundle that decides, its options, and the log."""

    folder: Path
    bundle: Path
    options: Mapping[str, Any]
    log: Path | None = None
    key: Path | None = None

    def seal(self) -> list[Path]:
        """Seal what waits; return the folders of the batches. It goes on after a kill.

        Raises DataError where a batch decides otherwise than was answered: its lines stay.
        """
        made = []
        for file in left_over(self.folder):
            made += [self._sealed(file, name, lines) for name, lines in _batches(file)]
            file.unlink()
            sync(self.folder)
        return made

    def _sealed(self, file: Path, name: str, lines: Sequence[JournalLine]) -> Path:
        there = {field for line in lines for field in line.input}
        read = columns(self.bundle, there)
        place = self.folder / name
        features = place.with_suffix(".features")
        evidence = _evidence(file, lines)
        if not (features / MARK).is_file():
            with new_folder(features, FOLDER) as work:
                rows = _matrix(read, lines)
                with matrix_writer(work / MATRIX, rows.schema) as writer:
                    writer.write(rows)
                asked = {"format": FEATURES, "files": [], "as_of": None}
                names = [one.name for one in read]
                write_json({**asked, "columns": names, "journal": evidence}, work / MARK)
        try:
            self._score(place, lines, evidence)
        except TakenError:
            # A seal by other terms, which was refused: its lines would be gone otherwise.
            self._score(place, lines, evidence, replace=True)
        _require_same(place, lines)
        return place

    def _score(
        self,
        place: Path,
        lines: Sequence[JournalLine],
        evidence: Mapping[str, str],
        *,
        replace: bool = False,
    ) -> None:
        days = [dt.datetime.fromisoformat(str(line.input["as_of"])).date() for line in lines]
        score(
            place,
            source=place.with_suffix(".features") / MATRIX,
            bundle=self.bundle,
            evidence=evidence,
            accept_drift=DRIFT,
            threads=1,
            today=max(days),
            log=self.log,
            sign=self.key,
            replace=replace,
            **self.options,
        )


def _batches(file: Path) -> Iterator[tuple[str, list[JournalLine]]]:
    """Yield the name of each batch of a file, and its lines: of an application one."""
    times: dict[int | str, int] = {}
    batches: dict[int, list[JournalLine]] = {}
    for line in lines_of(file):
        turn = times[line.application_id] = times.get(line.application_id, 0) + 1
        batches.setdefault(turn, []).append(line)
    name = file.name.removeprefix("closed-").removesuffix(".jsonl")
    for turn, lines in batches.items():
        yield f"{name}-{turn}", lines


def _evidence(file: Path, lines: Sequence[JournalLine]) -> dict[str, str]:
    """Return what batch.json notes: the journal, the snapshots, and the positions of the store."""
    content = hashlib.sha256(file.read_bytes()).hexdigest()
    positions = [line.store for line in lines]
    moments = [line.moment for line in lines]
    noted = {
        "journal": content,
        "answered": f"{min(moments)} to {max(moments)}",
        "store": f"{min(positions)} to {max(positions)}",
    }
    snapshots = sorted({line.snapshot for line in lines} - {""})
    return {**noted, "snapshot": " ".join(snapshots)} if snapshots else noted


def _matrix(read: Sequence[InputColumn], lines: Sequence[JournalLine]) -> pa.Table:
    """Return the rows as they were decided, in the types of a matrix."""
    arrays = {}
    for one in read:
        kind = TYPES.get(one.kind, pa.float64())
        values = [line.input.get(one.name) for line in lines]
        if one.kind == "time":
            values = [None if at is None else dt.datetime.fromisoformat(at) for at in values]
        arrays[one.name] = _one_column(values, kind)
    return pa.table(arrays)


def _one_column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return values of one column in Arrow, null for None and NaN; `kind` where all are null.

    A flag may come as true and false or as 1 and 0, and whole numbers beside others: the door reads
    them alike.
    """
    known = [None if value is None or value != value else value for value in values]
    kinds = {type(value) for value in known if value is not None}
    if not kinds:
        return pa.nulls(len(known), kind)
    if kinds == {bool, float}:
        return pa.array([None if one is None else float(one) for one in known], pa.float64())
    return pa.array(known, pa.float64() if kinds == {int, float} else None)


def _require_same(place: Path, lines: Sequence[JournalLine]) -> None:
    """Raise DataError unless the batch decided every row as it was answered."""
    decided: dict[Any, dict[str, Any]] = {}
    for file in sorted((place / "decisions").glob("part-*.parquet")):
        for table in iter_tables(file):
            decided |= {row[ID]: plain(row) for row in table.to_pylist()}
    other = []
    for line in lines:
        answer = {name: value for name, value in line.answer.items() if name not in REFUSED}
        is_refused = line.answer.get("refused_rule") is not None
        there = decided.get(line.application_id)
        if is_refused != (there is None) or (there is not None and there != answer):
            other.append(str(line.application_id))
    if other:
        raise DataError.of(
            "The batch decides otherwise than was answered",
            where=place,
            expected=f"the answers of the journal to {len(lines)} applications",
            got=f"others for {len(other)}: {', '.join(other[:5])}",
            next_step="seal with the bundle, explain, language, product and law that were decided "
            "with; else keep journal and batch, and look at these applications: the code may have "
            "changed between the answer and the seal",
        )
