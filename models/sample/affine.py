"""The line through margins: logit P(y = 1) = a margin + b with the greatest likelihood."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.errors import ModelError
from creditloom.models.sample.metrics import logit

# Largest Newton step in each coordinate. With longer steps the fit may overshoot and never
# converge.
MAX_NEWTON_STEP = 1.0
# The fit has converged when no coordinate moves by more than this.
CONVERGED_STEP = 1e-10
# Added to the diagonal, so that the matrix stays invertible where all PDs are near 0 or 1.
DIAGONAL_RIDGE = 1e-12


def fit_affine(
    margin: ArrayLike,
    y: ArrayLike,
    weight: ArrayLike | None = None,
    steps: int = 100,
    slope_sd: float | None = None,
) -> tuple[float, float]:
    """Return the (a, b) of logit P(y = 1) = a margin + b with the greatest weighted likelihood.

    The method is damped Newton. `y` may be a probability.
    slope_sd: with it the slope has the prior N(1, slope_sd^2). The weights are then scaled to sum
    to the effective number of rows, (sum w)^2 / sum w^2.
    Raise ModelError when it does not converge (separable bads, or a constant margin).
    """
    m = np.asarray(margin, float)
    y = np.asarray(y, float)
    w = _scaled(np.ones(len(y)) if weight is None else np.asarray(weight, float), slope_sd)
    if not len(m) or np.ptp(m) == 0:
        raise ModelError(
            f"An affine calibration needs margins that differ; "
            f"got {len(m)} rows with one value. Check the model."
        )
    # Newton runs on the standardised margin: there one maximal step suits both coordinates.
    centre = np.average(m, weights=w)
    spread = m.std()
    x = np.column_stack([(m - centre) / spread, np.ones(len(m))])
    # The start is slope 1 of the margin, and the mean rate.
    theta = np.array([spread, float(logit(np.average(y, weights=w)))])
    # The prior has its mean at slope `spread`, which is slope 1 of the margin itself.
    slope_precision = 0.0 if slope_sd is None else 1.0 / (slope_sd * spread) ** 2
    prior = np.array([slope_precision, 0.0])
    for _ in range(steps):
        step = _newton_step(x, y, w, theta, prior, spread)
        theta = theta + step / max(MAX_NEWTON_STEP, float(np.abs(step).max()))
        if np.abs(step).max() < CONVERGED_STEP:
            return float(theta[0] / spread), float(theta[1] - theta[0] * centre / spread)
    raise ModelError(
        f"The affine fit did not converge in {steps} steps on {len(y)} rows: "
        "bads and goods may be separable. Use more months."
    )


def _scaled(w: Floats, slope_sd: float | None) -> Floats:
    """Return the weights scaled to mean 1, or with a prior to sum to the effective rows."""
    # Without a prior only the ratios of weights matter. A prior is balanced against their sum.
    return w / w.mean() if slope_sd is None else w * w.sum() / (w**2).sum()


def _newton_step(
    x: Floats, y: Floats, w: Floats, theta: Floats, prior: Floats, spread: float
) -> Floats:
    """Return the Newton step at theta for the likelihood with the prior."""
    q = expit(x @ theta)
    gradient = x.T @ (w * (y - q)) - prior * (theta - spread)
    information = (x * (w * q * (1 - q))[:, None]).T @ x + np.diag(prior + DIAGONAL_RIDGE)
    return np.asarray(np.linalg.solve(information, gradient))
