"""Read and check a finished feature table: one row per application, of the user's own making.

The table was made elsewhere, by other features than ours. It comes as a file of Parquet or CSV, as
a folder of parts, or as a frame in memory; `finished_of` and `read_finished` read all alike.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.decision.base.readings.moments import DAYS, DateReading
from creditloom.storage.files.errors import DataError, raise_together
from creditloom.storage.files.source_params import ColumnWords, SourceParams
from creditloom.storage.own.columns import ColumnNote, ColumnSource, FeatureColumn, OwnColumn
from creditloom.storage.own.dates import OwnTime, days_before, time_of
from creditloom.storage.own.exact_ids import Ids, ids_of, null_ids
from creditloom.storage.own.features import feature_of, require_exact
from creditloom.storage.own.frames import WHERE, arrow_of
from creditloom.storage.own.index_columns import id_evidence, pandas_index
from creditloom.storage.own.roles import (
    check_names,
    label_candidates,
    named_roles,
    no_features,
    undeclared_label,
)
from creditloom.storage.own.row_parts import checked_label, group_of, label_of, weight_of
from creditloom.storage.own.table_files import OwnTable, read_own, without_views
from creditloom.storage.sources import now

# What is said of dates without a date to which their days could be counted.
NO_TIME = "left out: dates, and no time column to which their days could be counted (--time)"
TIME_BESIDE = "left out: dates, and the time is no column of the table (time='NAME') to count to"
# What a rule says of its column, by the rule's kind.
REASONS = {
    "finite": "is infinite",
    "duplicate": "is not unique: all copies are set aside",
    "null": "is null",
}


@dataclass(frozen=True)
class Finished:
    """A checked table, row by row.

    `features` are float64 columns (null = NaN) and text columns (null = None) in file order, with
    special codes as they stand. `label` is 1 for bad, 0 for good. `ids` are int64 or text, unique;
    without an id column the row's number in the file. `time` is naive UTC, or None. `protected` are
    the columns never to be modelled. `bad` are the rows set aside, as they were, with rule, reason
    and row number in the file. `weight` is how often a row counts, `group` a number per borrower;
    None without such a column. `codes` are the special codes per number column, `code_counts` how
    often each occurs. `notes` say what was recognised or left out. `columns` are all columns of the
    table, for the layout. `read_as` are the names of id, time and label in the table.
    """

    features: pd.DataFrame
    label: NDArray[np.int8]
    ids: Ids
    time: NDArray[np.datetime64] | None
    protected: pd.DataFrame
    bad: pa.Table
    weight: NDArray[np.float64] | None = None
    group: NDArray[np.int64] | None = None
    codes: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    code_counts: Mapping[str, Mapping[float, int]] = field(default_factory=dict)
    notes: tuple[ColumnNote, ...] = ()
    said: tuple[str, ...] = ()
    columns: tuple[OwnColumn, ...] = ()
    read_as: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def known_features(self) -> pd.DataFrame:
        """The features with each column's special codes as null."""
        frame = self.features.copy(deep=False)
        for name, codes in self.codes.items():
            values = frame[name].to_numpy()
            frame[name] = np.where(np.isin(values, np.array(codes, float)), np.nan, values)
        return frame

    @property
    def decided_features(self) -> pd.DataFrame:
        """The features as a decision reads them: days under the name that says so."""
        return self.features.rename(columns={name: DAYS.format(name) for name in self.days})

    @property
    def days(self) -> frozenset[str]:
        """The features that are days from a date to the time column."""
        columns = (one for one in self.columns if one.dates is not None)
        return frozenset(one.name for one in columns if one.part == "feature")

    def words_of(self, name: str, stated: ColumnWords) -> ColumnWords:
        """Return the words of a feature: as stated; of days from a date, what they count."""
        if name not in self.days or stated.text_en:
            return stated
        time = self.read_as["time"]
        counted = f"time from {name} to {time}"
        return replace(stated, text_en=counted, text_zh=f"{name}至{time}的时间", unit="days")

    def layout(self) -> dict[str, Any]:
        """Return the user's own table in the shape of a bundle's layout.json."""
        parts = {part: self.read_as.get(part) for part in ("id", "time", "label")}
        return {**parts, "columns": [column.to_json() for column in self.columns]}


