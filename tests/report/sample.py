"""A made-up but complete `ReportData`.

Every part is filled, and one text would break an unescaped page.
"""

from __future__ import annotations

import base64
from functools import cache

import numpy as np
import pandas as pd

from creditloom.report.page.reason_frames import asked_reasons, reasons_by_truth
from creditloom.report.parts.data import (
    BarResult,
    Coverage,
    Example,
    FlowStep,
    Picture,
    ReportData,
    Text,
)
from tests.report.asked_sample import asked_parts

# 1 x 1 pixel
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
NASTY = '<script>alert("x")</script> & "quotes"'
FAMILIES = ("payment_flow", "social_graph", "assets", "device_stability", "bureau", "identity")
CONCEPTS = (
    ("payment_activity", "支付活跃度"),
    ("fund_retention", "资金留存"),
    ("credit_enquiries", "征信查询"),
    ("cash_balance", "现金余额"),
)
# As metrics.json has them; figures that are absent are dashes.
REASONS = {
    "reasons_by_truth": {"persons": 60, "cited": 120, "precision": 0.4, "best": {"precision": 0.6}},
    "reasons": {"first_share": 0.34},
}


def example(decision: str, seed: int, concepts: int = 20) -> Example:
    """One decision whose points add up exactly as the runtime promises."""
    rng = np.random.default_rng(seed)
    points = rng.normal(0, 6, concepts)
    steps = tuple((Text(f"concept {i}", f"概念 {i}"), float(p)) for i, p in enumerate(points))
    raw = 590.25 + float(sum(p for _, p in steps))
    reasons = (
        (
            Text("number of hard enquiries in the last 3 months: 7", "近3个月硬查询次数：7"),
            Text(NASTY, ""),
        )
        if decision != "approve"
        else ()
    )
    return Example(
        application_id=f"A{seed:07d}",
        decision=decision,
        tier="G4",
        pd=0.009,
        base=590.25,
        steps=steps,
        score_raw=raw,
        score=int(np.floor(raw + 0.5)),
        reasons=reasons,
        limit_cny=8000.0,
    )


def _curves() -> tuple[pd.DataFrame, pd.DataFrame]:
    x = np.linspace(0, 1, 800)
    roc = pd.concat(
        [
            pd.DataFrame({"series": name, "fpr": x, "tpr": x**power})
            for name, power in (("model", 0.35), ("ridge logit", 0.4))
        ]
    )
    ks = pd.DataFrame({"series": "model", "score": x, "bad_share": x**1.8, "good_share": x**0.6})
    return roc, ks


def _grades() -> pd.DataFrame:
    edges = np.array([0, 0.3, 0.5, 0.75, 1.1, 1.6, 2.4, 3.8, 6.5, 12, 100]) / 100
    share = np.array([6.3, 7, 9.3, 12.5, 15.4, 17.4, 16, 10.2, 4.3, 1.6]) / 100
    mean = np.array([0.19, 0.4, 0.62, 0.92, 1.34, 1.97, 2.99, 4.85, 8.46, 18.3]) / 100
    seen = mean * np.array([1.4, 0.8, 0.85, 0.9, 1, 0.95, 1.1, 1.05, 1.06, 0.85])
    n = (share * 25_000).astype(int)
    # table: the columns of the grades
    return pd.DataFrame(
        {
            "tier": [f"G{i}" for i in range(1, 11)],
            "pd_low": edges[:-1],
            "pd_high": edges[1:],
            "n": n,
            "share": share,
            "mean_pd": mean,
            "observed": seen,
            "bads": np.round(seen * n),
            "jeffreys_p": np.linspace(0.01, 0.9, 10),
            "binomial_p": np.linspace(0.02, 0.95, 10),
            "daily_rate": [0.0003] * 6 + [None] * 4,
            "apr": [0.108] * 6 + [None] * 4,
            "limit_cny": [18_000.0] * 6 + [None] * 4,
        }
    )


