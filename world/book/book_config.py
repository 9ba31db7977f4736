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
class BookConfig:
    """The content of world/book/book.yaml."""

    risk: Risk
    money: Money
    shock: Shock
    behaviour: Behaviour
