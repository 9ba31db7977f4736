"""The content of world/world.yaml as one frozen type.

The numbers of the world stand beside the code that uses them and not in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from creditloom.world.config.config_types import (
    ArrearsNumbers,
    CalendarDrift,
    Category,
    ConceptConfig,
    EconomyNumbers,
    EffectConfig,
    Fraud,
    Hazard,
    LifeShocks,
    OldPolicy,
    Presence,
    Provinces,
    Seasons,
    Segment,
    ShortLoan,
    Strengths,
    WorldError,
)
from creditloom.world.config.event_types import (
    ApplicationNumbers,
    AssetNumbers,
    BureauNumbers,
    ContactNumbers,
    ExtraKind,
    HistoryNumbers,
    IdentityNumbers,
    PaymentNumbers,
    PeopleNumbers,
    RateSlopes,
    SessionNumbers,
    SharingNumbers,
    SocialNumbers,
)
from creditloom.world.config.switches import SwitchNumbers

# Columns of the loadings: income, discipline, stability, sociability, leverage appetite and digital
# intensity (domain 7.3).
TRAITS = ("inc", "disc", "stab", "soc", "lev", "dig")


@dataclass(frozen=True)
class WorldConfig:
    """The content of world/world.yaml, where each number has its source beside it."""

    segments: tuple[Segment, ...]
    loadings: tuple[tuple[float, ...], ...]
    concepts: tuple[ConceptConfig, ...]
    profiles: dict[str, tuple[float, ...]]
    effects: EffectConfig
    economy: EconomyNumbers
    hazard: Hazard
    arrears: ArrearsNumbers
    life: LifeShocks
    old_policy: OldPolicy
    short_loan: ShortLoan
    presence: Presence
    fraud: Fraud
    drift: CalendarDrift
    places: Provinces
    seasons: Seasons
    categories: tuple[Category, ...]
    streams: dict[str, Strengths]
    lags_days: dict[str, float]
    people: PeopleNumbers
    contacts: ContactNumbers
    rate_slopes: RateSlopes
    extra_kinds: tuple[ExtraKind, ...]
    payments: PaymentNumbers
    social: SocialNumbers
    assets: AssetNumbers
    bureau: BureauNumbers
    identity: IdentityNumbers
    sharing: SharingNumbers
    session: SessionNumbers
    history: HistoryNumbers
    applications: ApplicationNumbers
    switches: SwitchNumbers

    def stream(self, name: str) -> Strengths:
        """Return the strengths of one stream.

        Raises WorldError where world.yaml has no such stream.
        """
        if name not in self.streams:
            raise WorldError.of(
                "Unknown stream",
                where="world.yaml streams",
                expected=name,
                got=", ".join(self.streams),
                next_step="add it",
            )
        return self.streams[name]

    def shares(self, profile: str) -> tuple[float, ...]:
        """Return the family shares of a weight profile, normalised to sum 1 (domain 2).

        Raises WorldError for an unknown profile.
        """
        if profile not in self.profiles:
            raise WorldError.of(
                "Unknown weight profile",
                where="params.yaml world.profile",
                expected=" | ".join(self.profiles),
                got=profile,
                next_step="choose one of them",
            )
        weights = self.profiles[profile]
        return tuple(weight / sum(weights) for weight in weights)
