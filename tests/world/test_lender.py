"""`creditloom simulate`: one folder with a lender, its truth, a card, claims and a page.

docs/simulate.md is executed here; its first command makes the lender that is looked at.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits
from typer.testing import CliRunner

import creditloom
from creditloom.features.contract.tables import TABLES
from creditloom.models.evaluation.world_claims.loan_path import LoanPath
from creditloom.models.evaluation.world_figures.loan_tally import LoanTally
from creditloom.models.evaluation.world_figures.published import PublishedFact, PublishedFacts
from creditloom.models.sample.metrics import gini
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.cli import build
from creditloom.pipeline.stage_runner import with_package
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_frame, read_json
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.world import Setting, solve_coefficients
from tests.checkout import IN_CHECKOUT
from tests.world.lender import blocks, digests
from tests.world.written import SIMULATED

APPLICANTS = 1_500
TEXTS = ("CARD.md", "claims.json", "figures.json", "index.html", "truth/meta.json")


def _simulate(*words: str) -> None:
    result = CliRunner().invoke(build(["simulate"]), ["simulate", *words])
    if result.exception:
        raise result.exception


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the first command of docs/simulate.md was run."""
    if not IN_CHECKOUT:
        pytest.skip("docs/simulate.md lies in the repository")
    place = tmp_path_factory.mktemp("docs")
    words = shlex.split(blocks("")[0])
    assert words.pop(0) == "creditloom"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        _simulate(*words[1:])
    return place


@pytest.fixture(scope="module")
def lender(folder: Path) -> Path:
    return folder / "lender"


@pytest.fixture(scope="module")
def oracle(lender: Path) -> pd.DataFrame:
    return read_frame(lender / "truth" / "oracle.parquet")


# Slow: `make consumer` runs it at every change.
@pytest.mark.slow
def test_two_folders_and_any_number_of_processes_get_the_same_bytes(
    lender: Path, tmp_path: Path
) -> None:
    other = tmp_path / "elsewhere" / "another name"
    _simulate(f"--applicants={APPLICANTS}", "--seed=11", "--processes=1", "--out", str(other))
    assert digests(other) == digests(lender)
    # What is no lender any more stays as it is.
    (other / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"notes\.txt"):
        _simulate("--applicants=100", "--out", str(other))
    assert (other / "CARD.md").is_file()


