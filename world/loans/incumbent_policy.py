"""The incumbent: a scorecard on the columns of an application, its terms and its control band.

The scorecard is trained on the labels of older applicants and never again, so it has errors of its
own and ages. A person overrides some decisions near the cut. A random band of the declined is
booked all the same. The chance with which each application was booked is recorded. No latent state
and no true log-odds enters: who shuffles them after the file is drawn changes no decision.
Sources: domain 7.8, 0.6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from creditloom.world.config.config_types import Calendar, OldPolicy
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.loans.application_file import ApplicationFile

# Rates are quoted with this many decimals: 0.0001 % a day.
RATE_DECIMALS = 6
# Points that double the odds of the scorecard: the usual scale.
PDO = 20.0


@dataclass(frozen=True)
class LoanTerms:
    """Principal and daily rate (a fraction) that everyone was or would have been lent at."""

    principal_fen: np.ndarray
    daily_rate: np.ndarray


@dataclass(frozen=True)
class Booking:
    """What the incumbent decided, one value per application.

    `score` is in points, + is safer. `is_override`: a person decided against the cut.
    `propensity` is the chance with which an application like this was booked: by the scorecard, by
    a person, or by the control band. `is_invited`: on the whitelist before the application.
    """

    score: np.ndarray
    is_approved: np.ndarray
    is_override: np.ndarray
    is_control: np.ndarray
    is_invited: np.ndarray
    propensity: np.ndarray

    @property
    def is_booked(self) -> np.ndarray:
        """Approved or in the control band."""
        return self.is_approved | self.is_control


@dataclass(frozen=True)
class Scorecard:
    """Points by column and bin, the cut, and mean and SD of the scores it was trained on.

    `points` is columns x bins, rows filled up with 0. Bin 0 of a column is a missing value.
    """

    points: np.ndarray
    cut: float
    mean: float
    sd: float

    def score(self, policy: OldPolicy, file: ApplicationFile) -> np.ndarray:
        """Return the points of every application, + is safer."""
        return self._sum(scorecard_bins(policy, file))

    def prescreened(self, policy: OldPolicy, file: ApplicationFile) -> np.ndarray:
        """Return the points without the bureau's column: nobody is asked before applying."""
        bins = scorecard_bins(policy, file)
        without = list(SCORECARD_COLUMNS).index("bureau_score")
        return self._sum(bins) - self.points[without, bins[without]]

    def _sum(self, bins: np.ndarray) -> np.ndarray:
        rows = np.arange(bins.shape[0])[:, None]
        return self.points[rows, bins].sum(axis=0)


# The columns of the scorecard in the order of its rows.
SCORECARD_COLUMNS = (
    "age_years",
    "occupation",
    "region_tier",
    "income_cny",
    "debt_ratio",
    "bureau_score",
    "months_on_book",
    "late_share",
)


def scorecard_bins(policy: OldPolicy, file: ApplicationFile) -> np.ndarray:
    """Return the bin of each column and application, columns x n; 0 where a value is missing."""
    history = file.history
    # table: the scorecard's columns
    columns = {
        "age_years": file.age_years.astype(float),
        "occupation": file.occupation.astype(float),
        "region_tier": file.region_tier.astype(float),
        "income_cny": file.income_cny,
        "debt_ratio": file.debt_service_cny / file.income_cny,
        "bureau_score": file.bureau_score,
        "months_on_book": np.where(history.is_repeat, history.months, np.nan),
        "late_share": 1.0 - history.on_time_share,
    }
    bins = [
        np.where(np.isnan(columns[name]), 0, 1 + np.digitize(columns[name], policy.edges[name]))
        for name in SCORECARD_COLUMNS
    ]
    return np.stack(bins).astype(np.int64)


def train_scorecard(policy: OldPolicy, file: ApplicationFile, is_bad: np.ndarray) -> Scorecard:
    """Return the scorecard of older applicants with these labels: a ridge logit on the bins."""
    bins = scorecard_bins(policy, file)
    n_bins = 2 + max(len(edges) for edges in policy.edges.values())
    is_in_bin = bins[:, None, :] == np.arange(n_bins)[None, :, None]
    design = is_in_bin.reshape(-1, bins.shape[1]).T.astype(float)
    slopes = _ridge_slopes(design, is_bad)
    # Whole points: a scorecard is a table on paper.
    points = np.rint(-slopes * PDO / np.log(2.0)).reshape(len(bins), n_bins)
    rows = np.arange(bins.shape[0])[:, None]
    scores = points[rows, bins].sum(axis=0)
    # The best share passes; the lower quantile keeps ties at the cut among the approved.
    cut = np.quantile(scores, 1.0 - policy.approved_share, method="lower")
    return Scorecard(points, float(cut), float(scores.mean()), float(scores.std()))


