"""Judges the figures of claims seed by seed: met, missed, or not measured with the reason.

What could not be measured is never met.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure
from creditloom.models.evaluation.world_claims.claims import MET, MISSED, Claim

UNMEASURED = "not measured"
ORDER = (MET, MISSED, UNMEASURED)
# Fewest people, rows or months behind a figure that is judged (choice): fewer are luck.
LEAST_N = 20
# table: claims whose n are months of a path or flags of filters, with their own least n
OWN_LEAST = {"macro_off": 12, "macro_income": 12, "fr10_precision": 1}
# Claims that count what is impossible: any n will do, and one row is enough to miss them.
IMPOSSIBLE = frozenset(
    ("dpd_steps", "dpd_beyond_time", "probation", "materiality", "new_record", "repeat_record")
)
# Claims whose n are people or loans, of whom only those who default carry the figure. About n x
# base rate of them do, and so many must be expected.
BY_DEFAULTS = frozenset(
    (
        "red_packet_risk",
        "device_changes",
        "early_late_auc",
        "redefault",
        "repeat_good_odds",
        "incumbent_auc",
        "auc_bureau",
        "auc_payments",
        "auc_device",
        "auc_social",
        "short_bad_rate",
        "indeterminate",
        "same_rules_in_the_book",
    )
)
# table: claims that are judged on the mean over seeds -> the least figure of each seed, as the
# `data` of the claim says
EACH_SEED = {"incumbent_gap": 0.03}


@dataclass(frozen=True)
class SeedFigure:
    """The figure of one seed: None without one, and then why; `verdict` is of this seed alone."""

    figure: ClaimFigure | None
    verdict: str
    reason: str = ""


@dataclass(frozen=True)
class ClaimVerdict:
    """A claim with its figure at each seed, and its verdict over all of them.

    `mean` is the mean over seeds; None where a seed has no figure.
    """

    claim: Claim
    seeds: Mapping[int, SeedFigure]
    mean: float | None
    verdict: str


def of_seed(
    claim: Claim, figure: ClaimFigure | None, base_rate: float, failure: str = ""
) -> SeedFigure:
    """Judge the figure of one seed.

    `base_rate` is the share of defaults of the world. `failure`: why the part of the claim failed.
    """
    reason = failure or _why_not(claim, figure, base_rate)
    if reason or figure is None:
        return SeedFigure(figure, UNMEASURED, reason)
    least = EACH_SEED.get(claim.id)
    holds = claim.holds(figure.value) if least is None else figure.value >= least
    return SeedFigure(figure, MET if holds else MISSED)


def _why_not(claim: Claim, figure: ClaimFigure | None, base_rate: float) -> str:
    """Return why a figure cannot be judged; "" where it can."""
    if figure is None:
        return "the run has no such figure"
    if not math.isfinite(figure.value):
        return f"no number comes of n = {figure.n:,}: too few"
    if claim.id in IMPOSSIBLE:
        return "" if figure.n else "nothing to count"
    least = OWN_LEAST.get(claim.id, LEAST_N)
    if figure.n < least:
        return f"n = {figure.n:,}; {least} are the least"
    bads = figure.n * base_rate
    if claim.id in BY_DEFAULTS and bads < LEAST_N:
        return f"about {bads:.0f} bads; {LEAST_N} are the least"
    return ""


def over_seeds(claim: Claim, seeds: Mapping[int, SeedFigure]) -> ClaimVerdict:
    """Judge a claim over its seeds: each must meet it, or their mean where the claim says so."""
    verdicts = [one.verdict for one in seeds.values()]
    values = [one.figure.value for one in seeds.values() if one.figure and not one.reason]
    mean = sum(values) / len(values) if values and UNMEASURED not in verdicts else None
    is_missed = MISSED in verdicts
    if claim.id in EACH_SEED and mean is not None:
        is_missed = is_missed or not claim.holds(mean)
    verdict = MISSED if is_missed else UNMEASURED if mean is None else MET
    return ClaimVerdict(claim, seeds, mean, verdict)


def held(verdicts: Sequence[ClaimVerdict]) -> bool:
    """Return whether every claim is met; one that was not measured is not."""
    return bool(verdicts) and all(one.verdict == MET for one in verdicts)
