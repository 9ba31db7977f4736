"""A small world on disk, its tables, and the yardstick of how much events reveal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from creditloom.features.contract.tables import EVENT_TABLES, TABLES, Table
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.storage.files.store import read_frame, read_json
from creditloom.storage.folders.raw_folder import table_files
from creditloom.world.config.world_config import WorldConfig

# The raw tables that the world writes: an event table has a lag in world.yaml. Others can come
# from a lender's own data alone.
_LAGS = document(WorldConfig, paths.WORLD).lags_days
SIMULATED_EVENTS = tuple(table for table in EVENT_TABLES if table.name in _LAGS)
SIMULATED: dict[str, Table] = {
    name: table
    for name, table in TABLES.items()
    if table not in EVENT_TABLES or table in SIMULATED_EVENTS
}


@dataclass(frozen=True)
class Written:
    """A small world on disk."""

    raw: Path
    truth: Path
    rows: dict[str, int]

    def table(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        parts = [read_frame(part, columns) for part in table_files(self.raw, name)]
        return pd.concat(parts, ignore_index=True)

    @property
    def people(self) -> pd.DataFrame:
        return read_frame(self.truth / "applicants.parquet").set_index("applicant_id")

    @property
    def meta(self) -> dict[str, Any]:
        found: dict[str, Any] = read_json(self.truth / "meta.json")
        return found

    def seen(self, name: str) -> pd.DataFrame:
        """Return events of the year before the application that were known by then.

        As a feature may see them.
        """
        events = self.table(name).merge(
            self.table("applications", ["applicant_id", "as_of"]), on="applicant_id"
        )
        year = events.event_time >= events.as_of - pd.Timedelta(days=365)
        return events[(events.known_time < events.as_of) & (year | (name == "contacts"))]


def r_squared(features: pd.DataFrame, target: pd.Series) -> float:
    """Return the share of the target's variance that a ridge explains out of sample.

    The ridge learns from two thirds of the people and predicts the other third.
    """
    x = features.assign(
        **{f"log_{c}": np.log1p(features[c]) for c in features if features[c].min() >= 0}
    )
    x = ((x.fillna(x.median()) - x.mean()) / x.std()).clip(-3, 3)
    design = np.column_stack([x, x**2, np.ones(len(x))])
    train = np.arange(len(x)) % 3 != 0
    y = target.to_numpy()
    weights = np.linalg.solve(
        design[train].T @ design[train] + 10.0 * np.eye(design.shape[1]), design[train].T @ y[train]
    )
    return float(1.0 - np.var(y[~train] - design[~train] @ weights) / np.var(y[~train]))
