"""`creditloom rejects` and the stage `train` with a way of reject inference, on the small world."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import changed_text
from creditloom.pipeline.cli import build
from creditloom.pipeline.commands.origins.rejects.command import PAGE, RejectsError, shares_of
from tests.pipeline.conftest import run_here

QUICK = ("rejects", "--bands", "0,5", "--seeds", "1", "--trees", "20")


@pytest.fixture
def copy(run: Path, tmp_path: Path) -> Path:
    """The small world's run up to the selection, without what a later stage has written."""
    shutil.copy(run / paths.PARAMS, tmp_path / paths.PARAMS)
    for folder in (paths.FEATURES, paths.SELECTED.parent, paths.TRUTH):
        shutil.copytree(run / folder, tmp_path / folder)
    text = changed_text({"reject.trees": 20, "reject.folds": 2}, tmp_path / paths.PARAMS)
    (tmp_path / paths.PARAMS).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_command_writes_figures_and_page(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copy)
    end = CliRunner().invoke(build([QUICK[0]], is_main=True), list(QUICK))
    assert end.exit_code == 0, end.output
    figures = json.loads((paths.REJECTS / "figures.json").read_text(encoding="utf-8"))
    none_booked, band = figures["bands"]
    assert none_booked["control_loans"] == 0 < band["control_loans"]
    assert set(figures["verdict"]) == {"door", "refused", "control", "booked"}
    assert band["ways"][0]["way"] == "none" and len(band["ways"]) == 5
    for way in band["ways"]:
        assert -1.0 < way["ginis"]["refused"]["gini"] < 1.0
    page = (paths.REJECTS / PAGE).read_text(encoding="utf-8")
    assert page in end.output and page.count("\n| fuzzy |") == 2


@pytest.mark.slow
def test_a_band_larger_than_the_one_that_was_booked_is_refused(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copy)
    end = CliRunner().invoke(build([QUICK[0]], is_main=True), ["rejects", "--bands", "0,50"])
    assert end.exit_code == 2 and "0.5 asked, but the incumbent booked 0.05" in end.output
    assert not paths.REJECTS.exists()


@pytest.mark.parametrize("text", ["", "a", "1,,2", "-1", "101", "nan"])
def test_bands_that_are_no_per_cents_are_refused(text: str) -> None:
    with pytest.raises(RejectsError, match="expected per cents from 0 to 100"):
        shares_of(text)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["inverse_propensity", "fuzzy"])
def test_train_learns_by_the_way_that_params_name(copy: Path, run: Path, way: str) -> None:
    text = changed_text({"reject.way": way}, copy / paths.PARAMS)
    (copy / paths.PARAMS).write_text(text, encoding="utf-8")
    run_here(copy, ("train",))
    record = json.loads((copy / paths.TRAINING).read_text(encoding="utf-8"))["rejects"]
    assert record["way"] == way
    assert (record["inferred_rows"] > 0) == (record["factor"] is not None) == (way == "fuzzy")
    # The committed way gives the model of the chain, to the byte; another way another one.
    committed = json.loads((run / paths.TRAINING).read_text(encoding="utf-8"))["rejects"]["way"]
    is_same = (copy / paths.MODEL_TXT).read_bytes() == (run / paths.MODEL_TXT).read_bytes()
    assert is_same == (way == committed)
