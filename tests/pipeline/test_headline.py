"""The eight figures of a run, the curves that DVC draws, and what git keeps of them."""

from __future__ import annotations

import hashlib
import json

import pandas as pd
import pytest
import yaml

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.headline import HEADLINE, headline, headline_words
from creditloom.pipeline.stages.results.evaluate.curves import DRAWN, curves_of, gains
from tests.checkout import ROOT, needs_checkout

# A line of `dvc metrics show` and `dvc exp show` that a person reads at once.
MOST_FIGURES = 8
KS = pd.DataFrame(
    {
        "series": ["model"] * 3,
        "score": [0.0, 0.5, 1.0],
        "bad_share": [0.0, 0.2, 1.0],
        "good_share": [0.0, 0.6, 1.0],
    }
)


def test_there_are_eight_and_each_has_its_words() -> None:
    assert len({figure.name for figure in HEADLINE}) == len(HEADLINE) == MOST_FIGURES
    told = headline_words({"final": {"approve_rate": 0.652}, "calibration": {"slope": True}})
    assert told == {"final approvals of those who asked": "65.2%"}
    assert headline({})["auc_oot"] is None


def test_gains_begin_with_the_riskiest() -> None:
    """Half of the applicants, the riskier half, hold four fifths of the bads."""
    curve = gains(KS)
    assert curve["asked"].tolist() == [0.0, 0.5, 1.0]
    assert curve["bads"].tolist() == pytest.approx([0.0, 0.8, 1.0])


@needs_checkout
def test_dvc_tracks_the_eight_by_git_the_long_file_by_its_cache_and_draws_five_curves() -> None:
    dag = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    evaluate = dag["stages"]["evaluate"]
    assert evaluate["metrics"] == [{paths.FIGURES.as_posix(): {"cache": False}}]
    assert {paths.METRICS.as_posix(), paths.CURVES.as_posix()} <= set(evaluate["outs"])
    drawn = {file for plot in dag["plots"] for one in plot.values() for file in one["y"]}
    assert drawn == {f"{paths.CURVES}/{name}.csv" for name in (*DRAWN, "gains")}


@needs_checkout
def test_the_columns_that_dvc_draws_are_those_that_are_written() -> None:
    plots = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["plots"]
    written = {name: list(columns) for name, (_, columns) in DRAWN.items()}
    written["gains"] = list(gains(KS))
    for plot in plots:
        for one in plot.values():
            for axis in (one["x"], one["y"]):
                for file, columns in axis.items():
                    names = [columns] if isinstance(columns, str) else columns
                    assert set(names) <= set(written[file.rpartition("/")[2][:-4]])


def test_curves_are_cut_from_the_tables_of_the_report() -> None:
    tables = {
        table: pd.DataFrame({column: [0] for column in (*columns, "more")})
        for table, columns in DRAWN.values()
    }
    found = curves_of({**tables, "ks": KS})
    assert {name: list(curve) for name, curve in found.items() if name in DRAWN} == {
        name: list(columns) for name, (_, columns) in DRAWN.items()
    }


@needs_checkout
def test_a_committed_lock_is_of_the_committed_figures() -> None:
    """`dvc repro` of a release reproduces them; a lock of another run would not."""
    lock = ROOT / "dvc.lock"
    if not lock.is_file():
        pytest.skip("no run is committed")
    outs = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"]["evaluate"]["outs"]
    (kept,) = [out["md5"] for out in outs if out["path"] == paths.FIGURES.as_posix()]
    figures = (ROOT / paths.FIGURES).read_bytes()
    assert hashlib.md5(figures, usedforsecurity=False).hexdigest() == kept
    assert len(json.loads(figures)) <= MOST_FIGURES
