"""What each cut-off of the PD would give: approvals, risk, profit, confusion, whom it moves.

The tables of the report's cut-off workbench. An application is approved below a cut; what the rules
refuse besides is counted where the column says `final`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from creditloom.decision.pricing.profit import FEN_PER_CNY, ProfitTerms
from creditloom.decision.rulebook.policy import Policy
from creditloom.decision.score.scorer import Calibration
from creditloom.decision.score.tiers import Tiers
from creditloom.models.evaluation.cohort import Cohort, KnownOutcomes
from creditloom.models.evaluation.profit.portfolio_figures import approval_mask
from creditloom.models.evaluation.profit.profit_bridge import PricedOffers
from creditloom.models.sample.arrays import Floats, Mask
from creditloom.models.sample.metrics import logit

# Cuts beside the edges of the tiers: at even steps of the applicants, so that each step moves as
# many of them.
QUANTILE_CUTS = 40
GAIN_BANDS = 10
# Points of the score in one column of the drawing of densities.
SCORE_STEP = 10.0
APPROVE = "approve"


@dataclass(frozen=True)
class AskedCuts:
    """Applicants, their tiers and their policy; `terms` of the profit, None where none is priced.

    present: the PD below which the tiers approve today; None where they approve no lowest bands.
    """

    cohort: Cohort
    tiers: Tiers
    policy: Policy
    terms: ProfitTerms | None = None

    @cached_property
    def present(self) -> float | None:
        """Return the upper edge of the last approving tier, if every better tier approves."""
        names = self.tiers.names
        approving = [self.policy.verdicts.get(name) == APPROVE for name in names]
        n = sum(approving)
        if not n or not all(approving[:n]):
            return None
        return self.tiers.tiers[n - 1].pd_high

    @cached_property
    def cuts(self) -> Floats:
        """Return the cuts: edges of the tiers and quantiles of the PD, ascending."""
        shares = np.arange(1, QUANTILE_CUTS) / QUANTILE_CUTS
        edges = [tier.pd_high for tier in self.tiers.tiers]
        return np.unique(np.concatenate([edges, np.quantile(self.cohort.pd, shares)]))

    @cached_property
    def approved_now(self) -> Mask:
        """Return whom the tiers approve today."""
        return approval_mask(self.cohort.pd, self.tiers, self.policy)

    @cached_property
    def profit_and_loss(self) -> tuple[Floats, Floats]:
        """Return expected profit and loss of each applicant, CNY, as `priced_applicants` does."""
        return priced_applicants(self)


def priced_applicants(asked: AskedCuts) -> tuple[Floats, Floats]:
    """Return expected profit and expected loss of each applicant, CNY.

    Whom the decisions approve counts with the own offer, so that the sum at the present cut is the
    one expected profit. Whom only a looser cut would let in counts with the mean offer of the last
    approving tier, times the share of that tier that the rules let pass: an estimate. 0 for whom a
    rule stops below the present cut; zeros where nothing is priced.
    """
    cohort = asked.cohort
    n = len(cohort.pd)
    profit = np.zeros(n)
    loss = np.zeros(n)
    if asked.terms is None:
        return profit, loss
    has_offer = (cohort.decisions["decision"] == APPROVE).to_numpy()
    offers = PricedOffers.approved(cohort.decisions)
    # Offers stand in order of the application.
    order = np.argsort(cohort.decisions["application_id"].to_numpy()[has_offer], kind="stable")
    places = np.flatnonzero(has_offer)[order]
    fen, lost = _fen_of(asked.terms, offers)
    profit[places] = fen / FEN_PER_CNY
    loss[places] = lost / FEN_PER_CNY
    index = asked.tiers.index(cohort.pd)
    last = int(index[asked.approved_now].max(initial=-1))
    inside = asked.approved_now & (index == last)
    if inside.any():
        outside = ~asked.approved_now & ~has_offer
        of_last = inside[places]
        passing = has_offer[inside].mean()
        _estimate(asked, offers.where(of_last), passing, outside, profit, loss)
    return profit, loss


def _fen_of(terms: ProfitTerms, offers: PricedOffers) -> tuple[np.ndarray, np.ndarray]:
    exposure = offers.limit_cny * terms.exposure_share(offers.daily_rate)
    profit = terms.profit_fen(exposure, offers.apr, offers.priced_pd)
    return profit, terms.loss_fen(exposure, offers.priced_pd)


def _estimate(
    asked: AskedCuts,
    alike: PricedOffers,
    passing: float,
    outside: Mask,
    profit: Floats,
    loss: Floats,
) -> None:
    """Fill in what applicants beyond the present cut would earn at the mean offer of `alike`."""
    if not len(alike.limit_cny) or asked.terms is None:
        return
    pd_ = asked.cohort.pd[outside]
    rate = np.full(len(pd_), alike.daily_rate.mean())
    apr = np.full(len(pd_), alike.apr.mean())
    exposure = alike.limit_cny.mean() * asked.terms.exposure_share(rate)
    profit[outside] = passing * asked.terms.profit_fen(exposure, apr, pd_) / FEN_PER_CNY
    loss[outside] = passing * asked.terms.loss_fen(exposure, pd_) / FEN_PER_CNY


def cutoff_table(asked: AskedCuts) -> pd.DataFrame:
    """Return one row per cut, the strictest first.

    - pd_cut, is_present: the cut, and whether the tiers cut there today.
    - approval_rate: share with a PD below. bad_rate: theirs, by known outcomes weighted to the
      door. mean_pd: theirs. final_rate: share that the decisions approve below the cut, up to the
      present one; null beyond.
    - bads_approved, bads_declined, goods_approved, goods_declined: the confusion, weighted.
    - moved, moved_bad_rate: how many more (or, negative, fewer) are approved than today.
    - profit_cny, loss_cny: as `priced_applicants`; null where nothing is priced.
    - swap, model_only_bad_rate, ridge_only_bad_rate: whom model and ridge choose apart at this
      number of approvals.
    """
    known = asked.cohort.door
    # Stable: of equal PDs the earlier application is approved, as in `challenger`.
    order = np.argsort(asked.cohort.ridge_pd, kind="stable")
    rows = [_cut_row(asked, known, order, float(cut)) for cut in asked.cuts]
    return pd.DataFrame(rows)


def _cut_row(asked: AskedCuts, known: KnownOutcomes, order: Any, cut: float) -> dict[str, Any]:
    cohort = asked.cohort
    inside = cohort.pd < cut if cut < 1 else np.ones(len(cohort.pd), bool)
    is_known_inside = inside[known.rows]
    final = inside & (cohort.decisions["decision"] == APPROVE).to_numpy()
    is_beyond = asked.present is not None and cut > asked.present
    # table: the columns of a cut
    return {
        "pd_cut": cut,
        "is_present": cut == asked.present,
        "approved": int(inside.sum()),
        "approval_rate": float(np.average(inside, weights=cohort.count)),
        "final_rate": None if is_beyond else float(np.average(final, weights=cohort.count)),
        "bad_rate": _rate(known, is_known_inside),
        "mean_pd": float(cohort.pd[inside].mean()) if inside.any() else None,
        **_confusion(known, is_known_inside),
        **_moved(asked, known, inside),
        **_priced(asked, inside),
        **_swap(known, inside, order),
    }


def _rate(known: KnownOutcomes, mask: Mask) -> float | None:
    weight = known.weight * mask
    return float(weight @ known.y / weight.sum()) if weight.sum() > 0 else None


def _confusion(known: KnownOutcomes, inside: Mask) -> dict[str, float]:
    """Return the four cells; the sums of weights, so that they stand for the door."""
    bad = known.weight * known.y
    good = known.weight * (1 - known.y)
    return {
        "bads_approved": float(bad[inside].sum()),
        "bads_declined": float(bad[~inside].sum()),
        "goods_approved": float(good[inside].sum()),
        "goods_declined": float(good[~inside].sum()),
    }


def _moved(asked: AskedCuts, known: KnownOutcomes, inside: Mask) -> dict[str, Any]:
    moved = inside != asked.approved_now
    return {
        "moved": int(inside.sum()) - int(asked.approved_now.sum()),
        "moved_bad_rate": _rate(known, moved[known.rows]),
    }


def _priced(asked: AskedCuts, inside: Mask) -> dict[str, float | None]:
    if asked.terms is None:
        return {"profit_cny": None, "loss_cny": None}
    profit, loss = asked.profit_and_loss
    return {
        "profit_cny": round(float(profit[inside].sum()), 2),
        "loss_cny": round(float(loss[inside].sum()), 2),
    }


def _swap(known: KnownOutcomes, inside: Mask, order: Any) -> dict[str, Any]:
    ridge = np.zeros(len(inside), bool)
    ridge[order[: inside.sum()]] = True
    model_only = inside & ~ridge
    return {
        "swap": int(model_only.sum()),
        "model_only_bad_rate": _rate(known, model_only[known.rows]),
        "ridge_only_bad_rate": _rate(known, (ridge & ~inside)[known.rows]),
    }


def cutoff_segments(asked: AskedCuts, groups: pd.DataFrame) -> pd.DataFrame:
    """Return pd_cut, field, group, n, approval_rate and bad_rate of each group at each cut.

    groups: one column per field, in the order of the cohort. A null belongs to no group.
    """
    known = asked.cohort.door
    rows = []
    for name in groups:
        values = groups[name].astype(object).to_numpy()
        for group in sorted({str(value) for value in values if not pd.isna(value)}):
            member = np.array([str(value) == group for value in values])
            rows += [
                {
                    "pd_cut": cut,
                    "field": name,
                    "group": group,
                    **_segment(asked, known, member, cut),
                }
                for cut in asked.cuts.tolist()
            ]
    return pd.DataFrame(
        rows, columns=["pd_cut", "field", "group", "n", "approval_rate", "bad_rate"]
    )


def _segment(
    asked: AskedCuts, known: KnownOutcomes, member: Mask, cut: float
) -> dict[str, float | int | None]:
    inside = member & ((asked.cohort.pd < cut) | (cut >= 1))
    return {
        "n": int(member.sum()),
        "approval_rate": float(inside.sum() / member.sum()),
        "bad_rate": _rate(known, inside[known.rows]),
    }


def gains_table(cohort: Cohort) -> pd.DataFrame:
    """Return ten bands of equal weight, the riskiest first, by known outcomes through the door.

    Columns: band, n (weight), bads, bad_rate, mean_pd, bads_so_far and goods_so_far (shares), lift
    (bads so far against applicants so far), ks (the gap of the two shares).
    """
    known = cohort.door
    pd_ = cohort.pd[known.rows]
    # Stable: of equal PDs the earlier application stands in the riskier band, on every machine.
    order = np.argsort(-pd_, kind="stable")
    weight = known.weight[order]
    middle = (np.cumsum(weight) - weight / 2) / weight.sum()
    band = np.minimum((middle * GAIN_BANDS).astype(int), GAIN_BANDS - 1)
    bad = weight * known.y[order]
    n = np.bincount(band, weight, GAIN_BANDS)
    bads = np.bincount(band, bad, GAIN_BANDS)
    expected = np.bincount(band, weight * pd_[order], GAIN_BANDS)
    bads_so_far = np.cumsum(bads) / bads.sum()
    goods_so_far = np.cumsum(n - bads) / (n - bads).sum()
    # A band may be empty where rows are fewer than bands: its rates are null.
    rows = np.where(n > 0, n, np.nan)
    # table: the columns
    return pd.DataFrame({
        "band": np.arange(1, GAIN_BANDS + 1), "n": n, "bads": bads, "bad_rate": bads / rows,
        "mean_pd": expected / rows, "bads_so_far": bads_so_far, "goods_so_far": goods_so_far,
        "lift": bads_so_far / (np.cumsum(n) / n.sum()), "ks": bads_so_far - goods_so_far,
    })  # fmt: skip


def score_density(cohort: Cohort, calibration: Calibration) -> pd.DataFrame:
    """Return score, goods and bads: the share of each in steps of the score, door outcomes.

    score: the lower end of a step. Each share sums to 1.
    """
    known = cohort.door
    points = calibration.offset - calibration.factor * logit(cohort.pd[known.rows])
    step = np.floor(points / SCORE_STEP).astype(int)
    low = int(step.min())
    size = int(step.max()) - low + 1
    bads = np.bincount(step - low, known.weight * known.y, size)
    goods = np.bincount(step - low, known.weight * (1 - known.y), size)
    score = (np.arange(size) + low) * SCORE_STEP
    return pd.DataFrame({"score": score, "goods": goods / goods.sum(), "bads": bads / bads.sum()})
