"""`creditloom letter`: the letter to the person about one decision, as text, HTML or PDF."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from creditloom.decision.reasons.text import Language
from creditloom.pipeline.base import paths
from creditloom.pipeline.commands.letters.change import (
    OF_LETTERS,
    RawOption,
    RecourseOption,
    change_of,
)
from creditloom.pipeline.commands.letters.first_decision import FirstOption
from creditloom.pipeline.commands.letters.found import FoundDecision, find
from creditloom.serving.applicant.letters.letter_types import Letter
from creditloom.storage.files.errors import DataError

Format = Literal["text", "html", "pdf"]
# Said with a letter on a row of a table of one's own: the house's promise is no law.
OWN_RIGHTS = (
    "creditloom: the table has no product and no law, so the rights in the letter are a promise "
    "(products/law/rights): whoever sends it must keep its times, and hold it against the law of "
    "the place.\n"
)

# The options of the command, each with its help.
DecisionOption = Annotated[str | None, typer.Option(help="the id of the decision")]
ApplicationOption = Annotated[str | None, typer.Option(help="or the id of the application")]
BatchOption = Annotated[
    Path | None,
    typer.Option(help="folder of `creditloom score`; default: data/decisions of the stages"),
]
BundleOption = Annotated[
    Path | None, typer.Option(help="the bundle that decided, where no registry knows it")
]
InputOption = Annotated[
    Path | None, typer.Option("--input", help="a copy of the input row, where it has moved")
]
FormatOption = Annotated[Format, typer.Option("--format", help="text, html or pdf")]
LanguageOption = Annotated[Language, typer.Option("--lang", "--language", help="en or zh")]
OutputOption = Annotated[
    Path | None, typer.Option(help="a file; default: standard output. A PDF needs one")
]


def letter(
    decision_id: DecisionOption = None,
    application: ApplicationOption = None,
    first: FirstOption = None,
    batch: BatchOption = None,
    bundle: BundleOption = None,
    source: InputOption = None,
    form: FormatOption = "text",
    language: LanguageOption = "en",
    recourse: RecourseOption = None,
    raw: RawOption = None,
    output: OutputOption = None,
) -> None:
    """Write the letter about one decision: what was decided, why, what can be done, the rights.

    The decision is made again from its input first, and each number of the finished letter is
    compared with the row, its ledger entry or its quotation. Where one differs nothing is written.
    What would change the decision is worked out of the raw tables, where they are at hand.
    An output that is a letter of ours is replaced, any other file is not.
    """
    _require_output(form, output)
    found = find(decision_id, application, batch, bundle, source, first)
    written = compose(found, language, change_of(found, recourse, raw, OF_LETTERS))
    content = finished(written, form)
    if found.is_own:
        sys.stderr.write(OWN_RIGHTS)
    if output is None:
        sys.stdout.write(content.decode())
        return
    from creditloom.storage.files.durable import beside

    with beside(output) as draft:
        draft.write_bytes(content)
    sys.stderr.write(
        f"written: {output} ({written.outcome}, {language}); every number equals the decision. "
        "It holds personal data: `creditloom erase` does not reach it, delete it where it lies.\n"
    )


def compose(found: FoundDecision, language: Language, recourse: Any = None) -> Letter:
    """Return the letter of a found decision.

    Raises LetterError where row, product or law are not what the ledger entry noted.
    """
    from creditloom.pipeline.commands.letters.letter_data import letter_data
    from creditloom.pipeline.commands.letters.usual import usual_of
    from creditloom.serving.applicant.letters.check import require_ledger
    from creditloom.serving.applicant.letters.documents import documents_of
    from creditloom.serving.applicant.letters.letter import letter as letter_of

    require_ledger(found.differing, f"{found.where}, decision {found.row['decision_id']}")
    said = found.said(language)
    usual = None if recourse else usual_of(found, language)
    documents = documents_of(found.row, said, found.rules, letter_data(), language, recourse)
    return letter_of({**documents, "usual": usual}, language)


def finished(written: Letter, form: Format) -> bytes:
    """Return a letter in its format, checked as a person reads it.

    Raises LetterError for a number that is not that of its source.
    """
    from creditloom.serving.applicant.letters.check import check
    from creditloom.serving.applicant.letters.rendered import as_html, as_text, shown_in_html

    if form == "pdf":
        from creditloom.serving.applicant.letters.pdf import as_pdf, shown_in_pdf

        content = as_pdf(written)
        check(written, shown_in_pdf(content))
        return content
    text = as_text(written) if form == "text" else as_html(written)
    check(written, text if form == "text" else shown_in_html(text))
    return text.encode()


def _require_output(form: Format, output: Path | None) -> None:
    from creditloom.serving.applicant.letters.rendered import is_ours
    from creditloom.storage.files.outputs import FileKind, require_ours

    if form == "pdf" and output is None:
        raise DataError.of(
            "A PDF is no text",
            where="--output",
            expected="a file for the PDF",
            got="standard output",
            next_step="name one, as --output letter.pdf",
        )
    if output is not None:
        require_ours(output, FileKind("a letter of ours", is_ours))
        if output.resolve().is_relative_to(paths.DATA.resolve() / "decisions"):
            raise DataError.of(
                "A letter among the outs of a stage",
                where=output,
                expected="another folder: the stage would delete it",
                got="data/decisions",
                next_step="name a folder of your own",
            )
