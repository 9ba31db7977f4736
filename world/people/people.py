"""Who lives in the world: segments, places, traits, concept states, family states and what is missing of whom (domain 7.2, 7.3, 7.8).

Arrays hold one value per applicant in order of applicant_id. Nobody here has events or outcomes yet.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from creditloom.features.contract.tables import FAMILIES
from creditloom.world.calendar import Days
from creditloom.world.config.world_config import TRAITS, WorldConfig

# The latent traits by their column, and the one curve between a number and a probability.

INC, DISC, STAB, SOC, LEV, DIG = range(len(TRAITS))


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Log-odds to probability."""
    return 1.0 / (1.0 + np.exp(-x))


# What is missing of whom: thin files and people the bureau does not know (domain 7.8).


def thin_files(
    nature: WorldConfig, segment: np.ndarray, traits: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Thin file: logit = a_segment - 0.8 dig - 0.25 disc, the level being such that the segment's share is met on average."""
    presence = nature.presence
    slope = presence.thin_dig * traits[:, DIG] + presence.thin_disc * traits[:, DISC]
    share = np.array([s.thin_share for s in nature.segments])
    spread = np.hypot(presence.thin_dig, presence.thin_disc)
    level = np.log(share / (1.0 - share)) * np.sqrt(
        1.0 + np.pi * spread**2 / 8.0
    )  # E sigmoid(a + N(0, s)) = sigmoid(a / sqrt(1 + pi s2 / 8))
    return rng.random(segment.size) < sigmoid(level[segment] + slope)


def known_to_bureau(
    nature: WorldConfig, segment: np.ndarray, vintage: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Whether the bureau knows the person; coverage jumps at the break (domain 0.1)."""
    missing = np.array([s.bureau_missing_share for s in nature.segments])[segment]
    early = vintage < nature.presence.bureau_break_vintage
    return rng.random(segment.size) >= missing + np.where(
        early, nature.presence.bureau_missing_before_break * (1 - missing), 0.0
    )


LAST_HOUR_US = 3_600_000_000  # nobody applies in the last hour of a month, so that a loan is booked in its vintage


@dataclass(frozen=True)
class People:
    """One row per applicant. `concepts` and `families` are standardised over the population, + is safer; `ring` is -1 outside a ring."""

    vintage: np.ndarray
    as_of: np.ndarray
    segment: np.ndarray
    region: np.ndarray
    income_cny: np.ndarray
    age_years: np.ndarray
    traits: np.ndarray
    concepts: np.ndarray
    families: np.ndarray
    is_thin: np.ndarray
    has_bureau: np.ndarray
    consent_bureau: np.ndarray
    consent_social: np.ndarray
    consent_assets: np.ndarray
    consent_location: np.ndarray
    is_fraud: np.ndarray

    @property
    def size(self) -> int:
        return int(self.segment.size)

    @property
    def present(self) -> np.ndarray:
        """Families whose events are there, n x 6 of 0 and 1."""
        social = self.consent_social & ~self.is_thin
        always = np.ones(self.size, dtype=bool)
        return np.column_stack(
            [
                ~self.is_thin,
                social,
                self.consent_assets,
                always,
                self.has_bureau & self.consent_bureau,
                always,
            ]
        ).astype(float)

    @property
    def fully_present(self) -> np.ndarray:
        """Families none of whose events are missing, n x 6: without location consent a third of device stability is."""
        whole = self.present > 0
        whole[:, FAMILIES.index("device_stability")] = self.consent_location
        return whole


def family_rows(nature: WorldConfig) -> np.ndarray:
    """Index of each concept's family."""
    return np.array([FAMILIES.index(concept.family) for concept in nature.concepts])


def concept_weights(nature: WorldConfig) -> np.ndarray:
    """Concepts x families: weight of each concept in its family's state, summing to one per family."""
    rows = family_rows(nature)
    weights = np.zeros((len(nature.concepts), len(FAMILIES)))
    weights[np.arange(rows.size), rows] = [concept.weight for concept in nature.concepts]
    return weights / weights.sum(axis=0)


def draw_people(nature: WorldConfig, days: Days, n: int, rng: np.random.Generator) -> People:
    """Draw `n` applicants. Vintages are spread evenly and in no order; fraud rings are arranged by `fraud.arrange`."""
    vintage = rng.permutation(np.arange(n) % days.calendar.n_vintages).astype(np.int16)
    starts = days.vintages
    as_of = (
        starts[vintage]
        + (rng.random(n) * (np.diff(starts) - LAST_HOUR_US)[vintage]).astype(np.int64)
        // 1_000_000
        * 1_000_000
    )
    segment = _segments(nature, vintage, rng)
    region = rng.choice(len(nature.places.tier_of_region), n, p=_region_shares(nature)).astype(
        np.int16
    )
    traits = rng.standard_normal((n, len(TRAITS)))
    concepts = _concepts(nature, segment, traits, rng)
    families = concepts @ concept_weights(nature)
    families = (families - families.mean(axis=0)) / families.std(axis=0)
    refuse = nature.presence
    return People(
        vintage=vintage,
        as_of=as_of,
        segment=segment,
        region=region,
        income_cny=_income(nature, segment, region, traits, rng),
        age_years=_ages(nature, segment, rng),
        traits=traits,
        concepts=concepts,
        families=families,
        is_thin=thin_files(nature, segment, traits, rng),
        has_bureau=known_to_bureau(nature, segment, vintage, rng),
        consent_bureau=rng.random(n) >= refuse.refuse_bureau,
        consent_social=rng.random(n) >= refuse.refuse_social,
        consent_assets=rng.random(n) >= refuse.refuse_assets,
        consent_location=rng.random(n) >= refuse.refuse_location,
        is_fraud=rng.random(n) < nature.fraud.share,
    )


def _segments(nature: WorldConfig, vintage: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Segment per applicant; the mix drifts by vintage around its middle."""
    n_vintages = int(vintage.max()) + 1
    share = np.array([s.share for s in nature.segments])
    drift = np.array([s.share_drift for s in nature.segments])
    mix = share + np.outer(np.arange(n_vintages) - (n_vintages - 1) / 2, drift)
    edges = np.cumsum(mix, axis=1)[:, :-1]
    return (rng.random(vintage.size)[:, None] >= edges[vintage]).sum(axis=1).astype(np.int8)


def _region_shares(nature: WorldConfig) -> np.ndarray:
    tiers = np.array(nature.places.tier_of_region) - 1
    share = np.array(nature.places.people_per_tier)[tiers] / np.bincount(tiers)[tiers]
    return share / share.sum()


def _concepts(
    nature: WorldConfig, segment: np.ndarray, traits: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """C = loadings x traits + segment shift + own residual, so scaled that the weighted sum has the residual of domain 7.3."""
    rows, weights = family_rows(nature), concept_weights(nature).sum(axis=1)
    loadings = np.array(nature.loadings)
    spread = np.array([np.sum(weights[rows == f] ** 2) for f in range(len(FAMILIES))])
    residual = np.sqrt((1.0 - np.sum(loadings**2, axis=1)) / spread)
    shift = np.array([s.shift for s in nature.segments])
    states = (traits @ loadings.T + shift[segment])[:, rows] + residual[rows] * rng.standard_normal(
        (segment.size, rows.size)
    )
    return (states - states.mean(axis=0)) / states.std(axis=0)


def _income(
    nature: WorldConfig,
    segment: np.ndarray,
    region: np.ndarray,
    traits: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    median = np.array([s.income_median_cny for s in nature.segments])[segment]
    sigma = np.array([s.income_sigma for s in nature.segments])[segment]
    wage = np.array(nature.places.wage_index)[np.array(nature.places.tier_of_region)[region] - 1]
    spread = 0.8 * traits[:, INC] + 0.6 * rng.standard_normal(segment.size)
    return median * wage * np.exp(sigma * spread)


def _ages(nature: WorldConfig, segment: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    low, high = np.array([s.age_years for s in nature.segments]).T
    return (
        low[segment] + np.floor(rng.beta(1.3, 1.8, segment.size) * (high - low + 1)[segment])
    ).astype(np.int16)
