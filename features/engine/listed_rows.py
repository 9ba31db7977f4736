"""The rows behind a number: which events of a person a feature counted, and where they lie.

The number is made again by the engine from exactly these rows. Features made of other people's rows
are in `network/network_rows.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from .. import clock
from ..aggregates.event_columns import VisibleRows
from ..contract.tables import TABLES
from ..declare.declarations import AggregateBlock, FeatureSpec, Stream
from ..declare.registry import Plan, plan
from ..feature_params import FeatureError
from .bucket import kernel
from .point_in_time import Sight, columns_asked, with_keys
from .raw_reader import RawFiles, require
from .row_groups import RowGroups

# Aggregates that look at more than their window: at twelve months, at the window before too, at the
# last event before the window, or at everything that is known. Of an entropy the last bit does: its
# terms are added in the order in which the identifiers were first seen.
OF_A_YEAR = ("mean_vs12", "vs12", "sum_vs12")
OF_TWO_WINDOWS = ("shift", "sum_shift", "mean_shift")
OF_A_NEIGHBOUR = ("interval_cv", "interval_mean", "interval_max", "move", "changes", "change_share")
OF_EVERYTHING = ("tenure", "new", "new_share", "entropy")
# Where a row lies: its file, and its place in it, from 0.
FILE = "file"
POSITION = "position"
PLACE = "place"


@dataclass(frozen=True)
class ListedRows:
    """The events of one raw table that a number was made of, one row each, in the order of files.

    `rows` has the columns of the table that are read, `file` and `position`. `others` are the
    events of the same person in this table that it was not made of.
    """

    table: str
    rows: pa.Table
    others: pa.Table


@dataclass(frozen=True)
class Base:
    """One feature made of a person's own events, as it is declared."""

    spec: FeatureSpec
    stream: Stream
    block: AggregateBlock
    part: str


def parts_of(name: str, what: Plan) -> tuple[str, ...]:
    """Return the features that a feature is made of: itself, or those of its ratio or mark.

    Raises FeatureError for a name that is no feature.
    """
    ratio = next((one for one in what.ratios if one.spec.name == name), None)
    if ratio is not None:
        return (*parts_of(ratio.top, what), *parts_of(ratio.bottom, what))
    mark = next((one for one in what.marks if one.spec.name == name), None)
    if mark is not None:
        return parts_of(mark.of, what)
    if name not in {spec.name for spec in what.specs}:
        raise FeatureError(
            f"lineage: expected a feature of the catalogue, got {name!r}; see catalogue.json"
        )
    return (name,)


def bases_of(names: Sequence[str], what: Plan) -> tuple[Base, ...]:
    """Return those of the features that are made of a person's own events."""
    return tuple(
        Base(spec, stream, step.block, part)
        for stream, steps in what.streams
        for step in steps
        for part, _, spec in step.features
        if spec.name in names
    )


def listed(sources: RawFiles, spine: pa.Table, bases: Sequence[Base]) -> tuple[ListedRows, ...]:
    """Return the events that some features of one application were made of, by raw table.

    `spine` is the one application with its consents.
    """
    found = []
    for stream in dict.fromkeys(base.stream for base in bases):
        rows = events_of(sources, spine, stream)
        is_counted = np.zeros(len(rows), dtype=bool)
        for base in bases:
            if base.stream == stream:
                is_counted[counted(rows, spine, base)] = True
        kept, others = (rows.filter(pa.array(mask)) for mask in (is_counted, ~is_counted))
        found.append(ListedRows(stream.table.name, kept, others))
    return tuple(found)


def events_of(sources: RawFiles, spine: pa.Table, stream: Stream) -> pa.Table:
    """Return every event of the application's person in one table, visible or not."""
    applicant = spine.column("applicant_id")[0].as_py()
    groups = RowGroups(require(sources, stream.table.name), columns_asked(stream))
    starts = _starts(groups)
    tables = []
    for group in groups.groups:
        if not group.may_hold(applicant, applicant):
            continue
        rows = groups.of(group)
        at = np.flatnonzero(rows.column("applicant_id").to_numpy() == applicant)
        if len(at):
            taken = rows.take(pa.array(at))
            place = pa.array(starts[group.path, group.index] + at)
            file = pa.array([group.path] * len(at), pa.string())
            tables.append(_plain(taken).append_column(FILE, file).append_column(POSITION, place))
    if not tables:
        columns = [(column.name, column.type) for column in columns_asked(stream)]
        schema = pa.schema([*columns, (FILE, pa.string()), (POSITION, pa.int64())])
        return schema.empty_table()
    return pa.concat_tables(tables)


def counted(rows: pa.Table, spine: pa.Table, base: Base) -> np.ndarray:
    """Return the places of the events that a feature was made of."""
    known = with_keys(rows.append_column(PLACE, pa.array(np.arange(len(rows)))))
    sight = Sight(spine)
    at, _ = sight.places(known, base.stream)
    place = known.column(PLACE).to_numpy()[at]
    seen = sight.of_rows(known, base.stream).append_column(PLACE, pa.array(place))
    visible = VisibleRows(base.stream, seen, sight.as_of)
    # In the order of time, as the formulas see them.
    place = visible.column(PLACE)
    names = (base.part, base.block.over) if base.block.over else (base.part,)
    chosen = [_within(visible, visible.part(name).at, base) for name in names]
    return place[np.unique(np.concatenate(chosen).astype(np.int64))]


