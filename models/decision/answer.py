"""What the registered model answers: the decisions as a frame that can also be told as JSON."""

from __future__ import annotations

from typing import Any

import pandas as pd


class Answer(pd.DataFrame):
    """A frame like any other, except that `to_dict` says None for what is missing; frames made from it are plain ones.

    MLflow's server writes `to_dict("records")` as JSON, which knows neither NaN nor pandas' NA.
    """

    def to_dict(self, *args: Any, **options: Any) -> Any:
        """As of pandas, None for what is missing."""
        return self.astype(object).where(self.notna(), None).to_dict(*args, **options)
