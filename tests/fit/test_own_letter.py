"""A decision on a table of one's own is told in words: why, what would change it, and the rights.

No product, law, amount or day is in the table, so none is in the letter.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from creditloom.decision.reasons.text import LANGUAGES, Language
from creditloom.pipeline.commands.letters import usual
from creditloom.pipeline.commands.letters.change import OF_LETTERS, change_of
from creditloom.pipeline.commands.letters.explain import documents_of_case, explained
from creditloom.pipeline.commands.letters.found import FoundDecision, find
from creditloom.pipeline.commands.letters.letter import compose, finished
from creditloom.pipeline.commands.letters.usual import usual_of
from creditloom.serving.applicant.letters import pdf
from creditloom.serving.applicant.letters.marks import LetterError
from creditloom.serving.score import score
from tests.checkout import ROOT
from tests.fit.bundles import fitted

GERMAN = ROOT / "examples" / "german_credit" / "german_credit.csv"
# table: columns of the loans that are learnt from: enough for every outcome, and quick
COLUMNS = [
    "loan", "status_of_existing_checking_account", "duration_in_month", "credit_amount",
    "housing", "bad",
]  # fmt: skip
ROWS = 400
OUTCOMES = ("approve", "refer", "decline")


@pytest.fixture(scope="session")
def decided(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return batch and bundle of the German loans."""
    folder = tmp_path_factory.mktemp("own_letters")
    loans = folder / "loans.csv"
    pd.read_csv(GERMAN)[COLUMNS].head(ROWS).to_csv(loans, index=False)
    made = fitted(loans, folder / "bundle")
    score(folder / "batch", source=loans, bundle=made.folder)
    return folder / "batch", made.folder


def found(decided: tuple[Path, Path], outcome: Any) -> FoundDecision:
    batch, bundle = decided
    return find(None, None, batch, bundle, None, outcome)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_has_a_letter_in_both_languages(
    decided: tuple[Path, Path], outcome: str, language: Language
) -> None:
    one = found(decided, outcome)
    text = finished(compose(one, language), "text").decode()
    assert one.row["decision_id"] in text and one.row["application_id"] in text
    assert {"en": "Your rights", "zh": "您的权利"}[language] in text
    # Nothing that the table does not hold: no amount, no product, no day of the application.
    assert not re.search(r"CNY|\d元|tiers_only|this product|本产品|\d年|\d{4}-\d\d", text)
    page = finished(compose(one, language), "html").decode()
    assert "<html" in page and one.row["decision_id"] in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pdf_needs_no_day(decided: tuple[Path, Path], language: Language) -> None:
    """The table has no dates: the file has a fixed one, so its bytes are the same each time."""
    pytest.importorskip("fpdf")
    if not any(Path(place).is_file() for place in pdf.FONTS):
        pytest.skip("no font of this machine has Chinese characters")
    letter = compose(found(decided, "decline"), language)
    first, second = (finished(letter, "pdf") for _ in range(2))
    assert first.startswith(b"%PDF") and first == second
    assert {"en": "Your rights", "zh": "您的权利"}[language] in pdf.shown_in_pdf(first)


def test_a_decline_says_which_single_value_would_have_been_approved(
    decided: tuple[Path, Path],
) -> None:
    """The claim is decided again here, by the bundle, on the row with the value in place."""
    one = found(decided, "decline")
    told = usual_of(one, "en")
    assert told is not None and told["is_found"]
    names = {feature.text_en: feature.name for feature in one.rules.catalogue.features}
    row = pd.read_csv(GERMAN)
    row = row[row["loan"] == one.row["application_id"]].copy()
    assert one.decider.decide(row)["decision"].tolist() == ["decline"]
    for change in told["changes"]:
        column = names[change["name"]]
        assert str(row[column].iloc[0]).replace(",", "") == change["yours"].replace(",", "")
        number = change["instead"].replace(",", "")
        row[column] = float(number) if number.replace(".", "").isdigit() else change["instead"]
    assert one.decider.decide(row)["decision"].tolist() == ["approve"]
    text = finished(compose(one, "en"), "text").decode()
    assert "What would change this" in text and told["changes"][0]["instead"] in text


def test_a_number_that_is_not_the_one_tried_is_refused(decided: tuple[Path, Path]) -> None:
    letter = compose(found(decided, "decline"), "en")
    documents: dict[str, Any] = {**letter.documents}
    told: Mapping[str, Any] = documents["usual"]
    wrong = [{**change, "instead": "9,999"} for change in told["changes"]]
    documents["usual"] = {**told, "changes": wrong}
    with pytest.raises(LetterError, match="A number is not that of its source"):
        finished(dataclasses.replace(letter, documents=documents), "text")


def test_nothing_is_promised_to_an_approval_or_a_referral(decided: tuple[Path, Path]) -> None:
    for outcome in ("approve", "refer"):
        one = found(decided, outcome)
        assert usual_of(one, "en") is None
        assert change_of(one, None, None, OF_LETTERS) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_explanation_names_levels_in_words_and_each_column_once(
    decided: tuple[Path, Path], language: Language
) -> None:
    one = found(decided, "decline")
    text = explained(documents_of_case(one, language), language, 160)
    assert "not one number" not in text and "无单一数值" not in text
    assert not re.search(r"\b(\w[\w ]+)[:：] ?\1\b", text)
    loan = pd.read_csv(GERMAN).set_index("loan").loc[one.row["application_id"]]
    assert str(loan["housing"]) in text and "credit amount" in text
    assert "--raw" not in text and "--bundle" in text


def test_where_no_other_value_is_enough_the_letter_says_so(
    decided: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usual, "_is_approved", lambda row: False)
    one = found(decided, "decline")
    assert usual_of(one, "en") == {"is_found": False, "changes": []}
    text = " ".join(finished(compose(one, "en"), "text").decode().split())
    assert "our score would not have approved the application" in text
