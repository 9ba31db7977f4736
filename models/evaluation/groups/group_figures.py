"""Whether the PD of each group is right: makes the block `group_calibration` and its table.

Groups: tier, vintage, thin or thick payment file, bureau file or none, segment, new or repeat
customer, and whether the incumbent was likely to book. They are asked through the door and on
booked loans.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.base.catalogue import Catalogue
from creditloom.decision.score.tiers import Tiers
from creditloom.models.calibration.calibration_tests import slope_test
from creditloom.models.calibration.group_calibration import (
    JudgedLoans,
    ece_interval,
    group_table,
    offset_test,
    worst_group,
)
from creditloom.models.evaluation.cohort import Cohort, KnownOutcomes
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset

# A payment file is thin where more than this share of the model's payment features is null. In the
# default world thick files lack 3 % of them in the mean and thin ones 44 %.
THIN_NULL_SHARE = 0.2
PAYMENT_FAMILY = "payment_flow"
# There is no bureau file where more than this share of the model's bureau features is null: 11 %
# with one, 94 % without.
NO_BUREAU_NULL_SHARE = 0.5
# The incumbent said yes to a loan whose propensity to be booked is at least one half. Others were
# booked by the control band or by a person against the scorecard.
LIKELY_WEIGHT = 2.0
DOOR = "door"
BOOKED = "booked"


@dataclass(frozen=True)
class Judged:
    """What the groups are made of: rows of the cohort, the model's catalogue and its tiers."""

    cohort: Cohort
    catalogue: Catalogue
    tiers: Tiers


def null_share(rows: Dataset, catalogue: Catalogue, family: str) -> Floats | None:
    """Return the share of null among the model's features of a family; None without any."""
    names = [feature.name for feature in catalogue.features if feature.family == family]
    if not names:
        return None
    return np.asarray(np.isnan(rows.with_features(names).features).mean(axis=1))


def is_thin(rows: Dataset, catalogue: Catalogue) -> Mask | None:
    """Return which payment files are thin; None for a model without payment features."""
    share = null_share(rows, catalogue, PAYMENT_FAMILY)
    return None if share is None else share > THIN_NULL_SHARE


def groups_of(judged: Judged) -> pd.DataFrame:
    """Return the group of each row of the cohort, one column per field that is known."""
    cohort = judged.cohort
    month = cohort.rows.month
    names = list(judged.tiers.names)
    columns: dict[str, Any] = {
        "tier": pd.Categorical(
            np.array(names)[judged.tiers.index(cohort.pd)], categories=names, ordered=True
        ),
        "vintage": [f"month {value:02d}" for value in month],
    }
    thin = is_thin(cohort.rows, judged.catalogue)
    if thin is not None:
        columns["payment file"] = np.where(thin, "thin", "thick")
    bureau_nulls = null_share(cohort.rows, judged.catalogue, "bureau")
    if bureau_nulls is not None:
        columns["bureau file"] = np.where(bureau_nulls > NO_BUREAU_NULL_SHARE, "none", "held")
    if (segment := _segment(cohort)) is not None:
        columns["segment"] = segment
    if "is_repeat" in cohort.audit:
        repeat = cohort.audit["is_repeat"]
        shown = np.where(repeat.fillna(False).astype(bool), "repeat", "new")
        columns["customer"] = pd.Series(shown).where(repeat.notna().to_numpy())
    columns["incumbent"] = _incumbent(cohort)
    return pd.DataFrame(columns)


def _segment(cohort: Cohort) -> Sequence[str] | None:
    """Return the segment; where there is no truth, the stated occupation; None without both."""
    if cohort.truth is not None and "segment" in cohort.truth:
        return list(cohort.truth["segment"].astype(str))
    if "occupation" in cohort.audit:
        return list(cohort.audit["occupation"])
    return None


def _incumbent(cohort: Cohort) -> pd.Series:
    """Return whether the incumbent said yes; null where neither truth nor a loan tells."""
    if cohort.truth is not None and "is_approved" in cohort.truth:
        said = cohort.truth["is_approved"].to_numpy(bool)
        return pd.Series(np.where(said, "yes", "no"))
    weight = cohort.rows.weight
    likely = np.where(weight <= LIKELY_WEIGHT, "yes", "no")
    return pd.Series(likely).where(weight > 0)


def group_calibration(
    judged: Judged, params: EvaluateParams, drawn_pd: Floats | None
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the block `group_calibration` and the table of all groups of both samples.

    drawn_pd: PDs of the cohort by calibrations on drawn labels, shape (k, n); None = no interval of
    the mean PD. On booked loans the weights are 1 / propensity, so that they stand for the door.
    """
    cohort = judged.cohort
    groups = groups_of(judged)
    block: dict[str, Any] = {}
    tables = []
    for sample, outcomes in ((DOOR, cohort.door), (BOOKED, cohort.observed)):
        loans = _loans(cohort, outcomes, params)
        drawn = None if drawn_pd is None else drawn_pd[:, outcomes.rows]
        table = group_table(
            loans,
            groups.iloc[outcomes.rows].reset_index(drop=True),
            params.paired_draws,
            params.seed,
            drawn,
        )
        tables.append(table.assign(sample=sample))
        block[sample] = _block(loans, table, params)
    return block, pd.concat(tables, ignore_index=True)


def _loans(cohort: Cohort, outcomes: KnownOutcomes, params: EvaluateParams) -> JudgedLoans:
    return JudgedLoans(
        y=outcomes.y,
        pd=cohort.pd[outcomes.rows],
        weight=outcomes.weight,
        level_sd=cohort.level_sd,
        min_expected=params.min_tier_bads,
    )


def _block(loans: JudgedLoans, table: pd.DataFrame, params: EvaluateParams) -> dict[str, Any]:
    """Return the figures of one sample: worst groups, slope with its p, ECE with its interval."""
    ece = ece_interval(
        loans.y, loans.pd, loans.weight, params.bins, params.paired_draws, params.seed
    )
    expected = float(loans.weight @ loans.pd)
    # table: figure -> value
    return {
        "o_e": float(loans.weight @ loans.y) / expected,
        "groups": len(table),
        "groups_tested": int(table["shape_p"].notna().sum()),
        "worst": worst_group(table, "p_holm"),
        "worst_shape": worst_group(table, "shape_p_holm"),
        "slope": asdict(slope_test(loans.y, loans.pd, loans.weight)),
        "ece": asdict(ece),
    }


def file_type_offset(held_out: Dataset, pd_: Floats, catalogue: Catalogue) -> dict[str, Any] | None:
    """Return whether thin payment files ask for a level of their own; None where not to be told.

    held_out: loans of the judged months with the model's payment features. pd_: their PDs by
    members that have not learnt from them.
    """
    thin = is_thin(held_out, catalogue)
    if thin is None:
        return None
    # Each loan once, as the members count them. Weighted 1 / propensity, a handful of loans that
    # were booked against the odds would be the evidence, and the test too sure (decision 53).
    found = offset_test(held_out.label, pd_, held_out.learning_share, thin)
    return None if found is None else {**asdict(found), "is_asked": found.is_asked}
