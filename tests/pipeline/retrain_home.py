"""A lender of a few thousand applications whose stages are stubs, so that a retrain takes seconds.

Raw tables are two small ones. The stub of `featurize` writes a matrix and labels as known on the
day; that of `bundle` writes one of a few trees.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from creditloom.decision.decide import Decider
from creditloom.models.learners import ridge
from creditloom.models.learners.ridge import Ridge, RidgeParams
from creditloom.models.sample.dataset import undated_dataset
from creditloom.models.sample.split import TRAIN
from creditloom.pipeline.base import paths
from tests.registry.small import OWNERS, applications, write_bundle

ROWS = 6_000
# Of the log-odds of all bundles: so high that some months of loans hold bads enough.
LEVEL = 1.5
NAMES = tuple(OWNERS)


def lender(folder: Path) -> pd.DataFrame:
    """Return applications of 24 months with their default, if any, and when it was known."""
    frame = applications(ROWS, seed=5)
    days = np.linspace(0, 729, ROWS).astype(int)
    frame["as_of"] = pd.Timestamp("2024-01-01 10:00") + pd.to_timedelta(days, unit="D")
    right = Decider.load(write_bundle(folder / "right", seed=7, level=LEVEL))
    pd_ = right.decide(frame, explain="none")["pd"].to_numpy(float)
    rng = np.random.default_rng(11)
    frame["is_bad"] = rng.random(ROWS) < pd_
    lag = pd.to_timedelta(rng.integers(100, 360, ROWS), unit="D")
    frame["known_time"] = (frame["as_of"] + lag).where(frame["is_bad"])
    frame["incumbent_score"] = rng.normal(size=ROWS)
    return frame


@dataclass
class Stubs:
    """Stands for the stage runner: `run` writes what the stages write; ran counts them.

    seed, is_shuffled: of the bundle. dies_at: a stage that fails once.
    """

    frame: pd.DataFrame
    seed: int = 7
    is_shuffled: bool = False
    dies_at: str = ""
    ran: list[str] = field(default_factory=list)

    def run(self, folder: Path, stages: Sequence[str]) -> None:
        """Run the stubs of the stages in the folder."""
        for stage in stages:
            self.ran.append(stage)
            if stage == self.dies_at:
                self.dies_at = ""
                raise KeyboardInterrupt
            if stage == "featurize":
                self._features(folder)
            elif stage == "bundle":
                self._bundle(folder)

    def _features(self, folder: Path) -> None:
        raw = pd.read_parquet(folder / paths.RAW / "applications")
        split = yaml.safe_load((folder / paths.PARAMS).read_text(encoding="utf-8"))["split"]
        known = self.frame.merge(raw[["application_id"]], on="application_id")
        day = pd.Timestamp(split["known_by"])
        is_bad = known["is_bad"] & (known["known_time"] < day)
        is_complete = is_bad | (known["as_of"] + pd.DateOffset(years=1) < day)
        (folder / paths.FEATURES).mkdir(parents=True, exist_ok=True)
        matrix = known.drop(columns=["is_bad", "known_time"])
        matrix.to_parquet(folder / paths.MATRIX, index=False)
        # table: columns of the labels
        labels = pd.DataFrame(
            {
                "application_id": known["application_id"],
                "is_booked": True,
                "is_complete": is_complete,
                "label": is_bad.astype("Int8").where(is_complete),
                "is_indeterminate": False,
                "weight": 1.0,
                "default_known_time": known["known_time"].where(is_bad),
            }
        )
        labels.to_parquet(folder / paths.LABELS, index=False)

    def _bundle(self, folder: Path) -> None:
        shutil.rmtree(folder / paths.MODEL, ignore_errors=True)
        write_bundle(folder / paths.MODEL, self.seed, is_shuffled=self.is_shuffled, level=LEVEL)
        rows = undated_dataset(
            self.frame[list(NAMES)].to_numpy(float),
            NAMES,
            self.frame["is_bad"].to_numpy(float),
            TRAIN,
        )
        params = RidgeParams((1000.0,))
        design = ridge.design_of(rows, params)
        x = design.columns(rows.features)
        theta = ridge.solve(x, rows.label, np.ones(len(x)), 1000.0)
        fitted = Ridge(design=design, coef=theta[:-1], intercept=float(theta[-1]), penalty=1000.0)
        (folder / paths.RIDGE).write_text(json.dumps(ridge.to_json(fitted)))


def write_raw(frame: pd.DataFrame, folder: Path) -> None:
    """Write the raw tables that stand for all: applications, and one of events."""
    folder.mkdir(parents=True, exist_ok=True)
    frame[["application_id", "as_of"]].to_parquet(folder / "applications.parquet", index=False)
    events = frame[["application_id", "as_of"]].set_axis(["event_id", "known_time"], axis=1)
    events.to_parquet(folder / "payments.parquet", index=False)