def read_finished(params: SourceParams, latest: dt.datetime) -> Finished:
    """Read the `matrix` source at `params.path`; as `finished_of`."""
    where = Path(params.path)
    return _finished(read_own(where), params, latest, where)


def finished_of(frame: Any, params: SourceParams, latest: dt.datetime | None = None) -> Finished:
    """Check a frame in memory: pandas, polars, Arrow. `params.path` is not read.

    All copies of a repeated id and rows with an infinite number are set aside as `bad`. Raises
    DataError, with all faults at once, for a column that is not there, a label that is not 0 or 1
    in every row or has one class only, a date that is none or lies after `latest` (now), a column
    that can be no feature, and too large a share of bad rows.
    """
    named = {name for names in named_roles(params).values() for name in names}
    table = OwnTable(arrow_of(frame, named), is_csv=False)
    return _finished(table, params, latest or now(), WHERE)


def _finished(own: OwnTable, params: SourceParams, latest: dt.datetime, where: object) -> Finished:
    # In Parquet and in frames of polars alike.
    table = without_views(own.table)
    own = replace(own, table=table)
    check_names(params, table.column_names, where)
    if table.num_rows == 0:
        raise DataError.of(
            "Empty table",
            where=where,
            expected="at least one row",
            got="0 rows",
            next_step="write its rows",
        )
    if params.label is None:
        raise undeclared_label(None, where, label_candidates(table))
    return _TableReading(own, params, latest, where).finished()


