"""Aggregates of identifiers: how many, how new, how mixed, how often changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..declare.texts import NO_CONSENT, NO_ROWS
from . import distinct_counts
from .aggregate import Aggregate, FormulaInput
from .event_columns import divide

# An entropy up to this many nats is rounding: one identifier alone has none.
ENTROPY_ROUNDING = 1e-12


@dataclass(frozen=True)
class IdentifierCounts:
    """What `distinct_counts.tally` gives, each (windows, applications)."""

    distinct: np.ndarray
    new: np.ndarray
    largest: np.ndarray
    n_log_n: np.ndarray
    events: np.ndarray


def _tally(c: FormulaInput) -> IdentifierCounts:
    """Count the identifiers of each window."""
    rows = c.part.rows
    name = c.needed_measure.columns[0]
    sums = c.part.once(
        "tally",
        c.measure,
        lambda: distinct_counts.tally(
            c.part.at, rows.application, rows.step, rows.identifiers(name), rows.n
        ),
    )
    return IdentifierCounts(*sums[:, c.ends])


def _switches(c: FormulaInput) -> np.ndarray:
    """Return (2, windows, applications): changes, and pairs of neighbours that could change."""
    rows = c.part.rows
    name = c.needed_measure.columns[0]
    sums = c.part.once(
        "switches",
        c.measure,
        lambda: distinct_counts.switches(
            c.part.at, rows.application, rows.step, rows.identifiers(name), rows.n
        ),
    )
    return sums[:, c.ends]


def _distinct(c: FormulaInput) -> np.ndarray:
    return _tally(c).distinct


def _new(c: FormulaInput) -> np.ndarray:
    return _tally(c).new


def _entropy(c: FormulaInput) -> np.ndarray:
    """Return ln(N) - sum(n ln n) / N in nats; null without an identifier."""
    counts = _tally(c)
    # Without an event N is taken as 1: the quotient is null then, and so is the result.
    value = np.log(np.maximum(counts.events, 1.0)) - divide(counts.n_log_n, counts.events)
    no_entropy = np.where(np.isnan(value), np.nan, 0.0)
    return np.where(value > ENTROPY_ROUNDING, value, no_entropy)


# table: aggregates of identifiers
IDENTIFIER_AGGREGATES = (
    Aggregate(
        name="distinct",
        formula=_distinct,
        stem="{slice}_{measure}_distinct",
        unit="count",
        en="number of different {measure} of {slice}",
        zh="{slice}不同{measure}数",
        say_en="the number of different {measure} among {slice} {last} is {value}",
        say_zh="{last}{slice}不同{measure}数为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="new",
        formula=_new,
        stem="{slice}_{measure}_new",
        unit="count",
        en="number of {measure} of {slice} seen for the first time",
        zh="{slice}首次出现的{measure}数",
        say_en="the number of {measure} seen for the first time among {slice} {last} is {value}",
        say_zh="{last}{slice}首次出现的{measure}数为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="main_share",
        formula=lambda c: divide(_tally(c).largest, _tally(c).events),
        stem="{slice}_main_{measure}",
        unit="share",
        en="share of {slice} on the main one of the {measure}",
        zh="{slice}主要{measure}占比",
        say_en="{value} of {slice} {last} fall on the most frequent of the {measure}",
        say_zh="{last}{slice}最常见的{measure}占比为{value}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="entropy",
        formula=_entropy,
        stem="{slice}_{measure}_entropy",
        unit="nats",
        en="variety of {measure} among {slice}",
        zh="{slice}{measure}多样性",
        null=NO_ROWS,
    ),
    Aggregate(
        name="changes",
        formula=lambda c: _switches(c)[0],
        stem="{slice}_{measure}_change_count",
        unit="count",
        en="changes of {measure} between {slice}",
        zh="{slice}{measure}更换次数",
        say_en="the number of changes of {measure} between {slice} {last} is {value}",
        say_zh="{last}{slice}{measure}更换次数为{value}",
        null=NO_CONSENT,
    ),
    Aggregate(
        name="change_share",
        formula=lambda c: divide(*_switches(c)),
        stem="{slice}_{measure}_change",
        unit="share",
        en="share of {slice} with a change of {measure}",
        zh="{slice}{measure}更换比例",
        say_en="{value} of {slice} {last} come with a change of {measure}",
        say_zh="{last}{slice}{measure}更换比例为{value}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="new_share",
        formula=lambda c: divide(_new(c), _distinct(c)),
        stem="{slice}_new_{measure}",
        unit="share",
        en="share of the {measure} of {slice} seen for the first time",
        zh="{slice}首次出现的{measure}占比",
        say_en="{value} of the {measure} of {slice} {last} are seen for the first time",
        say_zh="{last}{slice}首次出现的{measure}占比为{value}",
        null=NO_ROWS,
    ),
    Aggregate(
        name="per_one",
        formula=lambda c: divide(_tally(c).events, _distinct(c)),
        stem="{slice}_per_{measure}",
        unit="ratio",
        en="number of {slice} for each one of the {measure}",
        zh="{slice}平均每个{measure}的数量",
        say_en="the average number of {slice} for each one of the {measure} {last} is {value}",
        say_zh="{last}{slice}平均每个{measure}的数量为{value}",
        null=NO_ROWS,
    ),
)
