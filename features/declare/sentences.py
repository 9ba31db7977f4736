"""Plain sentences for a high and a low value of a feature, in English and Chinese.

An aggregate states a clause with the value; what is typical among the approved follows. `{value}`
and `{typical}` stay in the sentence, for the runtime to fill.
"""

from __future__ import annotations

import re
from typing import TypedDict

from .declarations import Measure, Slice
from .texts import LAST_EN, LAST_ZH

# What follows a clause, by the side on which the value lies.
TAILS = {
    "high_en": ", more than is typical among people we approve ({typical})",
    "low_en": ", less than is typical among people we approve ({typical})",
    "high_zh": "，高于获批客户的常见水平（{typical}）",
    "low_zh": "，低于获批客户的常见水平（{typical}）",
}
# The clause of a feature whose aggregate has none: its text, and the value.
PLAIN_EN = "{text}: {value}"
PLAIN_ZH = "{text}：{value}"
# A plural word of a noun phrase; "address" is none.
PLURAL = re.compile(r"\b(\w+[^s\W])s\b")
# Slices of a table that holds states and no events: the measure alone says what is meant.
STATES = ("statement", "wallet")
# Concepts of which nobody can change a number, or that would ask to game the score (S1-R47).
NO_ADVICE = (
    "peer_transfers",
    "contact_network",
    "interaction_frequency",
    "group_activity",
    "red_packet_balance",
    "circle_repayment",
    "device_sharing",
)
# Aggregates that only time changes.
OF_TIME = ("tenure", "recency")


class Sayings(TypedDict):
    """The four sentences of a feature, and whether it can be said and changed."""

    high_en: str
    high_zh: str
    low_en: str
    low_zh: str
    is_sayable: bool
    is_actionable: bool


class FeatureWords(TypedDict):
    """What a template is filled with: the words of one feature in one language.

    `of` is the slice after "of", or nothing where the measure alone says what is meant. `since` is
    the window where there is one, with a space before it in English.
    """

    slice: str
    one: str
    were: str
    of: str
    over: str
    measure: str
    level: str
    counter: str
    last: str
    since: str


def sayings(
    clause_en: str, clause_zh: str, *, is_sayable: bool, concept: str, aggregate: str
) -> Sayings:
    """Return the sentences around a clause in each language."""
    is_actionable = is_sayable and concept not in NO_ADVICE and aggregate not in OF_TIME
    start = clause_en[:1].upper() + clause_en[1:]
    # table: the sentences, and the two marks
    return Sayings(
        high_en=start + TAILS["high_en"],
        high_zh=clause_zh + TAILS["high_zh"],
        low_en=start + TAILS["low_en"],
        low_zh=clause_zh + TAILS["low_zh"],
        is_sayable=is_sayable,
        is_actionable=is_actionable,
    )


def plain_sayings(
    text_en: str, text_zh: str, *, is_sayable: bool, concept: str, aggregate: str
) -> Sayings:
    """Return the sentences of a feature of which no more is known than its texts.

    >>> made = plain_sayings(
    ...     "contacts", "联系人", is_sayable=True, concept="contact_network", aggregate="snapshot"
    ... )
    >>> made["low_en"]
    'Contacts: {value}, less than is typical among people we approve ({typical})'
    """
    return sayings(
        # The sentence is read by the person whom the texts call the applicant.
        PLAIN_EN.replace("{text}", text_en.replace("the applicant", "you")),
        PLAIN_ZH.replace("{text}", text_zh),
        is_sayable=is_sayable,
        concept=concept,
        aggregate=aggregate,
    )


def mark_sayings(text_en: str, text_zh: str, *, concept: str) -> Sayings:
    """Return the sentences of a mark: it is there, or it is not; there is no number to say."""
    return Sayings(
        high_en=f"Found in your case, but not usual among people we approve: {text_en}",
        high_zh=f"您符合“{text_zh}”，而获批客户通常不符合",
        low_en=f"Usual among people we approve, but not found in your case: {text_en}",
        low_zh=f"您不符合“{text_zh}”，而获批客户通常符合",
        is_sayable=True,
        is_actionable=concept not in NO_ADVICE,
    )


def feature_words(
    part: Slice,
    over: Slice,
    measure: Measure | None,
    *,
    level: str,
    counter: str,
    window: str,
    language: str,
    is_said: bool,
) -> FeatureWords:
    """Return the words of one feature in a language; `is_said` asks for those said to a person."""
    is_zh = language == "zh"
    own = part.zh if is_zh else (is_said and part.you) or part.en
    is_state = measure is not None and part.name in STATES
    last = LAST_ZH[window] if is_zh else LAST_EN[window]
    number = "" if measure is None else measure.zh if is_zh else measure.en
    # table: words by the name that templates give them
    return FeatureWords(
        slice=own,
        one=part.one or single((is_said and part.you) or part.en),
        were=part.were or had_been(part.en),
        of="" if is_state else own if is_zh else f" of {own}",
        over=over.zh if is_zh else (is_said and over.you) or over.en,
        measure=(is_said and not is_zh and measure and measure.you) or number,
        level=level,
        counter=counter,
        last=last,
        since="" if window == "ever" else last if is_zh else f" {last}",
    )


def single(plural: str) -> str:
    """Return a plural noun phrase as a single one: its first plural word loses the s.

    >>> single("payments for games"), single("address checks")
    ('payment for games', 'address check')
    """
    return PLURAL.sub(r"\1", plural, count=1)


def had_been(plural: str) -> str:
    """Return what a share of something is said to have been.

    >>> had_been("payments for food"), had_been("phone bills")
    ('were for food', 'were phone bills')
    """
    return f"were {plural.removeprefix('payments ')}"


def text(template: str, words: FeatureWords, language: str) -> str:
    """Return the text of a feature; a template that names no window has it at the usual place."""
    filled = template.format(**words)
    if "{last}" in template or "{since}" in template:
        return filled
    return f"{words['last']}{filled}" if language == "zh" else f"{filled} {words['last']}"


def clause(template: str, words: FeatureWords) -> str:
    """Return the clause of one feature; `{value}` stays in it."""
    return template.format(**words, value="{value}")
