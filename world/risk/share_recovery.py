"""The world of the machinery test of shares (domain 0.5, 7.6): everyone labelled, nothing refused, every state seen at one reliability.

No events: each concept state is seen `VIEWS` times with so much noise that their mean has the reliability. A thin file shows neither
payment flow nor social graph; as in 7.6 only blue collar has any.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from creditloom.features.contract.tables import FAMILIES
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.people.people import draw_people, family_rows
from creditloom.world.risk.default import pd_of
from creditloom.world.risk.shares import effects, log_odds_parts
from creditloom.world.world import Setting, solve_coefficients

VIEWS = 2
THIN = "blue_collar"
NOBODY = 1e-12  # a share of nought has no logit


@dataclass(frozen=True)
class VisibleStates:
    """`x`: n x (concepts x VIEWS) float32, NaN where a family is not there; `bad` 0 or 1; `family_of` each column; shares to be found."""

    x: np.ndarray
    bad: np.ndarray
    family_of: tuple[str, ...]
    target: tuple[float, ...]


def seen_states(
    params: WorldParams, nature: WorldConfig, calendar: Calendar, *, reliability: float, seed: int
) -> VisibleStates:
    """States of `params.applicants` people under `params.profile`, and who defaults; neutral macro."""
    setting = Setting.of(params, _open(nature, reliability), calendar, seed)
    coefficients, rng = solve_coefficients(setting), setting.rng("people")
    people = draw_people(setting.nature, setting.days, params.applicants, rng)
    log_odds = coefficients.alpha + log_odds_parts(
        coefficients, setting.nature, effects(setting.nature, people)
    ).sum(axis=1)
    unseen = (
        nature.effects.shock_sigma * rng.standard_normal(people.size)
        + nature.effects.fraud_log_odds * people.is_fraud
    )
    rows = np.repeat(family_rows(nature), VIEWS)
    noise = np.float32(np.sqrt(VIEWS * (1.0 - reliability) / reliability))
    x = np.repeat(people.concepts.astype(np.float32), VIEWS, axis=1)
    x += noise * rng.standard_normal(x.shape, dtype=np.float32)
    x[people.present[:, rows] == 0] = np.nan
    bad = rng.random(people.size) < pd_of(nature.hazard, log_odds + unseen)
    return VisibleStates(
        x, bad.astype(np.int8), tuple(FAMILIES[row] for row in rows), nature.shares(params.profile)
    )


def _open(nature: WorldConfig, reliability: float) -> WorldConfig:
    """The same nature in which nothing is refused, the bureau knows everyone and thin files are those of 7.6."""
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
            thin_share=segment.thin_share if segment.id == THIN else NOBODY,
        )
        for segment in nature.segments
    )
    known = replace(nature.effects, reliability=(reliability,) * len(FAMILIES))
    return replace(nature, presence=presence, segments=segments, effects=known)
