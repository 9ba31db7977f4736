"""What a reason says in format 5: the person's number beside the typical one of the approved.

A feature that cannot be said, or whose number would say the opposite of what it did, gives way to a
sentence of its concept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..base.catalogue import Catalogue, Feature
from ..frames.feature_values import FeatureValues
from ..score.scorer import Reference
from .given import given_behaviours
from .text import COLON, NO_RECORD, Language, behaviours, feature_name, quantities
from .words import (
    Texts,
    are_same,
    joined_text,
    kept,
    put,
    substituted,
    taken,
    texts_of,
    word_column,
)

VALUE = "{value}"
TYPICAL = "{typical}"
# A sentence cut at its two numbers, and whether it has each of them.
Template = tuple[str, str, str, bool, bool]
# The sentence of a concept whose features cannot be said.
OF_CONCEPT = {
    "en": "Taken together, what we see of the {} weighs against this application",
    "zh": "综合来看，您的{}情况对本次申请不利",
}
# The sentence of a feature of which the records hold nothing.
NOTHING_SHOWN = {
    "en": "Your records hold nothing that shows {}",
    "zh": "您的记录中没有可以得出“{}”的内容",
}


@dataclass(frozen=True)
class Cited:
    """What is cited: position of the concept and of its leading feature, and the feature's value.

    `rows` is the place of each in the features as given; one entry per reason.
    """

    concept: np.ndarray
    feature: np.ndarray
    value: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True, eq=False)
class SentenceBook:
    """What the sentences of one bundle are made of in one language; worked out once.

    Arrays run over the features in model order, or over the concepts in the order of
    `catalogue.concept_ids`.
    """

    catalogue: Catalogue
    reference: Reference
    language: Language

    def warm(self) -> None:
        """Make all of it now, so that no decision waits for it."""
        for name in ("of_concepts", "can_say", "has_number", "typical", "sign"):
            getattr(self, name)
        for name in ("typical_texts", "pieces", "holds"):
            getattr(self, name)

    @cached_property
    def of_concepts(self) -> list[str]:
        """The sentence of each concept, where its features cannot be said."""
        is_chinese = self.language == "zh"
        words = {c.id: c.text_zh if is_chinese else c.text_en for c in self.catalogue.concepts}
        ids = self.catalogue.concept_ids
        return [OF_CONCEPT[self.language].format(words[concept]) for concept in ids]

    @cached_property
    def can_say(self) -> np.ndarray:
        """Which features a reason may name."""
        return np.array([feature.is_sayable for feature in self.catalogue.features])

    @cached_property
    def has_number(self) -> np.ndarray:
        """Which features have a number that can be said beside that of the approved."""
        features = self.catalogue.features
        return np.array([is_compared(self.reference, feature) for feature in features])

    @cached_property
    def typical(self) -> np.ndarray:
        """The typical value of the approved; null where none is known."""
        known = [self.reference.typical.get(feature.name) for feature in self.catalogue.features]
        return np.array([np.nan if one is None else one for one in known])

    @cached_property
    def sign(self) -> np.ndarray:
        """The sign of each feature's monotone constraint."""
        return np.array([feature.direction for feature in self.catalogue.features])

    @cached_property
    def typical_texts(self) -> list[str | None]:
        """The typical value in words; only those of `has_number` are ever said."""
        places = np.arange(len(self.typical))
        told = quantities(self.catalogue.features, places, self.typical, self.language)
        return singular_of(told).to_pylist()

    @cached_property
    def pieces(self) -> tuple[list[str], list[str], list[str]]:
        """The three pieces of two sentences per feature: that of a high value first."""
        before, between, after = ([str(one[k]) for one in self._templates] for k in range(3))
        return before, between, after

    @cached_property
    def holds(self) -> tuple[np.ndarray, np.ndarray]:
        """Which of the same sentences say the person's value, and which the typical one."""
        has_value, has_typical = (np.array([one[k] for one in self._templates]) for k in (3, 4))
        return has_value, has_typical

    @cached_property
    def _templates(self) -> list[Template]:
        features = self.catalogue.features
        return [words for one in features for words in _templates(one, self.language)]


