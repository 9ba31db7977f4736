"""A small bundle for tests.

Ten features, five concepts, a booster of forty trees, the house product under the law of its dates.
"""

from __future__ import annotations

import datetime as dt
import json
from functools import cache
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from creditloom.decision.base.catalogue import Catalogue, Concept, Feature
from creditloom.decision.base.strict_json import canonical
from creditloom.decision.bundle import load_scorer, write_manifest
from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.policy import (
    DataSources,
    Filters,
    Policy,
    Validation,
    compile_policy,
)
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.models.policy.bundle_policy import reference
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document

EDGES = (0.003, 0.005, 0.0075, 0.011, 0.016, 0.024, 0.038, 0.065, 0.12)
CONCEPTS = (
    Concept("fund_retention", "payment_flow", "money kept", "资金留存"),
    Concept("contact_network", "social_graph", "contacts", "联系人"),
    Concept("cash_balance", "assets", "cash", "现金"),
    Concept("credit_enquiries", "bureau", "enquiries", "征信查询"),
    Concept("device_constancy", "device_stability", "devices", "设备"),
)
UNITS = ("CNY", "share", "count", "days", "ratio")


def catalogue(n_features: int = 10) -> Catalogue:
    """Return features f0, f1, ... dealt to the concepts in turn.

    So the columns of a concept do not lie together.
    """
    made = []
    for k in range(n_features):
        concept = CONCEPTS[k % len(CONCEPTS)]
        words = {
            "text_en": f"behaviour {k} in the last 3 months",
            "text_zh": f"近3个月行为{k}",
            "unit": UNITS[k % len(UNITS)],
        }
        made.append(Feature(f"f{k}", concept.family, concept.id, **words))
    return Catalogue(CONCEPTS, tuple(made))


def matrix(
    rng: np.random.Generator, rows: int, n_features: int = 10, null_share: float = 0.1
) -> np.ndarray:
    """Normal columns with holes."""
    x = rng.normal(size=(rows, n_features))
    x[rng.random(x.shape) < null_share] = np.nan
    return x


def booster_text(rng: np.random.Generator, n_features: int = 10, trees: int = 40) -> str:
    """Text of a small booster in which every feature matters."""
    x = matrix(rng, 3000, n_features)
    z = np.nan_to_num(x) @ np.linspace(1.0, 0.2, n_features) - 2.0
    y = rng.random(len(x)) < 1 / (1 + np.exp(-z))
    params = {
        "objective": "binary",
        "max_depth": 4,
        "num_leaves": 12,
        "learning_rate": 0.15,
        "verbosity": -1,
        "num_threads": 1,
        "seed": 1,
    }
    names = [f"f{k}" for k in range(n_features)]
    return lgb.train(
        params, lgb.Dataset(x, y, feature_name=names), num_boost_round=trees
    ).model_to_string()


@cache
def house() -> Product:
    """The committed house@v1."""
    return document(Product, paths.PRODUCTS / "house_v1.yaml")


@cache
def laws(*names: str) -> tuple[Law, ...]:
    """Committed law profiles by name; by default those in force one after the other."""
    return tuple(
        document(Law, paths.LAW / f"{name}.yaml")
        for name in names or ("cn_2023", "cn_2025q4", "cn_2027")
    )


@cache
def filters() -> Filters:
    """The committed thresholds."""
    return document(Filters, paths.FILTERS)


@cache
def sources() -> DataSources:
    """The committed sources of data."""
    return document(DataSources, paths.SOURCES)


def rules(
    product: Product | None = None, profiles: tuple[Law, ...] | None = None, **changes: Any
) -> dict[str, Any]:
    """Return a whole rule book around a product, as the bundle stage compiles it.

    Without arguments it is the house under the laws by date.
    """
    given: dict[str, Any] = {
        "filters": filters(),
        "sources": sources(),
        "validation": Validation(True, "a test", dt.date(2099, 12, 31)),
        **changes,
    }
    return compile_policy(product or house(), laws() if profiles is None else profiles, **given)


