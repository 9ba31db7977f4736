"""Tables of people through the whole command: what is written, told, marked and how it ends."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from creditloom.decision.decide import Decider
from creditloom.models.fit.leaks.nothing_told import luck_told
from creditloom.models.fit.training_table import TrainingTable
from creditloom.models.sample.errors import ModelError
from creditloom.pipeline.commands.model.fit_run import GraveWarningError
from creditloom.pipeline.commands.model.fit_written import SelfCheckError
from creditloom.pipeline.commands.model.fit_written import check_bundle as check
from creditloom.storage.files.store import read_frame
from tests.fit.conftest import N, Run, loans

COLUMNS = ("--data", "t.parquet", "--label", "bad", "--id", "loan", "--out", "out")
# Sentences that are true of the house's own pipeline, and of no table of somebody else.
NOT_OF_A_TABLE = (
    "months of its own",
    "shap library",
    "twelve months",
    "90 or more days",
    "out-of-time months",
    "raw events",
    "latent state",
    "six kinds of information",
    "same price",
)


def metrics(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "out" / "metrics.json").read_text("utf-8"))
    return content


def written(frame: pd.DataFrame, folder: Path) -> pd.DataFrame:
    frame.to_parquet(folder / "t.parquet", index=False)
    return frame


# table: kind and name of a warning -> how grave it is
PLANTED = {
    ("leak", "nearly"): "grave",
    ("copy", "mirror"): "grave",
    ("pure", "recoveries"): "accepted",
    ("aged", "dunning"): "warning",
    ("period", "day"): "grave",
    ("copies", "copies"): "grave",
    ("borrower", "customer"): "warning",
    ("proxy", "gender_code"): "grave",
}


def planted() -> pd.DataFrame:
    """Loans with one thing of each kind that a colleague would warn of."""
    n = 500
    frame = loans(n)
    place = np.arange(n)
    # The latest outcomes are not known yet.
    frame["bad"] = frame["bad"].where(place < n - 90, 0)
    rng = np.random.default_rng(2)
    bad = frame["bad"].to_numpy()
    # table: what is planted
    more = {
        "nearly": bad + rng.normal(0, 0.38, n),
        "mirror": np.where(rng.random(n) < 0.035, 1 - bad, bad),
        "recoveries": np.where((bad == 1) & (rng.random(n) < 0.6), rng.gamma(2, 500, n), 0.0),
        "dunning": np.where(place < n * 0.6, 2.0 * bad, 0.0) + rng.normal(size=n),
        "customer": place // 2 * 3 + 7,
        "gender_code": (frame["sex"] == "m") * 1,
    }
    frame = frame.assign(**more)
    return pd.concat([frame, frame.head(60).assign(loan=lambda rows: "C" + rows["loan"])])


def test_each_kind_of_warning_is_told_everywhere_and_what_is_grave_ends_with_code_3(
    fit: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cases 16 and 18; and a level that only `--accept` takes off."""
    written(planted(), tmp_path)
    with pytest.raises(SystemExit) as end:
        fit(*COLUMNS, "--time", "day", "--protected", "sex", "--accept", "recoveries")
    assert end.value.code == GraveWarningError.exit_code == 3
    error = capsys.readouterr().err
    found = metrics(tmp_path)
    page = html.unescape((tmp_path / "out" / "index.html").read_text("utf-8"))
    warnings = {(warning["kind"], warning["name"]): warning for warning in found["warnings"]}
    for key, level in PLANTED.items():
        warning = warnings.pop(key)
        assert (key, "accepted" if warning["is_accepted"] else warning["level"]) == (key, level)
        assert warning["text"] in page and warning["next_step"] in page
        assert (warning["name"] in found["grave"]) == (level == "grave")
        assert (f"--accept {warning['name']}" in error) == (level == "grave")
        assert level != "grave" or warning["text"] in error
    assert {level for _, level in PLANTED.items() if level == "grave"} == {"grave"}
    assert "Grave and not accepted: " in page
    assert found["proxies"][0]["feature"] == "gender_code"
    assert len(read_frame(tmp_path / "out" / "decisions.parquet")) == 560


