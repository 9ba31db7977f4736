"""Reads the outputs of the stages and returns them as the data of the report (`ReportData`).

If the file of a part does not exist, the part is left out.
"""

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
from creditloom.pipeline.stages.results.report import page_parts
from creditloom.report.page import reason_frames, report_frames
from creditloom.report.parts.blocks import show
from creditloom.report.parts.data import (
    BarResult,
    Coverage,
    FlowStep,
    ReportData,
    ReportParams,
    Text,
)
from creditloom.report.parts.examples import from_json
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.files.store import read_frame, read_json, write_json
from creditloom.storage.folders.raw_folder import raw_tables

# Tables of data/reports/evaluation that the page takes as they are: file -> part of the same name.
FRAMES = (
    "roc",
    "ks",
    "reliability",
    "groups",
    "tiers",
    "vintages",
    "states",
    "fairness",
    "fairness_rows",
    "fairness_proxies",
    "fairness_laws",
    "claims",
)
MAX_NAMED_COUNTS = 4  # largest number of counts of a stage that are named; more are summed


def assemble(params: ReportParams, source: SourceParams) -> ReportData:
    """Return everything that data/reports and the bundle hold, as typed parts."""
    metrics = read_document(paths.METRICS, RESULTS)
    explanation = read_document(paths.EXPLAIN / "explanation.json", RESULTS)
    raw = volumes(source)
    frames: dict[str, Any] = {name: _frame(name) for name in FRAMES}
    judged = bars(metrics)
    parts = page_parts.page_parts(metrics, judged)
    asked = {name: part for name, part in parts.items() if part is not None}
    # table: part -> content
    return ReportData(
        title=params.title,
        language=params.language,
        subtitle=_subtitle(source, frames["vintages"]),
        facts=(*page_parts.facts(judged), *_facts(explanation)),
        has_truth=figure(metrics, "discrimination.gini_oracle") is not None,
        duels=report_frames.duels(metrics),
        bars=judged,
        is_own=False,
        flow=_flow(raw),
        volumes=raw,
        power=report_frames.power(metrics),
        tests=report_frames.tests(metrics),
        portfolio=report_frames.portfolio(metrics),
        profit_bridge=report_frames.bridge(metrics),
        swaps=report_frames.swaps(metrics),
        families=_families(metrics, explanation),
        coverage=_coverage(metrics),
        reasons=_reasons(),
        true_reasons=reason_frames.reasons_by_truth(metrics),
        asked_reasons=reason_frames.asked_reasons(metrics),
        examples=() if "applicants" in asked else tuple(map(from_json, explanation["examples"])),
        concepts=pd.DataFrame(explanation["concepts"]),
        selection=_selection(),
        beyond=_beyond(),
        beyond_rows=_beyond_rows(),
        runtime=runtime(),
        **frames,
        **asked,
    )


def _beyond() -> pd.DataFrame | None:
    """Return the columns with rows beyond training, most rows first; None of an earlier run."""
    if not paths.BEYOND.is_file():
        return None
    counts = read_json(paths.BEYOND)
    rows = [{"column": name, **one} for name, one in counts["columns"].items()]
    frame = pd.DataFrame(rows, columns=["column", "nulls", "unseen"])
    frame["share"] = (frame["nulls"] + frame["unseen"]) / counts["rows"]
    # By name where shares are equal, so that the page has one order.
    return frame.sort_values(["share", "column"], ascending=[False, True])


def _beyond_rows() -> tuple[int, int] | None:
    """Return the rows with anything beyond training, and all rows; None of an earlier run."""
    if not paths.BEYOND.is_file():
        return None
    counts = read_json(paths.BEYOND)
    return counts["beyond"], counts["rows"]


def bars(metrics: dict[str, Any]) -> tuple[BarResult, ...]:
    """Return the statistical bars with the figures measured; the ridge's figure is a note."""
    results = []
    for bar in document(Bars, paths.BARS).bars:
        ridge = figure(metrics, bar.ridge)
        note = "" if ridge is None else f"ridge {show(ridge, bar.kind)}"
        value = figure(metrics, bar.figure)
        name = Text(bar.name, bar.chinese)
        passed = bar.judge(metrics)
        aim = _aim(bar.at(metrics))
        results.append(BarResult(name, value, bar.kind, aim, passed, note))
    return tuple(results)


def _aim(bar: HouseBar) -> str:
    low = None if isinf(bar.low) else show(bar.low, bar.kind)
    high = None if isinf(bar.high) else show(bar.high, bar.kind)
    if low and high:
        return f"{low} to {high}"
    # A count that must be 0 reads better without a sign.
    if bar.high == 0:
        return high or ""
    return f"≥ {low}" if low else f"≤ {high}"


