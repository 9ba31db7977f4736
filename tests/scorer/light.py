"""An estimator with few trees, and a table of loans for it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from creditloom import CreditScorer
from creditloom.models.fit.fit_params import FitParams
from creditloom.pipeline.scorer.fitting import with_seed
from tests.fit.conftest import few_trees, loans


class LightScorer(CreditScorer):
    """As the real one, with as few trees as the tests of the command have."""

    def _fit_params(self) -> FitParams:
        params: Any = few_trees("fit", FitParams)
        return with_seed(params, self.seed)


def rows(n: int = 300) -> tuple[pd.DataFrame, pd.Series]:
    """Return X and y of loans; X has no id and no date."""
    table = loans(n, seed=11)
    return table[["income", "debt", "home", "branch"]], table["bad"]