@pytest.fixture
def own(fit: Run, tmp_path: Path) -> pd.DataFrame:
    """A CSV with reserved words, markup, nulls in protected columns, codes, a flag of yes or null.

    One row holds an infinite number.
    """
    frame = loans()
    place = np.arange(N)
    rng = np.random.default_rng(1)
    frame = frame.rename(columns={"income": "score", "debt": "pd<img src=x>", "home": "tier"})
    # table: columns of all sorts
    more = {
        "label": rng.normal(size=N).round(6),
        "reason": rng.choice(["car", "<script>alert(2)</script>"], N),
        "hardship": np.where((frame["bad"] == 1) & (place % 4 > 0), "Y", None),
        "bureau": np.where(place % 5 == 0, -1, place % 37 + 300),
        "rate": [f"{k % 13 + 0.5}%" for k in place],
        "age": np.where(place % 5 == 0, np.nan, 20 + place % 50),
        "opened": (frame["day"] - pd.to_timedelta(place * 13 % 700, "D")).dt.strftime("%d.%m.%Y"),
    }
    frame = frame.assign(**more, sex=frame["sex"].where(place % 4 != 0))
    frame.loc[3, "label"] = np.inf
    frame.to_csv(tmp_path / "t.csv", index=False)
    options = ("--time", "day", "--protected", "sex,age", "--special-codes", "bureau=-1")
    run = ("--data", "t.csv", "--label", "bad", "--id", "loan", "--out", "out")
    result = fit(*run, *options, "--accept", "hardship", "--monotone", "score=-")
    frame.attrs["told"] = result.stderr
    return frame


def test_a_csv_of_all_sorts_is_fitted_and_told(own: pd.DataFrame, tmp_path: Path) -> None:
    _check_told(own.attrs["told"])
    found = metrics(tmp_path)
    _check_metrics(found)
    page = (tmp_path / "out" / "index.html").read_text("utf-8")
    assert [words for words in NOT_OF_A_TABLE if words in page] == []
    assert "<img src=x>" not in page
    assert "<script>alert(2)" not in page
    aside = read_frame(tmp_path / "out" / "quarantine" / "rows.parquet")
    assert aside["loan"].tolist() == ["L0003"]
    assert aside["reason"].tolist() == own["reason"].iloc[[3]].tolist()
    assert aside["reason_"].tolist() == ["label is infinite"]
    _check_decided(own, tmp_path)


# table: what is said off a terminal
TOLD = (
    "399 rows", "t.csv is CSV", "`opened`: dates as 31.01.2024",
    "`rate`: per-cent signs", "`bureau`: special code -1 in",
    "5 of 5 folds", "final model", "the PDs that were fitted", "accepted: `hardship` is Y",
)  # fmt: skip


def _check_told(told: str) -> None:
    """Off a terminal every step is a plain line, with what was found."""
    assert [words for words in TOLD if words not in told] == []


def _check_metrics(found: dict[str, Any]) -> None:
    assert found["special_codes"] == {"bureau": {"-1": 80}}
    assert len(found["cv_folds"]["model"]) == 5
    assert found["cv_folds"]["model"][0]["auc"] > 0.5
    assert {"python", "lightgbm", "creditloom"} <= set(found["versions"])
    assert found["seconds"]["all"] >= found["seconds"]["cross-validation"] > 0
    assert found["arguments"]["special_codes"] == ["bureau=-1"]
    rows = pd.DataFrame(found["fairness"])
    # Every row is in a group, null as one of its own.
    assert rows.groupby("field")["n"].sum().to_dict() == {"sex": 399, "age": 399}
    assert "not known" in set(rows["group"])
    assert found["grave"] == []


