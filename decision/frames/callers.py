"""What MLflow and Spark do to a call on its way, made up for where the runtime is called by them.

MLflow drops parameters and columns that the signature does not name, and hides a refusal's words.
Spark shifts moments by the zone of its session. The runtime needs neither of them installed.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from functools import lru_cache
from types import FrameType
from typing import Any, NamedTuple

import pandas as pd

from ..base.errors import DecisionError

# Zones in which a clock shows UTC.
UTC_ZONES = frozenset(("UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z", "+00:00", "Zulu", "Etc/Zulu"))
ZONE_SETTING = "spark.sql.session.timeZone"
# Calls between `predict` of this runtime and `predict` of MLflow's model, with some to spare.
MAX_CALLS = 8
# The logger of MLflow that compares a frame with the signature. It names each of some thousand
# columns that the model does not read, at each call: 80 kB of text for one application.
LOGGER = "mlflow.models.utils"
# Characters of a warning that are kept: enough to see what it is about, and the first names.
LONGEST = 400


class MlflowCall(NamedTuple):
    """What the caller gave to MLflow: its parameters, and the names of the columns that it sent."""

    params: Mapping[str, Any]
    columns: tuple[str, ...]


def mlflow_call() -> MlflowCall:
    """Return what the caller gave to MLflow; nothing where MLflow did not call.

    MLflow drops what its signature does not name before the runtime sees it, with a warning that no
    client reads. There is no hook for it, so the caller's own arguments are looked up on the stack.
    """
    frame: FrameType | None = sys._getframe(1)
    for _ in range(MAX_CALLS):
        if frame is None:
            break
        is_mlflow = frame.f_globals.get("__name__") == "mlflow.pyfunc"
        if is_mlflow and frame.f_code.co_name == "predict":
            given = frame.f_locals
            params = given.get("params")
            data = given.get("data")
            return MlflowCall(
                params if isinstance(params, Mapping) else {},
                tuple(map(str, data.columns)) if isinstance(data, pd.DataFrame) else (),
            )
        frame = frame.f_back
    return MlflowCall({}, ())


def require_no_session_zone(frame: pd.DataFrame, moments: frozenset[str]) -> None:
    """Raise `DecisionError` for moments that Spark may have shifted by the zone of its session.

    `moments` are the columns that are read as such.

    Spark hands a TIMESTAMP to Python as the session's own clock shows it, without a zone; a
    TIMESTAMP_NTZ looks the same and is not shifted. So in a session that is not in UTC nobody can
    tell which moment is meant.
    """
    if "pyspark" not in sys.modules:
        return
    naive = [name for name in sorted(moments) if name in frame and _is_naive(frame[name].dtype)]
    if not naive:
        return
    zone = _session_zone()
    if zone is not None and zone not in UTC_ZONES:
        raise DecisionError(
            "moments without a zone came through a Spark session that is not set to UTC",
            where=f"column {naive[0]}",
            expected=f"{ZONE_SETTING} UTC, or moments as text with their offset",
            got=f"{ZONE_SETTING} {zone or 'not set'}: timestamps may have been shifted by it",
            next_step=f"set {ZONE_SETTING} to UTC, or send date_format({naive[0]}, "
            "\"yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX\")",
        )


def _is_naive(kind: Any) -> bool:
    return getattr(kind, "kind", "") == "M" and not isinstance(kind, pd.DatetimeTZDtype)


def _session_zone() -> str | None:
    """Return the zone of the session inside a Spark worker, "" if it is not set; None elsewhere."""
    context = sys.modules["pyspark"].TaskContext.get()
    if context is None:
        return None
    return context.getLocalProperty(ZONE_SETTING) or ""


def worded(refused: DecisionError) -> DecisionError:
    """Return the refusal as MLflow's server hands it on to a client: by its words, status 400.

    Where MLflow is not loaded it is the refusal itself.
    """
    exceptions = sys.modules.get("mlflow.exceptions")
    if exceptions is None:
        return refused
    return _for_mlflow(exceptions.MlflowException)(str(refused))


class _Worded(DecisionError):
    """A refusal whose words are made already."""

    def __init__(self, message: str) -> None:
        ValueError.__init__(self, message)


@lru_cache(maxsize=2)
def _for_mlflow(base: Any) -> Any:
    """Return a refusal that is MLflow's exception too: of any other the server hides the words."""

    def __init__(self: Any, message: str) -> None:
        base.__init__(self, message, error_code=BAD_REQUEST)

    methods = {"__init__": __init__, "__module__": __name__}
    return type("RefusedCall", (base, _Worded), methods)


BAD_REQUEST = 4  # MLflow's number of a bad request, HTTP status 400


class ShortWarnings(logging.Filter):
    """Lets every record through, a long one cut; it says how much was left out."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut the message of a record that is too long."""
        text = record.getMessage()
        if len(text) > LONGEST:
            left_out = len(text) - LONGEST
            record.msg = f"{text[:LONGEST]}... ({left_out:,} more characters)"
            record.args = ()
        return True


def shorten_warnings() -> None:
    """Cut the warnings of this process from now on; once, however many models are loaded."""
    logger = logging.getLogger(LOGGER)
    # By name: two versions of this code are two classes of the same name.
    if not any(type(known).__name__ == ShortWarnings.__name__ for known in logger.filters):
        logger.addFilter(ShortWarnings())
