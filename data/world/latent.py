"""Everyone's log-odds of default without the effect of limit and rate: what a loan on other terms starts from."""

from __future__ import annotations

import numpy as np

from data.world.default import exposure, terms_effect
from data.world.world import World


def log_odds_without_terms(world: World) -> np.ndarray:
    """Log-odds of twelve months, u, fraud and macro included, taken back from the true PD; one per person of the world."""
    exponent = exposure(world.setting.nature.hazard, world.life.month(world.people.as_of))
    log_survival = np.log1p(-world.outcome.pd_true) / exponent
    given = terms_effect(world.setting.nature, world.people.income_cny, world.terms) - world.coefficients.terms_mean
    return np.log(np.expm1(-log_survival)) - given
