"""Which columns of the matrix the fairness audit reads; no decision reads them."""

from __future__ import annotations

from creditloom.models.evaluation.groups.fairness_rules import FairnessRules
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.storage.files.store import open_parquet

# They define the groups; `sex` is there where a lender supplies it.
AUDIT = ("sex", "age_years", "region_tier", "occupation", "is_student", "is_repeat")


def audit_columns() -> list[str]:
    """Return the id and the audit columns that the matrix has."""
    rules = document(FairnessRules, paths.FAIRNESS)
    with open_parquet(paths.MATRIX) as matrix:
        names = set(matrix.schema_arrow.names)
    wanted = dict.fromkeys((*AUDIT, *rules.columns))
    return ["application_id", *(name for name in wanted if name in names)]
