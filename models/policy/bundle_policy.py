"""The `policy` block of params.yaml, and the reference: mean points and scores to compare with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import expit

from creditloom.decision.base.catalogue import Catalogue
from creditloom.decision.rulebook.policy import BeyondPolicy, Policy, Validation
from creditloom.decision.score.drift import shares
from creditloom.decision.score.scorer import Reference, Scorer
from creditloom.decision.score.tiers import Tiers
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import logit

# A batch is refused when the PSI of its scores is above this. 0.25 is the usual limit for a large
# shift (R12).
PSI_STOP = 0.25
# Bins of the score, of equal share among the training applicants.
SCORE_BINS = 10
# Decimals of the edges and shares of the bins. Rounding keeps the last bits out of the bundle.
EDGE_DECIMALS = 6
SHARE_DECIMALS = 9
# Of a feature among the approved: lower quartile, median, upper quartile.
QUARTILES = (0.25, 0.5, 0.75)
VALUE_DECIMALS = 6
# Largest share of the declined whom no concept explains for certain; they go to a person. A quarter
# of what the issue allows, as new applicants are explained less well than those of training.
UNEXPLAINED_SHARE = 0.0025
# A loss within one error is noise, whatever share that leaves without a reason.
LEAST_MULTIPLE = 1.0
# The multiple is cut to hundredths.
MULTIPLE_STEPS = 100
# Declined training applicants behind the multiple, at even steps.
DECLINED_ROWS = 4_000
# Points below which an error counts as this, so that nothing is divided by 0.
LEAST_ERROR = 1e-6
Values = dict[str, float | None]


@dataclass(frozen=True)
class PolicyParams:
    """The `policy` block.

    product: id of the default product in products/, as house_v1. With null the tier alone decides
    and nothing is priced. A finished feature table without policy inputs needs null. The bundle
    holds every product and law, so another one can be named when deciding.
    law_profiles: names of the law profiles that a bundle holds, chosen by date.
    tier_edges: inner edges of the PD tiers, PD as a fraction, rising (domain 6).
    stated_rate, base_rate: the base rate that the edges are stated for, and that of the lender.
    With another one each edge keeps its odds beside the base rate: see `edges`.
    horizon_days: days of outcome behind the model's label (domain 0.12).
    validation: of the model. Without one, or after its last day, every application is refused
    (R11).
    needs_approval: the bundle carries the record of approvals, and decides nothing that is not
    approved; without it is a trial, which decides as a bundle of before the record.
    reference_rows: largest number of approved training applicants in the reference, evenly spaced.
    psi_stop: a batch is refused when the PSI of its scores is above this (R12).
    unexplained_share: largest share of the declined training applicants whom no concept explains.
    beyond_training: what becomes of a null where training had none and of a level that it did not
    hold (refuse, refer or typical), and the share of rows with one such column above which a batch
    is refused.
    """

    product: str | None
    law_profiles: tuple[str, ...]
    tier_edges: tuple[float, ...]
    horizon_days: float = 365.0
    validation: Validation | None = None
    reference_rows: int = 20_000
    psi_stop: float = PSI_STOP
    unexplained_share: float = UNEXPLAINED_SHARE
    beyond_training: BeyondPolicy = field(default_factory=BeyondPolicy)
    needs_approval: bool = True
    stated_rate: float = 0.0235
    base_rate: float = 0.0235

    @property
    def edges(self) -> tuple[float, ...]:
        """The inner edges of the PD tiers at the lender's base rate."""
        return moved_edges(self.tier_edges, self.stated_rate, self.base_rate)


def moved_edges(edges: Sequence[float], rate: float, to_rate: float) -> tuple[float, ...]:
    """Return PDs moved so that each keeps its odds beside the base rate.

    logit(moved) = logit(edge) + logit(to_rate) - logit(rate).

    >>> moved_edges((0.012, 0.0235), 0.0235, 0.12)
    (0.064391, 0.12)
    """
    if rate == to_rate:
        return tuple(edges)
    moved = expit(logit(edges) + logit(to_rate) - logit(rate))
    return tuple(float(edge) for edge in np.round(moved, EDGE_DECIMALS))


# Errors of the margin by concept, in log-odds; None where they were not measured.
ConceptErrors = Mapping[str, float] | None


def reference(
    scorer: Scorer,
    tiers: Tiers,
    policy: Policy,
    blocks: Iterable[np.ndarray],
    most: int,
    psi_stop: float = PSI_STOP,
    is_strict: bool = True,
    held_out: Floats | None = None,
    concept_errors: ConceptErrors = None,
    unexplained_share: float = UNEXPLAINED_SHARE,
) -> Reference:
    """Return what reasons compare with, of the approved training applicants, and the score bins.

    That is mean points, median, inter-quartile range; the bins are of the drift check of a batch.
    blocks: the training applicants, rows x features in model order. unexplained_share: of
    `PolicyParams`. held_out: margins by models that have not learnt from the row; None = the
    model's. most: largest number of approved applicants whose points are averaged.
    is_strict: raise ModelError where nobody is approved; else the safest of a block stand for them.
    """
    parts = [_by_verdict(scorer, tiers, policy, x, is_strict) for x in blocks]
    approved_blocks, declined_blocks, margin_blocks = zip(*parts, strict=True)
    declined = np.concatenate(declined_blocks)
    approved = _at_even_steps(np.concatenate(approved_blocks), most)
    # Rows that taught the model have wider scores: by them every batch would seem to have drifted.
    binned = np.concatenate(margin_blocks) if held_out is None else held_out
    edges, score_shares = _score_bins(scorer.calibration.score_raw(binned))
    typical, spread = typical_values(scorer.catalogue, approved)
    compared = replace(
        _with_errors(Reference.of(scorer, approved), scorer, concept_errors),
        score_edges=edges,
        score_shares=score_shares,
        psi_stop=psi_stop,
    )
    return replace(
        compared,
        typical=typical,
        spread=spread,
        error_multiple=error_multiple(scorer, compared, declined, unexplained_share),
    )


