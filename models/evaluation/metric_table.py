"""The table of metrics: one record per metric. All blocks of figures are filled from it.

A new metric is one record of `METRICS`. Its label in the report is declared in the room `report`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from creditloom.models.calibration import calibration_tests as tests
from creditloom.models.calibration.calibration_tests import Large, Order
from creditloom.models.evaluation.reachable_gini import ReachableLimits
from creditloom.models.sample import metrics
from creditloom.models.sample.arrays import Floats

# Where a metric stands: a block of metrics.json of `evaluate`, or the figures of `creditloom fit`.
Block = Literal["discrimination", "calibration", "observable", "fit"]


@dataclass(frozen=True)
class TruePD:
    """The truth of a simulated world: the true PD of each row, and the highest possible Ginis."""

    pd: Floats
    limits: ReachableLimits


@dataclass(frozen=True)
class JudgedSample:
    """PDs of one model and what they are judged against; arrays of shape (n,).

    weight: None means one per row.
    bins: of the expected calibration error.
    calibration_bads, macro_sd: inputs of the test of calibration in the large. The defaults mean a
    calibration without error and a constant economy.
    order: the pooled tiers, None where tiers are not judged.
    truth: None on real data.
    """

    y: Floats
    pd: Floats
    weight: Floats | None = None
    bins: int = 10
    calibration_bads: float = np.inf
    macro_sd: float = 0.0
    order: Order | None = None
    truth: TruePD | None = None

    # Several metrics read each of these, so each is computed once.
    @cached_property
    def large(self) -> Large:
        """Return the test of calibration in the large."""
        return tests.in_the_large(
            self.y, self.pd, self.calibration_bads, self.macro_sd, self.weight
        )

    @cached_property
    def slope_intercept(self) -> tuple[float, float]:
        """Return slope and intercept of the outcome on logit(PD)."""
        return tests.slope_intercept(self.y, self.pd, self.weight)

    @cached_property
    def gini_true(self) -> float:
        """Return the Gini on the true PD, free of the luck of drawn outcomes."""
        return metrics.gini(_truth(self).pd, self.pd)

    @property
    def total_weight(self) -> float:
        """Return the sum of the weights."""
        return float(len(self.y)) if self.weight is None else self.weight.sum()


@dataclass(frozen=True)
class Metric:
    """One metric of a PD.

    compute: its value on a sample.
    keys: under which key it stands in each of its blocks.
    needs: fields of the sample without which it is null.
    """

    name: str
    compute: Callable[[JudgedSample], float]
    keys: Mapping[Block, str]
    needs: tuple[str, ...] = ()

    def value(self, sample: JudgedSample) -> float | None:
        """Return the value; None where the sample lacks what the metric needs."""
        if any(getattr(sample, name) is None for name in self.needs):
            return None
        return self.compute(sample)


def figures_of(block: Block, sample: JudgedSample) -> dict[str, float | None]:
    """Return the metrics of a block by key."""
    return {metric.keys[block]: metric.value(sample) for metric in METRICS if block in metric.keys}


def keys_of(block: Block) -> tuple[str, ...]:
    """Return the keys of a block, in the order of the table.

    >>> keys_of("fit")
    ('auc', 'ks', 'brier', 'logloss', 'mean_pd', 'bad_rate')
    """
    return tuple(metric.keys[block] for metric in METRICS if block in metric.keys)


def _truth(sample: JudgedSample) -> TruePD:
    # Every metric that calls this names `truth` in `needs`.
    assert sample.truth is not None
    return sample.truth


def _order(sample: JudgedSample) -> Order:
    # Every metric that calls this names `order` in `needs`.
    assert sample.order is not None
    return sample.order


def _hosmer_lemeshow_p(sample: JudgedSample) -> float:
    bands = _order(sample).bands
    groups = np.array([(band.n, band.bads, band.mean_pd) for band in bands]).T
    return tests.hosmer_lemeshow(*groups)[1]


def _jeffreys_min_p(sample: JudgedSample) -> float:
    # The smallest of several p-values must be adjusted for their number.
    return min(tests.holm([band.jeffreys_p for band in _order(sample).bands]))


# table: the metrics, in the order in which figures show them
METRICS = (
    Metric(
        name="AUC",
        compute=lambda sample: metrics.auc(sample.y, sample.pd, sample.weight),
        keys={"discrimination": "auc_oot", "observable": "auc_oot", "fit": "auc"},
    ),
    Metric(
        name="Gini",
        compute=lambda sample: metrics.gini(sample.y, sample.pd, sample.weight),
        keys={"discrimination": "gini_oot"},
    ),
    Metric(
        name="KS",
        compute=lambda sample: metrics.ks(sample.y, sample.pd, sample.weight),
        keys={"discrimination": "ks_oot", "observable": "ks_oot", "fit": "ks"},
    ),
    Metric(
        name="Gini on the true PD",
        compute=lambda sample: sample.gini_true,
        keys={"discrimination": "gini_oot_true"},
        needs=("truth",),
    ),
    Metric(
        name="share of the oracle's Gini",
        compute=lambda sample: sample.gini_true / _truth(sample).limits.gini_oracle,
        keys={"discrimination": "share_of_oracle_gini"},
        needs=("truth",),
    ),
    Metric(
        name="share of the reachable Gini",
        compute=lambda sample: sample.gini_true / _truth(sample).limits.gini_reachable,
        keys={"discrimination": "share_of_reachable_gini"},
        needs=("truth",),
    ),
    Metric(
        name="Brier",
        compute=lambda sample: metrics.brier(sample.y, sample.pd, sample.weight),
        keys={"calibration": "brier", "observable": "brier", "fit": "brier"},
    ),
    Metric(
        name="log-loss",
        compute=lambda sample: metrics.logloss(sample.y, sample.pd, sample.weight),
        keys={"calibration": "logloss", "fit": "logloss"},
    ),
    Metric(
        name="ECE",
        compute=lambda sample: metrics.ece(sample.y, sample.pd, sample.weight, sample.bins),
        keys={"calibration": "ece"},
    ),
    Metric(
        name="slope",
        compute=lambda sample: sample.slope_intercept[0],
        keys={"calibration": "slope"},
    ),
    Metric(
        name="intercept",
        compute=lambda sample: sample.slope_intercept[1],
        keys={"calibration": "intercept"},
    ),
    # Mean PD and bad rate have two records each. Block `calibration` divides the sums of the test
    # in the large by the total weight. The other blocks take averages. The two ways add in a
    # different order and may differ in the last bit.
    Metric(
        name="mean PD",
        compute=lambda sample: sample.large.expected / sample.total_weight,
        keys={"calibration": "mean_pd"},
    ),
    Metric(
        name="mean PD",
        compute=lambda sample: float(np.average(sample.pd, weights=sample.weight)),
        keys={"observable": "mean_pd", "fit": "mean_pd"},
    ),
    Metric(
        name="bad rate",
        compute=lambda sample: sample.large.observed / sample.total_weight,
        keys={"calibration": "bad_rate"},
    ),
    Metric(
        name="bad rate",
        compute=lambda sample: float(np.average(sample.y, weights=sample.weight)),
        keys={"fit": "bad_rate"},
    ),
    Metric(
        name="calibration in the large, z",
        compute=lambda sample: sample.large.z,
        keys={"calibration": "calibration_in_the_large_z"},
    ),
    Metric(
        name="calibration in the large, p",
        compute=lambda sample: sample.large.p_value,
        keys={
            "calibration": "calibration_in_the_large_p",
            "observable": "calibration_in_the_large_p",
        },
    ),
    Metric(
        name="Spiegelhalter, p",
        compute=lambda sample: tests.spiegelhalter(sample.y, sample.pd)[1],
        keys={"calibration": "spiegelhalter_p"},
    ),
    Metric(
        name="Hosmer-Lemeshow over the pooled tiers, p",
        compute=_hosmer_lemeshow_p,
        keys={"calibration": "hosmer_lemeshow_p"},
        needs=("order",),
    ),
    Metric(
        name="Jeffreys, the least p of the pooled tiers",
        compute=_jeffreys_min_p,
        keys={"calibration": "jeffreys_min_p"},
        needs=("order",),
    ),
    Metric(
        name="pairs of tiers reversed",
        compute=lambda sample: _order(sample).reversed_pairs,
        keys={"calibration": "tiers_reversed"},
        needs=("order",),
    ),
)
