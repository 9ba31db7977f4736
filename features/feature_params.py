"""Numbers of the feature engine and of the label: frozen types that `params.yaml` is parsed into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal


class FeatureError(ValueError):
    """A feature cannot be built: the message says what, where, expected, got and the next step."""


@dataclass(frozen=True)
class FeatureParams:
    """How the engine works through the raw tables; none of it changes a feature's value.

    `engine` loops over buckets here (duckdb) or sends them to Spark's workers, to the same values. `bucket_rows` rows of the largest
    table are held at once; `threads` and `memory_mb` bound DuckDB, or a Spark session that is opened here.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    engine: Literal["duckdb", "spark"] = "duckdb"
    bucket_rows: int = 1_400_000
    threads: int = 2
    memory_mb: int = 1_000


@dataclass(frozen=True)
class LabelParams:
    """Bad = days past due ever at or above `bad_dpd_days` within the window; indeterminate = at worst between the two limits.

    `loans` says which loans the label is of (domain 0.12): `instalment`, judged over `performance_months`, or `short` (7-14 days, repaid
    at once), judged over `performance_days`: there bad_dpd_days and indeterminate_dpd_days are both 30.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid", "strict": True}

    loans: Literal["instalment", "short"] = "instalment"
    performance_months: int = 12
    performance_days: int = 45
    bad_dpd_days: int = 90
    indeterminate_dpd_days: int = 30

    @property
    def window(self) -> int:
        """Length of the window in the unit of the loans' own clock: months, or days for short ones."""
        return self.performance_days if self.loans == "short" else self.performance_months
