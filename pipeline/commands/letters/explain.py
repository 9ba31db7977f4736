"""`creditloom explain`: one decision in words on a terminal, for whoever works the case."""

from __future__ import annotations

import shutil
import sys
from typing import Annotated, Any

import typer

from creditloom.decision.reasons.text import Language
from creditloom.pipeline.commands.letters.change import (
    OF_CASES,
    RawOption,
    RecourseOption,
    change_of,
)
from creditloom.pipeline.commands.letters.first_decision import FirstOption
from creditloom.pipeline.commands.letters.found import FoundDecision, find
from creditloom.pipeline.commands.letters.letter import (
    ApplicationOption,
    BatchOption,
    BundleOption,
    InputOption,
    LanguageOption,
)

DecisionArgument = Annotated[str | None, typer.Argument(help="the id of the decision")]
# Columns: no wider than a page, so that an eye finds the next line.
MAX_WIDTH = 120
# A width at which nothing is broken: numbers then stand in reading order.
UNBROKEN = 10_000


def explain(
    decision_id: DecisionArgument = None,
    application: ApplicationOption = None,
    first: FirstOption = None,
    batch: BatchOption = None,
    bundle: BundleOption = None,
    source: InputOption = None,
    language: LanguageOption = "en",
    recourse: RecourseOption = None,
    raw: RawOption = None,
) -> None:
    """Explain one decision: the rules that fired, what the score weighed, how far the cut is.

    Each concept stands with this person's value, the typical one of those who are approved, and its
    points. Every number is compared with the decision before it is shown. What would change the
    decision is worked out of the raw tables, where they are at hand.
    """
    found = find(decision_id, application, batch, bundle, source, first)
    documents = documents_of_case(found, language, change_of(found, recourse, raw, OF_CASES))
    sys.stdout.write(explained(documents, language))


def documents_of_case(
    found: FoundDecision, language: Language, recourse: Any = None
) -> dict[str, Any]:
    """Return the documents of an explanation: those of a letter, points, scores and place.

    A decision without a product, as of a bundle of `creditloom fit`, has no product and no law.
    Raises LetterError where the decision is not what the ledger noted.
    """
    from creditloom.pipeline.commands.letters.letter_data import letter_data
    from creditloom.pipeline.commands.letters.usual import usual_of
    from creditloom.pipeline.commands.letters.weights import NOTHING, weights
    from creditloom.serving.applicant.letters.check import require_ledger
    from creditloom.serving.applicant.letters.documents import action_codes, plain_documents

    require_ledger(found.differing, f"{found.where}, decision {found.row['decision_id']}")
    row = found.row
    rows: list[dict[str, Any]] = []
    score = NOTHING
    if row["score_raw"] is not None:
        policy = found.rules.policy_of(row)
        rows, score = weights(found.decider, found.source, policy, language)
    return {
        **plain_documents(row, found.said(language), found.rules, letter_data()),
        "action_codes": action_codes(row["actions"]),
        "weights": rows,
        "score": score,
        "recourse": recourse,
        "usual": None if recourse else usual_of(found, language),
        "place": _place(found),
        "history": [],
    }


def _place(found: FoundDecision) -> str:
    """Return the options that find the decision again."""
    if not found.has_ledger:
        return ""
    batch = f" --batch {found.where}"
    # No registry knows the bundle of a table of one's own.
    return f"{batch} --bundle {found.deciding.bundle}" if found.is_own else batch


def explained(documents: dict[str, Any], language: Language, width: int | None = None) -> str:
    """Return an explanation as checked text, as wide as the terminal.

    Raises LetterError for a number that is not that of its source.
    """
    from collections import Counter

    from creditloom.serving.applicant.letters.check import check_explanation, numbers_of
    from creditloom.serving.applicant.letters.explained.explanation import explanation
    from creditloom.serving.applicant.letters.marks import LetterError
    from creditloom.serving.applicant.letters.rendered import MARK, as_text

    written = explanation(documents, language)
    unbroken = as_text(written, UNBROKEN)
    check_explanation(written, unbroken)
    columns = width or min(shutil.get_terminal_size((MAX_WIDTH, 40)).columns, MAX_WIDTH)
    text = as_text(written, columns)
    if Counter(numbers_of(text)) != Counter(numbers_of(unbroken)):
        raise LetterError.of(
            "A narrow terminal broke a number",
            where=f"{columns} columns",
            expected="each number whole",
            got="a broken one",
            next_step="widen the terminal",
        )
    return text.replace(f"\n-- {MARK}\n", "")
