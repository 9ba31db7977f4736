"""B1: a row that holds what training never saw goes to a person, with words that say what it is.

The model has no experience with such a value: its PD rests on the number that the catalogue names
in its place.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ..base.catalogue import Feature
from ..frames.feature_values import FeatureValues
from ..frames.input_frame import Frame
from ..rulebook.policy import Policy
from .batch_context import RuleHits

CODE = "B1"
# Columns that a decision names: more reasons are unlikely to help a person.
MAX_COLUMNS = 4
NULL_EN = "{}: no value, or a code that means missing, where training always had a value"
NULL_ZH = "{}：无取值或为表示缺失的代码，而训练数据中该项从未缺失"
UNSEEN_EN = "{}: a level that training did not hold"
UNSEEN_ZH = "{}：取值未见于训练数据"


def beyond_hits(rows: Frame | None, policy: Policy) -> list[RuleHits]:
    """Return what refers rows beyond training to a person: one entry per column and kind.

    Empty unless the rule book says `refer`. A row names at most MAX_COLUMNS of them.
    """
    treated = policy.beyond_training
    if treated is None or treated.treatment != "refer" or rows is None or rows.features is None:
        return []
    named = np.zeros(len(rows.x), dtype=np.int64)
    hits = []
    for english, chinese, mask in _findings(rows.features):
        shown = mask & (named < MAX_COLUMNS)
        named += shown
        hits.append(RuleHits(CODE, "refer", english, chinese, shown))
    return hits


def _findings(features: FeatureValues) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield the words in English and Chinese, and the rows, per column and kind."""
    for name in features.beyond.columns:
        feature = _told(features, name)
        english = feature.text_en or feature.read_column
        chinese = feature.text_zh or feature.read_column
        for by_column, said_en, said_zh in (
            (features.beyond.nulls, NULL_EN, NULL_ZH),
            (features.beyond.unseen, UNSEEN_EN, UNSEEN_ZH),
        ):
            if name in by_column:
                yield said_en.format(english), said_zh.format(chinese), by_column[name]


def _told(features: FeatureValues, column: str) -> Feature:
    """Return the feature whose words stand for a column: no indicator, where there is another."""
    plan = features.plan
    readers = [f for f, name in zip(plan.features, plan.columns, strict=True) if name == column]
    return next((feature for feature in readers if not feature.is_indicator), readers[0])
