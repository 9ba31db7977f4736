"""The planted alternative with a learner: what goes when the bought index of areas is dropped.

A ridge logit learns from the states of people as a lender may see them, with and without the index
of arrears by area that carries a protected group into the PD.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit

from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure
from creditloom.models.evaluation.world_claims.other_runs import switch_figures

# What a learner sees of a concept state: the state and noise of this SD (choice). Real features
# tell less.
SEEN_NOISE = 0.6
# SD of the index within an area, as world.yaml has it.
INDEX_NOISE = 0.25
PENALTY = 10.0  # of the ridge, on standardised columns (choice)
PASSED = 0.68  # share passed, near the approval rate of the sources (domain 7.7)


def planted_figures(
    people: pd.DataFrame, is_booked: np.ndarray, late_vintage: int, seed: int
) -> dict[str, ClaimFigure]:
    """Return `planted_alternative` and `planted_price` of a world with the switch `alternative`.

    `people` is the truth: concept_<id>, is_protected, vintage, defaulted, pd_true. The learner is
    trained on the booked of earlier vintages and judged on everyone of the late ones. `seed` draws
    the noise of what is seen.

    Its lesson is how likely each default was, as if labels had no end. With one drawn outcome each,
    some 600 bads of a protected fifth give the index a weight with a standard error of 0.1: the
    figure was 0.1 at one seed and 0.9 at another, by luck alone.
    """
    rng = np.random.default_rng(seed)
    states = people.filter(regex="^concept_").to_numpy()
    seen = states + SEEN_NOISE * rng.standard_normal(states.shape)
    is_protected = people["is_protected"].to_numpy()
    index = is_protected + INDEX_NOISE * rng.standard_normal(len(people))
    is_late = (people["vintage"] >= late_vintage).to_numpy()
    is_bad = people["defaulted"].to_numpy()
    trained = is_booked & ~is_late
    chance = people["pd_true"].to_numpy()
    risks = [
        _log_odds(features, chance, trained)[is_late]
        for features in (np.column_stack([seen, index]), seen)
    ]
    with_it, without = (risk <= np.quantile(risk, PASSED) for risk in risks)
    is_good = ~is_bad[is_late]
    return {
        "planted_alternative": switch_figures.planted_alternative(
            with_it, without, is_good, is_protected[is_late]
        ),
        "planted_price": switch_figures.planted_price(chance[is_late], *risks),
    }


def _log_odds(features: np.ndarray, chance: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the log-odds of everyone by a ridge logit that learns `chance` (0-1) of `rows`."""
    centred = (features - features.mean(axis=0)) / features.std(axis=0)
    inputs = np.column_stack([np.ones(len(centred)), centred])
    seen = inputs[rows]
    target = chance[rows]

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        log_odds = seen @ weights
        slopes = np.concatenate([[0.0], weights[1:]])
        value = np.logaddexp(0.0, log_odds).sum() - target @ log_odds + PENALTY * slopes @ slopes
        return value, seen.T @ (expit(log_odds) - target) + 2.0 * PENALTY * slopes

    start = np.zeros(inputs.shape[1])
    return np.asarray(inputs @ minimize(loss, start, jac=True, method="L-BFGS-B").x)
