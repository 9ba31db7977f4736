"""What the person can do: recourse where it was worked out, else the steps of codes and hints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from creditloom.decision.reasons.text import Language
from creditloom.serving.applicant.letters.letter_types import Lines, Outcome, Part
from creditloom.serving.applicant.letters.marks import Sourced, singular
from creditloom.serving.applicant.letters.words import words

# How the code of a cap begins.
LIMIT = "limit_"
# The headings of what can be done, by outcome.
CHANGE: dict[Outcome, str] = {"cut": "change_of_limit", "refer": "change_of_refer"}
# Steps that a letter names at most: more are unlikely to help a person.
MAX_STEPS = 4


def _word(ink: Sourced, key: str, **fields: str) -> str:
    return singular(words(key, ink.language).format(**fields))


def is_score_reason(reason: Mapping[str, Any]) -> bool:
    """Return whether a reason is a concept with points, and not a rule or a cap."""
    return reason["points"] is not None and reason["points"] == reason["points"]


def ended(marked_text: str, bare: str, ink: Sourced) -> str:
    """Return a sentence with its full stop; `bare` is the same text without marks."""
    if bare.rstrip().endswith((".", "。", "!", "?", "！", "？")):
        return marked_text
    return _word(ink, "reason", text=marked_text)


def change_parts(ink: Sourced, outcome: Outcome) -> Iterator[Part]:
    """Yield what would change the decision: recourse where it is known, else what helps."""
    if outcome == "approve":
        return
    steps = tuple(_steps(ink, outcome))
    heading = _word(ink, CHANGE.get(outcome, "change"))
    if outcome != "refer" and ink.has("recourse"):
        blocks: tuple[Lines, ...] = recourse_blocks(ink)
        # The rules that block name their own steps.
        if outcome == "refuse" and steps and not ink.at("recourse.blocking"):
            blocks = (*blocks, Lines(steps, is_list=True))
        yield Part(heading, blocks)
        return
    if outcome == "decline" and ink.has("usual"):
        yield Part(heading, usual_blocks(ink))
        return
    lead = {"cut": "change_limit", "refer": "change_refer"}.get(outcome, "change_absent")
    if not steps:
        none = "change_refer_none" if outcome == "refer" else "change_person"
        yield Part(heading, (Lines((_word(ink, none),)),))
    elif outcome == "refuse":
        yield Part(heading, (Lines(steps, is_list=True),))
    else:
        blocks = (Lines((_word(ink, lead),)), Lines(steps, is_list=True))
        yield Part(heading, blocks)


def recourse_blocks(ink: Sourced) -> tuple[Lines, ...]:
    """Return what would change the decision: the changes, their time, and what they lead to."""
    if not ink.at("recourse.is_found"):
        return _blocking(ink)
    count = len(ink.at("recourse.changes"))
    at = [f"recourse.changes.{k}.text_{ink.language}" for k in range(count)]
    changes = tuple(ended(ink.sentence(path), str(ink.at(path)), ink) for path in at)
    months = ink.number("whole", "recourse.months")
    when = "change_time" if ink.at("recourse.months") else "change_at_once"
    result = [_word(ink, when, months=months)]
    if ink.at("row.decision") == "approve" and ink.has("recourse.after.limit_cny"):
        limit = ink.money("recourse.after.limit_cny")
        result.append(_word(ink, "change_to_limit", limit=limit))
    else:
        result.append(_word(ink, "change_result"))
    lead = Lines((_word(ink, "change_one"),))
    return (lead, Lines(changes, is_list=True), Lines(tuple(result)))


def usual_blocks(ink: Sourced) -> tuple[Lines, ...]:
    """Return what usual values would change, of a table of one's own: arithmetic, and no advice."""
    if not ink.at("usual.is_found"):
        return (Lines((_word(ink, "usual_none"),)),)
    changes = []
    for k in range(len(ink.at("usual.changes"))):
        at = f"usual.changes.{k}"
        texts = {name: ink.text(f"{at}.{name}") for name in ("yours", "instead")}
        changes.append(_word(ink, "usual_change", name=ink.sentence(f"{at}.name"), **texts))
    key = "usual_one" if len(changes) == 1 else "usual_all"
    lead = Lines((_word(ink, key),))
    return (lead, Lines(tuple(changes), is_list=True), Lines((_word(ink, "usual_end"),)))


def _blocking(ink: Sourced) -> tuple[Lines, ...]:
    """Return that nothing was found, or which rules no change of the person lifts and what to do.

    The next step of a rule promises nothing: what follows from it nobody knows before.
    """
    # An approval asks for recourse only where its limit is cut.
    is_cut = ink.at("row.decision") == "approve"
    blocking = ink.at("recourse.blocking")
    if not blocking:
        return (Lines((_word(ink, "change_none_limit" if is_cut else "change_none"),)),)
    lead = Lines((_word(ink, "change_rules_limit" if is_cut else "change_rules"),))
    rules = tuple(_rule(ink, k, rule[0]) for k, rule in enumerate(blocking))
    return (lead, Lines(rules, is_list=True))


def _rule(ink: Sourced, k: int, code: str) -> str:
    """Return the rule `k` that blocks, with the next step of its code where there is one."""
    # A rule is (code, English, Chinese).
    place = 1 if ink.language == "en" else 2
    rule = ended(ink.sentence(f"recourse.blocking.{k}.{place}"), "", ink)
    step = f"codes.{code}.next_{ink.language}"
    return _word(ink, "rule_next", rule=rule, next=ink.at(step)) if ink.has(step) else rule


def _steps(ink: Sourced, outcome: Outcome) -> Iterator[str]:
    """Yield what the person can do: by the codes that fired, then the hints of the concepts."""
    said = ink.at("said")
    texts = []
    for reason in said:
        code = reason["concept"]
        if outcome == "cut" and not code.startswith(LIMIT):
            continue
        if outcome == "refuse" and code not in ink.at("row.refusal_codes"):
            continue
        if ink.has(f"codes.{code}") and not is_score_reason(reason):
            texts.append(ink.at(f"codes.{code}.next_{ink.language}"))
    if outcome == "decline":
        texts += [_capital(hint["text"], ink.language) for hint in ink.at("hints")]
    yield from [text for text in dict.fromkeys(texts) if text][:MAX_STEPS]


def _capital(text: str, language: Language) -> str:
    ended = text[:1].upper() + text[1:]
    return ended + ("。" if language == "zh" else ".")
