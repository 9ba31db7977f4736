"""A letter says what the decision holds, in both languages and every format, or is not written."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from string import Formatter
from typing import Any

import pytest

from creditloom.decision.reasons.text import LANGUAGES, Language
from creditloom.pipeline.commands.letters.letter import Format, finished
from creditloom.pipeline.commands.letters.letter_data import letter_data
from creditloom.pipeline.commands.letters.weights import NOTHING
from creditloom.serving.applicant.letters import offer, pdf
from creditloom.serving.applicant.letters.check import check, numbers_of, require_ledger
from creditloom.serving.applicant.letters.documents import LetterRules, documents_of
from creditloom.serving.applicant.letters.explained.explanation import explanation
from creditloom.serving.applicant.letters.explained.explanation_words import EXPLAINED
from creditloom.serving.applicant.letters.letter import letter
from creditloom.serving.applicant.letters.letter_types import OUTCOMES, Letter, Outcome
from creditloom.serving.applicant.letters.marks import (
    LetterError,
    Sourced,
    claims,
    marked,
    plain,
    singular,
)
from creditloom.serving.applicant.letters.rendered import as_html, as_text, columns, shown_in_html
from creditloom.serving.applicant.letters.words import NAMES, WORDS
from tests.letters.conftest import Cases, Write

FORMATS: tuple[Format, ...] = ("text", "html")
RIGHTS = {"en": "Your rights", "zh": "您的权利"}
ADVERSE: tuple[Outcome, ...] = ("cut", "refer", "decline", "refuse")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_has_a_letter_whose_numbers_are_read_back(
    write: Write, outcome: Outcome, language: Language
) -> None:
    written = write(outcome, language)
    for form in FORMATS:
        text = finished(written, form).decode()
        assert RIGHTS[language] in text
        assert written.documents["row"]["decision_id"] in text
    assert max(columns(line) for line in as_text(written).splitlines()) <= 100


@pytest.mark.parametrize("outcome", ADVERSE)
def test_an_adverse_letter_names_a_reason_of_its_own_row(write: Write, outcome: Outcome) -> None:
    written = write(outcome, "en")
    reasons = [reason["text"] for reason in written.documents["row"]["reasons"]]
    text = " ".join(plain(text) for text in written.texts())
    assert any(reason[1:] in text for reason in reasons)


def test_an_offer_names_yearly_cost_every_payment_every_charge_and_the_cost_of_being_late(
    write: Write,
) -> None:
    written = write("approve", "en")
    shown = {claim.path for text in written.texts() for claim in claims(text)}
    payments = len(written.documents["quote"]["schedule"])
    assert {f"quote.schedule.{k}.total_cny" for k in range(payments)} <= shown
    assert {"row.apr_irr12", "row.penalty_rate", "quote.overdue.total_cny"} <= shown


def test_both_languages_show_the_same_fields(write: Write) -> None:
    """A Chinese reader is told as much as an English one."""
    for outcome in OUTCOMES:
        paths = [
            {re.sub(r"_(en|zh)$|\.(en|zh)$", "", claim.path) for claim in found}
            for found in (_claims(write(outcome, language)) for language in LANGUAGES)
        ]
        assert paths[0] == paths[1], outcome


def test_what_nobody_marked_holds_no_digit_in_either_language() -> None:
    """So each number of a letter has a source: fixed words cannot bring one."""
    fixed = [
        text for pair in (*WORDS.values(), *NAMES.values(), *EXPLAINED.values()) for text in pair
    ]
    data = letter_data()
    fixed += [
        getattr(entry, name)
        for entry in data.codes.codes
        for name in ("en", "zh", "next_en", "next_zh")
    ]
    fixed += [text for one in data.rights for r in one.rights for text in (r.en, r.zh)]
    assert [text for text in fixed if re.search(r"\d", text)] == []


def test_both_languages_have_the_same_words_with_the_same_fields() -> None:
    """But for texts that stand twice in one language and once in the other."""
    for key, (english, chinese) in {**WORDS, **EXPLAINED}.items():
        assert english and chinese, key
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", chinese)), key


# Each fault below is one that a change of the writer could bring; the check must refuse it.


def refused(written: Letter, finished_text: str | None = None) -> str:
    with pytest.raises(LetterError) as error:
        check(written, as_text(written) if finished_text is None else finished_text)
    return str(error.value)


def changed(written: Letter, **documents: Any) -> Letter:
    return dataclasses.replace(written, documents={**written.documents, **documents})


def test_a_number_that_is_not_the_row_s_is_refused(write: Write) -> None:
    written = write("approve", "en")
    row = written.documents["row"]
    more = changed(written, row={**row, "limit_cny": row["limit_cny"] + 100})
    assert "row.limit_cny" in refused(more)


def test_a_rate_that_is_rounded_too_far_is_refused(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0.02 % a day must not be written as 0 %, though it rounds to that."""
    monkeypatch.setitem(
        __import__("creditloom.serving.applicant.letters.marks", fromlist=["WRITTEN"]).WRITTEN,
        "daily",
        (".0f", 100.0),
    )
    assert "row.daily_rate" in refused(write("approve", "en"))


def test_a_payment_left_out_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = offer._payments

    def short(ink: Sourced) -> Any:
        part = whole(ink)
        grid = part.blocks[-1]
        return dataclasses.replace(part, blocks=(dataclasses.replace(grid, rows=grid.rows[:-1]),))

    monkeypatch.setattr(offer, "_payments", short)
    assert "lacks a payment" in refused(write("approve", "en"))


def test_payments_that_do_not_add_up_are_refused(write: Write) -> None:
    written = write("approve", "en")
    quote = written.documents["quote"]
    lines = [*quote["schedule"]]
    lines[0] = {**lines[0], "principal_cny": str(float(lines[0]["principal_cny"]) + 1)}
    assert refused(changed(written, quote={**quote, "schedule": lines}))


