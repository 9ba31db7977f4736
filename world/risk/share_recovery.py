"""The world of the share recovery test: does a model find the shares that a world was made with?

In this world everyone is labelled, nothing is refused and every state is seen at one reliability
(domain 0.5, 7.6). There are no events: each concept state is seen `N_VIEWS` times, with so much
noise that the mean has the reliability. A thin file shows neither payment flow nor social graph; as
in 7.6 only blue collar has any.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from creditloom.world.config.config_types import FAMILIES, Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.people import draw_people, family_rows
from creditloom.world.risk.default import pd_of
from creditloom.world.risk.shares import effects, log_odds_parts
from creditloom.world.world import Setting, solve_coefficients

# Noisy copies of each state, as a matrix has several features per concept (choice).
N_VIEWS = 2
# Segment that keeps its thin files (7.6).
THIN_SEGMENT = "blue_collar"
# Thin share of all other segments: a share of exactly 0 has no logit.
NEARLY_ZERO_SHARE = 1e-12


@dataclass(frozen=True)
class VisibleStates:
    """What a model may see, and the shares that it should find.

    `x` is n x (concepts x N_VIEWS), float32, NaN where a family is not there. `bad` is 0 or 1.
    `family_of` has one name per column of `x`, `target` one share per family.
    """

    x: np.ndarray
    bad: np.ndarray
    family_of: tuple[str, ...]
    target: tuple[float, ...]


def seen_states(
    params: WorldParams, nature: WorldConfig, calendar: Calendar, *, reliability: float, seed: int
) -> VisibleStates:
    """Return the visible states of `params.applicants` people and who defaults.

    The shares are those that the world holds: `params.profile`, less what families without weight
    know of the others. The macro path is neutral.
    """
    setting = Setting.of(params, _without_gaps(nature, reliability), calendar, seed)
    coefficients = solve_coefficients(setting)
    # One stream. Draw order: people, u, noise of the views, who defaults.
    rng = setting.rng("people")
    people = draw_people(setting.nature, setting.days, params.applicants, rng)
    contributions = log_odds_parts(coefficients, setting.nature, effects(setting.nature, people))
    log_odds = coefficients.alpha + contributions.sum(axis=1)
    u = nature.effects.shock_sigma * rng.standard_normal(people.size)
    unobserved = u + nature.effects.fraud_log_odds * people.is_fraud
    rows = np.repeat(family_rows(nature), N_VIEWS)
    # The mean of the views has the variance of one noise divided by N_VIEWS, and states have 1.
    noise = np.float32(np.sqrt(N_VIEWS * (1.0 - reliability) / reliability))
    # float32 halves the memory of the largest array.
    x = np.repeat(people.concepts.astype(np.float32), N_VIEWS, axis=1)
    x += noise * rng.standard_normal(x.shape, dtype=np.float32)
    x[people.present[:, rows] == 0] = np.nan
    bad = rng.random(people.size) < pd_of(nature.hazard, log_odds + unobserved)
    return VisibleStates(
        x=x,
        bad=bad.astype(np.int8),
        family_of=tuple(FAMILIES[row] for row in rows),
        target=coefficients.shares_observed,
    )


def _without_gaps(nature: WorldConfig, reliability: float) -> WorldConfig:
    """Return the numbers of a world in which nothing is refused and the bureau knows everyone.

    Thin files are those of 7.6.
    """
    presence = replace(
        nature.presence,
        refuse_social=0.0,
        refuse_assets=0.0,
        refuse_location=0.0,
        refuse_bureau=0.0,
        bureau_missing_before_break=0.0,
    )
    segments = tuple(
        replace(
            segment,
            bureau_missing_share=0.0,
            thin_share=segment.thin_share if segment.id == THIN_SEGMENT else NEARLY_ZERO_SHARE,
        )
        for segment in nature.segments
    )
    alike = replace(nature.effects, reliability=(reliability,) * len(FAMILIES))
    return replace(nature, presence=presence, segments=segments, effects=alike)
