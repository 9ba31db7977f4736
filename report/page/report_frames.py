"""Turns metrics.json (design 9) into the data frames that the report shows as tables.

Model and ridge logit are side by side. A figure that is absent stays null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from creditloom.report.parts.data import Text

Metrics = Mapping[str, Any]

# Column of the frame -> figure of `discrimination`.
POWER = {"auc": "auc_oot", "gini": "gini_oot", "ks": "ks_oot", "gini_true": "gini_oot_true"}
SHARES = ("share_of_reachable_gini", "share_of_oracle_gini")
# table: figure of `calibration`, label (or Text in both languages), how it is written and read
TESTS: tuple[tuple[str, str | Text, str, str], ...] = (
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
# table: figure of `portfolio` -> label, how it is written; others are shown under their own name
PORTFOLIO = {
    "approval_rate": ("approval rate", "share"),
    "bad_rate_approved_true": ("true bad rate of approved, neutral macro", "rate"),
    "bad_rate_approved": ("bad rate of approved", "rate"),
    "expected_profit_cny": ("expected profit, as priced", "cents"),
    "mean_limit_cny": ("mean limit", "money"),
    "total_limit_cny": ("limits in all", "money"),
    "mean_apr_irr12": ("mean APR, IRR × 12", "rate"),
}
# table: step of `profit_bridge` -> what it is
BRIDGE = {
    "expected": "expected, as priced",
    "take_up": "offers that are not taken up",
    "use": "lines used more or less than expected",
    "losses": "defaults more or fewer than the PD says",
    "interest": "interest and funding of the months that came",
    "prepayment": "loans repaid early",
    "recoveries": "money recovered, beside what the LGD says",
    "reviews": "monthly reviews",
}
# Word in the name of another figure of `portfolio` -> how it is written.
KIND_OF_WORD = {"rate": "rate", "share": "share", "cny": "money", "apr": "rate"}


def power(metrics: Metrics) -> pd.DataFrame:
    """Return name, auc, gini, ks, gini_true, and shares of reachable and oracle.

    Rows: model and ridge logit; oracle and reachable only where there is truth.
    """
    figures = metrics["discrimination"]
    oracle = figures.get("gini_oracle")
    reachable = figures.get("gini_reachable")
    rows: list[dict[str, Any]] = []
    if oracle and reachable:
        rows.append({"name": "oracle", "gini_true": oracle, "share_of_oracle_gini": 1.0})
        shares = {"share_of_reachable_gini": 1.0, "share_of_oracle_gini": reachable / oracle}
        rows.append({"name": "reachable", "gini_true": reachable, **shares})
    for name, part in (("model", figures), ("ridge logit", figures.get("ridge_logit", {}))):
        columns = {column: part.get(key) for column, key in POWER.items()}
        rows.append({"name": name, **columns, **{share: part.get(share) for share in SHARES}})
    return _without_empty(pd.DataFrame(rows))


def tests(metrics: Metrics) -> pd.DataFrame:
    """Return test, test_zh, kind, model, ridge, reading: a row per figure of `calibration`."""
    figures = metrics["calibration"]
    ridge = figures.get("ridge_logit", {})
    rows = []
    for key, label, kind, reading in TESTS:
        if key in figures:
            told = label if isinstance(label, Text) else Text(label)
            rows.append((told.en, told.zh, kind, figures[key], ridge.get(key), reading))
    columns = ["test", "test_zh", "kind", "model", "ridge", "reading"]
    return pd.DataFrame(rows, columns=columns)


def portfolio(metrics: Metrics) -> pd.DataFrame:
    """Return measure, kind, model, ridge: one row per figure of `portfolio`.

    The shares of `decision_share` come last, one row each.
    """
    figures = metrics["portfolio"]
    ridge = figures.get("ridge_logit", {})
    rows: list[tuple[Any, ...]] = []
    for key in _ordered(figures):
        if not isinstance(figures[key], Mapping):
            rows.append((*_label_and_kind(key), figures[key], ridge.get(key)))
    for name, share in figures.get("decision_share", {}).items():
        rows.append((f"decided to {name}", "share", share, None))
    return pd.DataFrame(rows, columns=["measure", "kind", "model", "ridge"])


def _ordered(figures: Metrics) -> list[str]:
    """Return the declared figures in declared order, then the others."""
    declared = [key for key in PORTFOLIO if key in figures]
    return [*declared, *(key for key in figures if key not in PORTFOLIO)]


def _label_and_kind(key: str) -> tuple[str, str]:
    """Return label and kind of a figure: the declared ones, else those that its name implies."""
    if key in PORTFOLIO:
        return PORTFOLIO[key]
    words = key.split("_")
    kinds = (kind for word, kind in KIND_OF_WORD.items() if word in words)
    return key.replace("_", " "), next(kinds, "count")


def bridge(metrics: Metrics) -> pd.DataFrame | None:
    """Return step, amount and profit after it: one row per step of `profit_bridge`, yuan.

    None where there is no bridge: an earlier metrics.json, or the tier alone decided.
    """
    block = metrics.get("profit_bridge")
    if block is None:
        return None
    rows = [
        (BRIDGE.get(step["step"], step["step"]), step["amount_cny"], step["profit_cny"])
        for step in block["steps"]
    ]
    return pd.DataFrame(rows, columns=["step", "amount_cny", "profit_cny"])


def swaps(metrics: Metrics) -> pd.DataFrame:
    """Return who, n, bad_rate: the swap sets of `challenger`."""
    names = {"both": "both", "model_only": "the model only", "ridge_only": "the ridge logit only"}
    rows = []
    for who, figures in metrics["challenger"]["swap"].items():
        rows.append({"who": names.get(who, who), **figures})
    return pd.DataFrame(rows).sort_values("who", ignore_index=True)


# table: name of a rival in metrics.json -> its words
RIVALS = {
    "ridge": Text("tuned ridge", "调优岭回归"),
    "plain": Text("plain booster", "普通提升树"),
    "lightgbm_defaults": Text("LightGBM as it comes", "默认 LightGBM"),
    "incumbent": Text("incumbent scorecard", "现行评分卡"),
}
SAMPLES = {
    "door": Text("everyone who applied", "全部申请人"),
    "booked": Text("booked loans", "已放款贷款"),
}
VERDICTS = {
    "ahead": Text("ahead", "领先"),
    "level": Text("level", "持平"),
    "behind": Text("behind", "落后"),
}


def duels(metrics: Metrics) -> pd.DataFrame | None:
    """Return one row per rival and sample, with words in both languages; None without rivals.

    Beside the figures of `duels`: rival, sample and verdict in words, each with a column _zh, and
    sample_id.
    """
    if not metrics.get("duels"):
        return None
    frame = pd.DataFrame(metrics["duels"])
    made = frame.assign(sample_id=frame["sample"])
    for name, words in (("rival", RIVALS), ("sample", SAMPLES), ("verdict", VERDICTS)):
        known = [words.get(value, Text(str(value))) for value in frame[name]]
        made[name] = [text.en for text in known]
        made[f"{name}_zh"] = [text.zh or text.en for text in known]
    return made


def families(metrics: Metrics) -> pd.DataFrame:
    """Return family, share, low, high, target, tolerance: a row per family, largest share first."""
    rows = [{**figures, "family": family} for family, figures in metrics["family_share"].items()]
    frame = _without_empty(pd.DataFrame(rows))
    return frame.sort_values("share", ascending=False, ignore_index=True)


def _without_empty(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.dropna(axis="columns", how="all")
