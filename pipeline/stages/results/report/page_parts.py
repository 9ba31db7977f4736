"""Reads what the decision page, the workbench, the model and its validation show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from creditloom.models.evaluation.bars import figure
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import section
from creditloom.pipeline.stages.results.report import run_identity
from creditloom.report.page import applicant_frames, decision_frames
from creditloom.report.parts.data import BarResult, ShownApplicants, Text
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import read_frame, read_json

Metrics = Mapping[str, Any]
# Tables of data/reports/evaluation that the page takes as they are.
PLAIN = (
    "cutoffs",
    "cutoff_segments",
    "gains",
    "score_density",
    "sample_flow",
    "segment_power",
    "samples",
    "feature_psi",
    "curves_on_book",
)


def page_parts(metrics: Metrics, bars: tuple[BarResult, ...]) -> dict[str, Any]:
    """Return the parts of `ReportData` by name; what an earlier run did not write is left out."""
    red = _frame("fairness_rows")
    cutoffs = _frame("cutoffs")
    catalogue = read_json(paths.MODEL_CATALOGUE)
    # table: part -> content
    return {
        **{name: _frame(name) for name in PLAIN},
        "segment_power": _named(_frame("segment_power")),
        "verdict": decision_frames.verdict(metrics, bars, red),
        "limits": decision_frames.limits(figure(metrics, "discrimination.gini_oracle") is not None),
        "figures": decision_frames.figures(metrics, cutoffs, red),
        "beside": decision_frames.beside(metrics),
        "card": _card(metrics, catalogue),
        "hyperparameters": _hyperparameters(),
        "features": _features(catalogue),
        "swarm": _swarm(catalogue),
        "applicants": _applicants(catalogue),
    }


def facts(bars: tuple[BarResult, ...]) -> tuple[tuple[str, str], ...]:
    """Return which run the page is of, as (name, value)."""
    missed = sum(bar.passed is False for bar in bars)
    version = str(read_frame(paths.DECISIONS, ["model_version"])["model_version"].iloc[0])
    # An empty record: a trial on other edges, which nobody approved.
    is_approved = paths.APPROVAL.is_file() and bool(read_json(paths.APPROVAL))
    return (
        ("run", version[: run_identity.CHARACTERS]),
        ("made on", run_identity.made_on()),
        ("seed", str(section("seed", int))),
        ("commit", run_identity.commit()),
        ("data period", run_identity.data_period()),
        ("status", run_identity.status(missed, is_approved)),
    )


def _frame(name: str) -> pd.DataFrame | None:
    file = paths.EVALUATION / f"{name}.parquet"
    return read_frame(file) if file.is_file() else None


def _named(frame: pd.DataFrame | None) -> pd.DataFrame | None:
    return None if frame is None or frame.empty else frame


def _effects() -> dict[str, Any]:
    file = paths.EXPLAIN / "effects.json"
    return dict(read_json(file)) if file.is_file() else {"features": [], "swarm": []}


def _features(catalogue: Mapping[str, Any]) -> pd.DataFrame | None:
    """Return every feature of the model, the strongest first."""
    figures = _frame("feature_figures")
    if figures is None:
        return None
    declared = pd.DataFrame(
        [
            {
                "feature": one["name"],
                "text": one["text_en"] or one["name"],
                "text_zh": one["text_zh"],
                "family": one["family"],
                "sign": one["direction"],
            }
            for one in catalogue["features"]
        ]
    )
    effects = [
        {
            "feature": one["feature"],
            "gain_share": one["gain_share"],
            "mean_abs_points": one["mean_abs_points"],
            "dependence": {"x": one["x"], "y": one["y"]},
        }
        for one in _effects()["features"]
    ]
    frame = declared.merge(figures, on="feature", how="left")
    if effects:
        frame = frame.merge(pd.DataFrame(effects), on="feature", how="left")
        # By name where the points are equal, so that the page has one order.
        order = ["mean_abs_points", "feature"]
        frame = frame.sort_values(order, ascending=[False, True], ignore_index=True)
    return frame


def _swarm(catalogue: Mapping[str, Any]) -> tuple[dict[str, Any], ...]:
    words = {one["name"]: one for one in catalogue["features"]}
    return tuple(
        {
            **row,
            "text_en": words[row["feature"]]["text_en"] or row["feature"],
            "text_zh": words[row["feature"]]["text_zh"],
        }
        for row in _effects()["swarm"]
    )


def _applicants(catalogue: Mapping[str, Any]) -> ShownApplicants | None:
    file = paths.EXPLAIN / "applicants.json"
    if not file.is_file():
        return None
    content = applicant_frames.content(read_json(file), catalogue)
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return ShownApplicants(text, len(content["rows"]))


def _hyperparameters() -> pd.DataFrame:
    """Return setting and value: the block `train` of params.yaml, and what training chose.

    What is not set is left out.
    """
    training = read_document(paths.TRAINING, RESULTS)
    chosen = {name: training[name] for name in ("trees", "leaves", "ridge_penalty")}
    weights = {f"stack weight of {name}": weight for name, weight in training["stack"].items()}
    given = dict(decision_frames.flat(section("train", dict[str, Any]), "train"))
    rows = [
        (name, decision_frames.plain(value))
        for name, value in ({**chosen, **weights, **given}).items()
        if value is not None
    ]
    return pd.DataFrame(rows, columns=["setting", "value"])


def _card(metrics: Metrics, catalogue: Mapping[str, Any]) -> tuple[tuple[Text, str], ...]:
    training = read_document(paths.TRAINING, RESULTS)
    policy = read_json(paths.POLICY)
    gain = {one["feature"]: one["gain_share"] or 0.0 for one in _effects()["features"]}
    signed = [one["name"] for one in catalogue["features"] if one["direction"]]
    share = sum(gain.get(name, 0.0) for name in signed)
    product = (policy.get("product") or {}).get("id", "none")
    return decision_frames.card(metrics, training, len(signed), share, product)
