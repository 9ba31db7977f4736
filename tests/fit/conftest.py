"""`creditloom fit` as a user types it, on a made table, with fewer trees than in earnest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from creditloom.models.fit.fit_params import FitParams
from creditloom.pipeline.base.params import section
from creditloom.pipeline.cli import build
from creditloom.pipeline.commands.model import fit_run
from creditloom.pipeline.commands.model.fit_options import PARAMS
from creditloom.storage.files.errors import refusals

Run = Callable[..., Result]
N = 400


def loans(n: int = N, seed: int = 1) -> pd.DataFrame:
    """Loans whose default depends on income, debt and the kind of home; `sex` has no part in it."""
    rng = np.random.default_rng(seed)
    income = rng.normal(0, 1, n)
    debt = rng.normal(0, 1, n)
    home = rng.choice(["own", "rent", "free"], n)
    logit = -1.2 - 1.1 * income + 0.8 * debt + 0.9 * (home == "rent")
    days = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.arange(n), "D")
    columns = {
        "loan": [f"L{k:04d}" for k in range(n)],
        "day": days,
        "income": income,
        "debt": debt,
        "home": home,
        "branch": rng.integers(1, 4, n),
    }
    return pd.DataFrame(
        {
            **columns,
            "sex": rng.choice(["f", "m"], n),
            "bad": (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int),
        }
    )


def few_trees(name: str, kind: type, path: Path = PARAMS) -> Any:
    """The committed parameters, with few trees, penalties and folds and no repeats."""
    found = section(name, kind, path)
    if not isinstance(found, FitParams):
        return found
    sizes = ("small", "medium", "large")
    small = {size: replace(getattr(found, size), rounds=(10, 20)) for size in sizes}
    additive = replace(found.additive, penalties=(100.0, 10.0))
    return replace(found, repeats=1, inner_folds=2, additive=additive, **small)


@contextmanager
def fit_in(folder: Path) -> Iterator[Run]:
    """Yield `fit(*options)`, which runs in `folder`.

    Every refusal leaves as SystemExit(2), as on the command line.
    """

    def run(*options: str) -> Result:
        with refusals():
            return CliRunner().invoke(build(["fit"]), ["fit", *options], catch_exceptions=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(fit_run, "section", few_trees)
        yield run


@pytest.fixture
def fit(tmp_path: Path) -> Iterator[Run]:
    """Return `fit(*options)` in an empty folder."""
    with fit_in(tmp_path) as run:
        yield run