@pytest.mark.slow
def test_the_rest_of_the_page_of_documentation_runs(folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", blocks("python")[0]],
        cwd=folder,
        env=with_package(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    rate, incumbent, ceiling = map(float, re.findall(r"([\d.]+)$", ended.stdout, re.MULTILINE))
    assert 0.02 < rate < 0.10
    assert 2 * incumbent - 1 < ceiling


def test_raw_holds_every_table_and_no_truth(lender: Path) -> None:
    assert {place.name for place in (lender / "raw").iterdir()} == set(SIMULATED)
    columns = set(read_frame(lender / "raw" / "applications").columns)
    declared = TABLES["applications"].columns
    # A switch that is off writes no column of its own.
    assert {column.name for column in declared if not column.optional} <= columns
    assert columns <= {column.name for column in declared}


def test_the_oracle_knows_the_outcome_of_the_declined(oracle: pd.DataFrame, lender: Path) -> None:
    declined = oracle[~oracle["is_approved"] & ~oracle["is_control"]]
    loans = read_frame(lender / "raw" / "loans", ["application_id"])
    assert len(oracle) == APPLICANTS
    assert declined["defaulted"].any()
    assert not declined["application_id"].isin(loans["application_id"]).any()
    assert (oracle["default_month"].notna() == oracle["defaulted"]).all()


def test_the_ceiling_is_the_gini_of_the_best_score(oracle: pd.DataFrame, lender: Path) -> None:
    ceilings = read_json(lender / "figures.json")["ceilings"]
    found = gini(oracle["pd_true"], oracle["pd_oracle"])
    assert ceilings["gini_ceiling"] == pytest.approx(found, abs=1e-12)
    assert ceilings["gini_true_pd"] > ceilings["gini_ceiling"]


def test_no_source_ranks_better_than_all_that_it_holds(lender: Path) -> None:
    rows = read_json(lender / "figures.json")["auc_by_source"]
    assert [row["source"] for row in rows if not 0.5 < row["auc"] < row["auc_state"]] == []
    assert len(rows) == 6


def test_counts_of_parts_give_the_figures_of_the_claims(lender: Path) -> None:
    """Two ways: the claims read all loans at once, the page part by part."""
    claims = read_json(lender / "claims.json")["claims"]
    rates = read_json(lender / "figures.json")["mean_rates"]
    for bucket, claim in (("current", "roll_current_m1"), ("1-29", "roll_m1_m2")):
        assert rates[f"roll {bucket}"] == pytest.approx(claims[claim]["found"], abs=1e-12)
    assert rates["cure 1-29"] == pytest.approx(claims["cure_m1"]["found"], abs=1e-12)


def test_the_card_names_every_table_and_column_with_its_rows(lender: Path) -> None:
    card = (lender / "CARD.md").read_text(encoding="utf-8")
    rows = read_json(lender / "figures.json")["rows"]
    for name in SIMULATED:
        assert f"| `{name}` | {rows[name]:,} |" in card
        assert [c.name for c in TABLES[name].columns if f"| `{c.name}` |" not in card] == []
    for heading in ("must not be used for", "Licence", "Claims", "How they were made"):
        assert heading in card
    assert "creditloom simulate --applicants 1500 --seed 11 --out lender" in card


def test_the_page_shows_every_published_fact_and_fetches_nothing(lender: Path) -> None:
    page = (lender / "index.html").read_text(encoding="utf-8")
    for fact in document(PublishedFacts, paths.PUBLISHED).facts:
        assert fact.source in page
    for drawing in ("rolls", "vintage-curves", "sources", "pds", "timing", "incumbent"):
        assert f"{drawing}-" in page
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*"', page) == []


def test_the_python_call_does_not_replace_a_lender_of_the_command(lender: Path) -> None:
    """Its card would describe, and its oracle judge, other people."""
    before = digests(lender)
    with pytest.raises(DataError, match=r"CARD\.md"):
        creditloom.simulate(lender, applicants=100, seed=11)
    assert digests(lender) == before


def test_no_place_of_this_machine_is_named(lender: Path) -> None:
    for name in TEXTS:
        text = (lender / name).read_text(encoding="utf-8")
        assert str(lender.parent) not in text
        assert str(Path.home()) not in text


def test_small_and_a_number_of_applicants_exclude_each_other(tmp_path: Path) -> None:
    words = ["simulate", "--small", "--applicants=500", "--out", str(tmp_path / "x")]
    result = CliRunner().invoke(build(["simulate"]), words)
    assert result.exit_code == 2
    assert not (tmp_path / "x").exists()


def test_every_figure_beside_a_fact_is_one_of_this_world(lender: Path) -> None:
    known = {*read_json(lender / "figures.json")["beside_published"], ""}
    facts = document(PublishedFacts, paths.PUBLISHED).facts
    assert [fact.id for fact in facts if fact.beside not in known] == []


def test_a_fact_upside_down_is_refused() -> None:
    with pytest.raises(ValueError, match="low <= high"):
        PublishedFact(
            id="x",
            topic="arrears",
            what="w",
            low=2.0,
            high=1.0,
            unit="%",
            source="s",
            year=2020,
            beside="",
            caution="",
        )


def test_loans_are_counted_by_bucket_month_and_vintage() -> None:
    """One loan rolls from current to default in months 2 to 5, one is paid up, one never late."""
    dpd = np.zeros((3, 12), np.int64)
    dpd[0] = [0, 10, 40, 70, 100, *[120] * 7]
    dpd[1, 3] = 5
    path = LoanPath(np.arange(3), dpd, np.zeros((3, 12), bool), np.zeros((3, 12), np.int64))
    tally = LoanTally(vintages=7)
    tally.add(path, np.array([0, 0, 6]))
    rates = tally.mean_rates()
    assert rates["roll 1-29"] == 0.5
    assert rates["cure 1-29"] == 0.5
    assert (rates["roll 30-59"], rates["roll 60-89"]) == (1.0, 1.0)
    assert tally.default_rate == tally.late_rate == pytest.approx(1 / 3)
    curves = tally.vintage_curves().set_index(["vintages", "month"])["defaulted"]
    assert (curves["1-6", 4], curves["1-6", 5], curves["7-7", 12]) == (0.0, 0.5, 0.0)


@pytest.mark.slow
def test_coefficients_do_not_depend_on_the_number_of_threads() -> None:
    nature = document(WorldConfig, paths.WORLD)
    effects = replace(nature.effects, probe_applicants=20_000)
    setting = Setting.of(
        section("world", WorldParams, paths.DEFAULTS),
        replace(nature, effects=effects),
        section("calendar", Calendar, paths.DEFAULTS),
        seed=11,
    )
    found = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads, user_api="blas"):
            found.append(repr(solve_coefficients(setting)))
    assert found[0] == found[1]
