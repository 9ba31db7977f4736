"""A community before its events: its people, their contacts, the old policy and every outcome.

Every module draws from its own child of one seed, for each community. A change in one module
therefore leaves the draws of the others alone. Calendar, coefficients and macro path are shared by
all communities; states are standardised, old scores ranked and luck scaled within one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property, partial

import numpy as np
from threadpoolctl import threadpool_limits

from creditloom.world.calendar import Days
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.loans.application_file import ApplicationFile, draw_file
from creditloom.world.loans.history import CustomerHistory, draw_history
from creditloom.world.loans.incumbent_policy import (
    Booking,
    LoanTerms,
    Scorecard,
    book,
    terms,
    train_scorecard,
)
from creditloom.world.people.communities import Community
from creditloom.world.people.fraud import Rings, Transfers, arrange, ring_transfers
from creditloom.world.people.graph import Graph, draw_graph
from creditloom.world.people.life import Life, draw_life, shared_luck
from creditloom.world.people.people import People, draw_people
from creditloom.world.people.sharing import Sharing, draw_sharing
from creditloom.world.risk.default import (
    TrueOutcome,
    exposed,
    exposure,
    onset_weights,
    outcomes,
    pd_of,
    solve_alpha,
    terms_effect,
)
from creditloom.world.risk.economy import Economy, draw_economy
from creditloom.world.risk.population_drift import PopulationDrift, draw_drift, with_mean_pd
from creditloom.world.risk.shares import Coefficients, effects, log_odds_parts, solve

# A stream of random numbers is keyed by the place of its module here. A name that moves, or one put
# in between, gives every later module other numbers and so another world: new names go to the end,
# and none is taken out.
MODULES = (
    "probe",
    "people",
    "fraud",
    "graph",
    "policy",
    "macro",
    "default",
    "payment_flow",
    "social_graph",
    "assets",
    "device_stability",
    "bureau",
    "identity",
    "applications",
    "loans",
    "life",
    "transfers",
    "short",
    "file",
    "history",
    "sharing",
    "session",
    "session_face",
    "session_bureau",
    "session_payee",
    "left_out",
    "challenger",
    "drift",
    "alternative",
    "bureau_error",
)


@dataclass(frozen=True)
class Setting:
    """Everything that stays the same while a world is made.

    `params` comes from params.yaml, `nature` from world.yaml.
    """

    params: WorldParams
    nature: WorldConfig
    days: Days
    seed: int

    @classmethod
    def of(cls, params: WorldParams, nature: WorldConfig, calendar: Calendar, seed: int) -> Setting:
        """Return the setting of these parameters."""
        return cls(params, nature, Days(calendar, nature.seasons, nature.drift), seed)

    @property
    def calendar(self) -> Calendar:
        """The `calendar` block of params.yaml."""
        return self.days.calendar

    @property
    def first_late_vintage(self) -> int:
        """The first out-of-time vintage, in which a drift of `world.switches` begins."""
        return self.calendar.train_months + self.calendar.calibration_months

    def rng(self, module: str, part: int = 0) -> np.random.Generator:
        """Return the stream of random numbers of one module.

        `part` is the number of a community, or of a chunk where the module writes events.
        """
        # The spawn key makes streams independent of each other and of the order of their use, so
        # any process may draw any part. SFC64 is numpy's fastest generator.
        sequence = np.random.SeedSequence(self.seed, spawn_key=(MODULES.index(module), part))
        return np.random.Generator(np.random.SFC64(sequence))

    @cached_property
    def economy(self) -> Economy:
        """The economy by calendar month, which all communities share."""
        params = self.params
        # Always part 0 of the stream: every community must draw the same path. Another
        # `macro_seed` gives the same people another economy.
        is_own = params.macro_seed is None
        seed = self.seed if params.macro_seed is None else params.macro_seed
        source = self if is_own else replace(self, seed=seed)
        return draw_economy(
            self.nature.economy,
            params.scenario,
            self.calendar.n_vintages,
            onset_weights(self.nature.hazard),
            source.rng("macro"),
        )

    @cached_property
    def macro(self) -> np.ndarray:
        """What each vintage meets of the economy, as one value of its path (`Economy`)."""
        return self.economy.of_vintage(self.calendar.n_vintages, onset_weights(self.nature.hazard))


@dataclass(frozen=True)
class World:
    """The state of one community, or of all together (`everyone`).

    Arrays are in order of applicant_id, which starts at `first`. Arrays that name a person (a
    contact, a payer, a leader) hold places in these arrays and not ids. `contributions` is
    n x concepts, in log-odds of default, + is riskier.
    """

    setting: Setting
    first: int
    coefficients: Coefficients
    people: People
    rings: Rings
    sharing: Sharing
    graph: Graph
    life: Life
    transfers: Transfers
    contributions: np.ndarray
    macro_by_vintage: np.ndarray
    file: ApplicationFile
    terms: LoanTerms
    booking: Booking
    drift: PopulationDrift
    outcome: TrueOutcome

    def concept(self, name: str) -> np.ndarray:
        """Return the state of one concept, standardised, + is safer."""
        return self.people.concepts[:, _concept_column(self.setting.nature, name)]


def _concept_column(nature: WorldConfig, name: str) -> int:
    return [concept.id for concept in nature.concepts].index(name)


def solve_coefficients(setting: Setting) -> Coefficients:
    """Solve betas, strength of bends and alpha on a probe population, which is then thrown away.

    Part of it are the older applicants on whose labels the incumbent's scorecard is trained.
    """
    # A sum that threads share has another last bit on another processor.
    with threadpool_limits(limits=1, user_api="blas"):
        return _solved_on_one_thread(setting)


def _solved_on_one_thread(setting: Setting) -> Coefficients:
    nature = setting.nature
    # People, noise of their events, u, history, files, labels and terms share this stream, in
    # this order.
    rng = setting.rng("probe")
    probe = draw_people(nature, setting.days, nature.effects.probe_applicants, rng)
    parts = effects(nature, probe)
    coefficients = solve(nature, probe, parts, setting.params, rng)
    contributions = log_odds_parts(coefficients, nature, parts)
    u = nature.effects.shock_sigma * rng.standard_normal(probe.size)
    unobserved = u + nature.effects.fraud_log_odds * probe.is_fraud
    systematic = contributions.sum(axis=1)
    base_rate = setting.params.base_rate
    # The level without the effect of terms: good enough for who comes back and who was bad before.
    level = solve_alpha(nature, systematic + unobserved, base_rate)
    history = draw_history(nature, probe, level + systematic + u, rng)
    file = draw_file(nature, probe, history, rng)
    is_bad = rng.random(probe.size) < pd_of(nature.hazard, level + systematic + unobserved)
    scorecard = _scorecard(nature, file, is_bad)
    loan_terms = terms(nature, file, scorecard, rng)
    of_terms = terms_effect(nature, probe.income_cny, loan_terms)
    # The effect of terms is centred, so that alpha alone sets the level.
    log_odds = systematic + unobserved + of_terms - of_terms.mean()
    return replace(
        coefficients,
        alpha=solve_alpha(nature, log_odds, base_rate),
        terms_mean=float(of_terms.mean()),
        scorecard=scorecard,
    )


def _scorecard(nature: WorldConfig, file: ApplicationFile, is_bad: np.ndarray) -> Scorecard:
    """Return the scorecard trained on the first `older_loans` of these applicants."""
    older = slice(0, nature.old_policy.older_loans)
    return train_scorecard(nature.old_policy, _part(file, older), is_bad[older])


def _part(file: ApplicationFile, rows: slice) -> ApplicationFile:
    """Return a part of the files."""
    columns = {
        field.name: getattr(file, field.name)[rows]
        for field in fields(file)
        if field.name != "history"
    }
    history = CustomerHistory(months=file.history.months[rows], late=file.history.late[rows])
    return ApplicationFile(**columns, history=history)


def build(setting: Setting, coefficients: Coefficients, community: Community) -> World:
    """Draw one community of `setting`: the same people, whoever builds them."""
    nature = setting.nature
    rng = partial(setting.rng, part=community.index)
    people = draw_people(nature, setting.days, community.size, rng("people"))
    people, rings = arrange(nature, people, setting.days.vintages, rng("fraud"))
    people, sharing = draw_sharing(nature.sharing, people, rng("sharing"))
    contributions = log_odds_parts(coefficients, nature, effects(nature, people))
    network = people.concepts[:, _concept_column(nature, "contact_network")]
    graph = draw_graph(nature, people, network, rings, rng("graph"))
    life = draw_life(nature, people, graph, rng("life"))
    # Draw order of this stream: u, then which frauds rush, then who misses which payments.
    default_rng = rng("default")
    shock = _shock(nature, graph, people.size, default_rng)
    log_odds = coefficients.alpha + contributions.sum(axis=1)
    history = draw_history(nature, people, log_odds + shock, rng("history"))
    file = draw_file(nature, people, history, rng("file"))
    loan_terms, booking = _incumbent(setting, coefficients, people, file, rng("policy"))
    of_terms = terms_effect(nature, people.income_cny, loan_terms) - coefficients.terms_mean
    luck = (rng("drift"), default_rng)
    drift, outcome = _fate(setting, people, life, log_odds, shock, of_terms, *luck)
    # table: the parts of a world
    return World(
        setting=setting,
        first=community.first,
        coefficients=coefficients,
        people=people,
        rings=rings,
        sharing=sharing,
        graph=graph,
        life=life,
        transfers=ring_transfers(nature, people, rings, rng("transfers")),
        contributions=contributions,
        macro_by_vintage=setting.macro,
        file=file,
        terms=loan_terms,
        booking=booking,
        drift=drift,
        outcome=outcome,
    )


def _shock(nature: WorldConfig, graph: Graph, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return u, the luck that nobody can observe, in log-odds."""
    return nature.effects.shock_sigma * shared_luck(graph, n, nature.life.shared_luck, rng)


