"""A world in miniature, in numpy, made in a second.

Matrix, labels, truth and catalogue as the real stages write them.

Six families of three concepts. Several noisy features show each concept (some compressed, some
thresholded, some pure noise). Families are missing at random. Only those whom an old score or a
random control band booked have labels.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

FAMILIES = ("payment_flow", "social_graph", "assets", "device_stability", "bureau", "identity")
SHARES = (0.35, 0.25, 0.15, 0.05, 0.20, 0.0)


@dataclass(frozen=True)
class World:
    matrix: pd.DataFrame
    labels: pd.DataFrame
    truth: pd.DataFrame
    features: tuple[dict[str, object], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(str(f["name"]) for f in self.features)

    @property
    def signs(self) -> tuple[int, ...]:
        return tuple(int(str(f["direction"])) for f in self.features)


def world(
    n: int, seed: int, per_concept: int = 4, noise: int = 12, base_rate: float = 0.1
) -> World:
    """`n` applications over 24 months from 2024-01 with about `base_rate` bad."""
    rng = np.random.default_rng(seed)
    months = np.sort(rng.integers(0, 24, n))
    rng.shuffle(months)
    begun = (np.datetime64("2024-01", "M") + months).astype("datetime64[us]")
    as_of = begun + rng.integers(0, 27 * 86_400_000_000, n).astype("timedelta64[us]")
    matrix = {"application_id": np.arange(n), "applicant_id": np.arange(n), "as_of": as_of}
    features = []
    common = rng.normal(size=n)
    truth = {"application_id": np.arange(n), "macro_m": np.zeros(n), "is_fraud": np.zeros(n, bool)}
    systematic = np.zeros(n)
    for family, share in zip(FAMILIES, SHARES, strict=True):
        concepts = [0.35 * common + 0.94 * rng.normal(size=n) for _ in range(3)]
        z = sum(concepts) / np.std(sum(concepts))
        systematic -= np.sqrt(1.35 * share) * (z + 0.25 * np.minimum(z, 0))
        truth[f"z_{family}"] = z
        absent = rng.random(n) < 0.12
        truth[f"present_{family}"] = ~absent
        for (j, state), k in itertools.product(enumerate(concepts), range(per_concept)):
            name = f"{family[:3]}_c{j}_{k}"
            matrix[name] = np.where(absent, np.nan, _view(rng, state, k))
            features.append(_feature(name, family, f"{family}_{j}", 1 if k % 4 == 3 else -1))
    for k in range(noise):
        matrix[f"noise_{k}"] = rng.normal(size=n)
        features.append(_feature(f"noise_{k}", FAMILIES[k % 6], f"{FAMILIES[k % 6]}_0", 0))
    systematic *= np.sqrt(1.35) / systematic.std()
    truth["logodds_systematic"] = systematic + _level(systematic, base_rate)
    luck = rng.normal(scale=0.45, size=n)
    truth["pd_true"] = truth["pd_neutral"] = expit(truth["logodds_systematic"] + luck)
    truth["defaulted"] = rng.random(n) < truth["pd_true"]
    truth["segment"] = np.where(common > 0, "worker", "student")
    return World(
        matrix=pd.DataFrame(matrix),
        labels=_labels(rng, months, systematic, truth),
        truth=pd.DataFrame(truth),
        features=tuple(features),
    )


def _view(rng: np.random.Generator, state: np.ndarray, k: int) -> np.ndarray:
    """Return what the k-th feature of a concept shows: plain, exponential, counted or turned."""
    view = state + rng.normal(size=len(state)) * rng.uniform(0.8, 1.8)
    return (view, np.exp(0.5 * view), np.floor(np.maximum(2 * view, 0)), -view)[k % 4]


def _labels(
    rng: np.random.Generator,
    months: np.ndarray,
    systematic: np.ndarray,
    truth: dict[str, np.ndarray],
) -> pd.DataFrame:
    old = systematic + rng.normal(scale=0.8, size=len(systematic))
    passed = old < np.quantile(old, 0.68)
    band = np.where((months >= 15) & (months < 18), 0.15, 0.05)
    booked = passed | (rng.random(len(old)) < band)
    grey = ~truth["defaulted"] & (rng.random(len(old)) < 0.015)
    label = np.where(booked & ~grey, truth["defaulted"].astype(float), np.nan)
    columns = {
        "application_id": truth["application_id"],
        "is_booked": booked,
        "is_complete": booked,
        "is_control": booked & ~passed,
    }
    return pd.DataFrame(
        {
            **columns,
            "label": label,
            "is_indeterminate": booked & grey,
            "weight": np.where(booked, np.where(passed, 1.0, 1 / band), np.nan),
        }
    )


def _level(systematic: np.ndarray, rate: float) -> float:
    low = -20.0
    high = 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if expit(systematic + middle).mean() < rate else (low, middle)
    return low


def _feature(name: str, family: str, concept: str, direction: int) -> dict[str, object]:
    return {"name": name, "family": family, "concept": concept, "direction": direction}
