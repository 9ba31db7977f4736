"""Prove letters, explanations and notices in numbers: each is written, read back and compared.

`python -m creditloom.pipeline.proof.evidence.letters [--each 200] [--notices 10000]` takes the
decisions of the stages (data/decisions, data/features, data/model). It writes so many letters of
each outcome in each language, as text, HTML and (some of them) PDF, so many explanations, and so
many notices of adverse decisions. Exit code 1 where one number is not that of its source.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import typer

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.decision.reasons.text import LANGUAGES, Language
from creditloom.pipeline.base import paths
from creditloom.pipeline.commands.letters.explain import explained
from creditloom.pipeline.commands.letters.letter import finished
from creditloom.pipeline.commands.letters.letter_data import letter_data
from creditloom.pipeline.commands.letters.weights import NOTHING, weights
from creditloom.serving.applicant.letters.documents import LetterRules, documents_of
from creditloom.serving.applicant.letters.letter import letter, outcome_of
from creditloom.serving.applicant.letters.letter_types import OUTCOMES
from creditloom.serving.applicant.letters.marks import LetterError, claims
from creditloom.storage.files.store import iter_tables, open_parquet

# Rows that are decided at a time.
ROWS = 4_000
# Of so many letters one is written as PDF too: it takes a hundred times as long as text.
PDF_EVERY = 100
# Words that name no behaviour: a reason of them alone is none (CFPB 2022-03).
VAGUE = ("score too low", "credit score", "评分不足", "综合评分")


@dataclass
class Proof:
    """What was written and compared; `faults` are the first messages of what was not equal."""

    each: int
    notices: int
    letters: Counter[str] = field(default_factory=Counter)
    explanations: Counter[str] = field(default_factory=Counter)
    written_notices: int = 0
    pdfs: int = 0
    numbers: int = 0
    without_reason: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        """Whether as many as were asked for were written of every kind."""
        kinds = len(OUTCOMES) * len(LANGUAGES)
        is_each = len(self.letters) == kinds and min(self.letters.values()) >= self.each
        return is_each and self.written_notices >= self.notices

    def take(
        self,
        row: dict[str, Any],
        said: list[dict[str, Any]],
        rules: LetterRules,
        language: Language,
    ) -> dict[str, Any] | None:
        """Write what is still wanted of one decision; return its documents, None for nothing."""
        outcome = outcome_of(row)
        is_letter = self.letters[f"{outcome} {language}"] < self.each
        is_notice = outcome != "approve" and self.written_notices < self.notices
        if not (is_letter or is_notice):
            return None
        documents = documents_of(row, said, rules, letter_data(), language)
        written = letter(documents, language)
        self.numbers += sum(claim.kind != "text" for t in written.texts() for claim in claims(t))
        finished(written, "text")
        if is_letter:
            finished(written, "html")
            self.letters[f"{outcome} {language}"] += 1
            if self.letters[f"{outcome} {language}"] % PDF_EVERY == 0:
                finished(written, "pdf")
                self.pdfs += 1
        if outcome != "approve":
            self.written_notices += 1
            self.without_reason += not any(_is_specific(reason["text"]) for reason in said)
        return documents if is_letter else None

    def figures(self) -> dict[str, Any]:
        """Return what was written, and what was not as it should be, ready for JSON."""
        written = {
            "letters": dict(sorted(self.letters.items())),
            "explanations": dict(sorted(self.explanations.items())),
            "notices": self.written_notices,
            "pdfs": self.pdfs,
            "numbers_compared": self.numbers,
        }
        return {
            **written,
            "not_equal": len(self.faults),
            "without_a_specific_reason": self.without_reason,
            "first_faults": self.faults[:3],
            "cpu_seconds": round(time.process_time(), 1),
        }

    def explains(self, row: dict[str, Any], language: Language) -> bool:
        """Return whether the explanation of a decision is wanted: half of them in each language."""
        return self.explanations[f"{outcome_of(row)} {language}"] < (self.each + 1) // 2


def _is_specific(text: str) -> bool:
    return bool(text) and not any(word in text.lower() for word in VAGUE)


def prove(decider: Decider, blocks: Iterator[pa.Table], proof: Proof) -> Proof:
    """Write letters, explanations and notices of decided blocks until the proof is full.

    The reasons of the second language come from the same block, decided again.
    """
    bundle = decider.bundle
    rules = LetterRules(bundle.policy, bundle.tiers, bundle.scorer.catalogue)
    for block in blocks:
        frame = block.to_pandas(ignore_metadata=True)
        by_language = {
            language: decisions_table(decider.decide(frame, language=language)).to_pylist()
            for language in LANGUAGES
        }
        for place, row in enumerate(by_language["en"]):
            for language in LANGUAGES:
                said = by_language[language][place]["reasons"] or []
                try:
                    documents = proof.take(row, said, rules, language)
                    if documents is not None and proof.explains(row, language):
                        _explain(proof, decider, block.slice(place, 1), documents, language)
                except LetterError as error:
                    proof.faults.append(str(error))
        if proof.is_full:
            break
    return proof


def _explain(
    proof: Proof,
    decider: Decider,
    source: pa.Table,
    documents: dict[str, Any],
    language: Language,
) -> None:
    row = documents["row"]
    rules = LetterRules(
        decider.bundle.policy, decider.bundle.tiers, decider.bundle.scorer.catalogue
    )
    rows: list[dict[str, Any]] = []
    score = NOTHING
    if row["score_raw"] is not None:
        rows, score = weights(decider, source, rules.policy_of(row), language)
    history = [{"kind": "decided", "at": row["as_of"]}]
    case = {"weights": rows, "score": score, "place": "", "history": history}
    explained({**documents, **case}, language, width=100)
    proof.explanations[f"{outcome_of(row)} {language}"] += 1


EachOption = Annotated[int, typer.Option(help="letters of each outcome in each language")]
NoticesOption = Annotated[int, typer.Option(help="letters of adverse decisions in all")]
BundleOption = Annotated[Path, typer.Option(help="folder of the bundle")]
MatrixOption = Annotated[Path, typer.Option(help="the applications")]


def main(
    each: EachOption = 200,
    notices: NoticesOption = 10_000,
    bundle: BundleOption = paths.MODEL,
    matrix: MatrixOption = paths.MATRIX,
) -> None:
    """Prove letters, explanations and notices of the decisions of a bundle on a matrix."""
    decider = Decider.load(bundle, threads=1)
    with open_parquet(matrix) as file:
        columns = decider.columns(set(file.schema_arrow.names))
    proof = prove(decider, iter_tables(matrix, columns, ROWS), Proof(each, notices))
    figures = proof.figures()
    sys.stdout.write(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    if proof.faults or proof.without_reason or not proof.is_full:
        raise SystemExit(1)


if __name__ == "__main__":
    typer.run(main)
