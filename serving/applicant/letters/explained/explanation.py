"""Explain one decision in words to whoever works the case: a letter of other parts, checked alike.

What decided stands first, then each concept with the person's value, the typical one and its
points, the distance to the cut, what would change it, and what happened since.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from creditloom.decision.reasons.text import Language
from creditloom.serving.applicant.letters.explained.explanation_words import EXPLAINED
from creditloom.serving.applicant.letters.letter import outcome_of
from creditloom.serving.applicant.letters.letter_types import Block, Grid, Letter, Lines, Part
from creditloom.serving.applicant.letters.marks import Sourced, singular
from creditloom.serving.applicant.letters.steps import (
    LIMIT,
    is_score_reason,
    recourse_blocks,
    usual_blocks,
)

# Points that are shown as 0.0 say nothing.
LEAST_POINTS = 0.05


def explanation(documents: dict[str, Any], language: Language) -> Letter:
    """Return the explanation of a decision, with the source of each number.

    `documents` are those of a letter and: `weights` (concept, name, points, yours, typical; most
    lost first), `score` (own, typical, cut, above, below; nulls where nobody was scored), `history`
    (moment, who, what). An absent document leaves its part out.
    """
    ink = Sourced(documents, language)
    rules = _rules(ink)
    weights = [*_weights(ink)]
    # A referral says first why a person is needed.
    parts = [_head(ink), *rules, *weights, *_distance(ink), *_change(ink), *_history(ink)]
    parts += [*_to_decide(ink), _letter(ink)]
    title = _word(ink, "title", decision=ink.text("row.decision_id"))
    return Letter(language, outcome_of(documents["row"]), title, tuple(parts), documents)


def _word(ink: Sourced, key: str, **fields: str) -> str:
    return singular(EXPLAINED[key][1 if ink.language == "zh" else 0].format(**fields))


def _head(ink: Sourced) -> Part:
    row = ink.at("row")
    rows = [
        ("decision", _word(ink, f"is_{outcome_of(row)}")),
        ("application", ink.text("row.application_id")),
    ]
    if ink.has("applied"):
        rows.append(("moment", ink.number("date", "applied")))
    if ink.has("product"):
        rows.append(("product", ink.text(f"product.name_{ink.language}")))
    if ink.has("row.law_profile"):
        rows.append(("law", ink.text("row.law_profile")))
    if ink.has("row.score"):
        grade = ink.text("row.grade")
        rows.append(("score", _word(ink, "score_line", score=ink.number("score", "row.score"))))
        rows.append(("pd", _word(ink, "pd_line", pd=ink.percent("row.pd"), grade=grade)))
    if ink.has("row.limit_cny") and row["decision"] in ("approve", "refer"):
        rows.append(("limit", ink.money("row.limit_cny")))
    if ink.has("row.apr_irr12"):
        rows.append(("yearly", ink.percent("row.apr_irr12")))
    grid = Grid(("", ""), tuple((_word(ink, key), value) for key, value in rows))
    return Part("", (grid,))


def _rules(ink: Sourced) -> list[Part]:
    """Return the rules that fired, what held the limit, the actions, and what nobody assessed."""
    said = ink.at("said")
    fired = [k for k, reason in enumerate(said) if not is_score_reason(reason)]
    rules = [k for k in fired if not ink.at(f"said.{k}.concept").startswith(LIMIT)]
    caps = [k for k in fired if k not in rules]
    head = "why_person" if ink.at("row.decision") == "refer" else "rules"
    parts = []
    if rules:
        texts = tuple(_coded(ink, k) for k in rules)
        parts.append(Part(_word(ink, head), (Lines(texts, is_list=True),)))
    elif ink.at("row.decision") == "refer":
        parts.append(Part(_word(ink, head), (Lines((_word(ink, "band"),)),)))
    else:
        parts.append(Part(_word(ink, head), (Lines((_word(ink, "no_rule"),)),)))
    if caps:
        texts = tuple(_coded(ink, k) for k in caps)
        parts.append(Part(_word(ink, "caps"), (Lines(texts, is_list=True),)))
    if ink.at("action_codes"):
        texts = tuple(_action(ink, code) for code in ink.at("action_codes"))
        parts.append(Part(_word(ink, "actions"), (Lines(texts, is_list=True),)))
    if ink.has("row.not_assessed"):
        text = _word(ink, "not_assessed", codes=ink.text("row.not_assessed"))
        parts.append(Part("", (Lines((text,)),)))
    return parts


def _coded(ink: Sourced, k: int) -> str:
    """Return a code with its words and what it means."""
    code = ink.at(f"said.{k}.concept")
    text = f"{ink.text(f'said.{k}.concept')} {ink.text(f'said.{k}.text')}"
    if not ink.has(f"codes.{code}"):
        return text
    return _word(ink, "coded", text=text, meaning=ink.at(f"codes.{code}.{ink.language}"))


def _action(ink: Sourced, code: str) -> str:
    entry = ink.at(f"codes.{code}")
    return f"{ink.text(f'codes.{code}.code')} {entry[ink.language]}"


def _weights(ink: Sourced) -> Iterator[Part]:
    """Yield the table of concepts: what was lost, what helped, and the sum."""
    if not ink.has("weights.0"):
        return
    weights = ink.at("weights")
    lost = [k for k, one in enumerate(weights) if one["points"] <= -LEAST_POINTS]
    helped = [k for k, one in enumerate(weights) if one["points"] >= LEAST_POINTS]
    shown = [*lost, *helped[::-1]]
    header = tuple(_word(ink, key) for key in ("concept", "yours", "typical", "points"))
    rows = [_weight(ink, k) for k in shown]
    if ink.has("score.rest"):
        rows.append((_word(ink, "rest"), "", "", ink.number("points", "score.rest")))
    blocks: list[Block] = [Lines((_word(ink, "weights_lead"),)), Grid(header, tuple(rows))]
    own = ink.number("points", "score.own")
    typical = ink.number("points", "score.typical")
    text = _word(ink, "sum", own=own.replace("+", ""), typical=typical.replace("+", ""))
    blocks.append(Lines((text,)))
    yield Part(_word(ink, "weights"), tuple(blocks))


def _weight(ink: Sourced, k: int) -> tuple[str, ...]:
    at = f"weights.{k}"
    absent = "unknown" if ink.has(f"{at}.yours") else "unsaid"
    if ink.has(f"{at}.is_level") and ink.at(f"{at}.is_level"):
        absent = "level"
    values = [
        ink.text(f"{at}.{name}") if ink.has(f"{at}.{name}") else _word(ink, absent)
        for name in ("yours", "typical")
    ]
    return (ink.text(f"{at}.name_{ink.language}"), *values, ink.number("points", f"{at}.points"))


def _distance(ink: Sourced) -> Iterator[Part]:
    if not ink.has("score.above"):
        return
    side = "below" if ink.has("score.below") else "above"
    figures = [ink.number("points", f"score.{name}").replace("+", "") for name in ("cut", side)]
    key = side if ink.has("product") else f"own_{side}"
    text = _word(ink, key, cut=figures[0], distance=figures[1])
    yield Part(_word(ink, "distance"), (Lines((text,)),))


def _change(ink: Sourced) -> Iterator[Part]:
    if ink.at("row.decision") == "approve" and not ink.has("recourse"):
        return
    if ink.has("recourse"):
        yield Part(_word(ink, "change"), recourse_blocks(ink))
    elif ink.has("usual"):
        yield Part(_word(ink, "change"), usual_blocks(ink))
    elif not ink.has("product") and ink.at("row.decision") == "refer":
        yield Part(_word(ink, "change"), (Lines((_word(ink, "change_own"),)),))
    else:
        text = _word(ink, "change_absent", application=ink.text("row.application_id"))
        yield Part(_word(ink, "change"), (Lines((text,)),))


def _history(ink: Sourced) -> Iterator[Part]:
    if not ink.has("history.0"):
        return
    texts = []
    for k, event in enumerate(ink.at("history")):
        at = f"history.{k}"
        fields = {name: ink.text(f"{at}.{name}") for name in event if name not in ("kind", "at")}
        if "limit_cny" in event and event["limit_cny"] is not None:
            fields["limit_cny"] = ink.money(f"{at}.limit_cny")
        fields["at"] = ink.number("date", f"{at}.at")
        texts.append(_word(ink, f"history_{event['kind']}", **fields))
    yield Part(_word(ink, "history"), (Lines(tuple(texts), is_list=True),))


def _to_decide(ink: Sourced) -> Iterator[Part]:
    """Yield how a person records what they decide, of a case that still waits."""
    if ink.has("history.0") and ink.at("history")[-1]["kind"] == "waits":
        text = _word(ink, "to_decide", decision=ink.text("row.decision_id"))
        yield Part(_word(ink, "to_decide_head"), (Lines((text,)),))


def _letter(ink: Sourced) -> Part:
    text = _word(ink, "letter", decision=ink.text("row.decision_id"), place=ink.text("place"))
    return Part(_word(ink, "letter_head"), (Lines((text,)),))