def volumes(source: SourceParams) -> pd.DataFrame:
    """Return table, family and rows of each raw table that is there, from the files' footers."""
    if source.kind == "matrix":
        path = Path(source.path)
        finished = {"table": path.name, "family": "finished features", "rows": _rows(path)}
        return pd.DataFrame([finished])
    counts = []
    files = raw_tables(source.path)
    for table in TABLES.values():
        rows = sum(map(_rows, files.get(table.name, ())))
        if rows:
            counts.append((table.name, table.family or "", rows))
    return pd.DataFrame(counts, columns=["table", "family", "rows"])


def _rows(path: Path) -> int:
    # Read the number from the footer of the file, without reading rows.
    return int(pq.read_metadata(path).num_rows)


def runtime() -> pd.DataFrame:
    """Return stage, seconds and counts of each stage that has run, in the order of the DAG.

    They are written to data/reports/runtime.json too.
    """
    # A stage that has never run in this folder has no seconds. Its outs may come from the run
    # cache.
    files = (paths.RUNTIME / f"{stage}.json" for stage in STAGES)
    measured = [read_document(file, RESULTS) for file in files if file.is_file()]
    seconds = round(sum(stage["seconds"] for stage in measured), 3)
    write_json({"stages": measured, "seconds": seconds}, paths.RUNTIME_JSON)
    rows = [(stage["stage"], stage["seconds"], _counts(stage["rows"])) for stage in measured]
    return pd.DataFrame(rows, columns=["stage", "seconds", "counts"])


def _counts(rows: dict[str, int]) -> str:
    if len(rows) > MAX_NAMED_COUNTS:
        return f"{sum(rows.values()):,} rows in {len(rows)} tables"
    return ", ".join(f"{n:,} {name}" for name, n in rows.items())


def _flow(raw: pd.DataFrame) -> tuple[FlowStep, ...]:
    """Return the steps from raw events to reasons, each with the count of what it puts out."""
    training = read_document(paths.TRAINING, RESULTS)
    concepts = read_json(paths.MODEL_CATALOGUE)["concepts"]
    built = f"of {_rows(paths.SELECTION):,} built"
    bad = f"{training['n_bads']:,} bad"
    trees = training["trees"]
    events = int(raw["rows"].sum())
    decisions = _rows(paths.DECISIONS)
    # table: name, count, unit of each step
    return (
        FlowStep(Text("raw events", "原始事件"), events, f"rows in {len(raw)} tables"),
        FlowStep(Text("features", "特征"), training["n_features"], built),
        FlowStep(Text("training loans", "训练样本"), training["n_rows"], bad),
        FlowStep(Text("model", "模型"), trees, "trees"),
        FlowStep(Text("decisions", "决策"), decisions, "one per application"),
        FlowStep(Text("reasons", "理由"), len(concepts), "concepts in points"),
    )


def _selection() -> pd.DataFrame | None:
    rows = read_frame(paths.SELECTION)
    # Leave out the kept features: the table shows the dropped ones and the reason.
    fallen = rows[rows["outcome"] != "kept"].rename(columns={"outcome": "why"})
    return fallen if len(fallen) else None


def _facts(explanation: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return (name, value) of the basic facts: product, law, agreement with shap."""
    policy = read_json(paths.POLICY)
    product = (policy.get("product") or {}).get("id", "none")
    laws = ", ".join(law["id"] for law in policy.get("laws", []))
    points = f"{explanation['largest_difference_points']:.0e} points"
    return (
        ("product", product),
        ("law", laws),
        ("shap library against runtime", f"{points} on {explanation['rows']:,} rows"),
    )


def _reasons() -> pd.DataFrame | None:
    """Return the frequency of reasons with the texts of their concepts.

    A policy rule is not a concept: it is shown by its code, in the family `policy`.
    """
    frame = _frame("reasons")
    if frame is None:
        return None
    declared = {concept["id"]: concept for concept in read_json(paths.MODEL_CATALOGUE)["concepts"]}
    rules = {"family": "policy"}
    texts = {}
    for key in ("text_en", "text_zh", "family"):
        texts[key] = [declared.get(id_, rules).get(key, id_) for id_ in frame["concept"]]
    return frame.assign(**texts)


def _coverage(metrics: dict[str, Any]) -> Coverage:
    measured = metrics["reasons"]
    return Coverage(**{field.name: measured[field.name] for field in fields(Coverage)})


def _frame(name: str) -> pd.DataFrame | None:
    file = paths.EVALUATION / f"{name}.parquet"
    return read_frame(file) if file.is_file() else None


def _families(metrics: dict[str, Any], explanation: dict[str, Any]) -> pd.DataFrame:
    """Return the shares of the families, with their mean points."""
    shares = report_frames.families(metrics)
    return shares.merge(_points(explanation), on="family", how="left")


def _points(explanation: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(explanation["families"])[["family", "mean_abs_points"]]


def _subtitle(source: SourceParams, vintages: pd.DataFrame | None) -> str:
    origin = "Simulated world" if source.kind == "world" else f"Data of your own ({source.kind})"
    if vintages is None:
        return origin
    months = f"{vintages['vintage'].iloc[0]} to {vintages['vintage'].iloc[-1]}"
    return f"{origin}, {vintages['n'].sum():,} applications of {months}"
