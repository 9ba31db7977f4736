"""What a way of reject inference is given: loans with their labels, and refused applicants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.errors import ModelError


@dataclass(frozen=True)
class RefusedApplicants:
    """Applicants without a loan, and the ids of the loans that were booked at random.

    rows: with the features that a learner may ask for; their labels are never read.
    control_ids: applications that the incumbent refused and that the control band booked; sorted.
    """

    rows: Dataset
    control_ids: NDArray[np.int64]


@dataclass(frozen=True)
class KnownApplicants:
    """Applicants of the months that a learner may learn from.

    loans: labelled, without nulls in `label`. refused: of no later month than the last loan.
    is_control: which of the loans the incumbent had refused. signs: per feature.
    """

    loans: Dataset
    refused: Dataset
    is_control: Mask
    signs: tuple[int, ...]

    @classmethod
    def of(
        cls, loans: Dataset, signs: Sequence[int], applicants: RefusedApplicants
    ) -> KnownApplicants:
        """Return what is known beside these loans.

        Raise ModelError where a refused applicant is among the loans.
        """
        rows = applicants.rows.with_features(loans.names)
        # Who applied after the last loan that is learnt from is not known yet.
        refused = rows.where(rows.month <= loans.month.max())
        both = np.intersect1d(loans.application_id, refused.application_id)
        if len(both):
            raise ModelError(
                f"reject inference: {len(both)} applications are labelled loans and refused, "
                f"first {both[0]}; expected each once. Run featurize again."
            )
        is_control = np.isin(loans.application_id, applicants.control_ids)
        return cls(loans, refused, is_control, tuple(signs))


def weighted(rows: Dataset, label: Floats, weight: Floats) -> Dataset:
    """Return the rows with these labels and weights; an outcome is the label."""
    return replace(rows, label=label, outcome=label, weight=weight)


def inferred(rows: Dataset, label: Floats, weight: Floats) -> Dataset:
    """Return refused applicants with labels of a teacher, which are those of complete windows."""
    return replace(weighted(rows, label, weight), exposure=np.ones(len(label)))
