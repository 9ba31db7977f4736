"""A community before its events: people, who knows whom, what the old policy did and how it ends for everyone.

Every module draws from its own child of one seed for each community, so that changing one leaves the others' draws alone. Calendar,
coefficients and the macro path are shared by all; states are standardised, old scores ranked and luck scaled within a community.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from creditloom.world.calendar import Days
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.loans.incumbent_policy import Booking, LoanTerms, book, old_score, terms
from creditloom.world.people.communities import Community
from creditloom.world.people.fraud import Rings, Transfers, arrange, ring_transfers
from creditloom.world.people.graph import Graph, draw_graph
from creditloom.world.people.life import Life, draw_life, shared_luck
from creditloom.world.people.people import People, draw_people
from creditloom.world.risk.default import (
    TrueOutcome,
    exposure,
    macro_path,
    outcomes,
    solve_alpha,
    terms_effect,
)
from creditloom.world.risk.shares import Coefficients, effects, log_odds_parts, solve

# A stream of random numbers is keyed by the place of its module here. A name that moves, or one put in between, gives every later
# module other numbers and so another world: new names go to the end, and none is taken out.
MODULES = (
    "probe", "people", "fraud", "graph", "policy", "macro", "default", "payment_flow", "social_graph", "assets", "device_stability",
    "bureau", "identity", "applications", "loans", "life", "transfers", "short",
)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """Everything that does not change while a world is made: its parameters, numbers, days and seed."""

    params: WorldParams
    nature: WorldConfig
    days: Days
    seed: int

    @classmethod
    def of(cls, params: WorldParams, nature: WorldConfig, calendar: Calendar, seed: int) -> Setting:
        return cls(params, nature, Days(calendar, nature.seasons, nature.drift), seed)

    @property
    def calendar(self) -> Calendar:
        return self.days.calendar

    def rng(self, module: str, part: int = 0) -> np.random.Generator:
        """The module's own stream of random numbers for one community, or for one chunk where the module writes events."""
        return np.random.Generator(
            np.random.SFC64(
                np.random.SeedSequence(self.seed, spawn_key=(MODULES.index(module), part))
            )
        )

    def macro(self) -> np.ndarray:
        """The macro path by vintage, the same for all communities."""
        return macro_path(
            self.nature, self.calendar.n_vintages, self.rng("macro"), on=self.params.macro
        )


@dataclass(frozen=True)
class World:
    """State of one community, or of all (`everyone`); arrays in order of applicant_id, the first being `first`.

    Whoever stands in an array (a contact, a payer, a leader) is named by place in these arrays, not by id.
    """

    setting: Setting
    first: int
    coefficients: Coefficients
    people: People
    rings: Rings
    graph: Graph
    life: Life
    transfers: Transfers
    contributions: np.ndarray
    macro_by_vintage: np.ndarray
    terms: LoanTerms
    booking: Booking
    outcome: TrueOutcome

    def concept(self, name: str) -> np.ndarray:
        """State of one concept, standardised, + is safer."""
        return self.people.concepts[:, [c.id for c in self.setting.nature.concepts].index(name)]


def solve_coefficients(setting: Setting) -> Coefficients:
    """Betas, strength of bends and alpha, solved on a probe population that no one else sees."""
    nature, rng = setting.nature, setting.rng("probe")
    probe = draw_people(nature, setting.days, nature.effects.probe_applicants, rng)
    parts = effects(nature, probe)
    found = solve(nature, probe, parts, setting.params, rng)
    contributions = log_odds_parts(found, nature, parts)
    lent = terms(nature, probe, old_score(nature.old_policy, contributions, rng), rng)
    unseen = (
        nature.effects.shock_sigma * rng.standard_normal(probe.size)
        + nature.effects.fraud_log_odds * probe.is_fraud
    )
    moved = terms_effect(nature, probe.income_cny, lent)
    log_odds = contributions.sum(axis=1) + unseen + moved - moved.mean()
    return replace(
        found,
        alpha=solve_alpha(nature, log_odds, setting.params.base_rate),
        terms_mean=float(moved.mean()),
    )


def build(setting: Setting, coefficients: Coefficients, community: Community) -> World:
    """Draw one community of `setting`; the same setting gives the same people, whoever builds them and whatever the others are."""
    nature, days = setting.nature, setting.days

    def rng(module: str) -> np.random.Generator:
        return setting.rng(module, community.index)

    people = draw_people(nature, days, community.size, rng("people"))
    people, rings = arrange(nature, people, days.vintages, rng("fraud"))
    contributions = log_odds_parts(coefficients, nature, effects(nature, people))
    policy_rng = rng("policy")
    score = old_score(nature.old_policy, contributions, policy_rng)
    lent = terms(nature, people, score, policy_rng)
    macro = setting.macro()
    log_odds = coefficients.alpha + contributions.sum(axis=1)
    moved = terms_effect(nature, people.income_cny, lent) - coefficients.terms_mean
    network = people.concepts[:, [c.id for c in nature.concepts].index("contact_network")]
    graph = draw_graph(nature, people, network, rings, rng("graph"))
    life = draw_life(nature, people, graph, rng("life"))
    default_rng = rng("default")
    luck = nature.effects.shock_sigma * shared_luck(
        graph, people.size, nature.life.shared_luck, default_rng
    )
    return World(
        setting=setting,
        first=community.first,
        coefficients=coefficients,
        people=people,
        rings=rings,
        graph=graph,
        life=life,
        transfers=ring_transfers(nature, people, rings, rng("transfers")),
        contributions=contributions,
        macro_by_vintage=macro,
        terms=lent,
        booking=book(nature, setting.calendar, people, score, policy_rng),
        outcome=outcomes(
            nature, people, life.month(people.as_of), log_odds, luck, moved, macro, default_rng
        ),
    )


# Everyone's log-odds of default without the effect of limit and rate: what a loan on other terms starts from.


def log_odds_without_terms(world: World) -> np.ndarray:
    """Log-odds of twelve months, u, fraud and macro included, taken back from the true PD; one per person of the world."""
    exponent = exposure(world.setting.nature.hazard, world.life.month(world.people.as_of))
    log_survival = np.log1p(-world.outcome.pd_true) / exponent
    given = (
        terms_effect(world.setting.nature, world.people.income_cny, world.terms)
        - world.coefficients.terms_mean
    )
    return np.log(np.expm1(-log_survival)) - given
