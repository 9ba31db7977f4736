"""What `creditloom fit` leaves behind.

Figures, a bundle that decides alike, decisions with reasons, one page.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from creditloom.decision.decide import Decider
from creditloom.storage.files.store import read_frame
from tests.fit.conftest import N, Run, fit_in, loans

OPTIONS = (
    "--data",
    "t.parquet",
    "--label",
    "bad",
    "--id",
    "loan",
    "--time",
    "day",
    "--protected",
    "sex",
    "--categorical",
    "branch",
)
# table: the figures of a fit
FIGURES = {
    "auc", "gini", "ks", "brier", "logloss", "ece", "slope", "level_ratio", "mean_pd", "bad_rate",
}  # fmt: skip


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fitted")
    frame = loans()
    frame.loc[7, "income"] = -9
    frame.to_parquet(folder / "t.parquet", index=False)
    with fit_in(folder) as fit:
        result = fit(*OPTIONS, "--special-codes=-9,-8", "--out", "out")
    (folder / "told.txt").write_text(result.stdout, encoding="utf-8")
    return folder / "out"


def test_everything_that_is_left_behind(fitted: Path) -> None:
    metrics = json.loads((fitted / "metrics.json").read_text(encoding="utf-8"))
    _check_figures(metrics)
    decisions = read_frame(fitted / "decisions.parquet")
    _check_decisions(decisions)
    _check_bundle(fitted / "bundle", decisions)
    page = (fitted / "index.html").read_text(encoding="utf-8")
    told = (fitted.parent / "told.txt").read_text(encoding="utf-8")
    _check_intervals(metrics["figures"], told, page)
    assert "<html" in page
    assert 'src="http' not in page
    assert not (fitted / "quarantine").exists()
    _check_words(page)


def _check_words(page: str) -> None:
    """The page of a table says nothing of rules, offers or months that the table does not have."""
    house_only = (
        "after every rule",
        "expected profit",
        "out-of-time applicants",
        "what would change",
    )
    assert [words for words in house_only if words in page] == []
    assert "The table has no offers" in page and "`creditloom letter` writes it" in page
    # A level stands among the texts of the applicants as it was given.
    (data,) = re.findall(r'<script[^>]*id="applicant-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert "rent" in json.loads(data)["texts"]


def _check_figures(metrics: dict) -> None:  # type: ignore[type-arg]
    assert (
        set(metrics["cv"])
        == set(metrics["cv_ridge"])
        == set(metrics["oot"])
        == set(metrics["oot_ridge"])
        == FIGURES
    )
    assert all(set(figure) == {"mean", "sd"} for figure in metrics["cv"].values())
    groups = {row["group"]: row for row in metrics["fairness"]}
    assert groups["f"]["bads"] + groups["m"]["bads"] == metrics["sample"]["bads"]
    assert all(row["bad_low"] < row["bad_rate"] < row["bad_high"] for row in groups.values())
    assert 0.70 < metrics["cv"]["auc"]["mean"] < 0.90
    assert abs(metrics["cv"]["mean_pd"]["mean"] - metrics["cv"]["bad_rate"]["mean"]) < 0.03
    assert metrics["oot_sample"]["rows"] == 0.3 * N
    assert {row["group"] for row in metrics["fairness"]} == {"f", "m"}


def _check_intervals(figures: dict, told: str, page: str) -> None:  # type: ignore[type-arg]
    """Each figure has its interval in all three places, and the few bads of the late rows."""
    for sample in ("cv", "oot"):
        assert set(figures[sample]) == {"model", "ridge", "difference", "evidence"}
        for figure in figures[sample]["model"].values():
            assert figure["low"] <= figure["value"] <= figure["high"]
    evidence = figures["oot"]["evidence"]
    assert (evidence["rows"], evidence["is_few"]) == (120, True)
    few = f"Out of time: {evidence['bads']} bads of 120 rows: few, so every figure is uncertain"
    for text in (" ".join(told.split()), page):
        assert few in text
        for name in ("AUC", "Gini", "KS", "Brier", "log-loss", "ECE", "slope"):
            assert name in text
    auc = figures["cv"]["model"]["auc"]
    interval = f"{auc['low']:.3f} to {auc['high']:.3f}"
    assert interval in told
    assert page.count(interval) >= 2


def _check_decisions(decisions: pd.DataFrame) -> None:
    assert len(decisions) == N
    assert set(decisions["decision"]) == {"approve", "refer", "decline"}
    adverse = decisions[decisions["decision"] == "decline"]
    concepts = {reason["concept"] for reasons in adverse["reasons"] for reason in reasons}
    assert adverse["reasons"].map(len).min() >= 1
    assert concepts <= {"income", "debt", "home", "branch"}
    assert decisions["limit_cny"].isna().all()


def _check_bundle(bundle: Path, decisions: pd.DataFrame) -> None:
    """The bundle reads the user's own columns.

    Raw codes, texts, and numbers that are categories.
    """
    raw = loans().rename(columns={"loan": "application_id", "day": "as_of"})
    raw.loc[7, "income"] = -9
    decider = Decider.load(bundle)
    again = decider.decide(raw)
    assert again["pd"].tolist() == decisions["pd"].tolist()
    assert again["tier"].tolist() == decisions["tier"].tolist()
    base, points = decider.points(raw)
    np.testing.assert_allclose(base + points.sum(axis=1), decisions["score_raw"], atol=1e-9)
    assert "sex" not in decider.bundle.scorer.catalogue.names


@pytest.mark.slow
def test_the_same_table_twice_gives_the_same_files(fitted: Path) -> None:
    """All but the seconds that it took."""
    before = _files(fitted)
    with fit_in(fitted.parent) as fit:
        fit(*OPTIONS, "--special-codes=-9,-8", "--out", "out")
    assert _files(fitted) == before


def _files(folder: Path) -> dict[str, object]:
    files: dict[str, object] = {
        path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics.pop("seconds")["all"] > 0
    return {**files, "metrics.json": metrics}


def test_bad_rows_are_set_aside_and_the_rest_is_fitted(fit: Run, tmp_path: Path) -> None:
    frame = loans()
    frame.loc[3, "loan"] = frame.loc[4, "loan"]
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    result = fit(*OPTIONS, "--out", "out")
    aside = read_frame(tmp_path / "out" / "quarantine" / "rows.parquet")
    assert aside["rule"].tolist() == ["loan.duplicate"] * 2
    assert len(read_frame(tmp_path / "out" / "decisions.parquet")) == N - 2
    assert "2 bad rows set aside" in result.output