def test_a_quotation_under_other_terms_is_refused(write: Write) -> None:
    written = write("approve", "en")
    quote = written.documents["quote"]
    other = {**quote, "annual": {**quote["annual"], "irr12": 0.1}}
    assert "apr_irr12" in refused(changed(written, quote=other))


def test_a_number_without_a_source_is_refused(write: Write) -> None:
    written = write("decline", "en")
    part = dataclasses.replace(written.parts[0], heading="Call 95017")
    assert "without a source" in refused(
        dataclasses.replace(written, parts=(part, *written.parts[1:]))
    )


def test_a_finished_text_with_another_number_is_refused(write: Write) -> None:
    written = write("approve", "en")
    text = as_text(written)
    limit = numbers_of(plain(Sourced(written.documents, "en").money("row.limit_cny")))[0]
    assert "other numbers" in refused(written, text.replace(limit, limit[:-1] + "9", 1))


def test_reasons_of_another_decision_are_refused(write: Write) -> None:
    written = write("decline", "en")
    said = [{**reason, "concept": "cash_balance"} for reason in written.documents["said"]]
    assert "not those of the row" in refused(changed(written, said=said))


def test_an_adverse_decision_without_a_reason_has_no_letter(write: Write) -> None:
    """R9."""
    documents = write("decline", "en").documents
    with pytest.raises(LetterError, match="R9"):
        letter({**documents, "row": {**documents["row"], "reasons": []}, "said": []}, "en")


def test_a_decision_that_the_ledger_does_not_hold_has_no_letter() -> None:
    with pytest.raises(LetterError, match="ledger"):
        require_ledger(["decision"], "night")


def test_nobody_is_written_to_under_no_law_or_under_one_without_rights(
    cases: Cases, rules: LetterRules
) -> None:
    row = cases["decline"]["en"]
    data = letter_data()
    with pytest.raises(LetterError, match="rights"):
        documents_of(row, row["reasons"], rules, dataclasses.replace(data, rights=()), "en")
    assert data.rights_of(None).is_default


def test_where_no_law_was_in_force_the_letter_names_the_rights_of_the_house(
    cases: Cases, rules: LetterRules
) -> None:
    """R0."""
    reason = {"concept": "R0", "points": None, "text": "no rule book is in force"}
    own = {"law_profile": None, "refusal_codes": ["R0"], "reasons": [reason]}
    row = {**cases["refuse"]["en"], **own}
    documents = documents_of(row, [reason], rules, letter_data(), "en")
    text = finished(letter(documents, "en"), "text").decode()
    assert "This says nothing about you" in text and "our own promise" in text


def test_recourse_stands_in_the_letter_where_it_was_worked_out(write: Write) -> None:
    documents = write("decline", "en").documents
    change = {"text_en": "pay back 5,000 CNY of card debt", "text_zh": "偿还5,000元信用卡欠款"}
    recourse = {"is_found": True, "changes": [change], "months": 3, "blocking": []}
    for language, text in (("en", "Pay back 5,000 CNY"), ("zh", "偿还5,000元")):
        written = letter({**documents, "recourse": recourse}, language)  # type: ignore[arg-type]
        assert text in finished(written, "text").decode()
    none = letter({**documents, "recourse": {**recourse, "is_found": False}}, "en")
    assert "no change in your own hands" in finished(none, "text").decode()


def test_a_hostile_name_is_text_and_no_markup(write: Write) -> None:
    written = write("refuse", "en")
    row = {**written.documents["row"], "application_id": "<script>alert(x)</script>"}
    page = as_html(letter({**written.documents, "row": row}, "en"))
    assert "<script>" not in page and "<script>alert(x)</script>" in shown_in_html(page)


@pytest.mark.slow
def test_a_pdf_is_read_back_from_its_pages(write: Write) -> None:
    pytest.importorskip("fpdf")
    if not any(pdf.Path(place).is_file() for place in pdf.FONTS):
        pytest.skip("no font with Chinese characters on this machine")
    content = finished(write("decline", "zh"), "pdf")
    assert content.startswith(b"%PDF") and RIGHTS["zh"] in pdf.shown_in_pdf(content)


def test_without_a_font_the_refusal_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "FONTS", ())
    monkeypatch.delenv(pdf.FONT_VARIABLE, raising=False)
    with pytest.raises(LetterError, match="apt-get install"):
        pdf.font()


def _claims(written: Letter) -> list[Any]:
    return [claim for text in written.texts() for claim in claims(text)]


def test_one_has_no_plural_in_any_sentence_of_a_letter() -> None:
    for key, (template, _) in {**WORDS, **EXPLAINED}.items():
        names = [name for _, name, _, _ in Formatter().parse(template) if name]
        one = dict.fromkeys(names, marked("whole", "row.x", "1"))
        said = plain(singular(template.format(**one)))
        assert not re.search(r"(?<![\w.,])1 (days|weeks|months|hours)\b", said), key


def test_explanation_and_letter_name_the_same_day_that_of_the_place(
    cases: Cases, rules: LetterRules
) -> None:
    """At 20:00 UTC it is the next day in China: nobody is told two dates."""
    row = {**cases["decline"]["en"], "as_of": dt.datetime(2025, 7, 15, 20)}
    documents = documents_of(row, row["reasons"], rules, letter_data(), "en")
    assert documents["applied"] == "2025-07-16"
    more = {"weights": [], "score": NOTHING, "place": "", "history": []}
    texts = [*explanation({**documents, **more}, "en").texts(), *letter(documents, "en").texts()]
    days = {day for text in texts for day in re.findall(r"\d+ July 2025", plain(text))}
    assert days == {"16 July 2025"}