class _TableReading:
    """Reads the columns of one table, collecting what is wrong and what is to be said."""

    def __init__(
        self, own: OwnTable, params: SourceParams, latest: dt.datetime, where: object
    ) -> None:
        self.own = own
        self.table = own.table
        self.params = params
        self.latest = latest
        self.where = where
        self.source = ColumnSource(self.table, where, own.is_csv)
        self.time: OwnTime | None = None
        self.errors: list[DataError] = []
        self.notes: list[ColumnNote] = []

    def finished(self) -> Finished:
        """Return the checked table; raise all that is wrong with its columns at once."""
        params = self.params
        label = self._tried(label_of, str(params.label))
        self.time = self._tried(time_of, params.time, self.latest)
        self.notes += self.time.notes if self.time else ()
        group = self._noted(self._tried(group_of, params.group))
        weight = self._tried(weight_of, params.weight)
        read = self._features()
        protected = {name: self._protected(name) for name in params.protected}
        self._tried(_require_ids, params.id)
        raise_together(self.errors)
        rule = self._broken_rules(read, protected)
        is_good = rule == ""
        _check_share(rule, params, self.where)
        features = _frame({name: column.data for name, column in read.items()}, is_good)
        ids = self._ids(is_good)
        self._check_classes(label, is_good)
        codes = self._codes(features, read)
        counts = self._counts(features, codes)
        read_as = {"id": params.id, "time": params.time, "label": params.label}
        time = None if self.time is None else self.time.moments[is_good]
        # table: the checked table, rows set aside left out
        return Finished(
            features=features,
            label=label[is_good],
            ids=ids,
            time=time,
            protected=_frame(protected, is_good),
            bad=_bad_rows(self.table, rule),
            weight=None if weight is None else weight[is_good],
            group=None if group is None else group[is_good],
            codes=codes,
            code_counts=counts,
            notes=tuple(self.notes),
            said=self.own.said,
            columns=tuple(self._layout(read, ids)),
            read_as=read_as,
        )

    def _tried(self, read: Any, name: str | None, *more: Any) -> Any:
        """Return what `read` makes of a column; None without a name, and where it is refused."""
        if name is None:
            return None
        try:
            return read(self.source, name, *more)
        except DataError as error:
            self.errors.append(error)
            return None

    def _noted(self, found: Any) -> Any:
        """Return the values of a column that came with notes."""
        if found is None:
            return None
        values, notes = found
        self.notes += notes
        return values

    def _features(self) -> dict[str, FeatureColumn]:
        others = no_features(self.params) | self._index()
        named = {*self.params.keep, *self.params.categorical, *self.params.columns}
        read: dict[str, FeatureColumn] = {}
        for name in self.table.column_names:
            if name in others:
                continue
            column = self._tried(self._feature, name)
            if column is None or (name not in named and self._is_id(name, column)):
                continue
            self.notes += column.notes
            self._tried(require_exact, name, column)
            if len(column.data):
                read[name] = column
        if not read and not self.errors:
            self.errors.append(self._no_features())
        self.errors += self._names_of_days(read)
        return read

    def _names_of_days(self, read: Mapping[str, FeatureColumn]) -> list[DataError]:
        """Return an error for each column that bears the name which a decision gives to days."""
        made = {DAYS.format(name): name for name, column in read.items() if column.dates}
        return [
            DataError.of(
                f"Column `{name}` bears the name of the days from `{made[name]}`",
                where=self.where,
                expected="no column of that name beside a column of dates",
                got="both",
                next_step=f"rename it, or leave one of the two out (--drop {made[name]})",
            )
            for name in read
            if name in made
        ]

    def _feature(self, source: ColumnSource, name: str) -> FeatureColumn:
        column = feature_of(source, name, is_category=name in self.params.categorical)
        if column.dates is not None:
            column = self._days(name, column)
        words = self.params.columns.get(name)
        if words and words.sign and column.data.dtype == object:
            raise DataError.of(
                f"Category `{name}` has no order",
                where=self.where,
                expected="numbers, where a sign is stated (--monotone)",
                got="text",
                next_step=f"take `{name}` out of --monotone, or write it as numbers in order",
            )
        is_amount = column.data.dtype == np.float64 and column.dates is None
        if name in self.params.column_codes and not is_amount:
            raise DataError.of(
                f"Column `{name}` can have no special codes",
                where=self.where,
                expected="numbers, where some are said to mean missing (--special-codes)",
                got="a category" if column.dates is None else "dates",
                next_step=f"take `{name}` out of --special-codes; a level of a category is learnt "
                "as it is, and a date that means missing is written as null",
            )
        return column

    def _days(self, name: str, column: FeatureColumn) -> FeatureColumn:
        """Return dates as days before the time column; without rows where they are left out.

        Raises DataError for dates that a person named as a feature and that can be none.
        """
        is_beside = self.params.is_time_beside
        if self.time is not None and not is_beside and len(column.data):
            return days_before(name, column, self.time)
        notes = column.notes or (ColumnNote(name, TIME_BESIDE if is_beside else NO_TIME),)
        # A time column that was refused is told already.
        is_told = self.params.time is not None and self.time is None
        if name in (*self.params.keep, *self.params.columns) and not is_told:
            raise DataError.of(
                f"Column `{name}` can be no feature",
                where=self.where,
                expected="dates, and a column to which their days are counted",
                got=notes[0].text.removeprefix("left out: "),
                next_step=f"name the date of application (--time), or drop `{name}`",
            )
        return column._replace(data=column.data.iloc[:0], notes=notes)

    def _index(self) -> set[str]:
        """Return the index that pandas wrote, where no option names it."""
        named = {name for names in named_roles(self.params).values() for name in names}
        found = [name for name in pandas_index(self.table) if name not in named]
        for name in found:
            said = "left out: the index of pandas, which names rows (--keep takes it as a feature)"
            self.notes.append(ColumnNote(name, said))
        return set(found)

    def _is_id(self, name: str, column: FeatureColumn) -> bool:
        evidence = None if column.whole is None else id_evidence(column.whole, name)
        if evidence is None:
            return False
        why, is_sure = evidence
        said = f"left out: {why} (--id names it; --keep takes it as a feature)"
        unsure = f"{why}: leave it out if it is an id (--drop)"
        self.notes.append(ColumnNote(name, said if is_sure else unsure))
        return is_sure

    def _no_features(self) -> DataError:
        left_out = [note.column for note in self.notes if note.text.startswith("left out")]
        return DataError.of(
            "No feature is left",
            where=self.where,
            expected="columns besides label, id, time, group, weight, protected and dropped ones",
            got=f"none; left out: {', '.join(left_out)}" if left_out else "none",
            next_step="drop or protect fewer columns, or take one by --keep",
        )

    def _protected(self, name: str) -> pd.Series:
        """Return a protected column: numbers where it holds them, else what it holds."""
        try:
            column = feature_of(self.source, name, is_category=False)
        except DataError:
            return self._as_stored(name)
        return column.data if column.dates is None else self._as_stored(name)

    def _as_stored(self, name: str) -> pd.Series:
        # Never modelled, so any type may stand: it is grouped for the audit.
        return self.table[name].to_pandas(ignore_metadata=True)

    def _broken_rules(
        self, read: Mapping[str, FeatureColumn], protected: Mapping[str, pd.Series]
    ) -> NDArray[np.object_]:
        """Return the rule that each row breaks, as `<column>.<kind>`; "" for none.

        A later rule takes the place of an earlier one: what is wrong with the id matters most.
        """
        rule = np.full(self.table.num_rows, "", dtype=object)
        numbers = {name: column.data for name, column in read.items()} | dict(protected)
        for name, values in numbers.items():
            if values.dtype == np.float64:
                rule[np.isinf(values.to_numpy())] = f"{name}.finite"
        if self.params.id:
            column = self.table[self.params.id]
            ids = pd.Series(column.to_pylist(), dtype=object)
            # All copies: nobody knows which row is the true one.
            rule[ids.duplicated(keep=False).to_numpy()] = f"{self.params.id}.duplicate"
            rule[null_ids(column)] = f"{self.params.id}.null"
        return rule

    def _ids(self, is_good: NDArray[np.bool_]) -> Ids:
        # Without an id, the row's number in the file, whatever rows were set aside.
        if self.params.id is None:
            return np.flatnonzero(is_good)
        column = self.table[self.params.id].filter(pa.array(is_good))
        return ids_of(column, self.params.id, self.where, is_csv=self.own.is_csv)

    def _check_classes(self, label: NDArray[np.int8], is_good: NDArray[np.bool_]) -> None:
        """Raise DataError unless the rows that are left hold both classes."""
        checked_label(self.source, str(self.params.label), label[is_good].astype(np.float64))

    def _codes(
        self, features: pd.DataFrame, read: Mapping[str, FeatureColumn]
    ) -> dict[str, tuple[float, ...]]:
        """Return the special codes of each number column that has any."""
        numbers = [name for name in features if features[name].dtype == np.float64]
        # Days are no amounts of the table: no code stands among them.
        numbers = [name for name in numbers if read[str(name)].dates is None]
        codes = {str(name): self.params.codes_of(str(name)) for name in numbers}
        return {name: of_column for name, of_column in codes.items() if of_column}

    def _counts(
        self, features: pd.DataFrame, codes: Mapping[str, tuple[float, ...]]
    ) -> dict[str, dict[float, int]]:
        counts = {}
        for name, of_column in codes.items():
            values = features[name].to_numpy()
            counts[name] = {code: int((values == code).sum()) for code in of_column}
            self._doubt(name, values, counts[name])
        for name in self.params.column_codes:
            never = [f"{code:g}" for code, n in counts.get(name, {}).items() if not n]
            if never:
                said = f"special code {', '.join(never)} never occurs"
                self.notes.append(ColumnNote(name, said))
        return counts

    def _doubt(self, name: str, values: NDArray[np.float64], counts: Mapping[float, int]) -> None:
        """Note codes of all columns that lie among the values of this one: they may be amounts."""
        others = values[~np.isin(values, list(counts)) & np.isfinite(values)]
        stated = self.params.column_codes.get(name, ())
        for code, n in counts.items():
            if n and code not in stated and len(others) and others.min() < code < others.max():
                span = f"{others.min():g} to {others.max():g}"
                said = f"special code {code:g} lies among its values ({span}): is it one here?"
                step = f"--special-codes COLUMN={code:g} names the columns that have it"
                self.notes.append(ColumnNote(name, f"{said} ({step})"))

    def _layout(self, read: Mapping[str, FeatureColumn], ids: Ids) -> list[OwnColumn]:
        parts = dict.fromkeys(self.params.protected, "protected")
        for role in ("label", "id", "time", "group", "weight"):
            parts[str(getattr(self.params, role))] = role
        columns = []
        for stored in self.table.schema:
            column = read.get(stored.name)
            part = "feature" if column else parts.get(stored.name, "left out")
            reading = column.reading if column else None
            dates = column.dates if column else None
            if part == "time" and self.time is not None:
                dates = self.time.reading
            kind = str(stored.type)
            if self.own.is_csv:
                # Every cell of a CSV is text; what counts is what it was read as.
                is_whole = part == "id" and np.issubdtype(ids.dtype, np.integer)
                kind = "int64" if is_whole else _kind_of_text(kind, column, dates)
            columns.append(OwnColumn(stored.name, kind, part, reading, dates))
        return columns