def _months() -> pd.DataFrame:
    roles = ["train"] * 15 + ["calibration"] * 3 + ["oot"] * 6
    rate = 0.024 + 0.004 * np.sin(np.arange(24) / 3)
    months = pd.period_range("2024-01", periods=24, freq="M").astype(str)
    return pd.DataFrame(
        {
            "vintage": months,
            "role": roles,
            "n": 4166,
            "bad_rate": rate,
            "mean_pd": 0.0235,
            "approval_rate": 0.68,
            "psi": np.linspace(0, 0.04, 24),
        }
    )


# table: the columns of the parts that are plain tables
TABLES: dict[str, dict[str, object]] = {
    "volumes": {
        "table": ["payments", "red_packets"],
        "family": ["payment_flow", "social_graph"],
        "rows": [41_000_000, 2_100_000],
    },
    "duels": {
        "rival": ["tuned ridge", "tuned ridge", "incumbent scorecard"],
        "rival_zh": ["调优岭回归", "调优岭回归", "现行评分卡"],
        "sample": ["everyone who applied", "booked loans", "everyone who applied"],
        "sample_zh": ["全部申请人", "已放款贷款", "全部申请人"],
        "sample_id": ["door", "booked", "door"],
        "n": [25_000, 17_000, 25_000],
        "bads": [577, 268, 577],
        "auc": [0.797, 0.779, 0.797],
        "rival_auc": [0.789, 0.768, 0.81],
        "auc_delta": [0.008, 0.011, -0.013],
        "low": [0.0025, 0.003, -0.02],
        "high": [0.0135, 0.02, -0.005],
        "p_delong": [0.003, 0.006, 0.001],
        "share_delta": [0.0125, None, -0.021],
        "share_low": [0.0089, None, -0.03],
        "share_high": [0.016, None, -0.011],
        "verdict": ["ahead", "ahead", "behind"],
        "verdict_zh": ["领先", "领先", "落后"],
    },
    "groups": {
        "sample": ["door", "door"],
        "field": ["payment file"] * 2,
        "group": ["thin", "thick"],
        "n": [3_000, 22_000],
        "bads": [128, 449],
        "mean_pd": [0.036, 0.023],
        "mean_pd_low": [0.031, 0.02],
        "mean_pd_high": [0.041, 0.026],
        "o_e": [1.26, 0.9],
        "low": [1.1, 0.8],
        "high": [1.4, 1.0],
        "p_holm": [0.004, 0.9],
        "shape_o_e": [1.3, 0.95],
        "shape_p_holm": [0.003, 0.2],
    },
    "power": {
        "name": ["oracle", "reachable", "model", "ridge logit"],
        "auc": [0.78, 0.772, 0.757, 0.76],
        "gini": [0.56, 0.544, 0.514, 0.52],
        "ks": [0.42, 0.41, 0.39, 0.395],
        "share_of_reachable_gini": [None, 1, 0.945, 0.956],
        "share_of_oracle_gini": [1, 0.97, 0.92, 0.93],
    },
    "validation": {
        "sample": ["cv", "oot"],
        "metric": ["AUC", "AUC"],
        "model": ["0.785", "0.77"],
        "model_interval": ["0.774 to 0.796", "0.72 to 0.81"],
        "ridge": ["0.771", "0.76"],
        "difference": ["0.014", "0.01"],
    },
    "uncertain": {"text": ["Out of time: 42 bads of 300 rows: few."]},
    "tests": {
        "test": ["calibration in the large, p", "ECE"],
        "kind": ["p", "number"],
        "model": [0.21, 0.002],
        "ridge": [0.19, 0.003],
        "reading": ["above 0.01", "smaller is better"],
    },
    "families": {
        "family": FAMILIES,
        "share": [0.33, 0.24, 0.16, 0.06, 0.2, 0.01],
        "low": [0.3, 0.21, 0.13, 0.04, 0.17, 0.0],
        "high": [0.36, 0.27, 0.19, 0.08, 0.23, 0.02],
        "target": [0.35, 0.25, 0.15, 0.05, 0.2, 0],
        "tolerance": 0.13,
        "mean_abs_points": [9.0, 7, 5, 2, 6, 1],
    },
    "states": {
        "family": FAMILIES,
        "r2": [0.9, 0.88, 0.91, 0.86, 0.9, 0.7],
        "aim": [0.9, 0.9, 0.9, 0.9, 0.9, 0.6],
    },
    "claims": {
        "id": ["base", "late", "gate"],
        "group": ["risk", "delinquency", "withdrawn"],
        "what": ["default within twelve months", "days past due", "stopped at the gate"],
        "data": ["", "", ""],
        "source": ["7.7", "choice: arithmetic", "S3"],
        "unit": ["", "rows", ""],
        "bound": ["0.0235 ± 0.002", "<= 0", "0.987 ± 0.005"],
        "found": [0.0233, 3.0, None],
        "n": pd.array([20_000, 900, None], "Int64"),
        "verdict": ["met", "missed", "withdrawn"],
        "withdrawn": ["", "", "lies outside"],
    },
    "portfolio": {
        "measure": ["approval rate", "expected profit"],
        "kind": ["share", "money"],
        "model": [0.68, 12_345_678.0],
        "ridge": [0.67, None],
    },
    "profit_bridge": {
        "step": ["expected, as priced", "lines used more or less than expected"],
        "amount_cny": [1_000.25, -100.5],
        "profit_cny": [1_000.25, 899.75],
    },
    "swaps": {"who": ["both", "the model only"], "n": [900, 40], "bad_rate": [0.011, 0.02]},
    "reasons": {
        "concept": [c for c, _ in CONCEPTS],
        "text_en": [c.replace("_", " ") for c, _ in CONCEPTS],
        "text_zh": [z for _, z in CONCEPTS],
        "family": FAMILIES[:4],
        "n": [900, 700, 400, 100],
        "share": [0.6, 0.5, 0.3, 0.1],
        "mean_points": [-12.5, -9, -8, -3],
    },
    "concepts": {
        "concept": [c for c, _ in CONCEPTS],
        "text_en": [c for c, _ in CONCEPTS],
        "text_zh": [z for _, z in CONCEPTS],
        "family": FAMILIES[:4],
        "mean_abs_points": [9.0, 5, 4, 1],
    },
    "fairness": {
        "field": ["age band"] * 2,
        "group": ["18-25", "26-35"],
        "n": [5000, 9000],
        "bads": [900, 700],
        "approval_rate": [0.6, 0.7],
        "approval_low": [0.58, 0.69],
        "approval_high": [0.62, 0.71],
        "approval_ratio": [0.857, 1.0],
    },
    "fairness_rows": {
        "field": ["occupation"] * 2,
        "group": ["blue_collar", "white_collar"],
        "outcome": ["decision"] * 2,
        "basis": ["truly_good"] * 2,
        "n": [5000, 9000],
        "value": [0.5, 0.7],
        "low": [0.49, 0.69],
        "high": [0.51, 0.71],
        "best": ["white_collar"] * 2,
        "measure": ["ratio"] * 2,
        "against": [0.714, 1.0],
        "against_low": [0.69, 1.0],
        "against_high": [0.73, 1.0],
        "edge": [0.8, 0.8],
        "state": ["red", "green"],
        "decided": ["open", None],
        "role": [None, None],
        "reason": [None, None],
        "decided_on": [None, None],
        "review_by": [None, None],
    },
    "fairness_proxies": {
        "field": ["sex"] * 2,
        "group": ["f"] * 2,
        "n": [500, 500],
        "by": ["score", "feature"],
        "name": ["score", "pay_gifts_12m"],
        "auc": [0.55, 0.91],
        "low": [0.53, 0.9],
        "high": [0.57, 0.92],
        "is_named": [False, True],
    },
    "fairness_laws": {
        "id": ["us_reg_b/field/sex"],
        "jurisdiction": ["us_reg_b"],
        "of": ["field"],
        "name": ["sex"],
        "standing": ["forbidden"],
        "since": ["1976-03-23"],
        "source": ["12 CFR 1002.5 (b)"],
        "note": ["a creditor may not ask for it"],
        "applications": [14000],
        "is_computed": [False],
    },
    "warnings": {
        "level": ["grave", "warning"],
        "name": ["recoveries", "customer"],
        "text": ["`recoveries` alone tells bads from goods", NASTY],
        "next_step": ["--drop recoveries", "--group customer"],
    },
    "proxies": {
        "field": ["sex"],
        "feature": ["gender_code"],
        "feature_auc": [0.97],
        "group": ["m"],
        "score_auc": [0.61],
        "hidden_rows": [4],
    },
    "beyond": {
        "column": ["utilisation_now", "home"],
        "nulls": [120, 0],
        "unseen": [0, 3],
        "share": [0.04, 0.001],
    },
    "selection": {
        "feature": [f"pay_x_{i}" for i in range(15)],
        "why": "constant",
        "figure": 0.0,
        "of": "",
    },
    "runtime": {
        "stage": ["simulate", "featurize"],
        "seconds": [121.5, 33.2],
        "counts": ["45,000,000 rows in 17 tables", "901 features"],
    },
}
# table: bars of every kind: held, failed, not known
BARS = (
    BarResult(Text("Gini against reachable", "占可达基尼"), 0.931, "share", "≥ 90 %", True),
    BarResult(Text("Calibration-in-the-large p", "整体校准 p 值"), 0.21, "p", "> 0.01", True),
    BarResult(Text("Tiers reversed", "等级倒挂"), 0, "count", "0", True, "Holm, one-sided 5 %"),
    BarResult(Text("Approval rate", "通过率"), 0.792, "share", "62–75 %", False),
    BarResult(
        Text("True bad rate of approved", "通过客群真实坏账率"),
        None,
        "rate",
        "≤ 1.3 %",
        None,
    ),
)
FLOW = (
    FlowStep(Text("raw events", "原始事件"), 45_123_456, "rows in 20 tables"),
    FlowStep(Text("features", "特征"), 512, "six families"),
    FlowStep(Text("model", "模型"), 640, "trees"),
    FlowStep(Text("decisions", "决策"), 100_000, "one per application"),
)
PICTURES = (
    Picture("beeswarm", Text("Points per feature", "各特征分值"), PNG, PNG),
    Picture("bar", Text("Points per family"), PNG),
)


