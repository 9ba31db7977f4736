"""Plain sentences for a high and a low value of a feature, in English and Chinese.

An aggregate states a clause with the value; what is typical among the approved follows. `{value}`
and `{typical}` stay in the sentence, for the runtime to fill.
"""

from __future__ import annotations

from typing import TypedDict

from .texts import LAST_EN, LAST_ZH, OUT_OF_EN

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
    """What a clause is filled with: texts of slice, slice to compare with, and measure."""

    slice: str
    over: str
    measure: str
    level: str
    is_state: bool


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
        high_en=f"We see {text_en}, which is not usual among people we approve",
        high_zh=f"{text_zh}，而获批客户通常并非如此",
        low_en=f"We do not see {text_en}, which is usual among people we approve",
        low_zh=f"未达到“{text_zh}”，而获批客户通常达到",
        is_sayable=True,
        is_actionable=concept not in NO_ADVICE,
    )


def clause(template: str, words: FeatureWords, window: str, language: str) -> str:
    """Return the clause of one feature; `{value}` stays in it.

    The template names slice, over, measure, level, last (the window) and out_of; `of` is the slice
    after "of", or nothing where the measure alone says what is meant.
    """
    is_zh = language == "zh"
    last = LAST_ZH[window] if is_zh else LAST_EN[window]
    own = "" if words["is_state"] else words["slice"]
    of = own if is_zh else f" of {own}" if own else ""
    return template.format(
        slice=words["slice"],
        of=of,
        over=words["over"],
        measure=words["measure"],
        level=words["level"],
        last=last,
        out_of=OUT_OF_EN[window],
        value="{value}",
    )
