"""Draws tables of stated structure from a seed, with the true PD of each row.

generators.yaml lists the tables. A structure draws columns and a score; the score is scaled to the
spread that the file states, and shifted until the mean PD is the stated bad rate. The coefficients,
rules and level effects are drawn anew for each seed.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from creditloom.models.sample.arrays import Floats
from creditloom.pipeline.base import params
from creditloom.pipeline.proof.bench_tables.bench_table import BenchTable

FILE = Path(__file__).with_name("generators.yaml")
Structure = Literal[
    "rules", "interactions", "categories", "additive", "drift", "missing", "linear", "borrowers"
]
# The first month of the dates that are drawn. Any month would do.
FIRST_MONTH = np.datetime64("2020-01", "M")
# Share of the variance of a column that it shares with the other columns: data of people is
# correlated, and a factor of this size makes correlations of about .3.
COMMON_SHARE = 0.3
# Codes of the structure `missing`: nobody knows of this person (safer), and not told (riskier).
NO_RECORD = -9.0
NOT_TOLD = -8.0
# Log-odds within which the shift to the stated bad rate is looked for: wide enough for any rate.
WIDEST_SHIFT = 30.0


@dataclass(frozen=True)
class GeneratedTable:
    """One line of generators.yaml, which explains the common fields.

    boxes: rules of the structure `rules`.
    levels, noise_levels: number of levels of each category that the truth reads, or does not.
    months: span of the dates.
    people: persons behind the rows, each of whom applies several times.
    """

    name: str
    structure: Structure
    rows: int
    columns: int
    informative: int
    bad_rate: float
    spread: float
    boxes: int = 0
    levels: tuple[int, ...] = ()
    noise_levels: tuple[int, ...] = ()
    months: int = 0
    people: int = 0


@dataclass(frozen=True)
class GeneratedTables:
    """The content of generators.yaml."""

    tables: tuple[GeneratedTable, ...]


@dataclass(frozen=True)
class Drawn:
    """Columns and score of the rows; the score rises with risk and has no unit yet."""

    frame: pd.DataFrame
    score: Floats
    time: NDArray[np.datetime64] | None = None
    group: NDArray[np.int64] | None = None
    special_codes: tuple[float, ...] = ()


def declared(path: Path = FILE) -> tuple[GeneratedTable, ...]:
    """Return the tables of generators.yaml. Raises ParamsError for a line that is not one."""
    return params.document(GeneratedTables, path).tables


def draw(spec: GeneratedTable, seed: int) -> BenchTable:
    """Return the table of a specification at a seed."""
    # The name stands in the key, so that a new table changes no other one.
    rng = np.random.default_rng([seed, zlib.crc32(spec.name.encode())])
    drawn = STRUCTURES[spec.structure](rng, spec)
    true_pd = _pd(drawn.score, spec)
    label = (rng.random(spec.rows) < true_pd).astype(np.int8)
    return BenchTable(
        name=f"{spec.name}-{seed}",
        frame=drawn.frame,
        label=label,
        folds="forward" if drawn.time is not None else "mixed",
        special_codes=drawn.special_codes,
        time=drawn.time,
        group=drawn.group,
        true_pd=true_pd,
    )


def _pd(score: Floats, spec: GeneratedTable) -> Floats:
    """Return the true PD: score of the stated spread, shifted to the stated bad rate."""
    log_odds = spec.spread * (score - score.mean()) / score.std()

    def excess(shift: float) -> float:
        return float(expit(log_odds + shift).mean()) - spec.bad_rate

    return np.asarray(expit(log_odds + brentq(excess, -WIDEST_SHIFT, WIDEST_SHIFT)))


# --- Columns ---


def _latent(rng: Generator, rows: int, columns: int) -> Floats:
    """Return standard normal columns that share one factor; shape (rows, columns)."""
    factor = rng.standard_normal((rows, 1))
    own = rng.standard_normal((rows, columns))
    signs = rng.choice([-1.0, 1.0], columns)
    return np.sqrt(COMMON_SHARE) * factor * signs + np.sqrt(1 - COMMON_SHARE) * own


def _shown(latent: Floats) -> pd.DataFrame:
    """Return columns as a lender has them: scores, amounts with a long tail, and small counts."""
    columns = {}
    for k, x in enumerate(latent.T):
        kinds = (
            x.round(3),
            np.round(1_000 * np.exp(0.8 * x)),
            np.maximum(0.0, np.round(2 + 2 * x)),
        )
        columns[f"x{k}"] = kinds[k % len(kinds)]
    return pd.DataFrame(columns)


def _some(rng: Generator, spec: GeneratedTable) -> NDArray[np.int64]:
    """Return the positions of the columns that the truth reads."""
    return rng.choice(spec.columns, spec.informative, replace=False)


def _weights(rng: Generator, count: int) -> Floats:
    """Return coefficients: the strongest is about five times the weakest."""
    return rng.choice([-1.0, 1.0], count) * rng.uniform(0.2, 1.0, count)


def _curve(rng: Generator, x: Floats) -> Floats:
    """Return a smooth or broken function of one column, with a standard deviation of about 1."""
    beyond = x - rng.uniform(-1.0, 1.0)
    hinge = 1.7 * np.maximum(beyond, 0)
    step = 2.0 * (beyond > 0)
    shapes = (x, hinge, step, 1.5 * np.tanh(2 * beyond), 0.7 * beyond**2)
    return np.asarray(shapes[rng.integers(len(shapes))])


def _sum_of_curves(rng: Generator, latent: Floats, positions: NDArray[np.int64]) -> Floats:
    weights = _weights(rng, len(positions))
    curves = [w * _curve(rng, latent[:, k]) for w, k in zip(weights, positions, strict=True)]
    return np.asarray(np.sum(curves, axis=0), np.float64)


# --- Structures ---


def _rules(rng: Generator, spec: GeneratedTable) -> Drawn:
    """Draw risk that jumps inside boxes of two or three columns: strong local structure."""
    values = rng.random((spec.rows, spec.columns))
    score = np.zeros(spec.rows)
    for _ in range(spec.boxes):
        is_inside = np.ones(spec.rows, dtype=bool)
        for k in rng.choice(spec.columns, rng.integers(2, 4), replace=False):
            low = rng.uniform(0.0, 0.6)
            is_inside &= (values[:, k] > low) & (values[:, k] < low + rng.uniform(0.25, 0.6))
        score += is_inside * rng.normal(0.0, 1.0)
    columns = {f"x{k}": np.round(values[:, k], 4) for k in range(spec.columns)}
    return Drawn(frame=pd.DataFrame(columns), score=score)


def _interactions(rng: Generator, spec: GeneratedTable) -> Drawn:
    """Draw products of two columns, and columns that count only where another one is high."""
    latent = _latent(rng, spec.rows, spec.columns)
    positions = _some(rng, spec)
    score = 0.4 * _sum_of_curves(rng, latent, positions)
    for weight, i, j in zip(
        _weights(rng, len(positions)), positions, np.roll(positions, 1), strict=True
    ):
        gate = latent[:, j] if rng.random() < 0.5 else 1.4 * (latent[:, j] > 0)
        score = score + weight * latent[:, i] * gate
    return Drawn(frame=_shown(latent), score=score)


def _categories(rng: Generator, spec: GeneratedTable) -> Drawn:
    """Draw categories of few to many levels, of which some say nothing, beside some numbers."""
    latent = _latent(rng, spec.rows, spec.columns)
    frame = _shown(latent)
    score = 0.6 * _sum_of_curves(rng, latent, _some(rng, spec))
    for k, levels in enumerate((*spec.levels, *spec.noise_levels)):
        # Zipf: the k-th level has a share of about 1/k, as towns and employers have.
        shares = 1.0 / np.arange(1, levels + 1)
        codes = rng.choice(levels, spec.rows, p=shares / shares.sum())
        # As an object: pandas would make a type of its own of an array of texts.
        frame[f"c{k}_{levels}"] = pd.Series([f"v{code}" for code in codes], dtype=object)
        if k < len(spec.levels):
            score = score + rng.normal(0.0, 0.7, levels)[codes]
    return Drawn(frame=frame, score=score)


def _additive(rng: Generator, spec: GeneratedTable) -> Drawn:
    """Draw a sum of curves, one per column, and one weak product."""
    latent = _latent(rng, spec.rows, spec.columns)
    positions = _some(rng, spec)
    score = _sum_of_curves(rng, latent, positions)
    product = latent[:, positions[0]] * latent[:, positions[1]]
    return Drawn(frame=_shown(latent), score=score + 0.3 * product)


def _linear(rng: Generator, spec: GeneratedTable) -> Drawn:
    """Draw log-odds that are linear in the columns; a scorecard is at home here."""
    latent = _latent(rng, spec.rows, spec.columns)
    positions = _some(rng, spec)
    score = latent[:, positions] @ _weights(rng, len(positions))
    return Drawn(frame=_shown(latent), score=score)


def _drift(rng: Generator, spec: GeneratedTable) -> Drawn:
    """Draw a level, coefficients and columns that move over the months."""
    month = np.sort(rng.integers(0, spec.months, spec.rows))
    past = month / spec.months  # 0 at the first month, 1 at the last
    latent = _latent(rng, spec.rows, spec.columns)
    positions = _some(rng, spec)
    # Two columns rise by one standard deviation over the span; one of them is read by the truth.
    latent[:, positions[0]] += past
    latent[:, (positions[0] + 1) % spec.columns] += past
    score = _sum_of_curves(rng, latent, positions[2:])
    # The effect of one column fades, and that of another one grows.
    score = score + 0.8 * (1 - past) * latent[:, positions[0]] + past * latent[:, positions[1]]
    # The level of the economy: a walk of monthly steps.
    level = np.cumsum(rng.normal(0.0, 0.08, spec.months))
    days = rng.integers(0, 28, spec.rows)
    time = (FIRST_MONTH + month).astype("datetime64[D]") + days
    return Drawn(
        frame=_shown(latent),
        score=score / score.std() + level[month],
        time=time.astype("datetime64[us]"),
    )


def _missing(rng: Generator, spec: GeneratedTable) -> Drawn:
    """Draw nulls that depend on risk, nulls that do not, and two codes of opposite meaning."""
    latent = _latent(rng, spec.rows, spec.columns)
    score = _sum_of_curves(rng, latent, _some(rng, spec))
    frame = _shown(latent)
    hidden = rng.standard_normal(spec.rows)
    # The truth reads `hidden`, which is seen only through what is missing.
    score = score / score.std() + 0.8 * hidden
    for k in range(spec.columns):
        column = frame[f"x{k}"].to_numpy().copy()
        column += 20.0 if k % 3 == 0 else 0.0  # above the codes
        kind = k % 4
        if kind == 0:
            column[rng.random(spec.rows) < expit(-1.5 + 1.5 * hidden)] = np.nan
        elif kind == 1:
            column[rng.random(spec.rows) < 0.1] = np.nan
        elif kind == 2:
            column[rng.random(spec.rows) < expit(-2.5 - 1.2 * hidden)] = NO_RECORD
            column[rng.random(spec.rows) < expit(-2.5 + 1.2 * hidden)] = NOT_TOLD
        frame[f"x{k}"] = column
    return Drawn(frame=frame, score=score, special_codes=(NO_RECORD, NOT_TOLD))


def _borrowers(rng: Generator, spec: GeneratedTable) -> Drawn:
    """Draw people who apply several times with nearly the same columns and a risk of their own."""
    person = rng.integers(0, spec.people, spec.rows)
    people = _latent(rng, spec.people, spec.columns)
    own_risk = rng.normal(0.0, 0.5, spec.people)
    latent = people[person] + 0.15 * rng.standard_normal((spec.rows, spec.columns))
    score = _sum_of_curves(rng, latent, _some(rng, spec))
    return Drawn(
        frame=_shown(latent),
        score=score / score.std() + own_risk[person],
        group=person.astype(np.int64),
    )


STRUCTURES: dict[Structure, Callable[[Generator, GeneratedTable], Drawn]] = {
    "rules": _rules,
    "interactions": _interactions,
    "categories": _categories,
    "additive": _additive,
    "drift": _drift,
    "missing": _missing,
    "linear": _linear,
    "borrowers": _borrowers,
}
