"""The finished page of a run: thirty questions, every number, both languages, size."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from creditloom.features.contract.tables import TABLES
from creditloom.models.evaluation.bars import figure
from creditloom.pipeline.base import paths
from creditloom.report.page.decision_frames import BESIDE, FIGURES
from creditloom.report.page.sections.asked import model_card, validation, workbench
from creditloom.report.page.sections.asked.decision import SWAPS
from creditloom.report.page.sections.grades import BRIDGE, GROUPS, TIERS, VINTAGES
from creditloom.report.page.sections.rivals import DUELS
from creditloom.report.parts.blocks import TableColumn, show
from creditloom.report.parts.data import ReportData
from creditloom.storage.files.store import read_frame, read_json
from tests.report.page_reader import LETTERS, PageReader

# `make consumer` runs it: beside test_chain.py it would wait a minute for the one small chain.
pytestmark = pytest.mark.slow

QUESTIONS = Path(__file__).parents[1] / "report" / "questions.yaml"
ASKED = yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))["questions"]
# Bytes of the page of a full run; a small one has fewer months and features.
MAX_BYTES = 2_000_000
# Where nothing is red there is no red row.
MAY_BE_EMPTY = {"fairness_red"}
# table: table of the page -> its columns; each stands in data/reports/evaluation under its name
WRITTEN: dict[str, tuple[TableColumn, ...]] = {
    "cutoffs": workbench.CUTOFFS,
    "gains": workbench.GAINS,
    "score_density": workbench.DENSITY,
    "sample_flow": model_card.SAMPLE,
    "segment_power": validation.SEGMENTS,
    "samples": validation.SAMPLES,
    "groups": GROUPS,
    "tiers": TIERS,
    "vintages": VINTAGES,
}
# table: figures of the section on reasons
OF_REASONS = (
    ("reasons.adverse", "", "count"),
    ("reasons.share_with_reason", "", "share"),
    ("reasons.largest_sum_error_points", "", "error"),
)
# What a reader of Chinese meets in Latin letters. Names of methods, figures and what is typed:
# table: names
NAMES = frozenset({
    "AUC", "KS", "PSI", "IV", "PD", "ROC", "ECE", "CSV", "SHAP", "APR", "IRR", "PDO", "LGD", "CNY",
    "CFR", "GDPR", "SD", "EBA", "GL", "DPD", "Cov", "Var", "Creditloom", "creditloom", "register",
    "make", "claims", "alternatives", "LightGBM", "DeLong", "Holm", "Jeffreys", "Spiegelhalter",
    "Hosmer", "Lemeshow", "Brier", "additive", "booster", "small", "off", "recession",
})  # fmt: skip
# Codes, products, features, paths and settings: with a digit, a sign between, or all capitals.
CODE = re.compile(r"[A-Za-z0-9]+(?:[_.@/-][A-Za-z0-9]+)+|[A-Z]{1,3}\d+|[0-9a-f]{7,}")


@pytest.fixture(scope="module")
def page(run: Path) -> str:
    """The page as it was written."""
    return (run / paths.REPORT).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def english(page: str) -> PageReader:
    return PageReader(page, "en")


def metrics(run: Path) -> dict[str, Any]:
    """metrics.json of the run."""
    return dict(read_json(run / paths.METRICS))


def test_thirty_questions_are_asked() -> None:
    assert len({question["id"] for question in ASKED}) == 30


@pytest.mark.parametrize("question", ASKED, ids=lambda question: str(question["id"]))
def test_the_page_alone_answers(question: dict[str, Any], english: PageReader) -> None:
    """Each table that is needed stands in its chapter with the columns; so do figures and words."""
    for name, columns in question.get("tables", {}).items():
        found = english.tables[name]
        assert found.chapter == question["section"], name
        assert set(columns) <= set(found.columns), name
        assert found.rows or name in MAY_BE_EMPTY, name
    assert set(question.get("figures", ())) <= set(english.figures)
    told = english.words[question["section"]].lower()
    assert [word for word in question.get("words", ()) if word.lower() not in told] == []


def test_a_question_that_is_not_answered_is_seen(page: str) -> None:
    """A page without the gains table leaves question 13 open."""
    without = page.replace('data-table="gains"', 'data-table="losses"')
    question = next(one for one in ASKED if one["id"] == "q13")
    with pytest.raises(KeyError, match="gains"):
        test_the_page_alone_answers(question, PageReader(without, "en"))


def test_every_figure_is_that_of_metrics_json(run: Path, english: PageReader) -> None:
    written = metrics(run)
    kinds = {path: kind for path, _, kind, *_ in (*FIGURES, *BESIDE, *OF_REASONS)}
    kinds |= {path: kind for _, _, kind, *others in BESIDE for path in others}
    assert english.figures
    for path, told in english.figures.items():
        assert told == show(figure(written, path), kinds[path]), path


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_every_number_of_a_table_is_that_of_its_file(
    name: str, run: Path, english: PageReader
) -> None:
    """The page shows the rows of the file in their order, each value as its column writes it."""
    frame = read_frame(run / paths.EVALUATION / f"{name}.parquet")
    table = english.tables[name]
    assert len(table.rows) == len(frame) > 0
    for column in WRITTEN[name]:
        if column.name in table.columns and column.is_numeric:
            told = [show(value, column.kind) for value in frame[column.name].tolist()]
            assert table.column(column.name) == told, column.name


def test_a_number_that_is_not_that_of_its_file_is_seen(run: Path, page: str) -> None:
    frame = read_frame(run / paths.EVALUATION / "gains.parquet")
    lift = show(float(frame["lift"].iloc[0]), "number")
    wrong = PageReader(page.replace(f">{lift}<", ">9.999<"), "en")
    with pytest.raises(AssertionError, match="lift"):
        test_every_number_of_a_table_is_that_of_its_file("gains", run, wrong)


def test_blocks_of_metrics_stand_as_tables(run: Path, english: PageReader) -> None:
    written = metrics(run)
    duels = english.tables["duels"]
    for column in DUELS:
        if column.is_numeric and column.name in duels.columns:
            told = [show(one.get(column.name), column.kind) for one in written["duels"]]
            assert duels.column(column.name) == told, column.name
    steps = written["profit_bridge"]["steps"] if written["profit_bridge"] else []
    if steps:
        told = [show(one["amount_cny"], BRIDGE[1].kind) for one in steps]
        assert english.tables["profit_bridge"].column("amount_cny") == told
    swap = sorted(show(one["n"], "count") for one in written["challenger"]["swap"].values())
    assert sorted(english.tables["swaps"].column(SWAPS[1].name)) == swap


def test_profit_at_the_present_cut_is_the_one_expected_profit(run: Path) -> None:
    """The workbench begins where the decisions stand."""
    cuts = read_frame(run / paths.EVALUATION / "cutoffs.parquet")
    here = cuts[cuts["is_present"]]
    portfolio = metrics(run)["portfolio"]
    assert len(here) == 1
    assert here["approval_rate"].iloc[0] == pytest.approx(portfolio["approval_rate"], abs=1e-12)
    if portfolio["expected_profit_cny"] is not None:
        shown = here["profit_cny"].iloc[0]
        # Approvals above the cut there are none, so the sums are of the same offers.
        assert shown == pytest.approx(portfolio["expected_profit_cny"], abs=0.01)


def test_every_feature_of_the_model_can_be_found(run: Path, english: PageReader) -> None:
    names = [one["name"] for one in read_json(run / paths.MODEL_CATALOGUE)["features"]]
    assert sorted(english.tables["features"].column("feature")) == sorted(names)


def test_the_points_of_each_applicant_add_up(english: PageReader) -> None:
    rows = english.applicants["rows"]
    assert len(rows) >= 10
    for row in rows:
        if row["steps"]:
            total = row["typical"] + sum(step[1] for step in row["steps"])
            assert round(total) == pytest.approx(int(row["shown"]["score"]), abs=1), row["id"]


def test_the_chinese_page_has_no_english_words(page: str) -> None:
    """Names of features, tables, codes, products and methods stay; nothing else does."""
    chinese = PageReader(page, "zh")
    loose = sorted(
        {f"{word}: {text[:80]}" for text in chinese.texts for word in english_words(text)}
    )
    assert loose == []
    told = chinese.applicants
    pairs = [*told["concepts"], *told["features"], *told["words"].values()]
    shown = [one for row in told["rows"] for one in row["shown"].values()]
    pairs += [one if isinstance(one, list) else ["", one] for one in shown]
    assert [pair for pair in pairs if english_words(pair[1])] == []


def english_words(text: str) -> list[str]:
    """The words of a text that are no name.

    >>> english_words("AUC 为 0.7，PSI，pay_in_12m，R5"), english_words("approved 70 %")
    ([], ['approved'])
    """
    tables = {table.name for table in TABLES.values()}
    words = LETTERS.findall(CODE.sub(" ", text))
    return [word for word in words if word not in NAMES and word not in tables]


def test_the_page_is_not_large(page: str) -> None:
    assert len(page.encode()) <= MAX_BYTES


def test_nothing_of_the_page_is_fetched(page: str) -> None:
    assert re.findall(r"https?://", page) == []
    assert ReportData("", "", True).title == ""
