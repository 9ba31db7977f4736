"""Define the types of products/review/*.yaml: the numbers of the monthly review.

Every number has its unit and source. Nothing here computes.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from creditloom.decision.rulebook.condition import SourcedValue
from creditloom.models.sample.errors import ModelError

# Fen in a yuan: the files name yuan, a book's money is in whole fen.
FEN_PER_CNY = 100.0


class BookError(ModelError):
    """A book cannot be reviewed; the message says what, where, expected, got and next step."""


@dataclass(frozen=True)
class Increase:
    """When a line grows, and by how much (S2-R31, S5-R29, S5-R43, domain 6)."""

    on_time_months: SourcedValue
    step: SourcedValue
    cool_down: SourcedValue
    utilisation_low: SourcedValue
    utilisation_high: SourcedValue
    lqt_from: SourcedValue
    lct_from: SourcedValue
    proofs_from: SourcedValue
    maximum: SourcedValue
    step_to: SourcedValue


@dataclass(frozen=True)
class IncreaseStep:
    """Lines up to `up_to` come up for increase `every` so many months (S3-R30..R32)."""

    up_to: SourcedValue
    every: SourcedValue


@dataclass(frozen=True)
class Temporary:
    """An increase that expires (S2-R26)."""

    share: SourcedValue
    valid: SourcedValue
    payments_from: SourcedValue


@dataclass(frozen=True)
class Decrease:
    """What cuts a line (S1-R59, S3-R45, domain 6)."""

    enquiries_over: SourcedValue
    enquiry_months: SourcedValue
    enquiry_factor: SourcedValue
    tiers_fallen: SourcedValue
    tier_factor: SourcedValue
    dti_over: SourcedValue
    dti_factor: SourcedValue
    minimum: SourcedValue


@dataclass(frozen=True)
class Freeze:
    """No drawdown while overdue, and how that ends (S3-R44, S3-R47)."""

    dpd_from: SourcedValue
    repaid_within: SourcedValue
    clean_months: SourcedValue


@dataclass(frozen=True)
class Suspend:
    """No drawdown while inactive or while the payment score is low (S3-R46, S4-R36)."""

    payments_under: SourcedValue
    payment_months: SourcedValue
    pay_score_under: SourcedValue


@dataclass(frozen=True)
class Repricing:
    """A lower rate for new drawdowns (S5-R30, S5-R31)."""

    every: SourcedValue
    on_time_months: SourcedValue
    step: SourcedValue
    floor: SourcedValue


@dataclass(frozen=True)
class Collections:
    """The ladder and its hours (S1-R38, S4-R33..R35, domain 5.1).

    From `report_from` days past due on the bureau is told (S1-R40, S2-R36, C26).
    """

    remind_before: SourcedValue
    report_from: SourcedValue
    sms_from: SourcedValue
    robot_from: SourcedValue
    agency_from: SourcedValue
    opens: SourcedValue
    closes: SourcedValue


@dataclass(frozen=True)
class Provision:
    """IFRS 9 stages, default with materiality and probation, asset classes (domain 5.1, 5.2)."""

    sicr_over: SourcedValue
    default_from: SourcedValue
    material_amount: SourcedValue
    material_share: SourcedValue
    probation: SourcedValue
    pd_rise: SourcedValue
    pd_low: SourcedValue
    lifetime_factor: SourcedValue
    lgd: SourcedValue
    conversion: SourcedValue
    substandard_over: SourcedValue
    doubtful_over: SourcedValue
    loss_over: SourcedValue


@dataclass(frozen=True)
class ReviewRules:
    """A whole review file. Raises BookError where thresholds that must rise do not."""

    id: str
    effective_from: datetime.date
    effective_to: datetime.date | None
    increase: Increase
    bands: tuple[IncreaseStep, ...]
    ceilings: tuple[SourcedValue, ...]
    temporary: Temporary
    decrease: Decrease
    freeze: Freeze
    suspend: Suspend
    repricing: Repricing
    collections: Collections
    provision: Provision

    def __post_init__(self) -> None:
        # A search by edges would give nonsense silently where they do not rise.
        ladder = self.collections
        _rising("collections", [ladder.sms_from, ladder.robot_from, ladder.agency_from])
        classes = self.provision
        overdue = [classes.sicr_over, classes.substandard_over]
        _rising("provision", [*overdue, classes.doubtful_over, classes.loss_over])
        _rising("bands", [band.up_to for band in self.bands])

    def ceiling_fen(self, tier: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the highest line that each tier (0 the best) may grow to, in fen.

        Tiers beyond the list have the last one's.
        """
        lines = np.array([int(figure.value * FEN_PER_CNY) for figure in self.ceilings])
        return lines[np.minimum(tier, len(lines) - 1)]


def _rising(where: str, figures: list[SourcedValue]) -> None:
    values = [figure.value for figure in figures]
    if any(low >= high for low, high in pairwise(values)):
        raise BookError(
            f"review file, {where}: thresholds must rise; expected one above the other, "
            f"got {values}. Put them in order."
        )
