"""The letters of the applicants on the page: written and checked as `creditloom letter` does."""

from __future__ import annotations

from typing import Any

import pandas as pd

from creditloom.decision.decide import Decider
from creditloom.decision.reasons.text import LANGUAGES, Language
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.pipeline.stages.results.explain.applicant_recourse import Recourses
from creditloom.report.explanation.applicants import TextPool
from creditloom.serving.applicant.letters.check import check
from creditloom.serving.applicant.letters.documents import LetterData, LetterRules, documents_of
from creditloom.serving.applicant.letters.letter import letter
from creditloom.serving.applicant.letters.letter_types import CodeBook, Rights
from creditloom.serving.applicant.letters.marks import LetterError
from creditloom.serving.applicant.letters.rendered import as_text


def letters(
    decider: Decider, frame: pd.DataFrame, pool: TextPool, known: Recourses
) -> list[dict[str, Any]]:
    """Return per row {language: places of the lines in `pool`}, or {"why": a text}.

    known: what would have changed the decision, by application id; the other letters promise
    nothing of it. Where a letter is refused, as under a law for arithmetic, the reason stands.
    """
    folder = ProductFolder.of()
    rights = tuple(file.read(Rights) for file in folder.files if file.kind == "rights")
    data = LetterData(folder.only("codes", CodeBook), rights)
    bundle = decider.bundle
    rules = LetterRules(bundle.policy, bundle.tiers, bundle.scorer.catalogue)
    written: list[dict[str, Any]] = [{} for _ in range(len(frame))]
    for language in LANGUAGES:
        decided = decider.decide(frame, language=language).to_dict("records")
        for k, row in enumerate(decided):
            try:
                plain = {str(name): one for name, one in row.items()}
                text = _text(plain, rules, data, language, known.get(row["application_id"]))
            except LetterError as error:
                written[k] = {"why": pool.place(str(error).splitlines()[0])}
                continue
            written[k][language] = [pool.place(line) for line in text.splitlines()]
    return written


def _text(
    row: dict[str, Any],
    rules: LetterRules,
    data: LetterData,
    language: Language,
    recourse: dict[str, Any] | None,
) -> str:
    """Return one letter as text, each number of it compared with the decision."""
    plain: dict[str, Any] = {name: None if value is pd.NA else value for name, value in row.items()}
    documents = documents_of(plain, row["reasons"], rules, data, language, recourse)
    made = letter(documents, language)
    text = as_text(made)
    check(made, text)
    return text
