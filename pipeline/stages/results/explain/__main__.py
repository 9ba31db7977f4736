"""Stage `explain`: explains out-of-time applications with the shap library.

It draws pictures, and explains a few decisions point by point.
"""

from __future__ import annotations

import sys
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.decision.decide import Decider
from creditloom.decision.rulebook.condition import OPTIONAL
from creditloom.models.sample.split import OOT, SplitParams, roles
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.stage import run
from creditloom.pipeline.stages.results.explain.applicant_letters import letters
from creditloom.pipeline.stages.results.explain.applicant_recourse import recourses
from creditloom.report.explanation.applicants import TextPool, applicant_records, spread_choice
from creditloom.report.explanation.explain import (
    ExplainParams,
    SamplePoints,
    concepts,
    explain,
    families,
    sample,
)
from creditloom.report.explanation.feature_effects import feature_effects, swarm
from creditloom.report.explanation.pictures import pictures
from creditloom.report.parts.data import Example, Picture, Text
from creditloom.report.parts.examples import choose, examples, to_json
from creditloom.storage.files.formats import RESULTS, write_document
from creditloom.storage.files.store import iter_tables, open_parquet, read_frame, write_json

# Rows of the matrix in memory at a time while the sample is picked.
BLOCK = 10_000


def main() -> dict[str, int]:
    """Write explanation.json and one PNG per picture and language into data/reports/explain.

    Returns the numbers of applications and examples.
    """
    params = section("explain", ExplainParams)
    decider = Decider.load(paths.MODEL)
    frame = _out_of_time(decider, section("split", SplitParams), params)
    model_text = paths.MODEL_TXT.read_text(encoding="utf-8")
    explained = explain(model_text, decider.bundle.scorer, decider.read(frame).x)
    # Examples are chosen by outcome and score, so reasons are not needed yet.
    decided = decider.decide(frame, explain="none")
    chosen = choose(decided, params.examples)
    shown = _examples(decider, frame.iloc[chosen])
    captions = [
        (row, Text(f"Application {example.application_id}: {example.decision}"))
        for row, example in zip(chosen, shown, strict=True)
    ]
    _write(explained, pictures(explained, params, captions), shown)
    _write_effects(explained, decider, model_text, params)
    _write_applicants(decider, frame.iloc[spread_choice(decided, params.applicants)], params)
    return {"applications": len(frame), "examples": len(shown)}


def _write_effects(
    explained: SamplePoints, decider: Decider, model_text: str, params: ExplainParams
) -> None:
    """Write effects.json: how the score depends on each feature."""
    booster = lgb.Booster(model_str=model_text)
    gain = np.asarray(booster.feature_importance("gain"), np.float64)
    reference = decider.bundle.reference.feature_points
    content = {
        "features": feature_effects(explained, gain, reference),
        "swarm": swarm(explained, params.features_shown),
    }
    write_json(content, paths.EXPLAIN / "effects.json")


def _write_applicants(decider: Decider, frame: pd.DataFrame, params: ExplainParams) -> None:
    """Write applicants.json; none is left where nobody is to be shown."""
    file = paths.EXPLAIN / "applicants.json"
    if frame.empty:
        file.unlink(missing_ok=True)
        return
    write_json(_applicants(decider, frame, params), file)


def _applicants(decider: Decider, frame: pd.DataFrame, params: ExplainParams) -> dict[str, Any]:
    """Return applicants.json: records, the texts that they name, typical score and cut."""
    pool = TextPool()
    records = applicant_records(decider, frame, pool)
    known, why = recourses(frame, decider.decide(frame, explain="none"), params.recourses)
    if why:
        sys.stderr.write(f"creditloom: letters of the page without recourse: {why}\n")
    written = letters(decider, frame, pool, known)
    scorer = decider.bundle.scorer
    typical = scorer.base_points + float(decider.bundle.reference.concepts(scorer.catalogue).sum())
    for record, one in zip(records, written, strict=True):
        record["letter"] = one
    return {"typical": typical, "texts": pool.texts, "rows": records}


def _out_of_time(decider: Decider, split: SplitParams, params: ExplainParams) -> pd.DataFrame:
    """Return a sample of the out-of-time rows of the matrix, read block by block."""
    as_of = read_frame(paths.MATRIX, ["as_of"])["as_of"]
    late = np.flatnonzero(roles(as_of.to_numpy(), split) == OOT)
    wanted = late[sample(len(late), params.rows, params.seed)]
    with open_parquet(paths.MATRIX) as matrix:
        # Facts that are optional move no points: the pictures and examples go without them.
        columns = decider.columns(set(matrix.schema_arrow.names) - set(OPTIONAL))
    blocks = []
    start = 0
    for table in iter_tables(paths.MATRIX, columns, BLOCK):
        inside = wanted[(wanted >= start) & (wanted < start + table.num_rows)]
        blocks.append(table.take(pa.array(inside - start)))
        start += table.num_rows
    return pa.concat_tables(blocks).to_pandas(ignore_metadata=True)


def _examples(decider: Decider, frame: pd.DataFrame) -> tuple[Example, ...]:
    english = decider.decide(frame, language="en")
    chinese = decider.decide(frame, language="zh")
    base, points = decider.points(frame)
    return examples(english, chinese, points, base, decider.bundle.scorer.catalogue.concepts)


def _write(explained: SamplePoints, drawn: tuple[Picture, ...], shown: tuple[Example, ...]) -> None:
    # On a machine without a Chinese font there are only the English pictures.
    paths.EXPLAIN.mkdir(parents=True, exist_ok=True)
    for picture in drawn:
        for language, png in (("en", picture.png), ("zh", picture.png_zh)):
            if png is not None:
                (paths.EXPLAIN / f"{picture.name}_{language}.png").write_bytes(png)
    captions = [
        {"name": p.name, "caption_en": p.caption.en, "caption_zh": p.caption.zh} for p in drawn
    ]
    # JSON has no NaN, so a share that is NaN becomes null.
    per_family = families(explained).replace({np.nan: None})
    content = {
        "rows": len(explained.points),
        "largest_difference_points": explained.largest_difference,
        "concepts": concepts(explained).to_dict("records"),
        "families": per_family.to_dict("records"),
        "pictures": captions,
        "examples": [to_json(example) for example in shown],
    }
    write_document(content, paths.EXPLAIN / "explanation.json", RESULTS)


if __name__ == "__main__":
    run("explain", main)
