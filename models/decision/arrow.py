"""The decisions table as Arrow, with the same types in every block; the only module of the runtime that needs pyarrow."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

TEXT = pa.string()
REASON = pa.struct([("concept", TEXT), ("points", pa.float64()), ("text", TEXT)])
TYPES: dict[str, pa.DataType] = {
    "decision_id": TEXT, "product": TEXT, "law_profile": TEXT, "as_of": pa.timestamp("us"), "pd": pa.float64(), "score_raw": pa.float64(),
    "score": pa.int64(), "grade": TEXT, "tier": TEXT, "decision": TEXT, "limit_cny": pa.float64(), "limiting_cap": TEXT,
    "tenor": pa.float64(), "tenor_unit": TEXT, "method": TEXT, "daily_rate": pa.float64(), "apr_simple360": pa.float64(),
    "apr_simple365": pa.float64(), "apr_irr12": pa.float64(), "eff_annual": pa.float64(), "penalty_rate": pa.float64(), "overdue": TEXT,
    "charges": TEXT, "reasons": pa.list_(REASON), "refusal_codes": pa.list_(TEXT), "actions": TEXT, "not_assessed": TEXT,
    "model_version": TEXT, "policy_version": TEXT,
}  # fmt: skip


def schema(frame: pd.DataFrame) -> pa.Schema:
    """Types of a decided frame: the id is text or int64, columns of points are float64."""
    is_whole = pd.api.types.is_integer_dtype(frame["application_id"].dtype)
    types = {**TYPES, "application_id": pa.int64() if is_whole else TEXT}
    return pa.schema([(str(name), types.get(str(name), pa.float64())) for name in frame.columns])


def decisions_table(frame: pd.DataFrame) -> pa.Table:
    """What `Decider.decide` returned, as an Arrow table."""
    return pa.Table.from_pandas(frame, schema=schema(frame), preserve_index=False).replace_schema_metadata(None)
