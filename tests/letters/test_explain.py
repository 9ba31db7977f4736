"""An explanation adds up to the score, and a referred case says first why a person is needed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import typer
from typer.testing import CliRunner

from creditloom.decision.decide import Decider
from creditloom.decision.frames.arrow import decisions_table
from creditloom.decision.reasons.shown import shown_features
from creditloom.decision.reasons.text import LANGUAGES
from creditloom.pipeline.base import paths
from creditloom.pipeline.cli import build
from creditloom.pipeline.commands.decisions.refer import history
from creditloom.pipeline.commands.decisions.refer_list import Wanted, why
from creditloom.pipeline.commands.letters.change import recourse_of
from creditloom.pipeline.commands.letters.explain import documents_of_case, explained
from creditloom.pipeline.commands.letters.found import FoundDecision, find
from creditloom.pipeline.commands.letters.letter_data import letter_data
from creditloom.serving.applicant.letters.documents import plain_documents
from creditloom.serving.applicant.letters.explained.explanation import LEAST_POINTS
from creditloom.serving.applicant.letters.marks import LetterError
from creditloom.serving.referral.overrides import Override
from creditloom.serving.referral.queue.cases import referred_cases
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import write_table
from tests.checkout import ROOT, needs_checkout
from tests.letters.conftest import Cases


@pytest.fixture
def home(
    tmp_path: Path,
    bundle: Path,
    decider: Decider,
    rows: pd.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A folder with matrix, bundle and decisions, as the stages leave it."""
    monkeypatch.chdir(tmp_path)
    paths.MODEL.parent.mkdir(parents=True)
    paths.MODEL.symlink_to(bundle)
    decisions = decisions_table(decider.decide(rows))
    write_table(pa.Table.from_pandas(rows, preserve_index=False), paths.MATRIX)
    write_table(decisions, paths.DECISIONS)
    write_table(referred_cases(decisions), paths.QUEUE)
    return tmp_path


def found(cases: Cases, outcome: str) -> FoundDecision:
    return find(cases[outcome]["en"]["decision_id"], None, None, None)  # type: ignore[index]