def _within(rows: VisibleRows, at: np.ndarray, base: Base) -> np.ndarray:
    """Return those of a slice's events (places in `rows`) that the aggregate looks at."""
    at = at[_has_measure(rows, base)[at]]
    aggregate = base.block.aggregate
    window = base.spec.window
    if aggregate in OF_EVERYTHING:
        return at
    if aggregate in OF_A_YEAR:
        window = "12m"
    if aggregate in OF_TWO_WINDOWS:
        window = clock.DOUBLED[window]
    is_in = rows.step[at] <= clock.WINDOWS[window]
    if aggregate in OF_A_NEIGHBOUR and is_in.any():
        # Events come oldest first: the one before the first of the window is its neighbour.
        first = int(np.argmax(is_in))
        is_in[max(first - 1, 0)] = True
    return at[is_in]


def _has_measure(rows: VisibleRows, base: Base) -> np.ndarray:
    """Return which events have the measure; an event without it is left out of every sum."""
    if not base.block.measure:
        return np.ones(len(rows.application), dtype=bool)
    measure = rows.stream.measure(base.block.measure)
    if measure.form == "id":
        return np.asarray(rows.identifiers(measure.columns[0]) >= 0)
    return ~np.isnan(rows.values(measure))


def made_again(
    name: str,
    spine: pa.Table,
    rows: Mapping[str, pa.Table],
    snapshot: Mapping[str, float] | None = None,
) -> float:
    """Return a feature of one application, made by the engine of exactly these rows; NaN for null.

    `rows` are events by raw table, `snapshot` the values made of other people's rows.
    """
    what = _part(plan(tuple({*rows, *_tables_of(snapshot or {})})), name)
    one = spine.append_column("row", pa.array([0], pa.int64()))
    sight = Sight(spine)
    tables = {
        stream.table.name: sight.of_rows(with_keys(_coded(rows, stream)), stream)
        for stream, _ in what.streams
    }
    given = {spec.name: np.nan for spec in what.snapshot} | dict(snapshot or {})
    values = {key: np.array([value]) for key, value in given.items()}
    made = kernel(one, tables, values, what).column(name)[0].as_py()
    return np.nan if made is None else float(made)


def _part(what: Plan, name: str) -> Plan:
    """Return the part of a plan that one feature needs."""
    needed = {name, *parts_of(name, what)}
    ratios = [ratio for ratio in what.ratios if _is_needed(ratio.spec.name, name, what)]
    needed |= {side for ratio in ratios for side in (ratio.top, ratio.bottom)}
    streams = []
    for stream, steps in what.streams:
        kept = tuple(step for step in steps if needed & {spec.name for spec in step.specs})
        if kept:
            streams.append((stream, kept))
    # table: the part that is left
    return Plan(
        streams=tuple(streams),
        snapshot=tuple(spec for spec in what.snapshot if spec.name in needed),
        ratios=tuple(ratios),
        marks=tuple(mark for mark in what.marks if mark.spec.name == name),
    )


def _is_needed(ratio: str, name: str, what: Plan) -> bool:
    """Return whether a ratio is the feature, or the one that the feature marks."""
    marked = [mark.of for mark in what.marks if mark.spec.name == name]
    return ratio in (name, *marked)


def _tables_of(snapshot: Mapping[str, float]) -> set[str]:
    specs = {spec.name: spec for spec in plan(tuple(TABLES)).snapshot}
    return {specs[name].table for name in snapshot if name in specs}


def _coded(rows: Mapping[str, pa.Table], stream: Stream) -> pa.Table:
    """Return the rows of a stream's table; none where it has none."""
    asked = columns_asked(stream)
    if stream.table.name not in rows:
        return pa.schema([(column.name, column.type) for column in asked]).empty_table()
    return rows[stream.table.name].select([column.name for column in asked])


def _starts(groups: RowGroups) -> dict[tuple[str, int], int]:
    """Return the number of the first row of every row group in its file."""
    starts: dict[tuple[str, int], int] = {}
    after: dict[str, int] = {}
    for group in groups.groups:
        starts[group.path, group.index] = after.get(group.path, 0)
        rows = group.footer.row_group(group.index).num_rows
        after[group.path] = starts[group.path, group.index] + rows
    return starts


def _plain(rows: pa.Table) -> pa.Table:
    """Return the rows with plain strings: files have dictionaries of their own."""
    for k, column in enumerate(rows.columns):
        if pa.types.is_dictionary(column.type):
            rows = rows.set_column(k, rows.column_names[k], column.cast(pa.string()))
    return rows


def row_lines(found: ListedRows) -> Iterator[dict[str, object]]:
    """Yield every listed row as plain values: table, file, position, then its columns."""
    for row in found.rows.to_pylist():
        file = row.pop(FILE)
        position = row.pop(POSITION)
        yield {"table": found.table, "file": file, "position": position, **row}
