"""Which concepts are cited in format 5: those that lost more against the approved than their error.

None is forced and none is added to fill up. A decline that has none goes to a person.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..rules.batch_context import RuleHits
from ..rules.verdict import DECLINE, REFER, Verdicts

# Why a person is needed, where no rule says so.
BY_GRADE = "refer_grade"
UNEXPLAINED = "refer_unexplained"
# table: code, English and Chinese words
REFERRALS = {
    BY_GRADE: (
        "the score lies in the range in which a person decides",
        "评分处于需人工审核的区间",
    ),
    UNEXPLAINED: (
        "the score is too low, but no single behaviour explains it for certain: a person looks",
        "评分偏低，但没有哪一项行为能确切说明原因，需人工审核",
    ),
}
# Rules that repeat what the grade says: no tier takes it, or its price is too high.
OF_GRADE = ("T0", "F18")


def significant(gain: np.ndarray, errors: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of the most lost concepts of each row, and which of them are cited.

    gain: points against the reference, rows x concepts, infinite where the model does not use the
    concept. errors: points per concept. Both results are rows x at most `most`; what lost most
    comes first, and of equal ones the first concept.

    >>> order, is_cited = significant(np.array([[-9.0, -1.0, -4.0]]), np.array([2.0, 2.0, 2.0]), 4)
    >>> order[is_cited].tolist()
    [0, 2]
    """
    return lowest(np.where(gain < -errors, gain, np.inf), most)


def lowest(gain: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of the lowest gains of each row, lowest first, and which are negative.

    Both are rows x at most `most`. Of equal gains the first one comes first. What may not be cited
    has an infinite gain. `gain` is used up.
    """
    own = np.arange(len(gain))
    order = np.zeros((len(gain), min(most, gain.shape[1])), np.int64)
    is_lost = np.zeros(order.shape, dtype=bool)
    # A few times the lowest one of each row: a sort of all of them takes twice as long.
    for rank in range(order.shape[1]):
        place = gain.argmin(axis=1)
        order[:, rank] = place
        is_lost[:, rank] = gain[own, place] < 0
        gain[own, place] = np.inf
    return order, is_lost


def rests_on_score(verdicts: Verdicts) -> np.ndarray:
    """Return which declines rest on the score alone, so that a concept must explain them."""
    other = np.zeros(len(verdicts.outcome), dtype=bool)
    for hits in verdicts.fired:
        if hits.outcome == "decline" and hits.code not in OF_GRADE:
            other |= hits.mask
    return (verdicts.outcome == DECLINE) & (verdicts.by_tier == DECLINE) & ~other


def with_referrals(verdicts: Verdicts, is_unexplained: np.ndarray) -> Verdicts:
    """Return the verdicts with unexplained declines referred, and why a person is needed first."""
    outcome = np.where(is_unexplained, REFER, verdicts.outcome)
    by_grade = (outcome == REFER) & (verdicts.by_tier == REFER)
    first = [_hits(UNEXPLAINED, is_unexplained), _hits(BY_GRADE, by_grade)]
    # What declined them by their grade has no say any more.
    others = [
        replace(hits, mask=hits.mask & ~is_unexplained) if hits.code in OF_GRADE else hits
        for hits in verdicts.fired
    ]
    return replace(verdicts, outcome=outcome, fired=(*first, *others))


def _hits(code: str, mask: np.ndarray) -> RuleHits:
    text_en, text_zh = REFERRALS[code]
    return RuleHits(code, "refer", text_en, text_zh, mask)
