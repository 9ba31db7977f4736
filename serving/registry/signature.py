"""State what a consumer of the registered model must send and what comes back, in MLflow's terms.

Every column is required but the optional facts of the policy; all but the id and `as_of` may be
null. Every input is of type `any`: the runtime has the one table of accepted types
(`decision/frames/accepted.py`). MLflow has another idea of them: it refuses int64 where a double is
declared, null where a boolean is and a moment with a zone, and reads a whole number as a moment.
`as_of` comes back as text through Spark and REST: MLflow has no moment inside a struct. The columns
of a refusal stand behind those of a decision, so that earlier readers find theirs in their places.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.decision.frames.answer import REFUSED
from creditloom.decision.frames.arrow import TYPES
from creditloom.decision.frames.columns import ID
from creditloom.decision.loader import PARAMS
from creditloom.decision.rulebook.condition import OPTIONAL
from creditloom.serving.inputs import InputColumn, columns

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec

# Any day on which a law profile is in force.
EXAMPLE_DAY = "2025-12-01"
# table: an invented person who earns, owes little and agrees to all: what an offer needs. Amounts
# are fen; of what is not named here, a number is typical and a flag is set
EXAMPLE_FACTS: Mapping[str, Any] = {
    "verified_income_fen": 1_500_000.0,
    "debt_service_fen": 50_000.0,
    "card_limits_fen": 3_000_000.0,
    "wealth_fen": 8_000_000.0,
    "annual_volume_fen": 20_000_000.0,
    "exposure_fen": 0.0,
    "age_years": 35.0,
    "months_on_book": 24.0,
    "hard_enquiries_90d": 0.0,
    "is_student": False,
    "purpose": "daily",
}


def input_example(bundle: Path) -> pd.DataFrame:
    """Return two invented applications: of a typical approved person, and one of nulls.

    The first has the typical values of those who are approved, as the bundle keeps them, and facts
    that no rule refuses; the second shows which columns may be null.
    """
    reference = json.loads((bundle / "reference.json").read_text(encoding="utf-8"))
    usual: Mapping[str, Any] = {**reference.get("typical", {}), **EXAMPLE_FACTS}
    return pd.DataFrame(
        {column.read_from: _example(column, usual.get(column.name)) for column in columns(bundle)}
    )


def signature(bundle: Path) -> ModelSignature:
    """Return the inputs that the bundle reads, the outputs, and the parameters of `predict`.

    Outputs have the types of `creditloom.decision.frames.arrow`.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ParamSchema, ParamSpec, Schema

    required = {column.name for column in columns(bundle)}
    inputs: list[Any] = [
        spec
        for column in columns(bundle, OPTIONAL)
        for spec in _inputs(column, is_required=column.name in required)
    ]
    forms = {ID: pa.int64(), **TYPES, **REFUSED}
    outputs: list[Any] = [_output(name, kind) for name, kind in forms.items()]
    params = [ParamSpec(name, "string", default) for name, default in PARAMS.items()]
    return ModelSignature(Schema(inputs), Schema(outputs), ParamSchema(params))


def _inputs(column: InputColumn, *, is_required: bool) -> list[ColSpec]:
    """Return the column under each name that it may have; of two, MLflow cannot require one."""
    from mlflow.types import ColSpec
    from mlflow.types.schema import AnyType

    # Ids and moments are taken under the name of the user's own table, and under the house's.
    names = (
        [column.read_from]
        if column.kind not in ("id", "time")
        else [*dict.fromkeys((column.read_from, column.name))]
    )
    is_only = is_required and len(names) == 1
    return [ColSpec(AnyType(), name, required=is_only) for name in names]


def _output(name: str, kind: pa.DataType) -> ColSpec:
    from mlflow.types import ColSpec

    return ColSpec(_mlflow_type(kind), name)


def _mlflow_type(kind: pa.DataType) -> Any:
    from mlflow.types import DataType
    from mlflow.types.schema import Array, Object, Property

    if pa.types.is_list(kind):
        return Array(_mlflow_type(kind.value_type))
    if pa.types.is_struct(kind):
        return Object([Property(field.name, _mlflow_type(field.type)) for field in kind])
    # All other types of the output, moments among them, are text.
    return {pa.float64(): DataType.double, pa.int64(): DataType.long}.get(kind, DataType.string)


def _example(column: InputColumn, usual: Any) -> Any:
    """Return the values of a column in both applications; usual: null where none is known."""
    if column.kind == "id":
        return [1, 2]
    if column.kind == "time":
        return pd.to_datetime([EXAMPLE_DAY] * 2)
    if column.kind == "text":
        return pd.array(["" if usual is None else usual, None], dtype="str")
    if column.kind == "flag":
        return [True if usual is None else usual, None]
    return [0.0 if usual is None else float(usual), np.nan]