@cache
def full() -> ReportData:
    """Return a report with every part present."""
    roc, ks = _curves()
    tables = {part: pd.DataFrame(columns) for part, columns in TABLES.items()}
    # table: the parts of the report
    return ReportData(
        title="Credit decisions, " + NASTY,
        subtitle="Simulated world, 100,000 applicants, seed 1",
        has_truth=True,
        facts=(("bundle", "3f2a…"), ("product", "house@v1"), ("law", "cn_2025q4")),
        bars=BARS,
        flow=FLOW,
        roc=roc,
        ks=ks,
        reliability=_reliability(),
        tiers=_grades(),
        vintages=_months(),
        coverage=Coverage(1200, 1.0, 3.8, 5e-13),
        examples=(example("approve", 1), example("refer", 2), example("decline", 3)),
        pictures=PICTURES,
        true_reasons=reasons_by_truth(REASONS),
        asked_reasons=asked_reasons(REASONS),
        **tables,
        **asked_parts(),
    )


def _reliability() -> pd.DataFrame:
    mean = _grades()["mean_pd"]
    return pd.DataFrame(
        {
            "series": "model",
            "n": 2500,
            "mean_pd": mean,
            "observed": _grades()["observed"],
            "low": mean * 0.7,
            "high": mean * 1.4,
        }
    )


def bare() -> ReportData:
    """What a short run may have: a title and nothing else."""
    return ReportData(title="Fit", subtitle="", has_truth=False)
