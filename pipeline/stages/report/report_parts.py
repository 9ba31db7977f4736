"""What the report is made of, read from what the stages wrote; a part whose file is not there is left out."""

from __future__ import annotations

from dataclasses import fields
from math import isinf
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from creditloom.features.contract.tables import TABLES
from creditloom.models.evaluation.bars import Bar as HouseBar
from creditloom.models.evaluation.bars import Bars, figure
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.pipeline.base.stage import STAGES
from creditloom.report.page import report_frames
from creditloom.report.parts.blocks import show
from creditloom.report.parts.data import (
    BarResult,
    Coverage,
    FlowStep,
    Picture,
    ReportData,
    ReportParams,
    Text,
)
from creditloom.report.parts.examples import from_json
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import read_frame, read_json, table_files, write_json


def bars(metrics: dict[str, Any]) -> tuple[BarResult, ...]:
    """The house's statistical bars with what was measured, the ridge's figure beside."""
    found = []
    for bar in document(Bars, paths.BARS).bars:
        kind = bar.kind
        beside = figure(metrics, bar.ridge)
        note = "" if beside is None else f"ridge {show(beside, kind)}"
        found.append(
            BarResult(
                Text(bar.name, bar.chinese),
                figure(metrics, bar.figure),
                kind,
                _aim(bar, kind),
                bar.judge(metrics),
                note,
            )
        )
    return tuple(found)


def _aim(bar: HouseBar, kind: str) -> str:
    low, high = (None if isinf(edge) else show(edge, kind) for edge in (bar.low, bar.high))
    if low and high:
        return f"{low} to {high}"
    if bar.high == 0:
        return high or ""
    return f"≥ {low}" if low else f"≤ {high}"


FRAMES = ("roc", "ks", "reliability", "tiers", "vintages", "states", "fairness", "claims")


def assemble(params: ReportParams, source: SourceParams) -> ReportData:
    """Everything that data/reports and the bundle hold, as typed parts."""
    metrics, explanation = (
        read_document(file, RESULTS) for file in (paths.METRICS, paths.EXPLAIN / "explanation.json")
    )
    rows = volumes(source)
    shares = report_frames.families(metrics).merge(_points(explanation), on="family", how="left")
    return ReportData(
        title=params.title, language=params.language, subtitle=_subtitle(source, _frame("vintages")), facts=_facts(explanation),
        has_truth=figure(metrics, "discrimination.gini_oracle") is not None,
        bars=bars(metrics), flow=_flow(rows), volumes=rows, power=report_frames.power(metrics), tests=report_frames.tests(metrics),
        portfolio=report_frames.portfolio(metrics), swaps=report_frames.swaps(metrics), families=shares,
        coverage=_coverage(metrics), reasons=_reasons(), examples=tuple(map(from_json, explanation["examples"])),
        concepts=pd.DataFrame(explanation["concepts"]), pictures=_pictures(explanation),
        selection=_selection(), runtime=runtime(), **{name: _frame(name) for name in FRAMES},
    )  # fmt: skip


def volumes(source: SourceParams) -> pd.DataFrame:
    """table, family, rows of each raw table that is there, from the files' own footers."""
    if source.kind == "matrix":
        return pd.DataFrame(
            {
                "table": [Path(source.path).name],
                "family": ["finished features"],
                "rows": [_rows(Path(source.path))],
            }
        )
    found = [
        (t.name, t.family or "", sum(map(_rows, table_files(source.path, t.name))))
        for t in TABLES.values()
    ]
    return pd.DataFrame([row for row in found if row[2]], columns=["table", "family", "rows"])


def _rows(path: Path) -> int:
    return int(pq.read_metadata(path).num_rows)


def runtime() -> pd.DataFrame:
    """stage, seconds, counts of each stage that has run, in order; also written to data/reports/runtime.json."""
    kept = [
        read_document(file, RESULTS)
        for stage in STAGES
        if (file := paths.RUNTIME / f"{stage}.json").is_file()
    ]
    write_json(
        {"stages": kept, "seconds": round(sum(stage["seconds"] for stage in kept), 3)},
        paths.RUNTIME_JSON,
    )
    rows = [(stage["stage"], stage["seconds"], _counts(stage["rows"])) for stage in kept]
    return pd.DataFrame(rows, columns=["stage", "seconds", "counts"])


