"""Stage `evaluate`: bundle, decisions and (where there is one) the truth to metrics.json and the tables of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from rich.console import Console
from rich.table import Table

from creditloom.decision.decide import Decider
from creditloom.models.calibration.calibration import CalibrationParams
from creditloom.models.evaluation import claims
from creditloom.models.evaluation.bars import Bars
from creditloom.models.evaluation.evaluate import Inputs, evaluate
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.models.learners.ridge import from_json
from creditloom.models.sample.split import OOT, SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset, everyone, frame
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.base.stage import run
from creditloom.pipeline.stages.evaluate.truth_sample import claims_view, judge
from creditloom.storage.files.formats import RESULTS, read_document, write_document
from creditloom.storage.files.store import open_parquet, read_frame, write_table

AUDIT = ("age_years", "region_tier", "occupation", "is_student", "is_repeat")
DECIDED = (
    "application_id",
    "pd",
    "tier",
    "decision",
    "limit_cny",
    "daily_rate",
    "apr_irr12",
    "reasons",
)


def main() -> dict[str, int]:
    """Write data/reports/metrics.json and data/reports/evaluation; return the number of out-of-time applications."""
    split, calibration, judging = (
        section("split", SplitParams),
        section("calibration", CalibrationParams),
        section("evaluate", EvaluateParams),
    )
    bundle = Decider.load(paths.MODEL).bundle
    names = bundle.scorer.catalogue.names
    truth = judge(names, split, judging.judged_features)
    wide = names if truth is None else tuple(dict.fromkeys((*names, *truth.known.names)))
    applications = everyone(split)
    inputs = Inputs(
        bundle, from_json(read_document(paths.RIDGE, RESULTS)), dataset(applications.out_of_time(), wide),
        dataset(applications.calibrating(), names), applications,
        read_frame(paths.DECISIONS, DECIDED), frame(_audit_columns(), split, [OOT]),
        read_document(paths.TRAINING, RESULTS)["n_bads"], truth,
    )  # fmt: skip
    metrics, tables = evaluate(inputs, split, calibration, judging)
    if inputs.truth is not None:
        shown = {**metrics["portfolio"], "n": metrics["rows"]["oot"]}
        tables["claims"] = claims.table(claims_view(inputs.truth, judging.claims_applicants, shown))
    for name, table in tables.items():
        write_table(
            pa.Table.from_pandas(table, preserve_index=False), paths.EVALUATION / f"{name}.parquet"
        )
    write_document(metrics, paths.METRICS, RESULTS)
    _show(metrics)
    return {"applications": metrics["rows"]["oot"]}


def _audit_columns() -> list[str]:
    with open_parquet(paths.MATRIX) as matrix:
        there = set(matrix.schema_arrow.names)
    return ["application_id", *(name for name in AUDIT if name in there)]


def _show(metrics: Mapping[str, Any]) -> None:
    table = Table(
        "out-of-time",
        "model",
        "aim",
        "ridge logit",
        title=f"evaluate: {metrics['rows']['oot']:,} applicants",
    )
    for bar in document(Bars, paths.BARS).bars:
        table.add_row(
            bar.name, bar.shown(metrics, bar.figure), bar.aim, bar.shown(metrics, bar.ridge)
        )
    power = metrics["discrimination"]
    table.add_row("AUC", f"{power['auc_oot']:.4f}", "", f"{power['ridge_logit']['auc_oot']:.4f}")
    table.add_row("KS", f"{power['ks_oot']:.4f}", "", f"{power['ridge_logit']['ks_oot']:.4f}")
    Console().print(table)


if __name__ == "__main__":
    run("evaluate", main)
