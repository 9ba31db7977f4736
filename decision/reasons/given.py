"""Values in words as they were given: a reason never says `no record` of what a person stated.

The model may read another number: null where a code means missing, the number of a level, or a
typical value where training had no null.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from ..base.catalogue import Feature
from ..frames.accepted import QUOTED, level_text
from ..frames.feature_values import FeatureValues
from .text import NO_RECORD, Language, behaviours, subjects
from .words import Texts, distinct_of, joined_text, put, repeated, texts_of, word_column

CODE = {"en": "code {}", "zh": "代码{}"}
CODED = {"en": "no record (code {})", "zh": "无记录（代码{}）"}
NEVER_NULL = {
    "en": "no record, where training always had one",
    "zh": "无记录，而训练数据中从未缺失",
}
UNSEEN = {"en": " (not known to the model)", "zh": "（模型未见过）"}
# Rows of the values that a text replaces, and their texts.
Replaced = tuple[np.ndarray, Texts]


def given_behaviours(
    features: FeatureValues, rows: np.ndarray, which: np.ndarray, language: Language
) -> Texts:
    """Return what persons did, with what they gave, one text per (row, feature).

    The form is that of `behaviours`: `<text of the feature>: <value with unit>`.
    """
    plan = features.plan
    place = plan.feature_places[which]
    # A column of text has no number: its texts are put in below.
    is_text = place < 0
    if is_text.all() and not len(features.numbers):
        values = np.full(len(which), np.nan)
    else:
        values = np.where(is_text, np.nan, features.numbers[np.where(is_text, 0, place), rows])
    shown = behaviours(plan.features, which, values, language)
    for at, words in _replaced(features, rows, which, values, language):
        told = [plan.features[k] for k in which[at].tolist()]
        shown = put(shown, at, joined_text(subjects(told, language), words))
    return shown


def _replaced(
    features: FeatureValues,
    rows: np.ndarray,
    which: np.ndarray,
    values: np.ndarray,
    language: Language,
) -> Iterator[Replaced]:
    """Yield the values that are not written as a number with its unit, and their words."""
    plan = features.plan
    is_absent = np.isnan(values) & (plan.feature_places[which] >= 0)
    absent = np.flatnonzero(is_absent & plan.is_never_null[which])
    if len(absent):
        yield absent, repeated(NEVER_NULL[language], len(absent))
    used = np.unique(which)
    for k in used[plan.is_worded[used]].tolist():
        feature = plan.features[k]
        own = np.flatnonzero(which == k)
        if plan.columns[k] in features.texts:
            words = features.texts[plan.columns[k]].take(pa.array(rows[own]))
            yield own, _texts(feature, words, language)
            continue
        if feature.is_indicator:
            coded = own[values[own] == feature.code]
            words = CODE[language].format(level_text(feature.code or 0.0))
            yield coded, repeated(words, len(coded))
            continue
        coded = own[np.isin(values[own], feature.special_codes)]
        found = [CODED[language].format(level_text(value)) for value in values[coded].tolist()]
        yield coded, texts_of(found)


def _texts(feature: Feature, given: pa.Array, language: Language) -> Texts:
    """Return the texts of a column of categories in words."""
    special = {level_text(code) for code in feature.special_codes}
    code = None if feature.code is None else level_text(feature.code)
    known = set(feature.categories)

    def word(text: str | None) -> str:
        if text is None:
            return (NEVER_NULL if feature.is_never_null else NO_RECORD)[language]
        if text == code:
            return CODE[language].format(text)
        if text in special:
            return CODED[language].format(text)
        if known and text not in known:
            # As long as a text may be, a reason shows its beginning.
            return text[:QUOTED] + UNSEEN[language]
        return text

    distinct, which = distinct_of(given)
    return word_column([*map(word, distinct), word(None)], which)