def sentences(book: SentenceBook, cited: Cited, given: FeatureValues | None = None) -> Texts:
    """Return one sentence per reason.

    given: the features as they were given; without it a code is its number. Of a null it is said
    that the records show nothing.
    """
    texts = word_column(book.of_concepts, cited.concept)
    features = book.catalogue.features
    can_say = book.can_say[cited.feature]
    # A null, a code or a feature without words has no side: it is said as it was given.
    is_compared_one = book.has_number[cited.feature] & ~np.isnan(cited.value)
    is_high, is_low = _sides(book, cited)
    compared = np.flatnonzero(can_say & is_compared_one & (is_high | is_low))
    spoken, is_told = _compared(book, cited, compared, is_high)
    texts = put(texts, compared[is_told], kept(spoken, is_told))
    stated = np.flatnonzero(can_say & ~is_compared_one)
    if not len(stated):
        return texts
    which = cited.feature[stated]
    if given is None:
        words = behaviours(features, which, cited.value[stated], book.language)
    else:
        words = given_behaviours(given, cited.rows[stated], which, book.language)
    return put(texts, stated, _without_record(features, which, words, book.language))


def _without_record(
    features: Sequence[Feature], which: np.ndarray, words: Texts, language: Language
) -> Texts:
    """Return the words, in which `<text>: no record` has become a sentence."""
    used, place = np.unique(which, return_inverse=True)
    names = [feature_name(features[k], language) for k in used.tolist()]
    own = word_column(names, place)
    empty = are_same(words, joined_text(own, COLON[language] + NO_RECORD[language]))
    before, after = NOTHING_SHOWN[language].split("{}")
    at = np.flatnonzero(empty)
    return put(words, at, joined_text(before, taken(own, at), after))


def is_compared(reference: Reference, feature: Feature) -> bool:
    """Return whether a number of the feature can be said beside that of the approved."""
    has_words = all((feature.high_en, feature.high_zh, feature.low_en, feature.low_zh))
    return has_words and reference.typical.get(feature.name) is not None


def _sides(book: SentenceBook, cited: Cited) -> tuple[np.ndarray, np.ndarray]:
    """Return which values lie above and below the typical one, on the side that can cost points.

    A value on the safe side of a signed feature is on neither: it lost to a mean, not to a median.
    """
    typical = book.typical[cited.feature]
    sign = book.sign[cited.feature]
    # A comparison with NaN is false: a null, or a feature without a typical value, has no side.
    return (cited.value > typical) & (sign >= 0), (cited.value < typical) & (sign <= 0)


def _compared(
    book: SentenceBook, cited: Cited, compared: np.ndarray, is_high: np.ndarray
) -> tuple[Texts, np.ndarray]:
    """Return the sentences of the entries `compared`, and which of them say something.

    One whose two numbers are written alike says nothing.
    """
    if not len(compared):
        return texts_of([]), np.zeros(0, dtype=bool)
    used, place = np.unique(cited.feature[compared], return_inverse=True)
    features = [book.catalogue.features[k] for k in used.tolist()]
    values = singular_of(quantities(features, place, cited.value[compared], book.language))
    typical = word_column(book.typical_texts, cited.feature[compared])
    which = 2 * cited.feature[compared] + ~is_high[compared]
    has_value, has_typical = (mask[which] for mask in book.holds)
    is_same = are_same(values, typical)
    values = put(values, *_nothing_where(~has_value))
    typical = put(typical, *_nothing_where(~has_typical))
    before, between, after = (word_column(words, which) for words in book.pieces)
    texts = joined_text(before, values, between, typical, after)
    return texts, ~(is_same & has_value)


def _nothing_where(mask: np.ndarray) -> tuple[np.ndarray, Texts]:
    """Return the places of a mask, and an empty text for each."""
    at = np.flatnonzero(mask)
    return at, texts_of([""] * len(at))


def singular_of(texts: Texts) -> Texts:
    """Return numbers with their unit, a single one without the plural s.

    >>> singular_of(texts_of(["1 weeks", "1 CNY", "11 days"])).to_pylist()
    ['1 week', '1 CNY', '11 days']
    """
    return substituted(texts, r"^1 (day|week|month|hour|point)s$", r"1 \1")


def _templates(feature: Feature, language: Language) -> list[Template]:
    """Return the sentence of a high and of a low value, cut at its two numbers.

    >>> one = Feature("f", "own", "c", high_en="You use {value}; others {typical} only")
    >>> _templates(one, "en")[0]
    ('You use ', '; others ', ' only', True, True)
    """
    texts = [feature.high_en, feature.low_en]
    if language == "zh":
        texts = [feature.high_zh, feature.low_zh]
    cut = []
    for text in texts:
        before, value, rest = text.partition(VALUE)
        between, typical, after = rest.partition(TYPICAL)
        cut.append((before, between, after, bool(value), bool(typical)))
    return cut