def _incumbent(
    setting: Setting,
    coefficients: Coefficients,
    people: People,
    file: ApplicationFile,
    rng: np.random.Generator,
) -> tuple[LoanTerms, Booking]:
    """Return the incumbent's terms for everyone, then its decisions, drawn in this order."""
    scorecard = coefficients.scorecard
    policy = setting.nature.old_policy
    loan_terms = terms(setting.nature, file, scorecard, rng)
    return loan_terms, book(policy, setting.calendar, file, people.vintage, scorecard, rng)


def _fate(
    setting: Setting,
    people: People,
    life: Life,
    log_odds: np.ndarray,
    shock: np.ndarray,
    of_terms: np.ndarray,
    drift_rng: np.random.Generator,
    rng: np.random.Generator,
) -> tuple[PopulationDrift, TrueOutcome]:
    """Return what the switches change of people, and what becomes of everyone, booked or not."""
    nature = setting.nature
    around = exposed(nature, people, life.month(people.as_of), setting.economy, rng)
    switches = setting.params.switches
    drift = draw_drift(nature, switches, people, setting.first_late_vintage, drift_rng)
    if switches.drift == "mean_pd":
        of_fraud = nature.effects.fraud_log_odds * people.is_fraud
        neutral = log_odds + shock + of_terms + drift.log_odds + of_fraud
        n_onset = onset_weights(nature.hazard).size
        now = exposure(nature.hazard, around.shock_month, around.economy[:, :n_onset])
        ratio = nature.switches.drift_pd_ratio
        drift = with_mean_pd(nature.hazard, ratio, drift, neutral, now)
    moved = of_terms + drift.log_odds
    return drift, outcomes(nature, people, around, log_odds, shock, moved, setting.macro, rng)


def log_odds_without_terms(world: World) -> np.ndarray:
    """Return everyone's log-odds of default without the effect of limit and rate.

    They are log-odds of twelve months with u and fraud in a neutral economy, taken back from the
    true PD: what a loan on other terms starts from. One value per person of the world.
    """
    nature = world.setting.nature
    exponent = exposure(nature.hazard, world.life.month(world.people.as_of))
    log_survival = np.log1p(-world.outcome.pd_neutral) / exponent
    of_terms = terms_effect(nature, world.people.income_cny, world.terms)
    # log(expm1(-log S)) is logit(1 - S), and keeps its digits where the PD is small.
    return np.log(np.expm1(-log_survival)) - (of_terms - world.coefficients.terms_mean)


def stated_segments(world: World) -> tuple[list[str], np.ndarray]:
    """Return the names of segments, and which of them each person gives as their own.

    Where a new segment drifts in, its people are named by it and are otherwise as they were drawn.
    """
    names = [segment.id for segment in world.setting.nature.segments]
    if world.setting.params.switches.drift != "segment":
        return names, world.people.segment
    new = len(names)
    names.append(world.setting.nature.switches.drift_segment)
    return names, np.where(world.drift.is_hit, new, world.people.segment).astype(np.int8)
