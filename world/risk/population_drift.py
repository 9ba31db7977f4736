"""What the switches `drift` and `alternative` change of the people and their risk.

A drift begins with the first out-of-time vintage, which no training or calibration month has seen.

| drift | what changes in the late vintages |
|---|---|
| mean_pd | everyone's log-odds rise by one number, so that the mean true PD rises |
| family_null | some people have no row in the tables of one family |
| shift | the bureau's score is higher, and means no less risk than before |
| segment | some people call themselves by a new segment and are riskier than they look |

The planted alternative makes one group of areas riskier, in every vintage. What is drawn here comes
from the stream `drift`, so nothing else of a world is drawn anew.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.world.config.config_types import Hazard
from creditloom.world.config.switches import Switches
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.people import People
from creditloom.world.risk.default import N_BISECTIONS, pd_of

# Interval of the bisection for the drift of the mean PD, log-odds: no ratio asks for more.
WIDEST = 5.0


@dataclass(frozen=True)
class PopulationDrift:
    """Who drifts, and by how much their log-odds of default rise for it; one value per person.

    `is_protected` says who lives in the areas of the planted alternative. All are False and 0
    where the switches are off.
    """

    is_hit: np.ndarray
    is_protected: np.ndarray
    log_odds: np.ndarray


def draw_drift(
    nature: WorldConfig,
    switches: Switches,
    people: People,
    first_late_vintage: int,
    rng: np.random.Generator,
) -> PopulationDrift:
    """Return who drifts. The mean PD is not moved yet (`with_mean_pd`)."""
    numbers = nature.switches
    is_late = people.vintage >= first_late_vintage
    # table: the share of the late vintages that a drift hits
    shares = {
        "off": 0.0,
        "mean_pd": 1.0,
        "family_null": numbers.drift_null_share,
        "shift": 1.0,
        "segment": numbers.drift_segment_share,
    }
    is_hit = is_late & (rng.random(people.size) < shares[switches.drift])
    log_odds: np.ndarray = np.zeros(people.size)
    if switches.drift == "segment":
        log_odds = numbers.drift_segment_log_odds * is_hit
    is_protected = np.zeros(people.size, bool)
    if switches.alternative:
        tier = np.array(nature.places.tier_of_region)[people.region]
        is_protected = tier >= numbers.area_tiers_from
        # Centred on the share of the group in the country: the base rate stays.
        share = sum(nature.places.people_per_tier[numbers.area_tiers_from - 1 :])
        log_odds = log_odds + numbers.area_log_odds * (is_protected - share)
    return PopulationDrift(is_hit=is_hit, is_protected=is_protected, log_odds=log_odds)


def with_mean_pd(
    hazard: Hazard,
    ratio: float,
    drift: PopulationDrift,
    log_odds: np.ndarray,
    exponent: np.ndarray,
) -> PopulationDrift:
    """Return the drift with the log-odds that make the mean PD of the hit `ratio` times itself.

    `log_odds` are everyone's without the drift, `exponent` their `exposure` to the economy of then.
    """
    if not drift.is_hit.any():
        return drift
    before = log_odds[drift.is_hit]
    power = exponent[drift.is_hit]
    aim = ratio * pd_of(hazard, before, power).mean()
    low = -WIDEST
    high = WIDEST
    for _ in range(N_BISECTIONS):
        middle = (low + high) / 2.0
        if pd_of(hazard, before + middle, power).mean() < aim:
            low = middle
        else:
            high = middle
    return PopulationDrift(drift.is_hit, drift.is_protected, drift.log_odds + high * drift.is_hit)
