"""Runs in another checkout, whose `creditloom` it imports: fits on one file and tells of another.

    python earlier_run.py FOLDER

It names no function of today's learner, so that an earlier one is called as it was.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits


class Package(NamedTuple):
    """How a release named its learner: file, module, names beside it, reader of params.yaml."""

    file: str
    learner: str
    params: str
    table: str
    reader: str


# The latest first. At first the rooms were no package: one ran in the checkout.
PACKAGES = (
    Package(
        "models/fit/learner.py",
        "creditloom.models.fit",
        "fit_params",
        "TrainingTable",
        "creditloom.pipeline.base.params",
    ),
    Package("models/anytable/learner.py", "models.anytable", "params", "Table", "pipeline.params"),
)


def main(folder: Path) -> None:
    """Read train.parquet, label.npy and test.parquet of `folder`; write pd.npy."""
    package = _package()
    learner = importlib.import_module(f"{package.learner}.learner")
    place = Path(str(learner.__file__)).resolve()
    # An installed creditloom would stand for the checkout in silence.
    if not place.is_relative_to(Path.cwd().resolve()):
        raise SystemExit(f"{place} was imported, which is not of {Path.cwd()}")
    kind = importlib.import_module(f"{package.learner}.{package.params}").FitParams
    read = importlib.import_module(package.reader)
    params = read.section("fit", kind, Path("params.yaml"))
    train = _frame(folder / "train.parquet")
    label = np.load(folder / "label.npy", allow_pickle=False)
    # The names of the fields have changed since, their order has not.
    table = getattr(learner, package.table)(train, label, (0,) * train.shape[1])
    # The number of inner folds was an argument of its own at first.
    has_folds = "folds" in inspect.signature(learner.fit_calibrated).parameters
    own = "inner_folds" if hasattr(params, "inner_folds") else "folds"
    folds = (getattr(params, own),) if has_folds else ()
    with threadpool_limits(limits=1):
        told = learner.fit_calibrated(table, params, *folds).pd(_frame(folder / "test.parquet"))
    np.save(folder / "pd.npy", told)


def _package() -> Package:
    """Return the package of this checkout, by the file of its learner."""
    return next(one for one in PACKAGES if Path(one.file).is_file())


def _frame(file: Path) -> pd.DataFrame:
    """Return the columns of a file: float64, or texts as objects with None for null."""
    frame = pd.read_parquet(file)
    for name in frame.columns:
        if frame[name].dtype != np.float64:
            texts = frame[name].astype(object)
            frame[name] = texts.where(texts.notna(), None)
    return frame


if __name__ == "__main__":
    main(Path(sys.argv[1]))
