"""The bars on public data.

The sets are not part of the repository; where they are absent, these tests skip.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from creditloom.models.fit.fit_params import FitParams
from creditloom.models.fit.judgement.validation import cross_validate, summary
from creditloom.models.fit.training_table import TrainingTable
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.model.fit import source_of
from creditloom.pipeline.commands.model.fit_options import PARAMS
from creditloom.pipeline.commands.model.fit_subject import subject
from creditloom.pipeline.commands.tables.mapping_file import read_mapping
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.finished import read_finished
from creditloom.storage.mapped.convert import convert
from creditloom.storage.sources import now
from tests.checkout import ROOT

REAL = Path(os.environ.get("CREDITLOOM_REAL", Path(__file__).parents[3] / "shared" / "real"))
# Minutes by the full combination: five folds, each chosen by five inner ones.
pytestmark = pytest.mark.slow
needs_real = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"no public sets in {REAL} (set CREDITLOOM_REAL)"
)


def cv_auc(table: TrainingTable, repeats: int) -> float:
    params = replace(section("fit", FitParams, PARAMS), repeats=repeats)
    return float(summary(cross_validate(table, params, lambda: None).model)["auc"]["mean"])


@needs_real
@pytest.mark.parametrize(
    ("name", "row_id", "bar"),
    [
        ("taiwan", "ID", 0.783),
        ("german", None, 0.780),
    ],
)
def test_cross_validated_auc_of_a_finished_table(name: str, row_id: str | None, bar: float) -> None:
    found = read_finished(
        SourceParams("matrix", str(REAL / name / "data.parquet"), label="target", id=row_id), now()
    )
    assert (
        cv_auc(
            TrainingTable(found.features, found.label, (0,) * found.features.shape[1]), repeats=1
        )
        >= bar
    )


@needs_real
def test_cross_validated_auc_of_raw_tables(tmp_path: Path) -> None:
    mapping = read_mapping(ROOT / "examples" / "berka" / "mapping.yaml")
    convert(mapping, REAL / "berka", tmp_path / "raw", max_bad_share=0.0)
    read = subject(
        source_of(tmp_path / "raw", label="is_bad", protected=("age_years",)), tmp_path / "out"
    )
    assert (len(read.table.label), int(read.table.label.sum())) == (354, 30)
    assert len(read.table.bad) == 0
    assert (
        cv_auc(TrainingTable(read.table.features, read.table.label, read.signs), repeats=2) >= 0.90
    )
