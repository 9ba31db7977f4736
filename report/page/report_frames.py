"""From metrics.json (design 9) to the frames of the report: model and ridge side by side, what is absent stays null."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

Metrics = Mapping[str, Any]

POWER = {"auc": "auc_oot", "gini": "gini_oot", "ks": "ks_oot", "gini_true": "gini_oot_true"}
SHARES = ("share_of_reachable_gini", "share_of_oracle_gini")
TESTS = (
    ("bad_rate", "observed bad rate", "rate", "through the door"),
    ("mean_pd", "mean PD", "rate", "as near the bad rate as chance allows"),
    (
        "calibration_in_the_large_z",
        "calibration in the large, z",
        "number",
        "variance holds calibration and macro noise too",
    ),
    ("calibration_in_the_large_p", "calibration in the large, p", "p", "above 0.01"),
    ("slope", "slope", "number", "1: PDs spread as outcomes do"),
    ("intercept", "intercept", "number", "0"),
    ("ece", "expected calibration error", "number", "smaller is better"),
    ("brier", "Brier score", "number", "smaller is better"),
    ("logloss", "log-loss", "number", "smaller is better"),
    (
        "spiegelhalter_p",
        "Spiegelhalter, p",
        "p",
        "reported; fails with the macro path on and much data",
    ),
    ("hosmer_lemeshow_p", "Hosmer-Lemeshow over tiers, p", "p", "reported"),
    ("jeffreys_min_p", "Jeffreys over tiers, least p (Holm)", "p", "reported"),
    ("tiers_reversed", "tiers reversed beyond chance", "count", "0"),
)
PORTFOLIO = {  # figure of `portfolio`: how it is called and reads; figures not named here are shown under their own name
    "approval_rate": ("approval rate", "share"),
    "bad_rate_approved_true": ("true bad rate of approved, neutral macro", "rate"),
    "bad_rate_approved": ("bad rate of approved", "rate"),
    "expected_profit_cny": ("expected profit", "money"),
    "mean_limit_cny": ("mean limit", "money"),
    "total_limit_cny": ("limits in all", "money"),
    "mean_apr_irr12": ("mean APR, IRR × 12", "rate"),
}


def power(metrics: Metrics) -> pd.DataFrame:
    """name, auc, gini, ks, gini_true, and shares of reachable and oracle; oracle and reachable only where there is truth."""
    found = metrics["discrimination"]
    oracle, reachable = (found.get(f"gini_{name}") for name in ("oracle", "reachable"))
    rows: list[dict[str, Any]] = []
    if oracle and reachable:
        rows = [{"name": "oracle", "gini_true": oracle, "share_of_oracle_gini": 1.0}]
        rows += [
            {
                "name": "reachable",
                "gini_true": reachable,
                "share_of_reachable_gini": 1.0,
                "share_of_oracle_gini": reachable / oracle,
            }
        ]
    for name, part in (("model", found), ("ridge logit", found.get("ridge_logit", {}))):
        figures = {column: part.get(key) for column, key in POWER.items()}
        rows.append({"name": name, **figures, **{share: part.get(share) for share in SHARES}})
    return _without_empty(pd.DataFrame(rows))


def tests(metrics: Metrics) -> pd.DataFrame:
    """test, kind, model, ridge, reading: one row per figure of `calibration` that is there."""
    found = metrics["calibration"]
    ridge = found.get("ridge_logit", {})
    rows = [
        (label, kind, found[key], ridge.get(key), reading)
        for key, label, kind, reading in TESTS
        if key in found
    ]
    return pd.DataFrame(rows, columns=["test", "kind", "model", "ridge", "reading"])


def portfolio(metrics: Metrics) -> pd.DataFrame:
    """measure, kind, model, ridge: one row per plain figure of `portfolio`."""
    found = metrics["portfolio"]
    ridge = found.get("ridge_logit", {})
    rows = [
        (*_reads(key), found[key], ridge.get(key))
        for key in _ordered(found)
        if not isinstance(found[key], Mapping)
    ]
    rows += [
        (f"decided to {name}", "share", share, None)
        for name, share in found.get("decision_share", {}).items()
    ]
    return pd.DataFrame(rows, columns=["measure", "kind", "model", "ridge"])


def _ordered(found: Metrics) -> list[str]:
    """The declared figures in declared order, then the others."""
    return [
        *(key for key in PORTFOLIO if key in found),
        *(key for key in found if key not in PORTFOLIO),
    ]


def _reads(key: str) -> tuple[str, str]:
    """Name and kind of a figure of the portfolio, by its declared entry or by the unit its name carries."""
    if key in PORTFOLIO:
        return PORTFOLIO[key]
    kinds = {"rate": "rate", "share": "share", "cny": "money", "apr": "rate"}
    return key.replace("_", " "), next(
        (kind for word, kind in kinds.items() if word in key.split("_")), "count"
    )


def swaps(metrics: Metrics) -> pd.DataFrame:
    """who, n, bad_rate: the swap sets of `challenger`."""
    found = metrics["challenger"]["swap"]
    names = {"both": "both", "model_only": "the model only", "ridge_only": "the ridge logit only"}
    return pd.DataFrame(
        [{"who": names.get(who, who), **figures} for who, figures in found.items()]
    ).sort_values("who", ignore_index=True)


def families(metrics: Metrics) -> pd.DataFrame:
    """family, share, low, high, target, tolerance: one row per family of `family_share`, the largest first."""
    rows = [{**figures, "family": family} for family, figures in metrics["family_share"].items()]
    return _without_empty(pd.DataFrame(rows)).sort_values(
        "share", ascending=False, ignore_index=True
    )


def _without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.dropna(axis="columns", how="all")