def _kind_of_text(stored: str, column: FeatureColumn | None, dates: DateReading | None) -> str:
    """Return Arrow's name of what the texts of a column were read as."""
    if dates is not None:
        return "timestamp[us]"
    if column is not None and column.stored_as:
        return column.stored_as
    is_number = column is not None and column.data.dtype == np.float64
    return "double" if is_number else stored


def _frame(columns: Mapping[str, pd.Series], is_good: NDArray[np.bool_]) -> pd.DataFrame:
    frame = pd.DataFrame(dict(columns), index=pd.RangeIndex(len(is_good)))
    return frame[is_good].reset_index(drop=True)


def _require_ids(source: ColumnSource, name: str) -> None:
    """Raise DataError for ids that cannot be kept; asked first, as such ids look like copies."""
    column = source.table[name]
    ids_of(column.filter(pa.array(~null_ids(column))), name, source.where, is_csv=source.is_csv)


def _check_share(rule: NDArray[np.object_], params: SourceParams, where: object) -> None:
    """Raise DataError where too large a share of the rows is bad."""
    is_bad = rule != ""
    if is_bad.sum() > params.max_bad_share * len(rule):
        names, counts = np.unique(rule[is_bad].astype(str), return_counts=True)
        by_rule = ", ".join(f"{name} {count:,}" for name, count in zip(names, counts, strict=True))
        raise DataError.of(
            "Too many bad rows",
            where=where,
            expected=f"at most {params.max_bad_share:.1%} of rows",
            got=f"{is_bad.sum():,} of {len(rule):,}: {by_rule}",
            next_step="mend the file: one row per id, finite numbers",
        )


def _bad_rows(table: pa.Table, rule: NDArray[np.object_]) -> pa.Table:
    """Return the rows set aside exactly as they were, with row, rule and reason.

    A name of ours that the table has already gets an underscore, so that nothing is overwritten.
    """
    is_bad = rule != ""
    rows = table.filter(pa.array(is_bad)).replace_schema_metadata(None)
    added = {
        "row": pa.array(np.flatnonzero(is_bad)),
        "rule": pa.array(rule[is_bad], pa.string()),
        "reason": pa.array([_reason(name) for name in rule[is_bad]], pa.string()),
    }
    for name, values in added.items():
        while name in rows.column_names:
            name = f"{name}_"
        rows = rows.append_column(name, values)
    return rows


def _reason(rule: str) -> str:
    # A column's name may hold a dot: the kind is what follows the last one.
    column, _, kind = rule.rpartition(".")
    return f"{column} {REASONS[kind]}"
