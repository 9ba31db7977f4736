"""Decisions of a small bundle with every outcome, in both languages, and their letters."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.decision.reasons.text import LANGUAGES, Language
from creditloom.pipeline.commands.letters.letter_data import letter_data
from creditloom.serving.applicant.letters.documents import LetterRules, documents_of
from creditloom.serving.applicant.letters.letter import letter, outcome_of
from creditloom.serving.applicant.letters.letter_types import Letter, Outcome
from creditloom.serving.batch.deciding_model import DecidingModel
from tests.decision import small

Write = Callable[[Outcome, Language], Letter]
Cases = dict[Outcome, dict[Language, dict[str, Any]]]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.write_bundle(tmp_path_factory.mktemp("letters") / "model")


@pytest.fixture(autouse=True)
def loaded_once(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever folder a test calls it by, it is the one small bundle: it is loaded once."""
    monkeypatch.setattr(DecidingModel, "of_bundle", lambda *_, **__: _deciding(bundle))
    monkeypatch.setattr(Decider, "load", lambda *_, **__: _loaded(bundle, 1))


_deciding = cache(DecidingModel.of_bundle)
_loaded = cache(Decider.load)


@pytest.fixture(scope="session")
def decider(bundle: Path) -> Decider:
    return _loaded(bundle, 1)


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    return small.frame(600)


@pytest.fixture(scope="session")
def rules(decider: Decider) -> LetterRules:
    bundle = decider.bundle
    return LetterRules(bundle.policy, bundle.tiers, bundle.scorer.catalogue)


@pytest.fixture(scope="session")
def cases(decider: Decider, rows: pd.DataFrame) -> Cases:
    """The first decision of each outcome, in each language."""
    by_language = {
        language: decisions_table(decider.decide(rows, language=language)).to_pylist()
        for language in LANGUAGES
    }
    found: Cases = {}
    for place, row in enumerate(by_language["en"]):
        if row["law_profile"] is not None:
            one = {language: by_language[language][place] for language in LANGUAGES}
            found.setdefault(outcome_of(row), one)
    return found


@pytest.fixture
def write(cases: Cases, rules: LetterRules) -> Write:
    """Return `write("decline", "zh")`: the letter of the first decision of this outcome."""

    def written(outcome: Outcome, language: Language) -> Letter:
        case = cases[outcome]
        documents = documents_of(
            case["en"], case[language]["reasons"], rules, letter_data(), language
        )
        return letter(documents, language)

    return written
