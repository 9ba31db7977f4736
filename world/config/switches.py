"""The block `world.switches` of params.yaml: what later work needs, each off by default.

A switch that is off changes no byte of any table. One that is on changes its own tables alone: it
draws from a random stream of its own. Its numbers stand in YAML beside those of the part it
belongs to, its truth stays apart, and its claims stand in world/claims.yaml.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# The named drifts of the late vintages; `off` is none.
DriftName = Literal["off", "mean_pd", "family_null", "shift", "segment"]


@dataclass(frozen=True)
class Switches:
    """Which extra parts of the world are on.

    - `drawdown`: revolving lines of the book are used along a curve of months on book.
    - `prepayment`: loans of the book are repaid in full before their time.
    - `recoveries`: money comes back after a default, month by month.
    - `challenger`: a recorded random share of the applications is decided by the challenger.
    - `drift`: what changes in the out-of-time vintages (`population_drift`).
    - `alternative`: a bought index of arrears by area carries a protected group into the PD.
    """

    drawdown: bool = False
    prepayment: bool = False
    recoveries: bool = False
    challenger: bool = False
    drift: DriftName = "off"
    alternative: bool = False


@dataclass(frozen=True)
class SwitchNumbers:
    """The block `switches` of world.yaml: how large each switch of the labelled world is.

    Shares are of people (of the late vintages for a drift), log-odds are of default.

    - `challenger_share` of the applications is in the challenger's arm.
    - `drift_pd_ratio`: mean true PD over that without the drift.
    - `drift_null_share` of the people have no row in the tables of `drift_null_family`.
    - `drift_shift_sd`: by how much the bureau's score is higher, in SD between people.
    - `drift_segment_share` of the people call themselves `drift_segment`; they are riskier by
      `drift_segment_log_odds` than all that is seen of them.
    - `area_tiers_from`: region tiers from here on are the protected group. It is riskier by
      `area_log_odds`, and the index of its areas is higher by 1; `area_noise` is the SD of the
      index among people of one group.
    """

    challenger_share: float
    drift_pd_ratio: float
    drift_null_share: float
    drift_null_family: str
    drift_shift_sd: float
    drift_segment_share: float
    drift_segment: str
    drift_segment_log_odds: float
    area_tiers_from: int
    area_log_odds: float
    area_noise: float
