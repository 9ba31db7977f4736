"""All aggregates by name. One record holds an aggregate's formula, words and unit.

To add an aggregate, add its record to values.py, rhythm.py or identifiers.py. No other place names
it.
"""

from __future__ import annotations

from .aggregate import Aggregate
from .identifiers import IDENTIFIER_AGGREGATES
from .rhythm import RHYTHM_AGGREGATES
from .values import COMPARISON_AGGREGATES, VALUE_AGGREGATES

RECORDS: tuple[Aggregate, ...] = (
    *VALUE_AGGREGATES,
    *COMPARISON_AGGREGATES,
    *RHYTHM_AGGREGATES,
    *IDENTIFIER_AGGREGATES,
)
# By name; a test holds that no name stands twice.
AGGREGATES = {aggregate.name: aggregate for aggregate in RECORDS}
