"""The kernel: turns the visible events of one bucket into one row of features per application.

The embedded engine and Spark run this same code; it takes and returns Arrow tables. Without consent
for a table all its features are null. With consent but without events, counts are 0 and averages
are null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..aggregates.aggregate import formula_input
from ..aggregates.aggregates import AGGREGATES
from ..aggregates.event_columns import VisibleRows, divide
from ..contract.tables import APPLICATIONS, TABLES
from ..declare.declarations import Mark, Stream
from ..declare.registry import Plan, PlanStep, plan
from ..policy_inputs.policy_inputs import Allowed, facts, observed_inputs

FeatureColumns = dict[str, np.ndarray]
ScaleOf = Callable[[str, str, float], np.ndarray]


def kernel(
    spine: pa.Table,
    tables: Mapping[str, pa.Table],
    snapshot: Mapping[str, np.ndarray],
    asked: Plan | None = None,
) -> pa.Table:
    """Return the features of one bucket, one row per application, in the spine's order.

    `spine` has row 0..n-1, application_id, applicant_id, as_of, the consents, and whatever else is
    passed through. `tables` holds the visible events of each raw table that is present.
    `snapshot` holds what other people's rows say, by name, one value per row of the spine.
    `asked` is a part of what `plan` gives for these tables; None builds all of it.

    Features are float64, null where the catalogue says. Policy inputs stand between the spine's
    columns and the features; what the spine states itself is kept, but null without its consent.
    """
    as_of = _micros(spine.column("as_of"))
    what = plan(tables) if asked is None else asked
    # One column is asked for by many blocks.
    allowed = cache(partial(consents_given, spine))

    def visible(stream: Stream) -> VisibleRows:
        return VisibleRows(stream, tables[stream.table.name], as_of)

    features, known = feature_columns(what, visible, snapshot, len(as_of), allowed)
    stated = set(spine.column_names)
    new_facts = {name: known[name] for name in what.facts if name not in stated}
    return _append(_with_consent(spine.drop_columns(["row"]), allowed), new_facts | features)


def feature_columns(
    what: Plan,
    visible: Callable[[Stream], VisibleRows],
    snapshot: Mapping[str, np.ndarray],
    n: int,
    allowed: Allowed,
) -> tuple[FeatureColumns, FeatureColumns]:
    """Return the features of n applications, and every policy input, one value each; NaN for null.

    `visible` gives the events of a stream. `snapshot` and `what` are those of `kernel`.
    """
    features, observations = _of_streams(what, visible, allowed)
    features.update(_of_others(what, snapshot, allowed))
    for ratio in what.ratios:
        features[ratio.spec.name] = divide(features[ratio.top], features[ratio.bottom])
    for mark in what.marks:
        features[mark.spec.name] = flag(mark, features[mark.of])
    return features, facts(features, observations, snapshot, n, allowed)


def _with_consent(spine: pa.Table, allowed: Allowed) -> pa.Table:
    """Return the applications, each value that needs a consent null where it was refused."""
    for column in APPLICATIONS.columns:
        if column.consent and column.name in spine.column_names:
            at = spine.column_names.index(column.name)
            values = spine.column(at)
            nothing = pa.scalar(None, values.type)
            kept = pc.if_else(pa.array(allowed(column.consent)), values, nothing)
            spine = spine.set_column(at, column.name, kept)
    return spine


def _of_streams(
    what: Plan, visible: Callable[[Stream], VisibleRows], allowed: Allowed
) -> tuple[FeatureColumns, FeatureColumns]:
    """Return the features and the policy inputs that are made of the applicants' own events."""
    features: FeatureColumns = {}
    observations: FeatureColumns = {}

    scale_of = scale_by(allowed)
    for stream, steps in what.streams:
        rows = visible(stream)
        for step in steps:
            features.update(block_features(step, rows, scale_of))
        for name, values in observed_inputs(rows, allowed, what.facts):
            # A policy input may be counted in two tables: their counts are added.
            so_far = observations.get(name)
            observations[name] = values if so_far is None else so_far + values
        rows.release()
    return features, observations


def scale_by(allowed: Allowed) -> ScaleOf:
    """Return what gives the divisor of a block; it is kept, as many share consents and unit."""

    @cache
    def scale_of(consent: str, other: str, per: float) -> np.ndarray:
        # Dividing by NaN nulls the features of whoever refused consent.
        return np.where(allowed(consent) & allowed(other), per, np.nan)

    return scale_of


def block_features(
    step: PlanStep, rows: VisibleRows, scale_of: ScaleOf
) -> Iterator[tuple[str, np.ndarray]]:
    """Return (name, column) of every feature of a block; blocks of a stream share its slices.

    `scale_of` takes two consents and a unit, and gives what the values are divided by.
    """
    block = step.block
    stream = rows.stream
    aggregate = AGGREGATES[block.aggregate]
    has_unit_of_measure = block.measure and not aggregate.unit
    per = stream.measure(block.measure).per if has_unit_of_measure else 1.0
    scale = scale_of(stream.table.consent or "", block.consent, per)
    values = {
        name: aggregate.formula(formula_input(rows, block, name)) / scale for name in block.slices
    }
    for name, window, spec in step.features:
        yield spec.name, values[name][window]


def _of_others(
    what: Plan, snapshot: Mapping[str, np.ndarray], allowed: Allowed
) -> Iterator[tuple[str, np.ndarray]]:
    """Return (name, column) of the features made of other people's rows, null without consent."""
    for spec in what.snapshot:
        is_allowed = allowed(TABLES[spec.table].consent or "") & allowed(spec.consent)
        yield spec.name, np.where(is_allowed, snapshot[spec.name], np.nan)


def flag(mark: Mark, value: np.ndarray) -> np.ndarray:
    """Return 1 where a feature lies within the mark's bounds, 0 where not, null where it is."""
    low = -np.inf if mark.low is None else mark.low
    high = np.inf if mark.high is None else mark.high
    is_within = (value >= low) & (value <= high)
    return np.where(np.isnan(value), np.nan, is_within.astype(float))


def consents_given(spine: pa.Table, column: str) -> np.ndarray:
    """Return which applications gave a consent; a null is a refusal, no name asks for nothing."""
    if not column:
        return np.ones(len(spine), bool)
    consent = pc.fill_null(spine.column(column), False)
    return consent.to_numpy(zero_copy_only=False).astype(bool)


def _micros(times: pa.ChunkedArray) -> np.ndarray:
    return pc.cast(times.combine_chunks(), pa.int64()).to_numpy(zero_copy_only=False)


def _append(table: pa.Table, columns: FeatureColumns) -> pa.Table:
    arrays = [*table.columns, *map(_nullable, columns.values())]
    return pa.Table.from_arrays(arrays, names=[*table.column_names, *columns])


def _nullable(values: np.ndarray) -> pa.Array:
    """Return float64 with null for NaN.

    The result is that of `pa.array(values, from_pandas=True)`, in a third of the time.
    """
    values = np.ascontiguousarray(values, np.float64)
    # NaN is the only value that differs from itself.
    is_known = values == values
    n_nulls = len(values) - np.count_nonzero(is_known)
    # Arrow's validity bitmap: one bit per value, the lowest bit first; none where nothing is null.
    valid = pa.py_buffer(np.packbits(is_known, bitorder="little")) if n_nulls else None
    return pa.Array.from_buffers(pa.float64(), len(values), [valid, pa.py_buffer(values)], n_nulls)
