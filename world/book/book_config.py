"""The frozen types of world/book/book.yaml: the numbers of life after booking.

Units and sources stand beside the numbers in the YAML file. Nothing here computes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Risk:
    """Days late of an instalment that is paid within its month."""

    slip_share: float
    slip_days_max: int
    slip_record: float
    slip_pay_within: int
    slip_pay_within_share: float


@dataclass(frozen=True)
class Money:
    """How a line is drawn, and what is lost on it."""

    draw_noise: float
    draw_pace: float
    minimum_draw_cny: float
    days_a_month: float
    lgd: float
    write_off_dpd: int


@dataclass(frozen=True)
class Shock:
    """What a life shock does to behaviour from its month on.

    What it does to the hazard stands in the block `hazard` of world.yaml.
    """

    inflow_factor: float
    payments_factor: float
    enquiries_factor: float
    utilisation_logit: float
    balance_log: float


@dataclass(frozen=True)
class Behaviour:
    """What the monthly row of the panel shows beside the streams of world.yaml."""

    income_noise: float
    volume_noise: float
    pay_score_level: float
    pay_score_slope: float
    pay_score_noise: float
    pay_score_range: tuple[float, float]
    pay_score_frozen: float
    pay_score_frozen_dpd: int
    proofs_first: float
    debt_share: float
    debt_slope: float


@dataclass(frozen=True)
class DrawdownCurve:
    """How a revolving line is used with the switch `drawdown` on.

    `level`, `person_sd`, `month_sd` and `leverage_slope` are on the logit of the wished share.
    """

    level: float
    person_sd: float
    month_sd: float
    leverage_slope: float
    ramp_months: float


@dataclass(frozen=True)
class Prepayment:
    """Who repays a loan in full before its time with the switch `prepayment` on."""

    monthly_share: float
    wealth_slope: float


@dataclass(frozen=True)
class Recoveries:
    """What comes back after a default, and when, with the switch `recoveries` on."""

    share: float
    concentration: float
    payments: int
    months: int
    scale_months: float


@dataclass(frozen=True)
class BookConfig:
    """The content of world/book/book.yaml."""

    risk: Risk
    money: Money
    shock: Shock
    behaviour: Behaviour
    drawdown: DrawdownCurve
    prepayment: Prepayment
    recoveries: Recoveries
