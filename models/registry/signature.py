"""What a consumer must send and what comes back, in MLflow's words.

Amounts and counts are of type `any`: MLflow refuses int64 where a double is declared, and the same column is int64 in a batch without
nulls and float64 in one with. The runtime checks their values itself. Everything but the id and `as_of` may be null.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from models.decision.decide import Decider
from models.decision.frame import AMOUNTS, COUNTS
from models.decision.loader import PARAMS
from models.inputs import Column, columns

if TYPE_CHECKING:
    from mlflow.models import ModelSignature
    from mlflow.types import Schema

EXAMPLE_DAY = "2025-12-01"  # any day on which a law profile is in force


def input_example(bundle: Path) -> pd.DataFrame:
    """Two invented applications, one of zeros and one of nulls: what a frame looks like, and nobody's data."""
    return pd.DataFrame({column.name: _example(column) for column in columns(bundle)})


def signature(bundle: Path) -> ModelSignature:
    """Inputs as the bundle reads them, outputs as it answers the example, and the parameters of `predict`."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema

    inputs = [ColSpec(_input_type(column), column.name, required=_is_required(column)) for column in columns(bundle)]
    params = [ParamSpec(name, "string", default) for name, default in PARAMS.items()]
    return ModelSignature(Schema(inputs), _outputs(Decider.load(bundle).decide(input_example(bundle))), ParamSchema(params))


def _outputs(answer: pd.DataFrame) -> Schema:
    from mlflow.types import ColSpec, Schema

    return Schema([ColSpec(_output_type(name, answer[name]), name, required=False) for name in answer])


def _is_required(column: Column) -> bool:
    """Texts and flags are optional to MLflow only because it takes a null for a missing value there; the runtime wants the column."""
    return column.kind not in ("text", "flag")


def _input_type(column: Column) -> Any:
    from mlflow.types.schema import AnyType

    if column.name in (*AMOUNTS, *COUNTS):
        return AnyType()
    return {"id": "long", "time": "datetime", "number": "double", "flag": "boolean", "text": "string"}[column.kind]


def _output_type(name: str, values: pd.Series) -> Any:
    from mlflow.types import DataType
    from mlflow.types.schema import Array, Object, Property

    if name == "reasons":
        return Array(Object([Property("concept", DataType.string), Property("points", DataType.double), Property("text", DataType.string)]))
    if name == "refusal_codes":
        return Array(DataType.string)
    return {"i": "long", "f": "double", "M": "datetime"}.get(values.dtype.kind, "string")


def _example(column: Column) -> Any:
    if column.kind == "id":
        return [1, 2]
    if column.kind == "time":
        return pd.to_datetime([EXAMPLE_DAY] * 2)
    return {"number": [0.0, np.nan], "flag": [True, None], "text": pd.array(["", None], dtype="str")}[column.kind]
