"""Why a decision moved: the rule, edge, tier or cap that made it so.

A stricter outcome has the causes that now hold it there, a milder one those that are gone. Where
the outcome stays and the offer moves, the cause is the grade, the tier, the price or the cap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from creditloom.decision.rules.again import DecidedAgain
from creditloom.decision.rules.batch_context import RuleHits, words_of
from creditloom.decision.rules.limit import CAPS
from creditloom.decision.rules.verdict import DECLINE, OUTCOMES, REFER

# Causes that are no rule: the PD band of the person, and what the product does with the band.
GRADE = "grade"
TIER = "tier"
PRICE = "price"
LIMIT = "limit"
# table: cause that is no rule -> words
WORDS = {
    GRADE: "the PD falls into another grade: an edge moved",
    TIER: "the product's tier for this grade and record has another outcome or other terms",
    PRICE: "the price of the tier",
    **{f"{LIMIT}_{cap}": f"the limit: {cap.replace('_', ' ')}" for cap in CAPS},
    LIMIT: "the limit",
}
STRICTER = "now"
MILDER = "no longer"
TERMS = "offer"
WAYS = (STRICTER, MILDER, TERMS)
# Of a row without cause or grades to tell.
NONE = -1


@dataclass(frozen=True)
class MoveKey:
    """One kind of move: outcomes before and after, its causes, and the grades where they moved.

    `way` says whether the causes hold now, hold no longer, or made another offer.
    """

    before: str
    after: str
    way: str
    causes: tuple[str, ...]
    grades: tuple[str, str] | None


@dataclass(frozen=True)
class Moved:
    """The applications of a block that moved: their rows, and per row the place of its key."""

    rows: np.ndarray
    which: np.ndarray
    keys: tuple[MoveKey, ...]


def moved(before: DecidedAgain, after: DecidedAgain, names: tuple[Sequence[str], ...]) -> Moved:
    """Return who moved and why; `names` are the grades of the policy before and after."""
    outcomes = (before.verdicts.outcome, after.verdicts.outcome)
    is_stricter = outcomes[1] > outcomes[0]
    is_milder = outcomes[1] < outcomes[0]
    is_terms = (
        (outcomes[1] == outcomes[0]) & (outcomes[1] <= REFER) & _has_other_offer(before, after)
    )
    causes: list[tuple[str, ...]] = []
    cause = np.full(len(outcomes[0]), NONE)
    way = np.select([is_stricter, is_milder, is_terms], [0, 1, 2], NONE)
    is_other_grade = before.is_scored & after.is_scored & (before.grade != after.grade)
    found = (
        [*_holding(after, is_stricter, is_other_grade)],
        [*_holding(before, is_milder, is_other_grade)],
        [*_terms(before, after, is_terms, is_other_grade)],
    )
    for hits, mask in zip(found, (is_stricter, is_milder, is_terms), strict=True):
        combinations, which = words_of(len(mask), hits, [one.code for one in hits])
        cause[mask] = len(causes) + which[mask]
        causes += combinations
    rows = np.flatnonzero(way != NONE)
    grades = np.where(is_other_grade, before.grade * len(names[1]) + after.grade, NONE)
    parts = (outcomes[0], outcomes[1], way, cause, grades)
    kinds, which = np.unique(np.stack([part[rows] for part in parts]), axis=1, return_inverse=True)
    keys = tuple(_key(kind, causes, names) for kind in kinds.T.tolist())
    return Moved(rows, which.ravel(), keys)


def _key(
    kind: list[int], causes: list[tuple[str, ...]], names: tuple[Sequence[str], ...]
) -> MoveKey:
    before, after, way, cause, pair = kind
    said = causes[cause]
    grades = None
    if pair != NONE and GRADE in said:
        old, new = divmod(pair, len(names[1]))
        grades = (names[0][old], names[1][new])
    return MoveKey(OUTCOMES[before], OUTCOMES[after], WAYS[way], said, grades)


def _has_other_offer(before: DecidedAgain, after: DecidedAgain) -> np.ndarray:
    """Return where limit or price differ."""
    is_other = np.zeros(len(before.grade), dtype=bool)
    for name in ("limit_cny", "daily_rate", "apr_simple365"):
        one, other = (np.asarray(side.columns[name]) for side in (before, after))
        is_other |= ~((one == other) | (np.isnan(one) & np.isnan(other)))
    return is_other


def _holding(
    side: DecidedAgain, mask: np.ndarray, is_other_grade: np.ndarray
) -> Iterator[RuleHits]:
    """Yield what holds the outcome of the rows of `mask` where it is."""
    outcome = side.verdicts.outcome
    is_tier = mask & (side.verdicts.by_tier == outcome)
    yield _cause(GRADE, is_tier & is_other_grade)
    yield _cause(TIER, is_tier & ~is_other_grade)
    limits = side.verdicts.limits
    if limits is not None:
        is_small = mask & (limits.cny == 0) & (outcome == DECLINE)
        yield from _caps(is_small, limits.cap)
    for hits in side.verdicts.fired:
        if hits.outcome is not None and hits.is_found:
            yield _cause(hits.code, hits.mask & mask & (outcome == OUTCOMES.index(hits.outcome)))


def _terms(
    before: DecidedAgain, after: DecidedAgain, mask: np.ndarray, is_other_grade: np.ndarray
) -> Iterator[RuleHits]:
    """Yield what moved the offers of the rows of `mask`."""
    if before.batch is None or after.batch is None:
        return
    is_grade = mask & is_other_grade
    tiers = [
        np.array([*(t.tier for t in side.product.tiers), ""])[side.tier]
        for side in (before.batch, after.batch)
    ]
    is_tier = mask & ~is_grade & (tiers[0] != tiers[1])
    yield _cause(GRADE, is_grade)
    yield _cause(TIER, is_tier)
    rates = [np.asarray(side.columns["apr_simple365"]) for side in (before, after)]
    yield _cause(PRICE, mask & ~is_grade & ~is_tier & (rates[0] != rates[1]))
    limits = [np.asarray(side.columns["limit_cny"]) for side in (before, after)]
    if after.verdicts.limits is not None:
        is_limit = mask & ~is_grade & ~is_tier & (limits[0] != limits[1])
        yield from _caps(is_limit, after.verdicts.limits.cap)


def _caps(mask: np.ndarray, cap: np.ndarray) -> Iterator[RuleHits]:
    for k, name in enumerate(CAPS):
        yield _cause(f"{LIMIT}_{name}", mask & (cap == k))
    yield _cause(LIMIT, mask & (cap < 0))


def _cause(code: str, mask: np.ndarray) -> RuleHits:
    return RuleHits(code, None, "", "", mask)


def words_by_code(sides: Sequence[DecidedAgain]) -> dict[str, str]:
    """Return the words of every rule of both sides by its code, and those of the other causes."""
    said = dict(WORDS)
    for side in sides:
        for hits in side.verdicts.fired:
            said.setdefault(hits.code, hits.text_en)
    return said
