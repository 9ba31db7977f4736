"""Check a finished letter against the decision row, its quotation and its ledger entry.

Nothing here calls what wrote the letter: numbers are parsed back out of the finished text, and
compared with the fields that their marks name. A letter is written only after this.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from creditloom.serving.applicant.letters.letter_types import Letter
from creditloom.serving.applicant.letters.marks import (
    MONTHS,
    LetterError,
    SourcedClaim,
    claims,
    day_of_value,
    is_absent,
    plain,
    unmarked,
    value_at,
)

# table: kind of number -> what the shown number times this is, and how far it may lie from the
# field: half a unit of the last decimal that the kind shows, so that no kind hides a digit
READ: dict[str, tuple[Decimal, Decimal]] = {
    "yuan": (Decimal(1), Decimal("0.005")),
    "cents": (Decimal(1), Decimal("0.005")),
    "percent": (Decimal(100), Decimal("0.005")),
    "daily": (Decimal(100), Decimal("0.00000005")),
    "share": (Decimal(100), Decimal("0.05")),
    "points": (Decimal(1), Decimal("0.05")),
    "score": (Decimal(1), Decimal("0.5")),
    "whole": (Decimal(1), Decimal("0.0000001")),
}
# Points are sums of many terms: their last bits depend on the order of addition.
POINTS_TOLERANCE = 1e-4
NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
# How a number may be written: groups of three digits, or none.
WELL_FORMED = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?")
# table: outcome -> fields that the letter must show
REQUIRED: dict[str, tuple[str, ...]] = {
    "offer": (
        "row.limit_cny", "row.daily_rate", "row.apr_simple365", "row.eff_annual", "row.tenor",
        "quote.received_cny", "quote.interest_cny", "quote.charges_cny", "quote.total_cost_cny",
        "quote.overdue.total_cny", "quote.overdue.reported_from_days",
    ),
    "every": (
        "row.decision_id", "row.application_id", "applied", "rights.review_time.value",
        "rights.complaint_time.value",
    ),
}  # fmt: skip
# table: a figure of the row -> the same figure of the quotation
EQUAL = (
    ("limit_cny", "amount_cny"),
    ("apr_simple360", "annual.simple360"),
    ("apr_simple365", "annual.simple365"),
    ("apr_irr12", "annual.irr12"),
    ("eff_annual", "annual.effective"),
    ("method", "repayment_method"),
    ("overdue", "overdue_cost"),
    ("law_profile", "law_profile"),
    ("product", "product"),
)
SUMS = (("principal_cny", "amount_cny"), ("interest_cny", "interest_cny"))


def check(letter: Letter, finished: str) -> None:
    """Raise LetterError unless the finished letter says of the decision what its fields hold.

    `finished` is the text as a person reads it: of HTML and PDF what is shown.
    """
    shown = check_numbers(letter, finished)
    _require_fields(letter, shown)
    _require_reasons(letter, shown)
    if letter.outcome in ("approve", "cut") and "product" in letter.documents:
        _require_quote(letter.documents, shown)


def check_numbers(letter: Letter, finished: str) -> set[str]:
    """Raise LetterError for a number that has no source or is not that of its source.

    Returns the paths of all fields that are shown.
    """
    texts = list(letter.texts())
    found = [claim for text in texts for claim in claims(text)]
    for text in texts:
        _require_no_loose_digit(text)
    for claim in found:
        _require_equal(claim, letter.documents)
    _require_same_numbers([plain(text) for text in texts], finished)
    return {claim.path for claim in found}


def check_explanation(letter: Letter, finished: str) -> None:
    """Raise LetterError unless an explanation says what row and points hold, and adds up."""
    shown = check_numbers(letter, finished)
    documents = letter.documents
    _require_same_reasons(documents)
    if "row.decision_id" not in shown:
        raise _refusal("An explanation lacks a field", "row.decision_id", "shown", "not shown")
    if not documents.get("weights"):
        return
    by_concept = {one["concept"]: one["points"] for one in documents["weights"]}
    for reason in documents["row"]["reasons"]:
        points = _points(reason["points"])
        if points is not None and abs(points - by_concept[reason["concept"]]) > POINTS_TOLERANCE:
            got = by_concept[reason["concept"]]
            raise _refusal("Points are not those of the row", reason["concept"], points, got)
    score = documents["score"]
    added = score["typical"] + sum(by_concept.values())
    if abs(added - documents["row"]["score_raw"]) > POINTS_TOLERANCE:
        raise _refusal("Points do not add up", "score_raw", documents["row"]["score_raw"], added)


def numbers_of(text: str) -> list[str]:
    """Return the numbers of a text as they stand there.

    >>> numbers_of("12,000.50 CNY on 2025-12-01")
    ['12,000.50', '2025', '12', '01']
    """
    return [found.rstrip(",") for found in NUMBER.findall(text)]


def _require_no_loose_digit(text: str) -> None:
    loose = re.search(r"\d\S*", unmarked(text))
    if loose:
        raise _refusal("A number without a source", plain(text)[:80], "only marked ones", loose[0])


def _require_same_numbers(texts: Sequence[str], finished: str) -> None:
    expected = [number for text in texts for number in numbers_of(text)]
    got = numbers_of(finished)
    if expected != got:
        differing = (pair for pair in zip(expected, got, strict=False) if pair[0] != pair[1])
        want, have = next(differing, (f"{len(expected)} numbers", f"{len(got)} numbers"))
        raise _refusal("The finished text has other numbers", "the finished text", want, have)


def _require_equal(claim: SourcedClaim, documents: Mapping[str, Any]) -> None:
    value = value_at(documents, claim.path)
    if claim.kind == "text":
        # A sentence may begin with a capital where its source, a part of one, does not.
        is_right = claim.shown in (str(value), str(value)[:1].upper() + str(value)[1:])
    elif claim.kind in ("date", "day"):
        is_right = _day(claim.shown) == day_of_value(value)
    elif claim.kind in READ and not is_absent(value):
        is_right = _is_near(claim, value)
    else:
        is_right = False
    if not is_right:
        raise _refusal("A number is not that of its source", claim.path, str(value), claim.shown)


def _is_near(claim: SourcedClaim, value: Any) -> bool:
    if not WELL_FORMED.fullmatch(claim.shown):
        return False
    scale, half_unit = READ[claim.kind]
    try:
        shown = Decimal(claim.shown.replace(",", ""))
        return abs(shown - Decimal(str(value)) * scale) <= half_unit
    except InvalidOperation:
        return False


def _day(shown: str) -> dt.date | None:
    """Return the day that is written in one of the three ways of a letter; None for another."""
    numbers = [int(number) for number in re.findall(r"\d+", shown)]
    try:
        if "年" in shown or "-" in shown:
            return dt.date(*numbers)
        month = next(k for k, name in enumerate(MONTHS, start=1) if name in shown)
        return dt.date(numbers[1], month, numbers[0])
    except (StopIteration, TypeError, ValueError, IndexError):
        return None


def _require_fields(letter: Letter, shown: set[str]) -> None:
    documents = letter.documents
    # A table of one's own has no product, whose cost there would be, and may have no days.
    has_day = not (is_absent(documents["applied"]) and is_absent(documents["row"]["as_of"]))
    needed = [path for path in REQUIRED["every"] if has_day or path != "applied"]
    if letter.outcome in ("approve", "cut") and "product" in documents:
        needed += REQUIRED["offer"]
    missing = [path for path in needed if path not in shown]
    if missing:
        raise _refusal("A letter lacks a field", missing[0], "shown", "not shown")
    if not has_day:
        return
    days = [day_of_value(value) for value in (documents["applied"], documents["row"]["as_of"])]
    # as_of is UTC, the letter names the day of the place: at most one day lies between them.
    if abs(days[0] - days[1]) > dt.timedelta(days=1):
        raise _refusal("The day of the application", "applied", days[1], days[0])


def _require_reasons(letter: Letter, shown: set[str]) -> None:
    """Raise unless the reasons are those of the row, and one of them is in an adverse letter."""
    _require_same_reasons(letter.documents)
    if letter.outcome != "approve" and not any(path.startswith("said.") for path in shown):
        raise _refusal("A letter without a specific reason (R9)", "said", "one or more", "none")


def _require_same_reasons(documents: Mapping[str, Any]) -> None:
    row = documents["row"]
    said = documents["said"]
    recorded = [(reason["concept"], _points(reason["points"])) for reason in row["reasons"]]
    again = [(reason["concept"], _points(reason["points"])) for reason in said]
    if recorded != again:
        raise _refusal("The reasons are not those of the row", "said", recorded, again)


def _points(points: Any) -> float | None:
    return None if is_absent(points) else float(points)


def _require_quote(documents: Mapping[str, Any], shown: set[str]) -> None:
    """Raise unless the quotation is that of the row, is offered whole, and adds up."""
    row = documents["row"]
    quote = documents["quote"]
    if quote["start"] != documents["applied"]:
        raise _refusal("Row and quotation differ", "start", documents["applied"], quote["start"])
    if quote["decision"] != "offered":
        raise _refusal("An approval that the law refuses", "quote", "offered", quote["refusals"])
    for field, path in EQUAL:
        quoted = value_at(quote, path)
        if not _is_same(row[field], quoted):
            raise _refusal("Row and quotation differ", field, row[field], quoted)
    rates = row["daily_rate"], quote["daily_rate_percent"]
    scale, half_unit = READ["daily"]
    if abs(Decimal(str(rates[0])) * scale - Decimal(str(rates[1]))) > half_unit:
        raise _refusal("Row and quotation differ", "daily_rate", *rates)
    for column, total in SUMS:
        added = sum((Decimal(line[column]) for line in quote["schedule"]), Decimal(0))
        if added != Decimal(quote[total]):
            raise _refusal("The payments do not add up", f"quote.{total}", quote[total], added)
    for path in _offer_paths(quote):
        if path not in shown:
            raise _refusal("A letter lacks a payment or a charge", path, "shown", "not shown")


def _offer_paths(quote: Mapping[str, Any]) -> Iterator[str]:
    for k in range(len(quote["schedule"])):
        for name in ("due", "principal_cny", "interest_cny", "charges_cny", "total_cny"):
            yield f"quote.schedule.{k}.{name}"
    for k in range(len(quote["charges"])):
        yield f"quote.charges.{k}.amount_cny"


def _is_same(own: Any, quoted: Any) -> bool:
    if is_absent(own) or is_absent(quoted):
        return is_absent(own) and is_absent(quoted)
    if isinstance(own, str):
        return own == quoted
    return Decimal(str(own)) == Decimal(str(quoted))


def require_ledger(differing: Sequence[str], where: str) -> None:
    """Raise LetterError where row, product or law are not what the ledger entry noted."""
    if differing:
        named = ", ".join(differing)
        raise _refusal("The decision is not what the ledger noted", where, "what was sealed", named)


def _refusal(what: str, where: str, expected: object, got: object) -> LetterError:
    return LetterError.of(
        what,
        where=where,
        expected=str(expected),
        got=got,
        next_step="nothing was written; report this decision",
    )
