"""Every bar rejects its bad model and lets the good one pass; an absent figure passes no bar.

The good model knows the true PD of a made-up book but for a little noise. Each bad model changes
one thing, as `bad_model` of bars.yaml says, and its figures come from the code of `evaluate`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas import DataFrame
from scipy.special import expit, logit

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.decision.reasons.significance import UNEXPLAINED
from creditloom.decision.rulebook.policy import APPROVED
from creditloom.decision.score.tiers import Tiers
from creditloom.models.evaluation import figures
from creditloom.models.evaluation.bars import Bar, Bars, FamilySpread
from creditloom.models.evaluation.cohort import Cohort
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.evaluation.groups import audit
from creditloom.models.evaluation.groups.group_figures import Judged, group_calibration
from creditloom.models.evaluation.profit.portfolio_figures import final_decisions
from creditloom.models.evaluation.reasons.reason_figures import compared_figures, observed_reasons
from creditloom.models.evaluation.reasons.true_losses import cited_figures, largest_places
from creditloom.models.evaluation.rivals import reachable_gini
from creditloom.models.evaluation.rivals.duels import Luck, duels, leak
from creditloom.models.sample import metrics as shares
from creditloom.models.sample.dataset import undated_dataset
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section

from . import tiny

BARS = {bar.id: bar for bar in document(Bars, paths.BARS).bars}
SPREAD = document(FamilySpread, paths.FAMILY_SPREAD)
PARAMS = replace(section("evaluate", EvaluateParams, paths.DEFAULTS), paired_draws=20)
N = 100_000
# The tier edges of params.yaml.
TIERS = Tiers.from_edges((0.003, 0.005, 0.0075, 0.011, 0.016, 0.024, 0.038, 0.065, 0.12))
CATALOGUE = Catalogue(
    (Concept("c", "payment_flow", "c", "c"), Concept("d", "bureau", "d", "d")),
    (Feature("pay_a", "payment_flow", "c"), Feature("bur_b", "bureau", "d")),
)
FAMILIES = ("payment_flow", "social_graph", "assets", "device_stability", "bureau", "identity")
# Shares that the profiles S2 and S5 state; those of S5 are in the order of FAMILIES too.
TARGET = dict(zip(FAMILIES, (0.35, 0.25, 0.15, 0.05, 0.20, 0.0), strict=True))
OTHER_PROFILE = (0.10, 0.05, 0.20, 0.15, 0.45, 0.05)


@dataclass(frozen=True)
class Made:
    """What the model and the house gave: PD, decisions, contributions per family, scorer."""

    pd: np.ndarray
    decisions: DataFrame
    phi: np.ndarray
    scorer: Any
    cited: np.ndarray


@cache
def truth() -> pd.DataFrame:
    """A book of N applicants with their true PD, about 2.7 % bad."""
    rng = np.random.default_rng(1)
    pd_true = expit(-4.15 + 1.15 * rng.normal(size=N))
    return pd.DataFrame(
        {
            "pd_true": pd_true,
            "pd_neutral": pd_true,
            "defaulted": rng.random(N) < pd_true,
            "segment": np.where(rng.random(N) < 0.5, "worker", "student"),
            "is_approved": rng.random(N) < 0.7,
        }
    )


def noisy(size: float, seed: int = 2) -> np.ndarray:
    """The true log-odds with noise: a ranking that is worse the larger the noise."""
    rng = np.random.default_rng(seed)
    return logit(truth()["pd_true"].to_numpy()) + size * rng.normal(size=N)


def scaled(pd_: np.ndarray, factor: float, where: np.ndarray | None = None) -> np.ndarray:
    return np.where(True if where is None else where, factor, 1.0) * pd_


def decided(
    pd_: np.ndarray,
    referred: float = 0.02,
    points: float = -5.0,
    unexplained: float = 0.0,
    concepts: int = 6,
) -> pd.DataFrame:
    """Decisions by the tier; a share is referred by rules, and declines have one reason.

    It is one of some concepts; for a share of the declines it is missing, and a person decides.
    """
    rng = np.random.default_rng(3)
    passes = np.isin(np.array(TIERS.names)[TIERS.index(pd_)], APPROVED)
    decision = np.where(passes, "approve", "decline").astype(object)
    decision[passes & (rng.random(N) < referred)] = "refer"
    is_silent = (decision == "decline") & (rng.random(N) < unexplained)
    decision[is_silent] = "refer"
    silent = [{"concept": UNEXPLAINED, "points": None, "text": "c"}]
    adverse = [[{"concept": f"c{k}", "points": points, "text": "c"}] for k in range(concepts)]
    first = rng.integers(0, concepts, N)
    reasons = [
        silent if s else adverse[k] if d == "decline" else []
        for d, s, k in zip(decision, is_silent, first, strict=True)
    ]
    return pd.DataFrame({"decision": decision, "reasons": reasons})


@cache
def losses() -> np.ndarray:
    """True losses of 2,000 declines in eight concepts, log-odds: a few weigh, most do not."""
    return np.random.default_rng(11).normal(0.3, 0.5, (2_000, 8))


def cited(noise: float, least: float = 0.3, sign: float = 1.0) -> np.ndarray:
    """The concepts cited by losses that are known but for noise, if they exceed `least`."""
    known = sign * losses() + noise * np.random.default_rng(12).normal(size=losses().shape)
    return largest_places(known, np.minimum((known > least).sum(axis=1), 4), 4)


def by_truth(places: np.ndarray) -> dict[str, Any]:
    errors = np.full(8, 0.05)
    numbers = (places >= 0).sum(axis=1)
    best = losses() + 0.1 * np.random.default_rng(13).normal(size=losses().shape)
    of_best = cited_figures(largest_places(best, numbers, 4), losses(), errors)
    return compared_figures(cited_figures(places, losses(), errors), of_best)


def contributions(share: tuple[float, ...]) -> np.ndarray:
    return np.random.default_rng(4).normal(size=(4_000, 6)) * np.sqrt(share)


@cache
def good() -> Made:
    pd_ = expit(noisy(0.1))
    return Made(
        pd_, decided(pd_), contributions(tuple(TARGET.values())), tiny.world()[1], cited(0.15)
    )


def cohort_of(made: Made) -> Cohort:
    world = truth()
    outcome = world["defaulted"].to_numpy(float)
    features = np.zeros((N, 2))
    # A fifth of the files is thin, a tenth has no bureau file.
    features[: N // 5, 0] = np.nan
    features[N // 2 : N // 2 + N // 10, 1] = np.nan
    rows = undated_dataset(features, CATALOGUE.names, outcome, "oot")
    return Cohort(rows, made.pd, made.pd, made.decisions, pd.DataFrame(), world, 0.24, 20.0)


def metrics_of(made: Made, only: str = "") -> dict[str, Any]:
    """The blocks that bars read, by the code of `evaluate`; or `only` one."""
    cohort = cohort_of(made)
    world = truth()
    pd_true = world["pd_true"].to_numpy()
    limit = reachable_gini.limits(pd_true, pd_true, noisy(0.1, 7))
    rivals = {
        "ridge": (noisy(0.6, 5),),
        "plain": (noisy(0.5, 6), noisy(0.5, 8)),
        "incumbent": (noisy(1.2, 9),),
    }
    luck = Luck(PARAMS.paired_draws, 1)
    # table: block of metrics.json -> how it is made
    blocks: dict[str, Callable[[], Any]] = {
        "discrimination": lambda: figures.discrimination(cohort, limit, PARAMS),
        "calibration": lambda: figures.calibration(cohort, TIERS, PARAMS)[0],
        "duels": lambda: duels(cohort, rivals, limit, luck),
        "leak": lambda: leak(cohort, luck),
        "group_calibration": lambda: group_calibration(
            Judged(cohort, CATALOGUE, TIERS), PARAMS, None
        )[0],
        "final": lambda: final_decisions(cohort),
        "family_share_worst": lambda: _family_share_worst(made.phi),
        "reasons": lambda: {
            **audit.reasons(made.decisions, made.scorer, tiny.world()[2]),
            **observed_reasons(made.decisions),
        },
        "reasons_by_truth": lambda: by_truth(made.cited),
    }
    return {"has_truth": True} | {
        name: make() for name, make in blocks.items() if only in ("", name)
    }


def _family_share_worst(phi: np.ndarray) -> dict[str, Any]:
    tolerances = [SPREAD.tolerance(family, 500) for family in FAMILIES]
    return shares.worst_family(shares.table(phi, FAMILIES, TARGET, tolerances, 20, 1))


@cache
def good_metrics() -> dict[str, Any]:
    return metrics_of(good())


def ranked(score: np.ndarray) -> Made:
    """The good PDs in the order of another score: another ranking at the same level."""
    pd_ = np.empty(N)
    pd_[np.argsort(score)] = np.sort(good().pd)
    return replace(good(), pd=pd_)


def leaking() -> Made:
    """One column tells the outcome of one bad in five, as a field filled after the fact does."""
    told = truth()["defaulted"].to_numpy() & (np.random.default_rng(9).random(N) < 0.2)
    return ranked(noisy(0.1) + 4.0 * told)


def off_by_a_fifth() -> Made:
    return replace(good(), pd=scaled(good().pd, 1.2, (truth()["segment"] == "student").to_numpy()))


def drawn_at_random() -> Made:
    return replace(good(), decisions=decided(np.random.default_rng(8).permutation(good().pd)))


class WrongPoints:
    """A scorer whose points belong to a calibration of another slope."""

    def __init__(self, scorer: Any) -> None:
        self._scorer = scorer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scorer, name)

    def concept_points(self, x: np.ndarray) -> np.ndarray:
        return 1.001 * self._scorer.concept_points(x)


def padded() -> np.ndarray:
    """Four concepts for everyone, of which the last ones are those that cost least."""
    most = largest_places(losses(), np.full(len(losses()), 2), 2)
    least = np.argsort(np.abs(losses()), axis=1)[:, :2]
    return np.concatenate([most, least], axis=1)


# table: bar -> the bad model that it rejects
BAD: dict[str, Callable[[], Made]] = {
    "share_of_reachable": lambda: ranked(noisy(1.6)),
    "not_below_plain": lambda: ranked(noisy(0.8)),
    "not_below_ridge": lambda: ranked(noisy(0.9)),
    "not_below_incumbent": lambda: ranked(noisy(1.6)),
    "no_leak": leaking,
    "level": lambda: replace(good(), pd=good().pd / 3),
    "level_ratio": lambda: replace(good(), pd=scaled(good().pd, 2.0)),
    "groups": off_by_a_fifth,
    "slope": lambda: replace(good(), pd=expit(1.25 * (noisy(0.1) + 4.0) - 4.0)),
    "tiers": lambda: ranked(-noisy(0.1)),
    "final_approval": lambda: replace(good(), decisions=decided(good().pd, referred=0.2)),
    "final_bad_rate": drawn_at_random,
    "family_shares": lambda: replace(good(), phi=contributions(OTHER_PROFILE)),
    "reasons": lambda: replace(good(), decisions=decided(good().pd, points=0.5)),
    "points": lambda: replace(good(), scorer=WrongPoints(good().scorer)),
    "reasons_precision": lambda: replace(
        good(), cited=np.random.default_rng(14).permutation(good().cited)
    ),
    "reasons_cure": lambda: replace(good(), cited=cited(0.15, sign=-1.0)),
    "reasons_helped": lambda: replace(good(), cited=cited(0.6, least=-9.0)),
    "reasons_near_zero": lambda: replace(good(), cited=padded()),
    "unexplained": lambda: replace(good(), decisions=decided(good().pd, unexplained=0.05)),
    "unexplained_moves": lambda: replace(good(), decisions=decided(good().pd, unexplained=0.5)),
    "first_reason": lambda: replace(good(), decisions=decided(good().pd, concepts=1)),
}


def test_every_bar_names_its_bad_model_and_has_it_here() -> None:
    assert set(BAD) == set(BARS)
    texts = [bar.reason and bar.bad_model and bar.sample for bar in BARS.values()]
    assert all(texts) and len({bar.bad_model for bar in BARS.values()}) == len(BARS)


@pytest.mark.parametrize("bar", BARS.values(), ids=BARS)
def test_the_good_model_meets_the_bar(bar: Bar) -> None:
    assert bar.judge(good_metrics()) is True


@pytest.mark.parametrize("bar", BARS.values(), ids=BARS)
def test_the_bad_model_misses_the_bar(bar: Bar) -> None:
    assert bar.judge(metrics_of(BAD[bar.id](), bar.figure.split(".")[0])) is False


@pytest.mark.parametrize("bar", BARS.values(), ids=BARS)
def test_an_absent_figure_misses_the_bar(bar: Bar) -> None:
    without = copy.deepcopy(good_metrics())
    del without[bar.figure.split(".")[0]]
    assert bar.judge(without) is False
    # Data of one's own have no truth: what needs it is not asked, and the rest still is.
    assert bar.judge({**without, "has_truth": False}) is (None if bar.needs_truth else False)


def test_the_tolerance_of_a_share_falls_with_the_bads() -> None:
    spread = FamilySpread(bads=400, draws=10, seeds=(11,), sd={"a": 0.02, "b": 0.03})
    assert spread.tolerance("a", 400) == pytest.approx(2.58 * 0.02)
    assert spread.tolerance("a", 1_600) == pytest.approx(2.58 * 0.01)
    # A family that nobody measured is not judged more strictly than the widest.
    assert spread.tolerance("new", 400) == spread.tolerance("b", 400)


def test_the_bar_on_bad_rates_moves_with_the_world_and_with_nothing_else() -> None:
    """A world of another base rate: 1.3 % at 2.35 % are 6.9 % at 12 %."""
    bar = BARS["final_bad_rate"]
    assert bar.at({"final": {"base_rate": 0.0235}}) == bar
    moved = {"final": {"base_rate": 0.12, "bad_rate_true": 0.06}}
    assert bar.at(moved).high == pytest.approx(0.0694)
    assert bar.judge(moved) is True
    # The planted faults: a rate beyond the moved bar, the same rate in the world as stated, and a
    # lender of that world who approves up to a higher PD.
    assert bar.judge({"final": {"base_rate": 0.12, "bad_rate_true": 0.07}}) is False
    assert bar.judge({"final": {"base_rate": 0.0235, "bad_rate_true": 0.06}}) is False
    assert bar.judge({"final": {"cut_pd": 0.2, "bad_rate_true": 0.06}}) is False
