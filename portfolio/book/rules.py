"""Frozen types of products/review/*.yaml: every number of the monthly review with its unit and source. Nothing here computes."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from creditloom.decision.rulebook.condition import Figure
from creditloom.models.sample.errors import ModelError

STRICT: dict[str, Any] = {"extra": "forbid", "strict": True}


class BookError(ModelError):
    """A book cannot be reviewed; the message says what, where, expected, got and next step."""


@dataclass(frozen=True)
class Increase:
    """When a line grows, and by how much (S2-R31, S5-R29, S5-R43, domain 6)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    on_time_months: Figure
    step: Figure
    cool_down: Figure
    utilisation_low: Figure
    utilisation_high: Figure
    lqt_from: Figure
    lct_from: Figure
    proofs_from: Figure
    maximum: Figure
    step_to: Figure


@dataclass(frozen=True)
class Band:
    """Lines up to `up_to` come up for increase `every` so many months (S3-R30..R32)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    up_to: Figure
    every: Figure


@dataclass(frozen=True)
class Temporary:
    """An increase that expires (S2-R26)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    share: Figure
    valid: Figure
    payments_from: Figure


@dataclass(frozen=True)
class Decrease:
    """What cuts a line (S1-R59, S3-R45, domain 6)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    enquiries_over: Figure
    enquiry_months: Figure
    enquiry_factor: Figure
    tiers_fallen: Figure
    tier_factor: Figure
    dti_over: Figure
    dti_factor: Figure
    minimum: Figure


@dataclass(frozen=True)
class Freeze:
    """No drawdown while overdue, and how that ends (S3-R44, S3-R47)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    dpd_from: Figure
    repaid_within: Figure
    clean_months: Figure


@dataclass(frozen=True)
class Suspend:
    """No drawdown while inactive or while the payment score is low (S3-R46, S4-R36)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    payments_under: Figure
    payment_months: Figure
    pay_score_under: Figure


@dataclass(frozen=True)
class Repricing:
    """A lower rate for new drawdowns (S5-R30, S5-R31)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    every: Figure
    on_time_months: Figure
    step: Figure
    floor: Figure


@dataclass(frozen=True)
class Collections:
    """The ladder and its hours (S1-R38, S4-R33..R35, domain 5.1)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    remind_before: Figure
    sms_from: Figure
    robot_from: Figure
    agency_from: Figure
    opens: Figure
    closes: Figure


@dataclass(frozen=True)
class Provision:
    """IFRS 9 stages, default with materiality and probation, asset classes (domain 5.1, 5.2)."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    sicr_over: Figure
    default_from: Figure
    material_amount: Figure
    material_share: Figure
    probation: Figure
    pd_rise: Figure
    pd_low: Figure
    lifetime_factor: Figure
    lgd: Figure
    conversion: Figure
    substandard_over: Figure
    doubtful_over: Figure
    loss_over: Figure


@dataclass(frozen=True)
class ReviewRules:
    """A whole review file. Raises BookError where thresholds that must rise do not."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    id: str
    effective_from: datetime.date
    effective_to: datetime.date | None
    increase: Increase
    bands: tuple[Band, ...]
    ceilings: tuple[Figure, ...]
    temporary: Temporary
    decrease: Decrease
    freeze: Freeze
    suspend: Suspend
    repricing: Repricing
    collections: Collections
    provision: Provision

    def __post_init__(self) -> None:
        ladder, provision = self.collections, self.provision
        _rising("collections", [ladder.sms_from, ladder.robot_from, ladder.agency_from])
        _rising("provision", [provision.sicr_over, provision.substandard_over, provision.doubtful_over, provision.loss_over])
        _rising("bands", [band.up_to for band in self.bands])

    def ceiling_fen(self, tier: NDArray[np.int64]) -> NDArray[np.int64]:
        """The highest line each tier (0 the best) may grow to; tiers beyond the list have the last one's."""
        lines = np.array([int(figure.value * 100) for figure in self.ceilings])
        return lines[np.minimum(tier, len(lines) - 1)]


def _rising(where: str, figures: list[Figure]) -> None:
    values = [figure.value for figure in figures]
    if any(low >= high for low, high in pairwise(values)):
        raise BookError(f"review file, {where}: thresholds must rise; expected one above the other, got {values}. Put them in order.")
