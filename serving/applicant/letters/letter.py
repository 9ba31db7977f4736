"""Compose the letter of one decision: what was decided, why, what can be done, and the rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from creditloom.decision.reasons.text import Language
from creditloom.decision.rules.filters import FILTERS
from creditloom.decision.rules.limit import CAPS, PLAIN_CAPS
from creditloom.decision.rules.rules import GATES, RULES
from creditloom.serving.applicant.letters.letter_types import Letter, Lines, Outcome, Part
from creditloom.serving.applicant.letters.marks import LetterError, Sourced, singular
from creditloom.serving.applicant.letters.offer import offer_parts
from creditloom.serving.applicant.letters.steps import LIMIT, change_parts, ended, is_score_reason
from creditloom.serving.applicant.letters.words import listed, name_of, words

# Caps that something personal sets; product and tier have the others for everyone.
PERSONAL_CAPS = tuple(cap for cap in CAPS if cap not in PLAIN_CAPS)
# The headings of the reasons, by outcome.
WHY: dict[Outcome, str] = {
    "cut": "why_limit",
    "decline": "why_decline",
    "refuse": "why_refuse",
    "refer": "why_refer",
}
# Notices that say what the rights say.
SAID_BY_RIGHTS = ("review", "dispute", "bureau_record")
# The outcome of each rule and filter; a criterion that refuses is known by `refusal_codes`.
OUTCOME_OF = {one.code: one.outcome for one in (*GATES, *RULES, *FILTERS)}


def outcome_of(row: Mapping[str, Any]) -> Outcome:
    """Return what the letter of a decision row says.

    >>> outcome_of({"decision": "approve", "limiting_cap": "new_user"})
    'cut'
    """
    decision: Outcome = row["decision"]
    is_cut = decision == "approve" and row["limiting_cap"] in PERSONAL_CAPS
    return "cut" if is_cut else decision


def letter(documents: dict[str, Any], language: Language) -> Letter:
    """Return the letter of one decision, with the source of each number.

    `documents`: `row` (the decision), `said` (its reasons in the letter's language), `names`
    (product and law), `product`, `law`, `rights`, `codes` (words by code), `hints`; `quote` for an
    offer; `recourse` where it was worked out, `usual` of a table of one's own. Without a product,
    as of such a table, no amount, cost or day is named that the decision does not hold. Raises
    LetterError for a decision without a specific reason where it needs one.
    """
    ink = Sourced(documents, language)
    outcome = outcome_of(documents["row"])
    _require_reason(documents, outcome)
    parts = [Part("", (Lines(tuple(_opening(ink, outcome))),)), *_reasons(ink, outcome)]
    has_offer = outcome in ("approve", "cut") and ink.has("product")
    if has_offer:
        parts += offer_parts(ink)
    parts += [
        *_actions(ink),
        *change_parts(ink, outcome),
        *_unused(ink, outcome),
        _rights(ink, outcome),
    ]
    if has_offer:
        parts.append(Part(_word(ink, "notices"), (Lines(tuple(_notices(ink)), is_list=True),)))
    parts.append(Part("", (Lines((_signature(ink),)),)))
    title = _word(ink, "title", product=_product(ink))
    return Letter(language, outcome, title, tuple(parts), documents)


def _word(ink: Sourced, key: str, **fields: str) -> str:
    return singular(words(key, ink.language).format(**fields))


def _product(ink: Sourced) -> str:
    if not ink.has("product"):
        return name_of("own_product", ink.language)
    return ink.text(f"product.name_{ink.language}")


def _signature(ink: Sourced) -> str:
    if not ink.has("product"):
        return name_of("own_lender", ink.language)
    return name_of(ink.at("product.lender"), ink.language).format(product=_product(ink))


def _require_reason(documents: Mapping[str, Any], outcome: Outcome) -> None:
    """Raise LetterError where something adverse has no specific reason (R9)."""
    if outcome != "approve" and not documents["row"]["reasons"]:
        raise LetterError.of(
            "A letter without a specific reason (R9)",
            where=f"decision {documents['row']['decision_id']}",
            expected="at least one reason",
            got="none",
            next_step="nothing was written; let a person decide",
        )


def _notices(ink: Sourced) -> Iterator[str]:
    """Yield the notices of an offer but for those that the rights say already."""
    for k, notice in enumerate(ink.at("quote.notices")):
        if notice["id"] not in SAID_BY_RIGHTS:
            yield ink.text(f"quote.notices.{k}.{ink.language}")


def _opening(ink: Sourced, outcome: Outcome) -> Iterator[str]:
    ids = {name: ink.text(f"row.{name}_id") for name in ("application", "decision")}
    # A table of one's own may have no days.
    day = {"date": ink.number("date", "applied")} if ink.has("applied") else {}
    yield _word(ink, "numbers" if day else "numbers_undated", **ids, **day)
    yield _word(ink, "dear")
    if not ink.has("product"):
        yield from _own_opening(ink, outcome, day)
        return
    fields = {**day, "product": _product(ink)}
    if outcome in ("approve", "cut"):
        fields["limit"] = ink.money("row.limit_cny")
    if outcome == "refer":
        fields["review"] = ink.number("whole", "rights.review_time.value")
    yield _word(ink, outcome, **fields)


def _own_opening(ink: Sourced, outcome: Outcome, day: Mapping[str, str]) -> Iterator[str]:
    """Yield what was decided of a row of a table of one's own: no product, no amount."""
    if day:
        yield _word(ink, "own_asked", **day)
    review = ink.number("whole", "rights.review_time.value") if outcome == "refer" else ""
    yield _word(ink, f"own_{outcome}", review=review)


def _reasons(ink: Sourced, outcome: Outcome) -> Iterator[Part]:
    """Yield why: what decided first, then what the score weighed, then what else is open."""
    said = ink.at("said")
    caps = [k for k, reason in enumerate(said) if reason["concept"].startswith(LIMIT)]
    score = [k for k, reason in enumerate(said) if is_score_reason(reason)]
    rules = [k for k in range(len(said)) if k not in caps and k not in score]
    deciding = _deciding(ink, outcome, rules, caps)
    if deciding:
        texts = tuple(_coded(ink, k) for k in deciding)
        yield Part(_word(ink, WHY[outcome]), (Lines(texts, is_list=True),))
    elif outcome == "refer":
        key = "band" if score else "no_single"
        yield Part(_word(ink, "why_refer"), (Lines((_word(ink, key),)),))
    if score and outcome in ("refer", "decline"):
        yield _by_score(ink, score, outcome, has_rules=bool(deciding))
    rest = [k for k in (*rules, *caps) if k not in deciding]
    if rest and outcome in ("refer", "decline"):
        texts = tuple(_coded(ink, k) for k in rest)
        yield Part(_word(ink, f"open_{outcome}"), (Lines(texts, is_list=True),))


def _deciding(ink: Sourced, outcome: Outcome, rules: list[int], caps: list[int]) -> list[int]:
    """Return the reasons without points that made the outcome; a limit of zero declines too."""
    codes = {k: ink.at(f"said.{k}.concept") for k in rules}
    if outcome == "refuse":
        return [k for k in rules if codes[k] in ink.at("row.refusal_codes")]
    if outcome == "decline":
        return [*(k for k in rules if OUTCOME_OF.get(codes[k]) == "decline"), *caps]
    if outcome == "refer":
        # A filter without an outcome asks for a step and refers nobody.
        return [k for k in rules if OUTCOME_OF.get(codes[k], "refer") == "refer"]
    return caps


def _by_score(ink: Sourced, score: list[int], outcome: Outcome, *, has_rules: bool) -> Part:
    points = Lines(tuple(_sentence(ink, k) for k in score), is_list=True)
    if outcome == "decline" and not has_rules:
        band = "band_decline" if ink.has("product") else "own_band_decline"
        lead = (_word(ink, band), _word(ink, "by_weight"))
        return Part(_word(ink, "why_decline"), (Lines(lead), points))
    return Part(_word(ink, "why_score"), (Lines((_word(ink, "by_weight"),)), points))


def _sentence(ink: Sourced, k: int) -> str:
    """Return a reason as a sentence of its own."""
    return ended(ink.sentence(f"said.{k}.text"), str(ink.at(f"said.{k}.text")), ink)


def _coded(ink: Sourced, k: int) -> str:
    """Return a rule or a cap: its words with numbers, what it means, and what can be done."""
    code = ink.at(f"said.{k}.concept")
    text = _sentence(ink, k)
    if not ink.has(f"codes.{code}"):
        raise LetterError.of(
            "A code without words",
            where=f"said.{k}.concept",
            expected="a code of products/codes.yaml",
            got=code,
            next_step="write its words there; `creditloom codes` lists them",
        )
    entry = ink.at(f"codes.{code}")
    meaning = entry[ink.language]
    # A space between English sentences, none between Chinese ones.
    gap = " " if ink.language == "en" else ""
    return f"{text}{gap}{meaning}"


def _actions(ink: Sourced) -> Iterator[Part]:
    """Yield what the filters do to the account before money is paid."""
    codes = [code for code in ink.at("action_codes") if ink.has(f"codes.{code}")]
    if not codes:
        return
    shown = []
    for code in codes:
        entry = ink.at(f"codes.{code}")
        step = entry[f"next_{ink.language}"]
        gap = " " if ink.language == "en" and step else ""
        shown.append(f"{entry[ink.language]}{gap}{step}")
    yield Part(_word(ink, "actions"), (Lines(tuple(shown), is_list=True),))


def _unused(ink: Sourced, outcome: Outcome) -> Iterator[Part]:
    names = [name_of(name, ink.language) for name in ink.at("law.protected_attributes")]
    if outcome == "refuse":
        yield Part(_word(ink, "unused_head_refuse"), (Lines((_word(ink, "unused_refuse"),)),))
    elif names:
        text = _word(ink, "unused_list", names=listed([*dict.fromkeys(names)], ink.language))
        yield Part(_word(ink, "unused"), (Lines((text,)),))


def _rights(ink: Sourced, outcome: Outcome) -> Part:
    times = {
        "review_days": ink.number("whole", "rights.review_time.value"),
        "complaint_hours": ink.number("whole", "rights.complaint_time.value"),
        "freeze_days": ink.number("whole", "rights.freeze_time.value"),
    }
    texts = []
    for k, right in enumerate(ink.at("rights.rights")):
        text = singular(right[ink.language].format(**times))
        if right["id"] == "person" and outcome == "refer":
            # Nothing is decided yet, and a person is there.
            text = _word(ink, "right_of_referral")
        texts.append(
            _word(
                ink, "right", text=text, basis=ink.text(f"rights.rights.{k}.basis_{ink.language}")
            )
        )
    how = _word(ink, "rights_how", decision=ink.text("row.decision_id"))
    return Part(_word(ink, "rights"), (Lines(tuple(texts), is_list=True), Lines((how,))))
