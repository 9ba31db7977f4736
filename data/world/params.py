"""What a person may change about the world: the `world` and `calendar` blocks of params.yaml, as frozen types."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import ClassVar

from data.errors import DataError

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
