"""`creditloom bench earlier` finds modules in every layout and runs the other checkout's code."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditloom.pipeline.proof.bench_earlier.checkout import (
    COMMAND_LINE,
    FIRST_DECISION,
    Checkout,
    CheckoutError,
)
from creditloom.pipeline.proof.bench_earlier.measures import STAGES
from tests.checkout import needs_checkout

ROOT = Path(__file__).parents[2]
OLD_DVC = "stages:\n  simulate:\n    cmd: python -m pipeline.simulate\n"


def old_checkout(folder: Path) -> Checkout:
    """Return a checkout in the layout of 613f9fa, with a command line and one stage."""
    (folder / "pipeline").mkdir()
    (folder / "pipeline" / "__init__.py").write_text("")
    (folder / "pipeline" / "cli.py").write_text("import sys\nprint('old', *sys.argv[1:])\n")
    (folder / "dvc.yaml").write_text(OLD_DVC)
    return Checkout.at(folder)


@needs_checkout
def test_every_measured_stage_stands_in_this_dvc_yaml() -> None:
    here = Checkout.at(ROOT)
    for stage in STAGES:
        parts = here.stage_module(stage).removeprefix("creditloom.").split(".")
        assert ROOT.joinpath(*parts, "__main__.py").is_file(), stage


@needs_checkout
def test_modules_of_this_layout_are_found() -> None:
    here = Checkout.at(ROOT)
    assert here.module(COMMAND_LINE) == COMMAND_LINE[0]
    assert here.module(FIRST_DECISION) == FIRST_DECISION[0]


def test_the_other_checkout_runs_its_own_code(tmp_path: Path) -> None:
    old = old_checkout(tmp_path)
    assert old.stage_module("simulate") == "pipeline.simulate"
    module = old.module(COMMAND_LINE)
    # Run in another folder: the code must come from the checkout, not from where one stands.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    used = old.run(module, "score", folder=elsewhere)
    assert used.said == "old score\n"
    assert used.cpu > 0


def test_what_is_no_checkout_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CheckoutError, match="git worktree add"):
        Checkout.at(tmp_path)
    with pytest.raises(CheckoutError, match="--only"):
        old_checkout(tmp_path).module(FIRST_DECISION)
    with pytest.raises(CheckoutError, match="expected the stage featurize"):
        Checkout.at(tmp_path).stage_module("featurize")
