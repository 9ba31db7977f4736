"""One bundle: the estimator, the command, the saved folder, a decision and a batch agree."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import creditloom
from creditloom.pipeline.commands.model import fit_run
from creditloom.pipeline.scorer.fitting import CreditWarning
from creditloom.serving.applicant.direct.scorer import DirectScorer
from creditloom.storage.files.errors import DataError
from tests.fit.conftest import few_trees, loans
from tests.scorer.light import LightScorer

OPTIONS = {"row_id": "loan", "drop": ["day"], "protected": ["sex"], "monotone": {"income": -1}}
TABLE = loans(300, seed=11)
X = TABLE.drop(columns="bad")


@pytest.fixture(scope="module")
def fitted() -> LightScorer:
    return LightScorer(**OPTIONS).fit(X, TABLE["bad"])


@pytest.fixture(scope="module")
def saved(fitted: LightScorer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fitted.save(tmp_path_factory.mktemp("saved") / "bundle")


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(fit_run, "section", few_trees)
    yield


def test_it_is_the_model_of_the_command(fitted: LightScorer, tmp_path: Path, light: None) -> None:
    TABLE.to_parquet(tmp_path / "loans.parquet", index=False)
    creditloom.fit(tmp_path / "loans.parquet", tmp_path / "out", label="bad", **OPTIONS)
    # The manifest holds the hash of every other file.
    manifest = tmp_path / "out" / "bundle" / "manifest.json"
    assert manifest.read_bytes() == fitted.bundle_.files["manifest.json"]


def test_every_door_says_the_same_pd(fitted: LightScorer, saved: Path, tmp_path: Path) -> None:
    pd_of_rows = fitted.predict_proba(X)[:, 1].tolist()
    assert creditloom.Decider.load(saved).decide(X)["pd"].tolist() == pd_of_rows
    assert fitted.decide(X)["pd"].tolist() == pd_of_rows
    assert creditloom.CreditScorer.load(saved).predict_proba(X)[:, 1].tolist() == pd_of_rows
    direct = DirectScorer(saved, explain="all")
    frame = creditloom.Decider.load(saved).decide(X.head(60), explain="all").astype(object)
    expected = frame.where(frame.notna(), None).to_dict("records")
    for row, answer in zip(X.head(60).to_dict("records"), expected, strict=True):
        found = direct.decide(row)
        assert {name: found[name] for name in answer} == answer
    many = direct.decide_many(X.head(60).to_dict("records"))
    assert [one["pd"] for one in many] == pd_of_rows[:60]
    X.to_parquet(tmp_path / "rows.parquet")
    source = tmp_path / "rows.parquet"
    creditloom.score(tmp_path / "night", source=source, bundle=saved, accept_drift="a test")
    (written,) = (tmp_path / "night" / "decisions").glob("*.parquet")
    decided = pd.read_parquet(written).set_index("application_id")["pd"]
    assert decided.loc[X["loan"]].tolist() == pd_of_rows


def test_polars_and_arrow_are_read_as_pandas(fitted: LightScorer) -> None:
    polars = pytest.importorskip("polars")
    known = fitted.predict_proba(X)
    for frame in (polars.from_pandas(X), pa.Table.from_pandas(X, preserve_index=False)):
        assert (fitted.predict_proba(frame) == known).all()
        again = LightScorer(**OPTIONS).fit(frame, TABLE["bad"])
        assert (again.predict_proba(X) == known).all()
        assert fitted.decide(frame)["application_id"].tolist() == X["loan"].tolist()


def test_a_pd_needs_only_what_the_model_reads(fitted: LightScorer) -> None:
    """Who asks for a PD need not give a protected column; a decision takes any order."""
    read = X.drop(columns=["sex", "day", "loan"])
    assert (fitted.predict_proba(read) == fitted.predict_proba(X)).all()
    with pytest.raises(ValueError, match="yet now missing"):
        fitted.predict_proba(read.drop(columns="debt"))
    turned = X[X.columns[::-1]].assign(bad=0, note="mine")
    assert fitted.decide(turned)["pd"].tolist() == fitted.decide(X)["pd"].tolist()


def test_contributions_add_up_to_the_log_odds(fitted: LightScorer) -> None:
    base, parts = fitted.explain(X)
    assert list(parts) == ["income", "debt", "home", "branch"]
    gap = base + parts.sum(axis=1).to_numpy() - fitted.decision_function(X)
    assert np.abs(gap).max() < 1e-9


def test_what_training_never_had_is_treated_as_declared(fitted: LightScorer) -> None:
    rows = X.iloc[:2].assign(home=["castle", "own"], income=[0.0, np.nan])
    decided = fitted.decide(rows)
    assert not (decided["decision"] == "approve").any()
    known = fitted.predict_proba(rows.assign(income=X["income"].median()))[:, 1]
    assert fitted.predict_proba(rows)[1, 1] >= known[1]
    refusing = LightScorer(**OPTIONS, beyond="refuse").fit(X, TABLE["bad"])
    with pytest.raises(ValueError, match="training"):
        refusing.predict_proba(rows)


def test_a_null_beside_a_special_code_is_beyond_training() -> None:
    """A safe code says nothing of null: both were null to the model, and null was as safe."""
    place = np.arange(len(X))
    safe = place % 4 == 0
    bureau = np.where(safe, -1.0, place % 37 + 300.0)
    rows = X[["income"]].assign(bureau=bureau)
    label = TABLE["bad"].where(~safe, 0)
    scorer = LightScorer(special_codes={"bureau": [-1, -9]}).fit(rows, label)
    median = float(np.quantile(bureau[~safe], 0.5, method="lower"))
    some = rows.head(40)
    at_median = scorer.predict_proba(some.assign(bureau=median))[:, 1]
    for value in (np.nan, -9.0):
        beyond = some.assign(bureau=value)
        assert (scorer.predict_proba(beyond)[:, 1] == at_median).all()
        assert {*scorer.decide(beyond)["decision"]} <= {"refer", "decline"}
    assert (scorer.predict_proba(some.assign(bureau=-1.0))[:, 1] < at_median).all()
    assert "approve" in {*scorer.decide(rows)["decision"]}


def test_a_folder_of_somebody_is_not_replaced(fitted: LightScorer, tmp_path: Path) -> None:
    assert fitted.save(fitted.save(tmp_path / "mine")).is_dir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"notes\.txt"):
        fitted.save(tmp_path / "mine")
    page = tmp_path / "page.html"
    page.write_text("mine")
    with pytest.raises(DataError, match="replace"):
        fitted.report(page)


def test_a_loaded_estimator_has_its_classes_and_parameters(saved: Path) -> None:
    loaded = LightScorer.load(saved)
    assert (loaded.monotone, loaded.row_id) == ({"income": -1}, "loan")
    assert loaded.classes_.tolist() == [0, 1]
    with pytest.raises(ValueError, match="rows of training"):
        loaded.report("page.html")


@pytest.mark.slow
def test_the_report_is_the_page_of_the_command(fitted: LightScorer, tmp_path: Path) -> None:
    page = fitted.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "Fit of a CreditScorer" in page
    assert fitted.bundle_.decider.bundle.version[:16] in page


@pytest.mark.slow
def test_a_date_is_days_before_the_time_where_that_is_a_column(tmp_path: Path) -> None:
    """At every door alike; a time that is given as values is no column to count to, aloud."""
    dated = X.assign(opened=X["day"] - pd.to_timedelta(np.arange(300) * 7 % 900, "D"))
    options = {**OPTIONS, "drop": []}
    scorer = LightScorer(**options).fit(dated, TABLE["bad"], time="day")
    found = scorer.predict_proba(dated)[:, 1]
    assert list(scorer.explain(dated)[1]) == ["income", "debt", "home", "branch", "opened"]
    assert scorer.decide(dated)["pd"].tolist() == found.tolist()
    # A year later both dates are: the number of days is the same, and so is the PD.
    year = pd.Timedelta(days=365)
    later = dated.assign(day=dated["day"] + year, opened=dated["opened"] + year)
    assert scorer.predict_proba(later)[:, 1].tolist() == found.tolist()
    folder = scorer.save(tmp_path / "bundle")
    texts = dated.assign(opened=dated["opened"].dt.strftime("%Y-%m-%d"))
    assert creditloom.Decider.load(folder).decide(texts)["pd"].tolist() == found.tolist()
    beside = dated.drop(columns="day")
    with pytest.warns(CreditWarning, match="`opened`: left out: dates, and the time is no column"):
        scorer = LightScorer(**options).fit(beside, TABLE["bad"], time=X["day"])
    assert scorer.predict_proba(beside).shape == (300, 2)
