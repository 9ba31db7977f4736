"""Parameters of the feature engine and of the label: the frozen types of `params.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


class FeatureError(ValueError):
    """A feature cannot be built.

    The message says what is wrong and where, what was expected, what came, and the next step.
    """


@dataclass(frozen=True)
class FeatureParams:
    """How the engine works through the raw tables. No parameter changes the value of a feature.

    `engine` loops over buckets in this process (duckdb) or sends them to Spark's workers.
    `bucket_rows` rows of the largest table are held in memory at once.
    `threads` and `memory_mb` bound DuckDB, or a Spark session that is opened here.
    """

    engine: Literal["duckdb", "spark"] = "duckdb"
    # Rows of the largest table in one bucket; docs/spark.md says what memory follows from it.
    bucket_rows: int = 1_400_000
    threads: int = 2
    memory_mb: int = 1_000


@dataclass(frozen=True)
class LabelParams:
    """What counts as bad: DPD at or above `bad_dpd_days` at any time within the window.

    A loan whose worst DPD lies between the two limits is indeterminate.
    `loans` says which loans get a label (domain 0.12): `instalment` over `performance_months`, or
    `short` (7-14 days, repaid at once) over `performance_days`. For short loans `bad_dpd_days` and
    `indeterminate_dpd_days` are both 30. A month on book that ends with `late_dpd_days` or more is
    in arrears (`train.tasks`).
    """

    loans: Literal["instalment", "short"] = "instalment"
    performance_months: int = 12
    performance_days: int = 45
    bad_dpd_days: int = 90
    indeterminate_dpd_days: int = 30
    late_dpd_days: int = 1

    @property
    def window(self) -> int:
        """Length of the window by the loans' own clock: months, or days for short loans."""
        return self.performance_days if self.loans == "short" else self.performance_months
