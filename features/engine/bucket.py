"""Arrow -> Arrow for one bucket of applications: visible events in, one row of features per application out.

The same kernel runs in the embedded engine and, unchanged, inside a distributed group of one bucket. Null rules: a table without consent
nulls all its features; a table that is there but empty for a person counts 0 and leaves means null.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..aggregates.event_columns import VisibleRows, cell, divide
from ..aggregates.formulas import FORMULAS
from ..contract.tables import TABLES
from ..declare.aggregates import AGGREGATES
from ..declare.declarations import Mark
from ..families.registry import Plan, PlanStep, plan
from ..policy_inputs.policy_inputs import Allowed, facts, observed

FeatureColumns = dict[str, np.ndarray]


def kernel(
    spine: pa.Table, tables: Mapping[str, pa.Table], snapshot: Mapping[str, np.ndarray]
) -> pa.Table:
    """Features of one bucket: the spine's rows in order, float64, null where the catalogue says.

    `spine`: row 0..n-1, application_id, applicant_id, as_of, consents and whatever else is passed through. `tables`: what
    `events` gave for each raw table present. `snapshot`: what `others` gave by name, one value per row of the
    spine. Facts of the policy stand between the spine's columns and the features.
    """
    as_of = pc.cast(spine.column("as_of").combine_chunks(), pa.int64()).to_numpy(
        zero_copy_only=False
    )
    what, allowed = plan(tables), cache(partial(_consent, spine))
    features: FeatureColumns = {}
    seen: FeatureColumns = {}
    for stream, steps in what.streams:
        rows = VisibleRows(stream, tables[stream.table.name], as_of)
        for step in steps:
            features.update(_features(step, rows, allowed))
        for name, values in observed(rows, allowed):
            seen[name] = seen[name] + values if name in seen else values
        rows.release()
    features.update(_others(what, snapshot, allowed))
    features.update(
        (ratio.spec.name, divide(features[ratio.top], features[ratio.bottom]))
        for ratio in what.ratios
    )
    features.update((mark.spec.name, _flag(mark, features[mark.of])) for mark in what.marks)
    known = facts(features, seen, snapshot, len(as_of), allowed)
    stated = set(spine.column_names)
    return _append(
        spine.drop_columns(["row"]),
        {name: known[name] for name in known if name not in stated} | features,
    )


def _features(
    step: PlanStep, rows: VisibleRows, allowed: Allowed
) -> Iterator[tuple[str, np.ndarray]]:
    """(name, column) of every feature of a block; a slice's parts are shared by all blocks of the stream."""
    block, stream = step.block, rows.stream
    per = (
        stream.measure(block.measure).per
        if block.measure and not AGGREGATES[block.aggregate].unit
        else 1.0
    )
    scale = np.where(allowed(stream.table.consent or "") & allowed(block.consent), per, np.nan)
    values = {
        name: FORMULAS[block.aggregate](cell(rows, block, name)) / scale for name in block.slices
    }
    for name, window, spec in step.features:
        yield spec.name, values[name][window]


def _others(
    what: Plan, snapshot: Mapping[str, np.ndarray], allowed: Allowed
) -> Iterator[tuple[str, np.ndarray]]:
    for spec in what.snapshot:
        is_allowed = allowed(TABLES[spec.table].consent or "") & allowed(spec.consent)
        yield spec.name, np.where(is_allowed, snapshot[spec.name], np.nan)


def _flag(mark: Mark, value: np.ndarray) -> np.ndarray:
    low, high = (
        (-np.inf if mark.low is None else mark.low),
        (np.inf if mark.high is None else mark.high),
    )
    return np.where(np.isnan(value), np.nan, ((value >= low) & (value <= high)).astype(float))


def _consent(spine: pa.Table, column: str) -> np.ndarray:
    if not column:
        return np.ones(len(spine), bool)
    return pc.fill_null(spine.column(column), False).to_numpy(zero_copy_only=False).astype(bool)


def _append(table: pa.Table, columns: FeatureColumns) -> pa.Table:
    return pa.Table.from_arrays(
        [*table.columns, *map(_nullable, columns.values())], names=[*table.column_names, *columns]
    )


def _nullable(values: np.ndarray) -> pa.Array:
    """float64 with null for NaN: as `pa.array(values, from_pandas=True)`, in a third of the time."""
    values = np.ascontiguousarray(values, np.float64)
    is_known = values == values
    nulls = len(values) - np.count_nonzero(is_known)
    valid = pa.py_buffer(np.packbits(is_known, bitorder="little")) if nulls else None
    return pa.Array.from_buffers(pa.float64(), len(values), [valid, pa.py_buffer(values)], nulls)
