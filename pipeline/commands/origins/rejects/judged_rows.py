"""Reads who is learnt from and who judges, for `creditloom rejects`.

The truth is read here for the judges alone, and no stage of the pipeline imports this module.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from creditloom.models.rejects.comparison import JudgedBy
from creditloom.models.rejects.control_band import BookedSample
from creditloom.models.rejects.ranking_draws import JudgedApplicants
from creditloom.models.sample.split import CALIBRATION, OOT, TRAIN, SplitParams
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.stages.model.train.refused_rows import refused_applicants
from creditloom.pipeline.stages.results.evaluate.truth_sample import truth_alone

# Clip of 1 / propensity among the judges: that of a control band of 5 %.
MAX_WEIGHT = 20.0


def booked_sample(split: SplitParams, names: tuple[str, ...]) -> BookedSample:
    """Return labelled loans of the training months, and the applicants without a loan."""
    # The calibration months judge here, so nothing is learnt from them.
    loans = dataset(everyone(split).of(TRAIN).training(), names)
    return BookedSample(loans, refused_applicants(split, names))


def judges_of(split: SplitParams, names: tuple[str, ...]) -> JudgedBy:
    """Return the groups of judges; their months are later than all training months.

    door, refused: out-of-time applicants by their true PD; refused have no loan. control: loans of
    the control band, of the calibration months too, for it is small. booked: out-of-time loans,
    weighted 1 / propensity.
    Raise DataError where there is no truth: the world is not a simulated one.
    """
    truth = truth_alone(split)
    later = truth.known.of(CALIBRATION, OOT)
    rows = dataset(later, names)
    of_application = truth.applicants.set_index("application_id").loc[rows.application_id]
    pd_true = of_application["pd_true"].to_numpy(np.float64)
    is_control = of_application["is_control"].to_numpy(bool)
    is_refused = ~is_control & ~of_application["is_approved"].to_numpy(bool)
    is_oot = rows.role == OOT
    has_outcome = ~np.isnan(rows.outcome)
    once = np.ones(len(pd_true))
    # The clip: the judged figures of booked loans would else hang on a few of them.
    weight = np.minimum(rows.weight, MAX_WEIGHT)
    by = {
        "door": _judged(is_oot, pd_true, once),
        "refused": _judged(is_oot & is_refused, pd_true, once),
        "control": _judged(is_control & has_outcome, rows.outcome, once),
        "booked": _judged(is_oot & has_outcome, rows.outcome, weight),
    }
    return JudgedBy(rows.features, by)


def _judged(
    is_judge: NDArray[np.bool_], y: NDArray[np.float64], weight: NDArray[np.float64]
) -> JudgedApplicants:
    rows = np.flatnonzero(is_judge)
    return JudgedApplicants(rows, y[rows], weight[rows])
