"""Made-up parts of the page that a committee, a validator and an operator ask for first."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from creditloom.report.page.applicant_frames import content
from creditloom.report.page.decision_frames import PROTECTED
from creditloom.report.parts.data import ShownApplicants, ShownFigure, Text

CATALOGUE = {
    "concepts": [
        {"id": "cash_balance", "text_en": "cash balance", "text_zh": "现金余额",
         "hint_en": "keep more", "hint_zh": "多存"}
    ],
    "features": [
        {"name": "ast_cash", "concept": "cash_balance", "text_en": "mean cash",
         "text_zh": "平均现金"}
    ],
}  # fmt: skip
RANKED = {
    "n": [900, 100], "bads": [40, 9], "auc": [0.75, None], "ks": [0.4, None],
    "mean_pd": [0.04, 0.08], "bad_rate": [0.044, 0.09], "o_e": [1.1, 1.125],
}  # fmt: skip


def cuts() -> pd.DataFrame:
    """Twenty cuts of which the tenth is in force."""
    share = np.arange(1, 21) / 20
    n = 1000 * share
    # table: the columns of the cuts
    return pd.DataFrame({
        "pd_cut": share / 5, "is_present": np.arange(20) == 9, "approved": n.astype(int),
        "approval_rate": share, "final_rate": np.where(share <= 0.5, share * 0.9, np.nan),
        "bad_rate": share / 20, "mean_pd": share / 21, "bads_approved": n * share / 20,
        "bads_declined": 50 - n * share / 20, "goods_approved": n * 0.95,
        "goods_declined": 950 - n * 0.95, "moved": (n - 500).astype(int),
        "moved_bad_rate": share / 10, "profit_cny": 9000 * share, "loss_cny": 3000 * share,
        "swap": 12, "model_only_bad_rate": 0.02, "ridge_only_bad_rate": 0.03,
    })  # fmt: skip


def segments() -> pd.DataFrame:
    """The same cuts for two groups of one field."""
    rows = [(cut, group) for group in ("new", "repeat") for cut in cuts()["pd_cut"]]
    frame = pd.DataFrame(rows, columns=["pd_cut", "group"])
    return frame.assign(field="customer", n=500, approval_rate=0.5, bad_rate=0.02)


def features() -> pd.DataFrame:
    """Two features of the model."""
    # table: the columns of the features
    return pd.DataFrame({
        "feature": ["ast_cash", "bur_hard"], "text": ["mean cash", "hard enquiries"],
        "text_zh": ["平均现金", "硬查询次数"], "family": ["assets", "bureau"], "sign": [-1, 1],
        "gain_share": [0.6, 0.4], "mean_abs_points": [5.0, 3.0], "iv": [0.4, 0.2],
        "missing_training": [0.1, 0.0], "missing": [0.12, 0.0], "psi": [0.02, 0.3],
        "typical_approved": [12345.6, 1.0], "typical_all": [9876.5, 2.0], "p10": [0.0, 0.0],
        "p90": [50000.0, 6.0],
        "dependence": [{"x": [0, 1, 2], "y": [-3, 0, 2]}, {"x": [], "y": []}],
    })  # fmt: skip


def applicants() -> ShownApplicants:
    """One applicant who was declined."""
    # table: a record
    row: dict[str, Any] = {
        "id": "7", "decision": "decline", "grade": "G8", "tier": "G8", "score": 560,
        "score_raw": 560.25, "pd": 0.07, "day": "2025-12-01",
        "steps": [[0, -40.0, 0, 0, 1, 2, 3]], "reasons": [["cash_balance", True, 4, 5]],
        "codes": [], "letter": {"en": [4], "zh": [5]},
    }  # fmt: skip
    texts = ["5 CNY", "5元", "9,000 CNY", "9,000元", "Little cash: 5 CNY.", "现金少：5元。"]
    written = {"typical": 600.25, "texts": texts, "rows": [row]}
    told = content(written, CATALOGUE)
    return ShownApplicants(json.dumps(told, ensure_ascii=False), 1)


def asked_parts() -> dict[str, Any]:
    """Every part by its name in `ReportData`."""
    label = Text("AUC, through the door", "AUC（全部申请人）")
    # table: the parts
    return {
        "verdict": ("Ranks everyone who applied with an AUC of 0.757 (0.720 on booked loans).",),
        "limits": ("Profit is a model of one year with its stated terms, not an account.",),
        "figures": (ShownFigure("discrimination.auc_oot", label, 0.757, "number", "ridge 0.760"),),
        "beside": pd.DataFrame({
            "measure": [label.en], "measure_zh": [label.zh], "kind": ["number"], "model": [0.757],
            "ridge": [0.76], "incumbent": [0.7],
        }),
        "cutoffs": cuts(),
        "cutoff_segments": segments(),
        "gains": pd.DataFrame({
            "band": [1, 2], "n": [500.0, 500.0], "bads": [40.0, 10.0], "bad_rate": [0.08, 0.02],
            "mean_pd": [0.07, 0.02], "bads_so_far": [0.8, 1.0], "goods_so_far": [0.48, 1.0],
            "lift": [1.6, 1.0], "ks": [0.32, 0.0],
        }),
        "score_density": pd.DataFrame({
            "score": [540.0, 550.0], "goods": [0.3, 0.7], "bads": [0.8, 0.2],
        }),
        **_of_the_model(),
    }  # fmt: skip


def _of_the_model() -> dict[str, Any]:
    """The parts on the model and its validation."""
    months = {"2025-07": [0.01, 0.3], "2025-08": [0.02, 0.2]}
    # table: the parts
    return {
        "card": ((Text("protected fields", "受保护字段"), PROTECTED),),
        "sample_flow": pd.DataFrame({
            "role": ["train", "oot"], "months": ["2024-01 – 2025-03", "2025-07 – 2025-12"],
            "applications": [6000, 2000], "booked": [4000, 1500], "bads": [90, 40],
            "indeterminate": [30, 10],
        }),
        "hyperparameters": pd.DataFrame({"setting": ["trees"], "value": ["640"]}),
        "features": features(),
        "swarm": ({
            "feature": "ast_cash", "points": [-3.0, 2.0], "rank": [0.1, None],
            "text_en": "mean cash", "text_zh": "平均现金",
        },),
        "segment_power": pd.DataFrame({
            "field": ["customer"] * 2, "group": ["new", "repeat"], **RANKED,
        }),
        "samples": pd.DataFrame({"sample": ["learnt", "held_out"], **RANKED}),
        "feature_psi": pd.DataFrame({"feature": ["ast_cash", "bur_hard"], **months}),
        "curves_on_book": pd.DataFrame({
            "vintage": ["2024Q1", "2024Q2"], "loans": [900, 800], "m1": [0.0, 0.001],
            "m2": [0.01, None],
        }),
        "applicants": applicants(),
    }  # fmt: skip