def write_bundle(folder: Path, policy: dict[str, Any] | None = None, seed: int = 7) -> Path:
    """A whole bundle in `folder`; `policy` replaces the house's rule book."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    book = rules() if policy is None else policy
    tiers = Tiers.from_edges(EDGES)
    calibration = {
        "a": 0.9,
        "b": -1.1,
        "pd_decimals": 12,
        "pdo": 20.0,
        "base_score": 600.0,
        "base_odds": 50.0,
        "n_rows": 3000,
        "n_bads": 90,
    }
    (folder / "model.txt").write_text(booster_text(rng))
    for name, content in (
        ("catalogue", catalogue()),
        ("calibration", calibration),
        ("tiers", tiers),
        ("policy", book),
    ):
        (folder / f"{name}.json").write_bytes(canonical(content))
    compared = reference(
        load_scorer(folder, 1), tiers, Policy.from_json(json.dumps(book)), [matrix(rng, 2000)], 1000
    )
    (folder / "reference.json").write_bytes(canonical(compared))
    write_manifest(folder)
    return folder


def frame(rows: int = 500, seed: int = 3) -> pd.DataFrame:
    """Applications of all kinds: both law periods, nulls, refusals, students, withheld families."""
    rng = np.random.default_rng(seed)
    features = pd.DataFrame(matrix(rng, rows), columns=[f"f{k}" for k in range(10)])
    consents = {
        name: rng.random(rows) < 0.9
        for name in ("consent_bureau", "consent_social", "consent_assets", "consent_location")
    }
    for name, family in (("consent_bureau", 3), ("consent_social", 1), ("consent_assets", 2)):
        features.loc[~consents[name], [f"f{family}", f"f{family + 5}"]] = np.nan
    days = rng.integers(0, 700, rows).astype("timedelta64[D]")
    # table: the policy inputs, a column a line, drawn in this order
    inputs = {
        "application_id": np.arange(rows),
        "as_of": (np.datetime64("2024-01-01", "us") + days),
        "purpose": rng.choice(
            np.array(["travel", "education", "securities", None], dtype=object),
            rows,
            p=[0.5, 0.4, 0.05, 0.05],
        ),
        "verified_income_fen": _holed(rng, rng.lognormal(13.3, 0.5, rows).round(), 0.05),
        "debt_service_fen": rng.lognormal(11.0, 1.0, rows).round(),
        "card_limits_fen": _holed(rng, rng.lognormal(13.5, 1.2, rows).round(), 0.3),
        "wealth_fen": _holed(rng, rng.lognormal(13.0, 1.5, rows).round(), 0.3),
        "annual_volume_fen": rng.lognormal(15.0, 0.8, rows).round(),
        "exposure_fen": np.where(
            rng.random(rows) < 0.7, 0.0, rng.lognormal(14.0, 1.5, rows).round()
        ),
        "age_years": rng.integers(16, 60, rows).astype(float),
        "months_on_book": rng.integers(0, 30, rows).astype(float),
        "hard_enquiries_90d": _holed(rng, rng.poisson(2.0, rows).astype(float), 0.1),
        "is_student": rng.random(rows) < 0.08,
        "has_second_source": rng.random(rows) < 0.5,
        "is_repeat": rng.random(rows) < 0.3,
    }
    return pd.DataFrame({**inputs, **consents}).join(features)


def _holed(rng: np.random.Generator, values: np.ndarray, share: float) -> np.ndarray:
    return np.where(rng.random(len(values)) < share, np.nan, values)


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as a client of JSON writes them, with every digit of their numbers.

    pandas' own `to_json` keeps ten digits: another input, and so another decision id.
    """
    texts = {
        name: rows[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        for name in rows.select_dtypes("datetime")
    }
    objects = rows.assign(**texts).astype(object)
    found: list[dict[str, Any]] = objects.where(objects.notna(), None).to_dict("records")
    return found
