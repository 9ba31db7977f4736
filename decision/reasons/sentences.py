"""What a reason says in format 5: the person's number beside the typical one of the approved.

A feature that cannot be said, or whose number would say the opposite of what it did, gives way to a
sentence of its concept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..base.catalogue import Catalogue, Feature
from ..frames.feature_values import FeatureValues
from ..score.scorer import Reference
from .given import given_behaviours
from .text import (
    COLON,
    NO_RECORD,
    Language,
    behaviours,
    feature_name,
    joined_text,
    quantities,
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


def sentences(
    catalogue: Catalogue,
    reference: Reference,
    cited: Cited,
    language: Language,
    given: FeatureValues | None = None,
) -> pa.Array:
    """Return one sentence per reason.

    given: the features as they were given; without it a code is its number. Of a null it is said
    that the records show nothing.
    """
    texts = word_column(_of_concepts(catalogue, language), cited.concept)
    features = catalogue.features
    can_say = np.array([feature.is_sayable for feature in features])[cited.feature]
    has_number = np.array([is_compared(reference, feature) for feature in features])
    # A null, a code or a feature without words has no side: it is said as it was given.
    is_compared_one = has_number[cited.feature] & ~np.isnan(cited.value)
    is_high, is_low = _sides(catalogue, reference, cited)
    compared = np.flatnonzero(can_say & is_compared_one & (is_high | is_low))
    spoken, is_told = _compared(catalogue, reference, cited, compared, is_high, language)
    texts = _put(texts, compared[is_told], spoken.filter(pa.array(is_told)))
    stated = np.flatnonzero(can_say & ~is_compared_one)
    if not len(stated):
        return texts
    which = cited.feature[stated]
    if given is None:
        words = behaviours(features, which, cited.value[stated], language)
    else:
        words = given_behaviours(given, cited.rows[stated], which, language)
    return _put(texts, stated, _without_record(features, which, words, language))


def _without_record(
    features: Sequence[Feature], which: np.ndarray, words: pa.Array, language: Language
) -> pa.Array:
    """Return the words, in which `<text>: no record` has become a sentence."""
    names = [feature_name(feature, language) for feature in features]
    own = word_column(names, which)
    is_empty = pc.equal(words, joined_text(own, COLON[language] + NO_RECORD[language]))
    before, after = NOTHING_SHOWN[language].split("{}")
    return pc.if_else(is_empty, joined_text(before, own, after), words)


def is_compared(reference: Reference, feature: Feature) -> bool:
    """Return whether a number of the feature can be said beside that of the approved."""
    has_words = all((feature.high_en, feature.high_zh, feature.low_en, feature.low_zh))
    return has_words and reference.typical.get(feature.name) is not None


def _of_concepts(catalogue: Catalogue, language: Language) -> list[str]:
    """Return the sentence of each concept in `catalogue.concept_ids` order."""
    words = {c.id: c.text_zh if language == "zh" else c.text_en for c in catalogue.concepts}
    return [OF_CONCEPT[language].format(words[concept]) for concept in catalogue.concept_ids]


def _sides(
    catalogue: Catalogue, reference: Reference, cited: Cited
) -> tuple[np.ndarray, np.ndarray]:
    """Return which values lie above and below the typical one, on the side that can cost points.

    A value on the safe side of a signed feature is on neither: it lost to a mean, not to a median.
    """
    known = [reference.typical.get(feature.name) for feature in catalogue.features]
    typical = np.array([np.nan if one is None else one for one in known])[cited.feature]
    sign = np.array([feature.direction for feature in catalogue.features])[cited.feature]
    # A comparison with NaN is false: a null, or a feature without a typical value, has no side.
    return (cited.value > typical) & (sign >= 0), (cited.value < typical) & (sign <= 0)


def _compared(
    catalogue: Catalogue,
    reference: Reference,
    cited: Cited,
    compared: np.ndarray,
    is_high: np.ndarray,
    language: Language,
) -> tuple[pa.Array, np.ndarray]:
    """Return the sentences of the entries `compared`, and which of them say something.

    One whose two numbers are written alike says nothing.
    """
    if not len(compared):
        return pa.array([], pa.string()), np.zeros(0, dtype=bool)
    feature = cited.feature[compared]
    used = np.flatnonzero(np.bincount(feature, minlength=len(catalogue.features)))
    features = [catalogue.features[k] for k in used.tolist()]
    place = np.searchsorted(used, feature)
    values = _singular(quantities(features, place, cited.value[compared], language))
    usual = np.array([reference.typical[one.name] for one in features], dtype=np.float64)
    typical = _singular(quantities(features, np.arange(len(used)), usual, language))
    typical = typical.take(pa.array(place))
    # Two templates per feature: that of a high value first.
    words = [words for one in features for words in _templates(one, language)]
    which = 2 * place + ~is_high[compared]
    pieces = [word_column([str(one[k]) for one in words], which) for k in range(3)]
    has_value, has_typical = (np.array([one[k] for one in words])[which] for k in (3, 4))
    is_same = pc.equal(values, typical).to_numpy(zero_copy_only=False)
    values = pc.if_else(pa.array(has_value), values, "")
    typical = pc.if_else(pa.array(has_typical), typical, "")
    texts = joined_text(pieces[0], values, pieces[1], typical, pieces[2])
    return texts, ~(is_same & has_value)


def _singular(texts: pa.Array) -> pa.Array:
    """Return numbers with their unit, a single one without the plural s.

    >>> _singular(pa.array(["1 weeks", "1 CNY", "11 days"])).to_pylist()
    ['1 week', '1 CNY', '11 days']
    """
    return pc.replace_substring_regex(texts, r"^1 (day|week|month|hour|point)s$", r"1 \1")


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


def _put(texts: pa.Array, at: np.ndarray, words: pa.Array) -> pa.Array:
    """Return the texts with the words in place of those at `at`."""
    if not len(at):
        return texts
    mask = np.zeros(len(texts), dtype=bool)
    mask[at] = True
    return pc.replace_with_mask(texts, pa.array(mask), words)
