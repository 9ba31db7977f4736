"""A bundle fitted on any table of one's own, without the judgement that the command adds."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.learner import fit_calibrated
from creditloom.pipeline.commands.model import fit_run
from creditloom.pipeline.commands.model.fit_options import RunChoices
from creditloom.pipeline.commands.model.fit_subject import worded
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.finished import Finished, read_finished
from creditloom.storage.sources import now
from tests.fit.conftest import few_trees


class FittedBundle(NamedTuple):
    """The folder of the bundle, the table as it was read, and the PDs that were fitted."""

    folder: Path
    table: Finished
    pd: np.ndarray


def fitted(path: Path, folder: Path, **given: Any) -> FittedBundle:
    """Fit the table at `path` with few trees and write its bundle; `given` as of SourceParams."""
    source = SourceParams("matrix", str(path), **{"label": "bad", "id": "loan", **given})
    read = worded(read_finished(source, now()), source)
    params: Any = few_trees("fit", FitParams)
    final = fit_calibrated(fit_run.training_table(read), params, is_strict=False)
    fit_run.write_bundle(folder, final, read, RunChoices())
    return FittedBundle(folder, read.table, final.pd(read.table.features))


# table: columns of `messy` that no door may read in another way than training did
READINGS = {"rate": "percent", "salary": "thousands", "bureau": "plain"}


def messy(rows: int = 360, seed: int = 11) -> pd.DataFrame:
    """A table of texts as people export it: signs in numbers, dates as 31/01/2024, marks, codes.

    Its index is to be written too, as pandas does; `opened` is a date that is a feature.
    """
    rng = np.random.default_rng(seed)
    place = np.arange(rows)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(place, "D")
    opened = day - pd.to_timedelta(rng.integers(5, 2_000, rows), "D")
    rate = rng.uniform(2, 30, rows).round(1)
    salary = rng.integers(800, 90_000, rows)
    home = rng.choice(["own", "rent", "lodger"], rows)
    logit = -2.4 + 0.08 * rate - 0.00002 * salary + 0.9 * (home == "lodger")
    # table: a column a line
    columns = {
        "loan": [f"L{k:05d}" for k in place],
        "day": day.strftime("%d/%m/%Y"),
        "opened": opened.strftime("%d/%m/%Y"),
        "rate": [f"{one}%" for one in rate],
        "salary": [f"{one:,}" for one in salary],
        "bureau": np.where(place % 9 == 0, "?", (500 + place * 7 % 300).astype(str)),
        "score": np.where(place % 7 == 0, -9, place * 13 % 100).astype(str),
        "home": home,
        "bad": (rng.random(rows) < 1 / (1 + np.exp(-logit))).astype(int),
    }
    return pd.DataFrame(columns)