def run(*words: str) -> str:
    result = CliRunner().invoke(build([words[0], "params"]), list(words), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_explanations_of_every_outcome_add_up_in_both_languages(home: Path, cases: Cases) -> None:
    for place, outcome in enumerate(cases):
        # A bundle is loaded each time: the languages take turns.
        language = LANGUAGES[place % 2]
        case = found(cases, outcome)
        text = explained(documents_of_case(case, language), language, 100)
        assert case.row["decision_id"] in text
        assert "creditloom letter --decision-id" in text


def test_whoever_adds_up_the_points_of_the_page_finds_its_total_and_its_distance(
    home: Path, cases: Cases
) -> None:
    """As shown, with one decimal: what rounding and the smallest concepts leave is a row."""
    for outcome in cases:
        documents = documents_of_case(found(cases, outcome), "en")
        score = documents["score"]
        if score["own"] is None:
            continue
        shown = [
            one["points"] for one in documents["weights"] if abs(one["points"]) >= LEAST_POINTS
        ]
        total = round(score["typical"], 1) + sum(round(one, 1) for one in shown)
        assert total + (score["rest"] or 0) == pytest.approx(round(score["own"], 1))
        if score["cut"] is not None:
            distance = round(score["own"], 1) - round(score["cut"], 1)
            assert score["above"] == pytest.approx(distance)


def test_a_shown_fact_moved_the_points_to_the_side_of_its_concept(
    decider: Decider, rows: pd.DataFrame
) -> None:
    """And its value lies there: no 25 % beside a typical 75 % that gained points."""
    bundle = decider.bundle
    scorer = bundle.scorer
    x = decider.read(rows).x
    points, lead = scorer.points_and_leads(x, bundle.reference_points)
    gain = points - bundle.reference.concepts(scorer.catalogue)
    shown = shown_features(scorer, bundle.reference, x, gain, lead)
    own = scorer.points(x) - bundle.reference_points
    # A gained concept often shows another feature than its leading one, which lost most.
    assert (shown != lead).any()
    for row, concept in np.argwhere(shown >= 0):
        k = shown[row, concept]
        feature = scorer.catalogue.features[k]
        assert feature.is_sayable
        assert own[row, k] * gain[row, concept] > 0
        usual = bundle.reference.typical.get(feature.name)
        if usual is not None and not np.isnan(x[row, k]) and feature.direction:
            side = (x[row, k] - usual) * feature.direction
            assert side * own[row, k] < 0


def test_a_rule_that_blocks_names_its_next_step(home: Path, cases: Cases) -> None:
    documents = documents_of_case(found(cases, "refuse"), "en")
    code = documents["row"]["refusal_codes"][0]
    text = {"is_found": False, "changes": [], "months": 0, "blocking": [[code, "a rule", "规则"]]}
    page = explained({**documents, "recourse": text}, "en", 1000)
    assert "no other change would lead to another answer" in page
    assert f"A rule. {documents['codes'][code]['next_en']}" in page


def test_what_takes_no_month_can_be_done_at_once(home: Path, cases: Cases) -> None:
    documents = documents_of_case(found(cases, "decline"), "en")
    change = {"text_en": "register the account", "text_zh": "实名登记"}
    recourse = {"is_found": True, "changes": [change], "months": 0, "blocking": []}
    assert "This can be done at once." in explained({**documents, "recourse": recourse}, "en", 100)


def test_points_that_are_not_the_row_s_are_refused(home: Path, cases: Cases) -> None:
    documents = documents_of_case(found(cases, "decline"), "en")
    first, *rest = documents["weights"]
    wrong = [{**first, "points": first["points"] - 1}, *rest]
    with pytest.raises(LetterError, match="Points"):
        explained({**documents, "weights": wrong}, "en", 100)


def test_a_decision_under_another_bundle_is_refused(home: Path, cases: Cases) -> None:
    case = dataclasses.replace(found(cases, "decline"), differing=("model_version",))
    with pytest.raises(LetterError, match="model_version"):
        documents_of_case(case, "en")


def test_a_referred_case_says_why_a_person_is_needed_and_what_was_decided(
    home: Path, cases: Cases
) -> None:
    row = cases["refer"]["en"]
    text = run("refer", "show", row["decision_id"])
    assert text.index("Why a person is needed") < text.index("History")
    assert "waits for a person" in text
    assert f"creditloom refer override {row['decision_id']} --outcome" in text
    decided = Override(
        "2026-01-05T09:00:00+00:00", row["decision_id"], "7", "approve", 500.0, "pay slips", "role"
    )
    assert [one["kind"] for one in history(row, (decided,))] == ["decided", "approve"]


def test_what_waits_is_ordered_filtered_and_has_an_age(home: Path) -> None:
    queue = pd.read_parquet(paths.QUEUE)
    today = queue["as_of"].max().date()
    by_age = Wanted("age").of(queue, today)
    assert by_age["days"].is_monotonic_decreasing and by_age["days"].min() == 0
    assert Wanted("pd").of(queue, today)["pd"].is_monotonic_decreasing
    some = Wanted(code="M2", waiting_from=30).of(queue, today)
    assert 0 < len(some) < len(queue) and some["days"].min() >= 30
    words = ("refer", "list", "--order", "age", "--code", "M2", "--today", "2026-01-01")
    assert "monthly income not verified" in run(*words).replace("\n", " ")


def test_why_a_case_waits_is_its_rule_before_its_limit_and_its_score() -> None:
    reasons = [
        {"concept": "limit_formula", "points": None, "text": "support no more"},
        {"concept": "cash_balance", "points": -3.0, "text": "cash: 5 CNY"},
    ]
    assert why(reasons, "en", {}) == "in the band that a person decides: cash: 5 CNY"
    rule = {"concept": "M2", "points": None, "text": "monthly income not verified"}
    assert why([*reasons, rule], "en", {}) == "M2 monthly income not verified"
    assert why([rule], "zh", {"M2": "月收入未核实"}) == "M2 月收入未核实"


def test_the_letter_command_writes_once_and_replaces_only_a_letter(
    home: Path, cases: Cases
) -> None:
    one = cases["decline"]["en"]["decision_id"]
    for _ in range(2):
        run("letter", "--decision-id", one, "--format", "html", "--output", "mail/a.html")
    assert "<html" in Path("mail/a.html").read_text(encoding="utf-8")
    Path("mail/own.html").write_text("mine")
    with pytest.raises(DataError):
        run("letter", "--decision-id", one, "--format", "html", "--output", "mail/own.html")
    assert Path("mail/own.html").read_text() == "mine"


def test_a_decision_that_is_not_there_is_refused_with_a_next_step(home: Path) -> None:
    with pytest.raises(DataError, match="--batch"):
        find("0" * 32, None, None, None)
    with pytest.raises(DataError, match="not said"):
        find(None, None, None, None)


@needs_checkout
def test_the_commands_of_the_page_exist_with_their_options() -> None:
    """docs/letters.md: every command and every option of it is one that the command line has."""
    text = (ROOT / "docs" / "letters.md").read_text(encoding="utf-8")
    lines = [line.partition("#")[0].split() for line in text.splitlines()]
    entered = [words[1:] for words in lines if words[:1] == ["creditloom"]]
    assert {words[0] for words in entered} == {"explain", "refer", "letter", "codes", "steadiness"}
    for words in entered:
        whole: Any = typer.main.get_command(build([words[0], "params"]))
        command = whole.commands[words[0]]
        if words[0] == "refer":
            command = command.commands[words[1]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, words


def test_recourse_is_taken_of_the_same_application_and_decision_only(tmp_path: Path) -> None:
    row = {"application_id": 7, "decision": "decline"}
    answer = {**row, "is_found": False, "changes": [], "blocking": []}
    file = tmp_path / "recourse.json"
    lines = [json.dumps(one) for one in ({**answer, "application_id": 6}, answer)]
    for text in (lines[1], "\n".join(lines), f"[{lines[1]}]"):
        file.write_text(text)
        assert recourse_of(file, row) == answer
    for text in (lines[0], "no JSON", json.dumps({**answer, "decision": "approve"})):
        file.write_text(text)
        with pytest.raises(DataError, match="recourse"):
            recourse_of(file, row)
    assert recourse_of(None, row) is None


def test_a_decision_without_day_and_product_is_explained(home: Path, cases: Cases) -> None:
    """As of a table of one's own without a date: it ended with a traceback."""
    case = found(cases, "decline")
    known = documents_of_case(case, "en")
    undated = plain_documents({**case.row, "as_of": None}, known["said"], case.rules, letter_data())
    assert undated["applied"] is None
    bare = {name: value for name, value in known.items() if name != "product"}
    text = explained({**bare, "applied": None}, "en", 100)
    assert "creditloom letter --decision-id" in text and "Applied on" not in text


def test_the_first_decision_of_an_outcome_needs_no_id(home: Path, cases: Cases) -> None:
    decisions = pd.read_parquet(paths.DECISIONS)
    declined = decisions[decisions["decision"] == "decline"]["decision_id"]
    assert find(None, None, None, None, first="decline").row["decision_id"] == declined.iloc[0]
    with pytest.raises(DataError, match="more than one"):
        find(declined.iloc[0], None, None, None, first="decline")


def test_the_history_of_a_case_without_a_day_holds_what_persons_decided(cases: Cases) -> None:
    row = {**cases["refer"]["en"], "as_of": None}
    decided = Override(
        "2026-01-05T09:00:00+00:00", row["decision_id"], "7", "approve", 500.0, "pay slips", "role"
    )
    assert history(row, ()) == []
    assert [one["kind"] for one in history(row, (decided,))] == ["approve"]


def test_the_first_approval_is_decided_again_as_an_offer(home: Path) -> None:
    offer = json.loads(run("decide", "--first", "approve"))
    decisions = pd.read_parquet(paths.DECISIONS).set_index("decision_id")
    assert offer["decision"] == "approve" and offer["limit_cny"] > 0
    assert decisions.loc[offer["decision_id"], "application_id"] == offer["application_id"]