def _check_decided(own: pd.DataFrame, folder: Path) -> None:
    decisions = read_frame(folder / "out" / "decisions.parquet")
    decider = Decider.load(folder / "out" / "bundle")
    features = {feature.name: feature for feature in decider.bundle.scorer.catalogue.features}
    # The flag of yes or null is a feature, and only `bureau` has a code.
    assert "hardship" in features
    assert [name for name, feature in features.items() if feature.special_codes] == ["bureau"]
    assert features["score"].direction == -1
    # The layout that one trained on: id, time and per-cent signs as the user's table has them.
    again = decider.decide(own.drop(index=3))
    assert again["pd"].tolist() == decisions["pd"].tolist()
    # Approvals are judged by held-out PDs; the final model has seen the outcome.
    approved = decisions["decision_held_out"] == "approve"
    counts = metrics(folder)["decisions"]
    assert counts["approve"] == approved.sum()


@pytest.mark.slow
def test_one_date_has_no_earlier_rows(fit: Run, tmp_path: Path) -> None:
    written(loans().assign(day=pd.Timestamp("2023-01-01")), tmp_path)
    fit(*COLUMNS, "--time", "day")
    found = metrics(tmp_path)
    assert found["oot"] is None
    assert "no earlier rows" in found["oot_sample"]["refused"]


@pytest.mark.slow
def test_copies_and_borrowers_across_folds(
    fit: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = loans().drop(columns=["day", "sex"]).assign(customer=np.arange(N) // 2 * 3 + 7)
    copied = pd.concat([frame, frame.head(40).assign(loan=lambda f: "C" + f["loan"])])
    written(copied, tmp_path)
    with pytest.raises(SystemExit) as end:
        fit(*COLUMNS)
    assert end.value.code == 3
    warnings = {warning["kind"]: warning for warning in metrics(tmp_path)["warnings"]}
    assert warnings["copies"]["level"] == "grave"
    assert 40 < warnings["copies"]["rows"] <= 80
    assert "--group customer" in warnings["borrower"]["next_step"]
    assert "--accept copies" in capsys.readouterr().err


# table: case -> a table of which nothing can be learnt, the words
NOTHING: dict[str, tuple[dict[str, Any], str]] = {
    "constants": ({"a": 1, "b": np.nan, "c": "x"}, "hold one value in every row (a, b, c)"),
    "ids": ({"row": np.arange(N)}, "No feature is left"),
}


@pytest.mark.parametrize("case", NOTHING)
def test_a_table_that_tells_nothing_is_refused_in_words(
    fit: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    columns, words = NOTHING[case]
    written(loans()[["loan", "bad"]].assign(**columns), tmp_path)
    with pytest.raises(SystemExit) as end:
        fit(*COLUMNS)
    assert end.value.code == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_refusal_says_where_no_column_tells_anything() -> None:
    frame = loans(1_500)[["income", "debt"]]
    noise = np.random.default_rng(0).normal(size=(1_500, 2))
    label = loans(1_500)["bad"].to_numpy(np.int8)
    for features, words in (
        (pd.DataFrame(noise, columns=["a", "b"]), "No column tells bads from goods"),
        (frame, "^Calibration refused"),
    ):
        with (
            pytest.raises(ModelError, match=words),
            luck_told(TrainingTable(features, label, (0, 0))),
        ):
            raise ModelError("Calibration refused: slope -9.8")


# table: labels in words or other numbers
@pytest.mark.parametrize("values", [("Y", "N"), (2, 1), ("bad", "good")])
def test_a_label_in_words_says_how_to_map_it(
    fit: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], values: tuple[object, object]
) -> None:
    bad, good = values
    frame = loans()
    written(frame.assign(bad=np.where(frame["bad"] == 1, bad, good)), tmp_path)
    with pytest.raises(SystemExit):
        fit(*COLUMNS, "--time", "day")
    told = capsys.readouterr().err
    assert "map it to 0 and 1" in told
    assert str(bad) in told


def test_a_bundle_that_gives_other_pds_fails() -> None:
    fitted = np.array([0.1, 0.2, 0.3])
    check(fitted + 1e-12, fitted, Path("bundle"))
    for other in (fitted + np.array([0, 1e-6, 0]), np.array([0.1, np.nan, 0.3])):
        with pytest.raises(SelfCheckError, match=r"(?s)row 1.*1 rows differ"):
            check(other, fitted, Path("bundle"))