def _counts(rows: dict[str, int]) -> str:
    if len(rows) > 4:
        return f"{sum(rows.values()):,} rows in {len(rows)} tables"
    return ", ".join(f"{n:,} {name}" for name, n in rows.items())


def _flow(raw: pd.DataFrame) -> tuple[FlowStep, ...]:
    training = read_document(paths.TRAINING, RESULTS)
    concepts = read_json(paths.MODEL_CATALOGUE)["concepts"]
    return (
        FlowStep(
            Text("raw events", "原始事件"), int(raw["rows"].sum()), f"rows in {len(raw)} tables"
        ),
        FlowStep(
            Text("features", "特征"), training["n_features"], f"of {_rows(paths.SELECTION):,} built"
        ),
        FlowStep(
            Text("training loans", "训练样本"), training["n_rows"], f"{training['n_bads']:,} bad"
        ),
        FlowStep(Text("model", "模型"), training["booster"]["trees"], "trees"),
        FlowStep(Text("decisions", "决策"), _rows(paths.DECISIONS), "one per application"),
        FlowStep(Text("reasons", "理由"), len(concepts), "concepts in points"),
    )


def _selection() -> pd.DataFrame | None:
    rows = read_frame(paths.SELECTION)
    fallen = rows[rows["outcome"] != "kept"].rename(columns={"outcome": "why"})
    return fallen if len(fallen) else None


def _facts(explanation: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    policy, decided = read_json(paths.POLICY), read_frame(paths.DECISIONS, ["model_version"])
    laws = ", ".join(law["id"] for law in policy.get("laws", []))
    difference = (
        f"{explanation['largest_difference_points']:.0e} points on {explanation['rows']:,} rows"
    )
    product = (policy.get("product") or {}).get("id", "none")
    version = str(decided["model_version"].iloc[0])[:16]
    return (
        ("bundle", version),
        ("product", product),
        ("law", laws),
        ("shap library against runtime", difference),
    )


def _reasons() -> pd.DataFrame | None:
    """The frequency of reasons with the texts of their concepts; a policy rule stands under its code."""
    frame = _frame("reasons")
    if frame is None:
        return None
    declared = {concept["id"]: concept for concept in read_json(paths.MODEL_CATALOGUE)["concepts"]}
    rules = {"family": "policy"}
    texts = {
        key: [declared.get(c, rules).get(key, c) for c in frame["concept"]]
        for key in ("text_en", "text_zh", "family")
    }
    return frame.assign(**texts)


def _coverage(metrics: dict[str, Any]) -> Coverage:
    return Coverage(**{field.name: metrics["reasons"][field.name] for field in fields(Coverage)})


def _pictures(explanation: dict[str, Any]) -> tuple[Picture, ...]:
    return tuple(
        Picture(
            p["name"],
            Text(p["caption_en"], p["caption_zh"]),
            _png(p["name"], "en") or b"",
            _png(p["name"], "zh"),
        )
        for p in explanation["pictures"]
    )


def _png(name: str, language: str) -> bytes | None:
    file = paths.EXPLAIN / f"{name}_{language}.png"
    return file.read_bytes() if file.is_file() else None


def _frame(name: str) -> pd.DataFrame | None:
    file = paths.EVALUATION / f"{name}.parquet"
    return read_frame(file) if file.is_file() else None


def _points(explanation: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(explanation["families"])[["family", "mean_abs_points"]]


def _subtitle(source: SourceParams, vintages: pd.DataFrame | None) -> str:
    origin = "Simulated world" if source.kind == "world" else f"Data of your own ({source.kind})"
    if vintages is None:
        return origin
    return f"{origin}, {vintages['n'].sum():,} applications of {vintages['vintage'].iloc[0]} to {vintages['vintage'].iloc[-1]}"
