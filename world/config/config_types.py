"""The frozen types of the blocks of world/world.yaml and of the world's blocks in params.yaml.

`WorldConfig` holds the blocks of world.yaml together. Tuples of six numbers follow the order of
FAMILIES. Units and sources of the numbers stand beside the numbers in world.yaml. Nothing here
computes.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from creditloom.storage.files.errors import DataError
from creditloom.world.config.switches import Switches

# The families that the world simulates, in the order of its tuples of six. `features` may know
# more: what the world does not simulate can come from a lender's own tables alone.
FAMILIES = ("payment_flow", "social_graph", "assets", "device_stability", "bureau", "identity")


class WorldError(DataError):
    """The numbers of the world contradict each other.

    The message says what is wrong, where, what was expected, what was found and the next step.
    """


# What a user may change about the world: two blocks of params.yaml.


@dataclass(frozen=True)
class WorldParams:
    """The `world` block of params.yaml: what may change from run to run (domain 7, 0.2, 0.14)."""

    applicants: int
    base_rate: float
    activity_scale: float
    profile: str
    nonlinear: bool
    scenario: str
    macro_seed: int | None
    processes: int
    chunk_applicants: int
    community_applicants: int
    switches: Switches = field(default_factory=Switches)


@dataclass(frozen=True)
class Calendar:
    """The `calendar` block of params.yaml (domain 0.1). Months are vintages of applications."""

    applications_start: datetime.date
    n_vintages: int
    train_months: int
    calibration_months: int
    oot_months: int
    performance_months: int


# What the world is like: the blocks of world.yaml, in the order of that file.


@dataclass(frozen=True)
class Segment:
    """One segment of the population (domain 7.2).

    `shift` moves each family state, in SD, + is safer. `share_drift` is a change per vintage.
    """

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
    """One concept state (domain 0.3): its weight in the family state and its threshold.

    `step_share` is the share of people beyond the threshold, `step_size` its effect in SD of the
    state. A negative size rewards the best share instead of punishing the worst (domain 0.14).
    """

    id: str
    family: str
    weight: float
    step_share: float = 0.0
    step_size: float = 0.0


@dataclass(frozen=True)
class Interaction:
    """Two concepts whose weak halves multiply (domain 0.14).

    `second` may be `thin_file`. The families of both concepts carry the effect.
    """

    first: str
    second: str
    size: float


@dataclass(frozen=True)
class EffectConfig:
    """The way from states to log-odds (domain 7.5, 7.6, 0.5, 0.14)."""

    explained_variance: float
    nonlinear_share: float
    saturation: float
    saturation_from: float
    weak_limit: float
    interactions: tuple[Interaction, ...]
    reliability: tuple[float, ...]
    probe_applicants: int
    shock_sigma: float
    fraud_log_odds: float
    limit_effect: float
    rate_effect: float
    reference_ratio: float
    reference_apr: float


@dataclass(frozen=True)
class Hazard:
    """When default happens within twelve months, and what life adds (domain 7.5)."""

    timing: tuple[float, ...]
    life_shock_rate: float
    life_shock_factor: float
    life_shock_months: int
    fraud_first_payment_share: float
    reporting_days: int


@dataclass(frozen=True)
class EconomyNumbers:
    """The path of the economy by calendar month (domain 7.5, 7.8), in SD; + is worse.

    `rho` is the correlation of one month with the next. `gamma` is what one SD adds to the log of a
    month's hazard, `inflow` what it adds to the log of incomes. The bad half-year is part of the
    scenario `calm`, the year of `recession` comes on top; both begin in a vintage.
    """

    rho: float
    gamma: float
    inflow: float
    bad_half_year: int
    bad_half_year_months: int
    bad_half_year_size: float
    recession: int
    recession_months: int
    recession_size: float


@dataclass(frozen=True)
class Roll:
    """Roll rates a month over a book of average risk (domain 7.5).

    Each is the share of the accounts of one DPD bucket that stand in the next at the month's end.
    """

    current_to_m1: float
    m1_to_m2: float
    m2_to_m3: float
    m3_to_bad: float


@dataclass(frozen=True)
class ArrearsNumbers:
    """How spells of arrears start and end, beside the twelve-month hazard (domain 7.5).

    A spell that is paid up goes with (PD / `reference_pd`) to the power `slip_elasticity`, and that
    it reaches 30 days with (PD / `depth_reference_pd`) to the power `depth_elasticity`, up to
    `max_depth_chance`. Shares are chances a month, `restructured_share` is of the defaults.
    `late_weight` is the hazard's weight of a month after the twelfth, `max_spell_chance` the
    largest chance that a spell begins.
    """

    roll: Roll
    reference_pd: float
    slip_elasticity: float
    depth_reference_pd: float
    depth_elasticity: float
    max_depth_chance: float
    stay_share: float
    restructured_share: float
    pays_all_share: float
    relapse_share: float
    probation_months: int
    max_spell_chance: float
    late_weight: float


@dataclass(frozen=True)
class LifeShocks:
    """Job loss, illness and divorce (domain 7.4, 7.5).

    The block says how often they strike, how friends share them and what they do to payments.
    """

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
    """Loans of days, repaid at once (S1, domain 0.12).

    `hazard_share` of the hazard of a year lies in their one repayment.
    """

    hazard_share: float
    shared_default: float
    principal_cny: tuple[float, float]
    principal_step_cny: int
    daily_rate: float
    tenor_days: tuple[int, int]
    slip_share: float
    slip_days_max: int
    observed_days: tuple[int, ...]
    reporting_days: int


@dataclass(frozen=True)
class OldPolicy:
    """The policy that booked loans before this model: a scorecard (domain 7.8, 0.6).

    `edges` are the edges of its bins by column.
    """

    approved_share: float
    older_loans: int
    edges: dict[str, tuple[float, ...]]
    override_width: float
    override_share: float
    good_record: float
    invited_good_record: float
    invited_better: float
    invited_other: float
    control_share: float
    control_share_calibration: float
    principal_to_income: float
    principal_sigma: float
    principal_step_cny: int
    principal_min_cny: int
    daily_rate: float
    daily_rate_slope: float
    daily_rate_range: tuple[float, float]
    tenor_months: int


@dataclass(frozen=True)
class Presence:
    """What is missing and why (domain 7.8)."""

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

    share: float
    ring_share: float
    ring_size: tuple[int, int]
    ring_size_exponent: float
    ring_hours: float
    ring_night_hours: int
    ring_burst_share: float
    ring_burst_minutes: int
    ring_devices: tuple[int, int]
    account_days: float
    transfer_rounds: float
    transfer_cny: float
    transfer_sigma: float
    transfer_days_before: int
    transfer_free_days: float
    night_log_odds: float
    emulator_share: float
    emulator_login_share: float
    late_pattern_vintage: int


@dataclass(frozen=True)
class CalendarDrift:
    """What drifts month by month in calendar time (domain 7.8)."""

    amount_per_month: float
    count_per_month: float
    device_change_vintage: int
    device_null_share: float


@dataclass(frozen=True)
class Provinces:
    """31 provinces in six tiers with a wage index (domain 7.2)."""

    tier_of_region: tuple[int, ...]
    wage_index: tuple[float, ...]
    people_per_tier: tuple[float, ...]


@dataclass(frozen=True)
class Seasons:
    """Factors on the volume of a day (domain 7.4)."""

    weekday: tuple[float, ...]
    festival_starts: tuple[datetime.date, ...]
    festival_days: int
    festival_shop: float
    festival_red_packet: float
    festival_home_share: float
    festival_home_days: tuple[int, int]
    festival_leave_days: int
    sale_days: tuple[str, ...]
    sale_factor: float
    day_dispersion: float
    mix_concentration: float
    salary_rho: float
    salary_sd: float


@dataclass(frozen=True)
class Category:
    """One kind of payment: its share of everyday payments, its amount and its counter share."""

    id: str
    direction: str
    share: float
    median_cny: float
    sigma: float
    offline_share: float


@dataclass(frozen=True)
class Strengths:
    """How much one observation of a stream reveals of its concept state (domain 0.4).

    An observation is level + slope x state + habit x talk + noise x a standard normal, where `talk`
    is a habit of the person (`People`); `rate` is rows a year.
    """

    level: float
    slope: float
    noise: float = 0.0
    rate: float = 0.0
    habit: float = 0.0
