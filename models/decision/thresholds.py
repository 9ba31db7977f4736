"""The numbers of the twelve risk filters (domain 0.13), one rule book for all products."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, ClassVar

from .figure import Figure


@dataclass(frozen=True)
class Filters:
    """Thresholds in products/filters.yaml; `over` means strictly more, `from` means inclusive."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    effective_from: dt.date
    night_withdrawal_from: Figure
    applications_per_hour_from: Figure
    operations_per_hour_over: Figure
    face_failures_over: Figure
    active_lenders_over: Figure
    hard_enquiries_over: Figure
    applicants_per_device_from: Figure
    young_account_below: Figure
    burst_per_hour_over: Figure
    transfer_alert_over: Figure