def _by_verdict(
    scorer: Scorer, tiers: Tiers, policy: Policy, x: Floats, is_strict: bool
) -> tuple[Floats, Floats, Floats]:
    """Return the rows that reasons compare with, the declined ones, and the margins of all."""
    verdicts = np.array([policy.verdicts.get(name, "decline") for name in tiers.names])
    margin = scorer.margin.raw(x)
    verdict = verdicts[tiers.index(scorer.calibration.pd(margin))]
    approved = x[_compared_with(verdict == "approve", margin, is_strict)]
    return approved, x[verdict == "decline"], margin


def error_multiple(
    scorer: Scorer, compared: Reference, declined: Floats, unexplained_share: float
) -> float:
    """Return how many of its errors a concept must have lost to be a reason, at least 1.

    It is the largest number at which no more than `unexplained_share` of the declined training
    applicants, shape (n, p), are left without a reason; 1 without errors or declined ones.
    """
    errors = compared.errors(scorer.catalogue)
    if not len(declined) or not errors.any():
        return LEAST_MULTIPLE
    rows = declined[np.unique(np.linspace(0, len(declined) - 1, DECLINED_ROWS).astype(np.int64))]
    loss = compared.concepts(scorer.catalogue) - scorer.concept_points(rows)
    # A concept without an error was never moved: any loss of it is a reason.
    best = (loss / np.maximum(errors, LEAST_ERROR)).max(axis=1)
    # The lower of two neighbours, so that the share is kept and not passed.
    kept = float(np.quantile(best, unexplained_share, method="lower"))
    return max(LEAST_MULTIPLE, float(np.floor(kept * MULTIPLE_STEPS) / MULTIPLE_STEPS))


def typical_values(catalogue: Catalogue, rows: Floats) -> tuple[Values, Values]:
    """Return median and inter-quartile range of each feature over the rows that know it.

    rows: shape (n, p) in model order. Null for a category, an indicator, and one that no row knows.
    """
    typical: Values = {}
    spread: Values = {}
    for feature, column in zip(catalogue.features, rows.T, strict=True):
        known = column[~np.isnan(column)]
        has_number = len(known) > 0 and not feature.categories and not feature.is_indicator
        low, middle, high = np.quantile(known, QUARTILES) if has_number else (np.nan,) * 3
        typical[feature.name] = round(float(middle), VALUE_DECIMALS) if has_number else None
        spread[feature.name] = round(float(high - low), VALUE_DECIMALS) if has_number else None
    return typical, spread


def _with_errors(
    compared: Reference, scorer: Scorer, errors: Mapping[str, float] | None
) -> Reference:
    """Return the reference with errors of the margin in points."""
    return replace(compared, concept_errors=_in_points(scorer, errors or {}))


def _in_points(scorer: Scorer, errors: Mapping[str, float]) -> dict[str, float]:
    """Return errors of the margin in points, of the concepts that the model uses."""
    scale = scorer.calibration.factor * scorer.calibration.a
    used = [concept for concept in scorer.catalogue.concept_ids if concept in errors]
    return {concept: round(scale * errors[concept], EDGE_DECIMALS) for concept in used}


def _at_even_steps(approved: np.ndarray, most: int) -> np.ndarray:
    """Return at most `most` of the rows; raise ModelError where there is none."""
    if not len(approved):
        raise ModelError(
            "Reference: expected approved applicants in the training months, got none. "
            "Check policy.tier_edges against the base rate, or the calibration."
        )
    # Even steps need no seed, and the mean hardly depends on the choice of rows.
    positions = np.linspace(0, len(approved) - 1, min(most, len(approved))).astype(np.int64)
    return approved[np.unique(positions)]


def _compared_with(is_approved: Mask, margin: Floats, is_strict: bool) -> Mask:
    """Return the rows that reasons compare with: the approved; where none is, the safest."""
    if is_strict or is_approved.any():
        return is_approved
    return margin == margin.min()


def _score_bins(scores: Floats) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the inner edges of the score's bins, and the share of the scores in each bin."""
    quantiles = np.arange(1, SCORE_BINS) / SCORE_BINS
    edges = np.round(np.unique(np.quantile(scores, quantiles)), EDGE_DECIMALS).tolist()
    score_shares = np.round(shares(scores, tuple(edges)), SHARE_DECIMALS).tolist()
    return tuple(edges), tuple(score_shares)
