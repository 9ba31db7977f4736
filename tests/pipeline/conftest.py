"""One small world carried through the chain, once for all tests of this folder."""

from __future__ import annotations

import fcntl
import os
import shutil
from importlib import import_module
from pathlib import Path

import pytest

from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths, stage

# so many bads that 2,000 applicants calibrate, tiers to suit, and a model that is quick
# rather than good
# table: parameters of the small world
SMALL = {
    "seed": 7,
    "world.applicants": 2000,
    "world.base_rate": 0.3,
    "world.activity_scale": 0.1,
    "world.chunk_applicants": 500,
    "world.processes": 1,
    "calendar.train_months": 12,
    "calendar.calibration_months": 6,
    "split.train_months": 12,
    "split.calibration_months": 6,
    "select.booster.max_trees": 60,
    "select.booster.threads": 1,
    "train.booster.learning_rate": 0.1,
    "train.booster.min_trees": 60,
    "train.booster.max_trees": 100,
    "ridge.penalties": [1000.0],
    # A trial: nobody approves the edges of a test.
    "policy.needs_approval": False,
    "policy.tier_edges": [0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5],
    "evaluate.bootstrap": 20,
    "evaluate.reachable_rounds": 20,
    "explain.rows": 100,
    "explain.features_shown": 5,
    "explain.dependences": 1,
    "explain.examples": 1,
    "explain.dpi": 40,
}


def small_run(folder: Path, stages: tuple[str, ...], **changes: object) -> Path:
    """Run the chain on a small world in `folder`; returns the folder."""
    stage_runner.prepare(folder, {**SMALL, **changes}, paths.DEFAULTS)
    stage_runner.run(folder, stages)
    return folder


def run_here(folder: Path, stages: tuple[str, ...]) -> None:
    """Run stages in `folder` in this process, which has loaded their libraries already."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in stages:
            stage.run(name, import_module(f"{stage.module_of(name)}.__main__").main)


@pytest.fixture(scope="session")
def run(_solved_once: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which every stage up to the report has run; tests change copies of it only."""
    return whole_run(tmp_path_factory.getbasetemp())


def whole_run(base: Path) -> Path:
    """Return the one folder of a session in which every stage has run; made when first asked for.

    base: temporary folder of the session, or of one of its workers. All but the last stage run in
    this process; `again` gives each a process of its own.
    """
    # All workers of a session share it: a chain takes longer than all that is asked of it.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "one" / "run"
    done = shared / "one" / "done"
    with (shared / "one.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.is_file():
            shutil.rmtree(folder, ignore_errors=True)
            stage_runner.prepare(folder, SMALL, paths.DEFAULTS)
            run_here(folder, stage_runner.TO_REPORT[:-1])
            stage_runner.run(folder, stage_runner.TO_REPORT[-1:])
            done.touch()
    return folder


@pytest.fixture(scope="session")
def again(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the same parameters in another folder with another number of processes.

    Up to the decisions.
    """
    return small_run(
        tmp_path_factory.mktemp("another place") / "run",
        stage_runner.TO_DECISIONS,
        **{"world.processes": 2},
    )
