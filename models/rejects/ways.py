"""The five ways of reject inference behind one interface.

A way is given labelled loans and refused applicants. It returns the rows that a learner is fitted
on, with their weights. Rows of loans come first and in their order; rows that stand for refused
applicants follow. No way reads an outcome of a refused applicant, for there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from creditloom.models.rejects.known_applicants import KnownApplicants, inferred, weighted
from creditloom.models.rejects.reject_params import RejectParams, WayName
from creditloom.models.rejects.teacher import Teacher, Teaching, unweighted
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset, stacked


@dataclass(frozen=True)
class InferredRows:
    """Rows to be fitted on.

    loans: how many of them are loans; they come first. factor: that was used; null where the way
    has none.
    """

    rows: Dataset
    loans: int
    factor: float | None = None


Way = Callable[[KnownApplicants, Teacher], InferredRows]


def booked_alone(known: KnownApplicants, teacher: Teacher) -> InferredRows:
    """Return the loans, each counted once: nothing is done about the refused."""
    del teacher
    return InferredRows(unweighted(known.loans), len(known.loans.label))


def inverse_propensity(known: KnownApplicants, teacher: Teacher) -> InferredRows:
    """Return the loans, each counted 1 / propensity times, clipped.

    A loan stands for applicants like it that were not booked. It needs a control band, or a part
    of the refused is like no loan.
    """
    # The clip: one loan with a tiny propensity must not outweigh hundreds of others.
    weight = np.minimum(known.loans.weight, teacher.params.clip)
    return InferredRows(weighted(known.loans, known.loans.label, weight), len(weight))


def fuzzy(known: KnownApplicants, teacher: Teacher) -> InferredRows:
    """Return loans, and each refused applicant twice: bad with its PD, good with the rest."""
    teaching = teacher.teach(known)
    pd = teaching.refused_pd
    parts = [
        unweighted(known.loans),
        inferred(known.refused, np.ones(len(pd)), pd),
        inferred(known.refused, np.zeros(len(pd)), 1.0 - pd),
    ]
    return InferredRows(stacked(parts), len(known.loans.label), teaching.factor)


def parcelling(known: KnownApplicants, teacher: Teacher) -> InferredRows:
    """Return loans, and each refused applicant once, with a label drawn at its band's bad rate.

    Bands are of equally many loans by score. The odds of a band of the refused are those of its
    loans times the factor.
    """
    teaching = teacher.teach(known)
    bad_rate = parcel_rates(known, teaching, teacher.params.parcels)
    rng = np.random.default_rng(teacher.params.seed)
    label = (rng.random(len(bad_rate)) < bad_rate).astype(np.float64)
    refused = inferred(known.refused, label, np.ones(len(label)))
    rows = stacked([unweighted(known.loans), refused])
    return InferredRows(rows, len(known.loans.label), teaching.factor)


def parcel_rates(known: KnownApplicants, teaching: Teaching, parcels: int) -> Floats:
    """Return the bad rate of each refused applicant's band, factor applied."""
    is_approved = ~known.is_control
    score = teaching.loans[is_approved]
    edges = np.quantile(score, np.linspace(0.0, 1.0, parcels + 1)[1:-1])
    label = known.loans.label[is_approved]
    band = np.searchsorted(edges, score, side="right")
    loans = np.bincount(band, minlength=parcels)
    # Half a bad and half a good at the mean rate: a band without bads is not without risk.
    bads = np.bincount(band, label, minlength=parcels) + label.mean()
    rate = bads / (loans + 1.0)
    odds = rate / (1.0 - rate) * teaching.factor
    return (odds / (1.0 + odds))[np.searchsorted(edges, teaching.refused, side="right")]


def self_learning(known: KnownApplicants, teacher: Teacher) -> InferredRows:
    """Return loans, and the refused whose label a teacher was sure of, round by round.

    Each round scores the refused that have no label yet. The safest become good. Of the riskiest
    so many become bad that the bads among the new labels are as many as the teacher expects. The
    next teacher learns from them too.
    """
    rows = unweighted(known.loans)
    left = known.refused
    for _ in range(teacher.params.rounds):
        if not len(left.label):
            break
        margin = teacher.margin(rows, known.signs, left.features)
        label = _sure_labels(margin, teacher.params.sure_share)
        is_sure = ~np.isnan(label)
        sure = inferred(left.where(is_sure), label[is_sure], np.ones(int(is_sure.sum())))
        rows = stacked([rows, sure])
        left = left.where(~is_sure)
    return InferredRows(rows, len(known.loans.label))


def _sure_labels(margin: Floats, sure_share: float) -> Floats:
    """Return 1 for the riskiest, 0 for the safest, NaN between."""
    n_sure = round(sure_share * len(margin))
    # As many bads as the PDs of the refused let expect of so many of them, and at least one.
    mean_pd = float(np.mean(1.0 / (1.0 + np.exp(-margin))))
    n_bad = min(n_sure, max(1, round(mean_pd * n_sure)))
    # A stable sort: of equal scores the earlier applicant is the safer one.
    order = np.argsort(margin, kind="stable")
    label = np.full(len(margin), np.nan)
    label[order[: n_sure - n_bad]] = 0.0
    label[order[len(order) - n_bad :]] = 1.0
    return label


WAYS: Mapping[WayName, Way] = {
    "none": booked_alone,
    "inverse_propensity": inverse_propensity,
    "parcelling": parcelling,
    "fuzzy": fuzzy,
    "self_learning": self_learning,
}


def inferred_rows(known: KnownApplicants, teacher: Teacher) -> InferredRows:
    """Return the rows to be fitted on, by the way that the parameters name."""
    return WAYS[teacher.params.way](known, teacher)


def needs_refused(params: RejectParams) -> bool:
    """Return whether the way looks at the features of refused applicants."""
    return params.way not in ("none", "inverse_propensity")
