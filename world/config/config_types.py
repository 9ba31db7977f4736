"""Frozen types of the parts of world/world.yaml, one per block; `WorldConfig` holds them together.

Six-number tuples follow the order of `creditloom.features.contract.tables.FAMILIES`. Nothing here computes.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import ClassVar

from creditloom.storage.files.errors import DataError

# What a person may change about the world: the `world` and `calendar` blocks of params.yaml, as frozen types.

STRICT = {"extra": "forbid", "strict": True}


class WorldError(DataError):
    """The world's numbers contradict each other; the message says what, where, expected, got and next step."""


@dataclass(frozen=True)
class WorldParams:
    """The `world` block of params.yaml: what a person may change from run to run (domain 7, 0.2, 0.14)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    applicants: int
    base_rate: float
    activity_scale: float
    profile: str
    nonlinear: bool
    macro: bool
    processes: int
    chunk_applicants: int
    community_applicants: int


@dataclass(frozen=True)
class Calendar:
    """The `calendar` block of params.yaml (domain 0.1); months count vintages of applications."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    applications_start: datetime.date
    n_vintages: int
    train_months: int
    calibration_months: int
    oot_months: int
    performance_months: int


@dataclass(frozen=True)
class Segment:
    """One segment of the population (domain 7.2); `shift` is goodness per family in SD, + is safer."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    id: str
    share: float
    share_drift: float
    shift: tuple[float, ...]
    thin_share: float
    bureau_missing_share: float
    income_median_cny: float
    income_sigma: float
    payments_per_day: float
    age_years: tuple[int, int]
    merchant_share: float
    salary_share: float


@dataclass(frozen=True)
class ConceptConfig:
    """One concept state (domain 0.3): its weight in the family state, its threshold and how hard that bites (domain 0.14)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    id: str
    family: str
    weight: float
    step_share: float = 0.0
    step_size: float = 0.0


@dataclass(frozen=True)
class Interaction:
    """The weaker halves of two states multiply (domain 0.14); `second` may be `thin_file`. Carried by both concepts' families."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    first: str
    second: str
    size: float


@dataclass(frozen=True)
class EffectConfig:
    """From states to log-odds (domain 7.5, 7.6, 0.5, 0.14)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    explained_variance: float
    nonlinear_share: float
    saturation: float
    weak_limit: float
    interactions: tuple[Interaction, ...]
    reliability: tuple[float, ...]
    probe_applicants: int
    shock_sigma: float
    fraud_log_odds: float
    macro_rho: float
    bad_half_year: int
    bad_half_year_size: float
    macro_gamma: float
    limit_effect: float
    rate_effect: float


@dataclass(frozen=True)
class Hazard:
    """When default happens within twelve months, and what life adds (domain 7.5)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    timing: tuple[float, ...]
    life_shock_rate: float
    life_shock_factor: float
    life_shock_months: int
    fraud_first_payment_share: float
    indeterminate_slope: float
    indeterminate_floor: float
    slip_share: float
    reporting_days: int


@dataclass(frozen=True)
class LifeShocks:
    """How often job loss, illness and divorce strike, how friends share them, and what they do to payments (domain 7.4, 7.5)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    monthly_rates: tuple[float, float, float]
    shared_share: float
    spread: float
    shared_luck: float
    spending_factor: float
    inflow_lost: float
    spending_moved: float
    retention_lost: float
    lateness_added: float


@dataclass(frozen=True)
class ShortLoan:
    """Loans of days, repaid at once (S1, domain 0.12); `hazard_share` of a year's hazard lies in their one repayment."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    hazard_share: float
    principal_cny: tuple[float, float]
    daily_rate: float
    tenor_days: tuple[int, int]
    slip_share: float
    slip_days_max: int
    observed_days: tuple[int, ...]


@dataclass(frozen=True)
class OldPolicy:
    """Who was booked before this model (domain 7.8, 0.6)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    noise_sd: float
    approved_share: float
    control_share: float
    control_share_calibration: float
    principal_to_income: float
    principal_sigma: float
    daily_rate: float
    daily_rate_slope: float
    tenor_months: int


@dataclass(frozen=True)
class Presence:
    """What is missing and why (domain 7.8)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    thin_dig: float
    thin_disc: float
    thin_activity: float
    refuse_social: float
    refuse_assets: float
    refuse_location: float
    refuse_bureau: float
    bureau_break_vintage: int
    bureau_missing_before_break: float


@dataclass(frozen=True)
class Fraud:
    """Fraud intent and rings (domain 7.4)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    share: float
    ring_share: float
    ring_size: tuple[int, int]
    ring_hours: float
    account_days: float
    transfer_rounds: float
    transfer_cny: float
    night_log_odds: float
    emulator_share: float
    late_pattern_vintage: int


@dataclass(frozen=True)
class CalendarDrift:
    """What moves month by month in calendar time (domain 7.8)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    amount_per_month: float
    count_per_month: float
    device_change_vintage: int
    device_null_share: float


@dataclass(frozen=True)
class Provinces:
    """31 provinces in six tiers with a wage index (domain 7.2)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    tier_of_region: tuple[int, ...]
    wage_index: tuple[float, ...]
    people_per_tier: tuple[float, ...]


@dataclass(frozen=True)
class Seasons:
    """Factors on the volume of a day (domain 7.4)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    weekday: tuple[float, ...]
    festival_starts: tuple[datetime.date, ...]
    festival_days: int
    festival_shop: float
    festival_red_packet: float
    festival_home_share: float
    festival_home_days: tuple[int, int]
    sale_days: tuple[str, ...]
    sale_factor: float
    day_dispersion: float
    mix_concentration: float
    salary_rho: float
    salary_sd: float


@dataclass(frozen=True)
class Category:
    """One kind of payment: share of the bulk stream, amount, and how often it is paid at a counter."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    id: str
    direction: str
    share: float
    median_cny: float
    sigma: float
    offline_share: float


@dataclass(frozen=True)
class Strengths:
    """How much one observation of a stream reveals of its concept state: level, slope on the state, noise (domain 0.4)."""

    __pydantic_config__: ClassVar[dict[str, object]] = STRICT

    level: float
    slope: float
    noise: float = 0.0
    rate: float = 0.0
