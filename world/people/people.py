"""The people of the world: what they are like and what is missing of them (domain 7.2, 7.3, 7.8).

Segments, places, traits, concept states and family states are drawn here. Arrays hold one value
per applicant, in order of applicant_id. Events and outcomes come later, in other modules.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from creditloom.world.calendar import Days
from creditloom.world.config.config_types import FAMILIES
from creditloom.world.config.world_config import TRAITS, WorldConfig

# Columns of the latent traits, in the order of `TRAITS`.
INC, DISC, STAB, SOC, LEV, DIG = range(len(TRAITS))


# What is missing of whom: thin files and people the bureau does not know (domain 7.8).


def thin_files(
    nature: WorldConfig, segment: np.ndarray, traits: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return whether each person has a thin file: logit = a_segment - 0.8 dig - 0.25 disc.

    a_segment is such that the share of the segment is met on average.
    """
    presence = nature.presence
    slope = presence.thin_dig * traits[:, DIG] + presence.thin_disc * traits[:, DISC]
    share = np.array([s.thin_share for s in nature.segments])
    spread = np.hypot(presence.thin_dig, presence.thin_disc)
    # Probit approximation: E expit(a + N(0, s)) = expit(a / sqrt(1 + pi s2 / 8)).
    level = logit(share) * np.sqrt(1.0 + np.pi * spread**2 / 8.0)
    return rng.random(segment.size) < expit(level[segment] + slope)


