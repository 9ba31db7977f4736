"""What would change a decision, as letters and explanations take it: given, or worked out at once.

Whoever has the raw tables need do nothing. Without them nothing is promised, and a note on standard
error says how to get the answer.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from creditloom.features.feature_params import FeatureError
from creditloom.pipeline.base import paths
from creditloom.serving.applicant.letters.letter_types import Outcome
from creditloom.storage.files.errors import DataError

if TYPE_CHECKING:
    # `creditloom refer list` takes the options below, and needs no model.
    from creditloom.pipeline.commands.letters.found import FoundDecision

# Outcomes with something to change. A letter of a referral promises nothing: nothing is decided.
OF_LETTERS: tuple[Outcome, ...] = ("cut", "decline", "refuse")
OF_CASES: tuple[Outcome, ...] = (*OF_LETTERS, "refer")
# A PD that is made again differs from the recorded one by the order of addition at most.
PD_TOLERANCE = 1e-9

RecourseOption = Annotated[
    Path | None,
    typer.Option(
        help="what would change the decision, as `creditloom recourse --json` writes it; "
        "default: worked out of the raw tables"
    ),
]
RawOption = Annotated[
    Path | None,
    typer.Option(
        help="the raw tables that the features were made of; default: data/raw for the decisions "
        "of the stages, none for a batch"
    ),
]


def change_of(
    found: FoundDecision, file: Path | None, raw: Path | None, outcomes: Collection[Outcome]
) -> Any:
    """Return what would change a found decision, None where that is not known.

    file: an answer of `creditloom recourse`. raw: the raw tables to work it out of; None takes
    those of the run where they are at hand. Nothing is worked out for other `outcomes`.
    Raises DataError for a named file or folder that does not fit the decision.
    """
    from creditloom.serving.applicant.letters.letter import outcome_of

    if file is not None:
        return recourse_of(file, found.row)
    if outcome_of(found.row) not in outcomes:
        return None
    if raw is not None:
        return worked_out(found, raw)
    if found.is_own:
        # A table of one's own has no raw tables: `usual_of` says what can be known.
        return None
    if found.has_ledger or not paths.RAW.is_dir():
        return _not_worked_out("the raw tables are not at hand")
    try:
        return worked_out(found, paths.RAW)
    except (DataError, FeatureError) as error:
        # Nobody named these tables: that they do not fit leaves the letter without a promise.
        return _not_worked_out(str(error).splitlines()[0])


def _not_worked_out(why: str) -> None:
    sys.stderr.write(
        f"creditloom: what would change the decision is not worked out: {why}. Name the raw tables "
        "with --raw FOLDER, or give the answer of `creditloom recourse --json` with --recourse.\n"
    )


def worked_out(found: FoundDecision, raw: Path) -> dict[str, Any]:
    """Return the recourse of a found decision, worked out of a folder of raw tables.

    Raises DataError where the raw tables are not those of the decision, or the code of today
    decides it in another way.
    """
    # Here and not above: the engine takes a second to load.
    from creditloom.pipeline.base.params import document
    from creditloom.serving.applicant.recourse.actionable import Actionable
    from creditloom.serving.applicant.recourse.recourse import recourse_of as answers
    from creditloom.storage.folders.raw_folder import raw_tables

    row = found.row
    application = row["application_id"]
    if not isinstance(application, int):
        raise _refusal(found, "an application_id of the raw tables", f"the text {application}")
    sources = {name: [str(file) for file in files] for name, files in raw_tables(raw).items()}
    choice = {name: found.params.get(name, "") for name in ("product", "law")}
    actionable = document(Actionable, paths.ACTIONABLE)
    [answer] = answers(found.deciding.bundle, actionable, sources, found.source, **choice)
    before = answer.before
    pd = -1.0 if before.pd is None else before.pd
    own_pd = -1.0 if row["pd"] is None else row["pd"]
    if before.decision != row["decision"] or abs(pd - own_pd) > PD_TOLERANCE:
        raise _refusal(found, f"{row['decision']}, PD {own_pd}", f"{before.decision}, PD {pd}")
    # As JSON holds it, so that it is the same whether it was given or worked out.
    record: dict[str, Any] = json.loads(json.dumps(answer.record()))
    return record


def _refusal(found: FoundDecision, expected: str, got: str) -> DataError:
    return DataError.of(
        "What would change this decision cannot be worked out",
        where=f"{found.where}, decision {found.row['decision_id']}",
        expected=expected,
        got=got,
        next_step="leave --raw out, or give an answer with --recourse FILE",
    )


def recourse_of(path: Path | None, row: Mapping[str, Any]) -> Any:
    """Return what would change the decision of a row; None where it was not worked out.

    Raises DataError for a file that is no answer of `creditloom recourse`, or one on another
    application or decision.
    """
    if path is None:
        return None
    answers = _answers(path)
    theirs = (row["application_id"], row["decision"])
    for one in answers:
        is_answer = isinstance(one, dict) and one.keys() >= {"changes", "is_found", "blocking"}
        if is_answer and (one.get("application_id"), one.get("decision")) == theirs:
            return one
    raise DataError.of(
        "Not what would change this decision",
        where=path,
        expected=f"an answer of `creditloom recourse --json` on {theirs[0]}, {theirs[1]}",
        got=str(answers)[:80],
        next_step="work it out for this application, or leave the option out",
    )


def _answers(path: Path) -> list[Any]:
    """Return the answers of a file: one object, a list of them, or one a line; [] for no JSON."""
    text = path.read_text(encoding="utf-8")
    try:
        content = json.loads(text)
    except ValueError:
        try:
            return [json.loads(line) for line in text.splitlines() if line.strip()]
        except ValueError:
            return []
    return content if isinstance(content, list) else [content]
