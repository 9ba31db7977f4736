"""Reads the refused applicants of the months before out-of-time, for reject inference."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from creditloom.models.rejects.known_applicants import RefusedApplicants
from creditloom.models.sample.split import CALIBRATION, TRAIN, SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.storage.files.store import read_frame


def refused_applicants(split: SplitParams, names: Sequence[str]) -> RefusedApplicants:
    """Return applicants of the labelled months without a loan, with the features `names`.

    A loan without a complete window, or an indeterminate one, is no refusal.
    """
    labels = read_frame(paths.LABELS, ["application_id", "is_booked", "is_control"])
    refused_ids = labels.loc[~labels["is_booked"], "application_id"].to_numpy(np.int64)
    control_ids = labels.loc[labels["is_control"], "application_id"].to_numpy(np.int64)
    applicants = everyone(split).of(TRAIN, CALIBRATION)
    refused = applicants.where(np.isin(applicants.application_id, refused_ids))
    return RefusedApplicants(dataset(refused, names), np.sort(control_ids))