def known_to_bureau(
    nature: WorldConfig, segment: np.ndarray, vintage: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return whether the bureau knows each person; coverage jumps at the break (domain 0.1)."""
    missing = np.array([s.bureau_missing_share for s in nature.segments])[segment]
    early = vintage < nature.presence.bureau_break_vintage
    missing_early = nature.presence.bureau_missing_before_break * (1 - missing)
    return rng.random(segment.size) >= missing + np.where(early, missing_early, 0.0)


# Nobody applies in the last hour of a month, so that a loan is booked in its vintage.
LAST_HOUR_US = 3_600_000_000
SECOND_US = 1_000_000


@dataclass(frozen=True)
class People:
    """The people of a population, one row each.

    `as_of` is the moment of the application, microseconds. `segment` and `region` are indices of
    the blocks of world.yaml. `traits` is n x 6, `concepts` n x concepts and `families` n x 6; the
    latter two are standardised over the population, + is safer. `talk` is a habit, standard normal:
    how much a person writes, whatever their credit.
    """

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
    talk: np.ndarray

    @property
    def size(self) -> int:
        """Number of people."""
        return int(self.segment.size)

    @property
    def present(self) -> np.ndarray:
        """Whether the events of each family are there, n x 6 of 0 and 1."""
        always = np.ones(self.size, dtype=bool)
        present = {
            "payment_flow": ~self.is_thin,
            "social_graph": self.consent_social & ~self.is_thin,
            "assets": self.consent_assets,
            "device_stability": always,
            "bureau": self.has_bureau & self.consent_bureau,
            "identity": always,
        }
        return np.column_stack([present[family] for family in FAMILIES]).astype(float)

    @property
    def fully_present(self) -> np.ndarray:
        """Whether all events of each family are there, n x 6.

        Without location consent a third of the concepts of device stability is missing.
        """
        is_whole = self.present > 0
        is_whole[:, FAMILIES.index("device_stability")] = self.consent_location
        return is_whole


def family_rows(nature: WorldConfig) -> np.ndarray:
    """Return the index of the family of each concept."""
    return np.array([FAMILIES.index(concept.family) for concept in nature.concepts])


def concept_weights(nature: WorldConfig) -> np.ndarray:
    """Return the weight of each concept in its family's state, concepts x families.

    The weights of a family sum to 1; all others are 0.
    """
    rows = family_rows(nature)
    weights = np.zeros((len(nature.concepts), len(FAMILIES)))
    weights[np.arange(rows.size), rows] = [concept.weight for concept in nature.concepts]
    return weights / weights.sum(axis=0)


def draw_people(nature: WorldConfig, days: Days, n: int, rng: np.random.Generator) -> People:
    """Draw `n` applicants.

    Vintages are spread evenly, in random order. Rings of fraud move some of them later
    (`fraud.arrange`).
    """
    # All lines below share one stream: their order is part of the identity of a world. They stay in
    # one function, a little long, so that the order can be seen.
    vintage = rng.permutation(np.arange(n) % days.calendar.n_vintages).astype(np.int16)
    as_of = _application_times(days.vintages, vintage, rng)
    segment = _segments(nature, vintage, rng)
    region_shares = _region_shares(nature)
    region = rng.choice(region_shares.size, n, p=region_shares).astype(np.int16)
    traits = rng.standard_normal((n, len(TRAITS)))
    concepts = _concepts(nature, segment, traits, rng)
    families = concepts @ concept_weights(nature)
    families = (families - families.mean(axis=0)) / families.std(axis=0)
    income_cny = _income(nature, segment, region, traits, rng)
    age_years = _ages(nature, segment, rng)
    is_thin = thin_files(nature, segment, traits, rng)
    has_bureau = known_to_bureau(nature, segment, vintage, rng)
    presence = nature.presence
    consent_bureau = rng.random(n) >= presence.refuse_bureau
    consent_social = rng.random(n) >= presence.refuse_social
    consent_assets = rng.random(n) >= presence.refuse_assets
    consent_location = rng.random(n) >= presence.refuse_location
    is_fraud = rng.random(n) < nature.fraud.share
    talk = rng.standard_normal(n)
    return People(
        vintage=vintage,
        as_of=as_of,
        segment=segment,
        region=region,
        income_cny=income_cny,
        age_years=age_years,
        traits=traits,
        concepts=concepts,
        families=families,
        is_thin=is_thin,
        has_bureau=has_bureau,
        consent_bureau=consent_bureau,
        consent_social=consent_social,
        consent_assets=consent_assets,
        consent_location=consent_location,
        is_fraud=is_fraud,
        talk=talk,
    )


def _application_times(
    starts: np.ndarray, vintage: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the moment of each application within its vintage, whole seconds."""
    length = (np.diff(starts) - LAST_HOUR_US)[vintage]
    offset = (rng.random(vintage.size) * length).astype(np.int64)
    return starts[vintage] + offset // SECOND_US * SECOND_US


def _segments(nature: WorldConfig, vintage: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the segment of each applicant; the mix drifts by vintage around its middle."""
    n_vintages = int(vintage.max()) + 1
    share = np.array([s.share for s in nature.segments])
    drift = np.array([s.share_drift for s in nature.segments])
    mix = share + np.outer(np.arange(n_vintages) - (n_vintages - 1) / 2, drift)
    # The segment is the number of upper edges that a uniform draw has passed.
    edges = np.cumsum(mix, axis=1)[:, :-1]
    return (rng.random(vintage.size)[:, None] >= edges[vintage]).sum(axis=1).astype(np.int8)


def _region_shares(nature: WorldConfig) -> np.ndarray:
    """Return the share of people in each region: regions of a tier have equal shares."""
    tiers = np.array(nature.places.tier_of_region) - 1
    share = np.array(nature.places.people_per_tier)[tiers] / np.bincount(tiers)[tiers]
    return share / share.sum()


def _concepts(
    nature: WorldConfig, segment: np.ndarray, traits: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return concept states: loadings x traits + segment shift + own residual, standardised.

    The residual is scaled so that the weighted sum over a family has the residual of domain 7.3.
    """
    rows = family_rows(nature)
    weights = concept_weights(nature).sum(axis=1)
    loadings = np.array(nature.loadings)
    # Independent residuals shrink in a weighted sum; `spread` is by how much, in variance.
    spread = np.array([np.sum(weights[rows == f] ** 2) for f in range(len(FAMILIES))])
    residual = np.sqrt((1.0 - np.sum(loadings**2, axis=1)) / spread)
    shift = np.array([s.shift for s in nature.segments])
    common = (traits @ loadings.T + shift[segment])[:, rows]
    states = common + residual[rows] * rng.standard_normal((segment.size, rows.size))
    return (states - states.mean(axis=0)) / states.std(axis=0)


def _income(
    nature: WorldConfig,
    segment: np.ndarray,
    region: np.ndarray,
    traits: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the monthly income, yuan: lognormal by segment, times the wage index of the place."""
    median = np.array([s.income_median_cny for s in nature.segments])[segment]
    sigma = np.array([s.income_sigma for s in nature.segments])[segment]
    tier = np.array(nature.places.tier_of_region)[region] - 1
    wage = np.array(nature.places.wage_index)[tier]
    chance = rng.standard_normal(segment.size)
    numbers = nature.people
    spread = numbers.income_trait_weight * traits[:, INC] + numbers.income_chance_weight * chance
    return median * wage * np.exp(sigma * spread)


def _ages(nature: WorldConfig, segment: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return ages in whole years, within the range of the segment, both ends included."""
    low, high = np.array([s.age_years for s in nature.segments]).T
    width = (high - low + 1)[segment]
    years = np.floor(rng.beta(*nature.people.age_beta, segment.size) * width)
    return (low[segment] + years).astype(np.int16)
