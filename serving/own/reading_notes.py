"""Say where an input is not written as the table of training was, before a row is decided.

A few odd values set their rows aside. A column of which most values cannot be read is written in
another way than training read it: the whole input is refused, with the column and an example.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from creditloom.decision.base.readings.stored_kinds import kind_of
from creditloom.decision.base.readings.text_numbers import TextReading
from creditloom.decision.frames.input_block import of_table
from creditloom.decision.frames.row_rules import RowFault
from creditloom.serving.batch.input import BatchInput
from creditloom.serving.batch.part import Batch
from creditloom.serving.batch.schema import BatchError
from creditloom.serving.inputs import InputColumn, layout_of
from creditloom.serving.own.text_columns import TextColumns, has_whole_ids
from creditloom.storage.folders.lake import visible_files
from creditloom.storage.own.csv_files import DELIMITERS, is_csv, read_header
from creditloom.storage.own.recognise import pattern_words

# Blocks that are looked at, spread over the input, and rows of each.
LOOKED_AT_BLOCKS = 4
LOOKED_AT_ROWS = 2_048
# With a larger share of values that cannot be read, a column is written in another way.
MOST_UNREAD = 0.5
# Files that a note names.
MAX_NAMED = 5
# table: rules that a value breaks which is not what its column holds
UNREAD_RULES = ("id_unreadable", "as_of_unreadable", "not_a_number", "not_a_date")
# table: form of a reading -> how such a number is written
FORMS = {
    "plain": "1234.5",
    "percent": "12.5%",
    "thousands": "1,234.5",
    "decimal comma": "1234,5",
    "truth": "true or false",
}
# Forms of which a stored number is the same number.
SAME = ("plain", "truth")


def texts_of(
    source: BatchInput, columns: Sequence[InputColumn], bundle: Path
) -> TextColumns | None:
    """Return how the texts of a CSV are read for a bundle; None where the input has types."""
    if not source.is_csv:
        return None
    layout = layout_of(bundle)
    blocks = source.blocks([columns[0].read_from], LOOKED_AT_ROWS)
    ids = (chunk for _, block in blocks for chunk in block.column(0).chunks)
    is_whole = has_whole_ids(ids, layout)
    return TextColumns.of(columns, layout, has_whole_ids=is_whole)


def notes_on(batch: Batch, bundle: Path) -> tuple[str, ...]:
    """Return what a person should know of how the input is read, a sentence each.

    Raises BatchError for a column of which most values cannot be read as training read them.
    """
    source = batch.source
    layout = layout_of(bundle)
    if source.is_csv or any(one.reading or one.dates for one in batch.columns):
        _require_read(batch)
    notes = [*_of_files(source)]
    if layout is not None and not source.is_csv:
        notes += _of_types(source, batch.columns)
    return tuple(notes)


def _require_read(batch: Batch) -> None:
    unread: Counter[str] = Counter()
    known: Counter[str] = Counter()
    reasons: dict[str, str] = {}
    rules = batch.rules(pa.array([], pa.null()))
    spread = batch.source.spread(batch.names, LOOKED_AT_ROWS, LOOKED_AT_BLOCKS)
    for _, block in spread:
        faults: list[RowFault] = []
        typed = block
        if batch.texts is not None:
            typed, faults = batch.texts.typed(block)
        faults = [*faults, *of_table(typed, rules.layout).faults]
        for fault in faults:
            if fault.rule in UNREAD_RULES:
                unread[fault.column] += len(fault.rows)
                reasons.setdefault(fault.column, fault.reasons[0])
        for column in batch.columns:
            values = block[column.read_from]
            known[column.told] += len(values) - values.null_count
    for column in batch.columns:
        if unread[column.told] > MOST_UNREAD * known[column.told]:
            got = f"{reasons[column.told]}; {unread[column.told]:,} such of {known[column.told]:,}"
            raise _written_otherwise(column, batch.source.source, got)


def _written_otherwise(column: InputColumn, where: object, got: str) -> BatchError:
    return BatchError.of(
        f"Column `{column.read_from}` is not written as in the table that was trained on",
        where=where,
        expected=_as_trained(column),
        got=got,
        next_step="write the column as the training table has it, or train again on this one",
    )


def _as_trained(column: InputColumn) -> str:
    """Return how training read a column, with an example."""
    if column.dates is not None:
        return f"dates as {pattern_words(column.dates.pattern)}"
    if column.kind == "id":
        return "whole numbers"
    if column.kind == "flag":
        return "true or false"
    reading = column.reading or TextReading("plain")
    return f"numbers as {FORMS[reading.form]}"


def _of_files(source: BatchInput) -> Iterator[str]:
    if source.is_csv:
        first = source.files[0]
        sign = DELIMITERS[read_header(first).delimiter]
        yield f"{first.name} is CSV: cells between {sign}, an empty cell is null"
    elif source.source.is_dir():
        others = [file.name for file in visible_files(source.source) if is_csv(file)]
        if others:
            named = ", ".join(others[:MAX_NAMED])
            yield f"not read, as the parts of this input are Parquet: {named}"


def _of_types(source: BatchInput, columns: Sequence[InputColumn]) -> Iterator[str]:
    """Yield a sentence for each column of numbers that training read of texts with signs."""
    _, schema = next(source.schemas())
    for column in columns:
        form = "plain" if column.reading is None else column.reading.form
        stored = schema.field(column.read_from).type
        if form not in SAME and kind_of(stored) != "text":
            yield (
                f"`{column.read_from}`: training read texts as {FORMS[form]}, this input stores "
                f"{stored}: its numbers are taken as they are"
            )