def _ridge_slopes(design: np.ndarray, is_bad: np.ndarray) -> np.ndarray:
    """Return the slopes of a logistic regression with a ridge of 1; the intercept is free.

    The objective and the stops are those of scikit-learn's default. Its import alone would take a
    second, a tenth of the CPU of a world of 20,000 applicants.
    """
    # Loaded here: who does not simulate does not wait for it.
    from scipy.optimize import minimize

    n = len(is_bad)

    def loss(coefficients: np.ndarray) -> tuple[float, np.ndarray]:
        slopes = coefficients[:-1]
        log_odds = design @ slopes + coefficients[-1]
        value = np.mean(np.logaddexp(0.0, log_odds) - is_bad * log_odds)
        miss = (expit(log_odds) - is_bad) / n
        gradient = np.append(design.T @ miss + slopes / n, miss.sum())
        return float(value + slopes @ slopes / (2.0 * n)), gradient

    stops = {"maxiter": 1_000, "maxls": 50, "gtol": 1e-4, "ftol": 64.0 * np.finfo(float).eps}
    start = np.zeros(design.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options=stops)
    return np.asarray(found.x[:-1])


def terms(
    nature: WorldConfig,
    file: ApplicationFile,
    scorecard: Scorecard,
    rng: np.random.Generator,
) -> LoanTerms:
    """Return the terms for everyone: the principal follows income, the rate the score.

    Who has no income on file is lent what the local wage would carry.
    """
    policy = nature.old_policy
    n = file.age_years.size
    ratio = policy.principal_to_income * np.exp(policy.principal_sigma * rng.standard_normal(n))
    wage = np.array(nature.places.wage_index)[file.region_tier - 1]
    local = nature.applications.local_wage_cny * wage
    income = np.where(np.isnan(file.income_cny), local, file.income_cny)
    step_fen = policy.principal_step_cny * 100
    principal = np.rint(income * 100.0 * ratio / step_fen) * step_fen
    principal_fen = np.maximum(principal, policy.principal_min_cny * 100).astype(np.int64)
    standardised = (scorecard.score(policy, file) - scorecard.mean) / scorecard.sd
    rate = policy.daily_rate - policy.daily_rate_slope * standardised
    # The price band of the incumbent: a very good or bad score moves the rate no further.
    rate = np.clip(rate, *policy.daily_rate_range)
    return LoanTerms(principal_fen, np.round(rate, RATE_DECIMALS))


def book(
    policy: OldPolicy,
    calendar: Calendar,
    file: ApplicationFile,
    vintage: np.ndarray,
    scorecard: Scorecard,
    rng: np.random.Generator,
) -> Booking:
    """Return what the incumbent decides on these files.

    The control band is larger in the calibration months, whose labels set the level of the PD.
    """
    n = vintage.size
    score = scorecard.score(policy, file)
    passes = score >= scorecard.cut
    is_near = np.abs(score - scorecard.cut) <= policy.override_width
    override_chance = np.where(is_near, policy.override_share, 0.0)
    # Draw order: overrides, control band, invitations.
    is_override = rng.random(n) < override_chance
    approved = passes ^ is_override
    first = calendar.train_months
    end = calendar.train_months + calendar.calibration_months
    in_calibration = (vintage >= first) & (vintage < end)
    band = np.where(in_calibration, policy.control_share_calibration, policy.control_share)
    control = ~approved & (rng.random(n) < band)
    approval_chance = np.where(passes, 1.0 - override_chance, override_chance)
    return Booking(
        score=score,
        is_approved=approved,
        is_override=is_override,
        is_control=control,
        is_invited=_invited(policy, file, scorecard, rng),
        propensity=approval_chance + (1.0 - approval_chance) * band,
    )


def _invited(
    policy: OldPolicy, file: ApplicationFile, scorecard: Scorecard, rng: np.random.Generator
) -> np.ndarray:
    """Return who stands on the whitelist.

    Customers with a good record do; of the others a share, larger in the better half of the
    scorecard's columns that need no bureau.
    """
    good_record = file.history.on_time_share > policy.good_record
    points = scorecard.prescreened(policy, file)
    is_better = points >= np.median(points)
    share = np.where(is_better, policy.invited_better, policy.invited_other)
    share = np.where(good_record, policy.invited_good_record, share)
    return rng.random(share.size) < share
