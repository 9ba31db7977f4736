"""Counts of the truth about all applicants, booked or not, added up block by block."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from creditloom.models.evaluation.world_claims.loan_path import MONTHS
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.metrics import gini

# Columns of the truth that are counted.
COLUMNS = (
    "pd_true",
    "pd_oracle",
    "is_approved",
    "is_control",
    "defaulted",
    "default_month",
)
# What the incumbent did with an application.
DECISIONS = ("approved", "booked at random", "declined")
# Edges of the histogram of PDs: twenty bins a decade, from 0.001 % to 100 %.
PD_EDGES = np.logspace(-5.0, 0.0, 101)
# Most applicants on whom the Gini ceilings are measured (choice): its error is then below 0.005,
# and memory does not grow with the world.
CEILING_APPLICANTS = 100_000


@dataclass
class TruthTally:
    """Counts over applicants by the incumbent's decision, and the first PDs themselves.

    - `applicants`, `defaults`, `expected` (sum of true PDs): one value a decision.
    - `by_month`: decision x month of default, 1 to 12. `by_pd`: decision x bin of PD_EDGES.
    """

    applicants: np.ndarray = field(default_factory=lambda: np.zeros(3, np.int64))
    defaults: np.ndarray = field(default_factory=lambda: np.zeros(3, np.int64))
    expected: np.ndarray = field(default_factory=lambda: np.zeros(3))
    by_month: np.ndarray = field(default_factory=lambda: np.zeros((3, MONTHS), np.int64))
    by_pd: np.ndarray = field(default_factory=lambda: np.zeros((3, len(PD_EDGES) - 1), np.int64))
    first: list[np.ndarray] = field(default_factory=list)

    def add(self, rows: pd.DataFrame) -> None:
        """Add a block of the truth with its COLUMNS."""
        pd_true = rows["pd_true"].to_numpy()
        month = rows["default_month"].fillna(0).to_numpy(np.int64)
        for place, is_in in enumerate(_by_decision(rows)):
            self.applicants[place] += is_in.sum()
            self.defaults[place] += rows["defaulted"].to_numpy()[is_in].sum()
            self.expected[place] += pd_true[is_in].sum()
            self.by_month[place] += np.bincount(month[is_in], minlength=MONTHS + 1)[1:]
            # A PD below the first edge counts into the first bin.
            clipped = np.clip(pd_true[is_in], PD_EDGES[0], PD_EDGES[-1])
            self.by_pd[place] += np.histogram(clipped, PD_EDGES)[0]
        self._keep(rows[["pd_true", "pd_oracle"]].to_numpy())

    def _keep(self, pds: Floats) -> None:
        room = CEILING_APPLICANTS - sum(len(block) for block in self.first)
        if room > 0:
            self.first.append(pds[:room].copy())

    def by_decision(self) -> pd.DataFrame:
        """Return decision, applicants, share, defaults, bad_rate and mean_pd: one row each.

        bad_rate and mean_pd are null where there is no such applicant.
        """
        n = np.where(self.applicants > 0, self.applicants, 1)
        is_empty = self.applicants == 0
        # table: one row per decision of the incumbent
        return pd.DataFrame(
            {
                "decision": DECISIONS,
                "applicants": self.applicants,
                "share": self.applicants / max(self.applicants.sum(), 1),
                "defaults": self.defaults,
                "bad_rate": np.where(is_empty, np.nan, self.defaults / n),
                "mean_pd": np.where(is_empty, np.nan, self.expected / n),
            }
        )

    def pd_histogram(self) -> pd.DataFrame:
        """Return low, high (of PD), booked and declined: shares of all applicants in each bin."""
        total = max(int(self.applicants.sum()), 1)
        booked = self.by_pd[:2].sum(axis=0) / total
        bounds = {"low": PD_EDGES[:-1], "high": PD_EDGES[1:]}
        return pd.DataFrame({**bounds, "booked": booked, "declined": self.by_pd[2] / total})

    def timing(self) -> pd.DataFrame:
        """Return month, booked and declined: the share of the defaults of each that it brings."""
        booked = self.by_month[:2].sum(axis=0)
        declined = self.by_month[2]
        shares = {
            "booked": booked / max(booked.sum(), 1),
            "declined": declined / max(declined.sum(), 1),
        }
        return pd.DataFrame({"month": np.arange(1, MONTHS + 1), **shares})

    def ceilings(self) -> dict[str, float | int]:
        """Return the highest Ginis that a score can have, through the door, and n.

        - `gini_ceiling`: of a score that knows every latent state and the month, but neither luck
          nor the intent of fraud. No data tell more.
        - `gini_true_pd`: of the true PD itself, luck and fraud included.
        """
        pds = np.concatenate(self.first)
        pd_true = pds[:, 0]
        return {
            "gini_ceiling": gini(pd_true, pds[:, 1]),
            "gini_true_pd": gini(pd_true, pd_true),
            "n": len(pds),
        }


def _by_decision(rows: pd.DataFrame) -> tuple[Mask, Mask, Mask]:
    """Return a mask for each of DECISIONS."""
    is_approved = rows["is_approved"].to_numpy(bool)
    is_control = rows["is_control"].to_numpy(bool) & ~is_approved
    return is_approved, is_control, ~(is_approved | is_control)
