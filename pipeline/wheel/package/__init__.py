"""Credit decisions from raw events: point-in-time features and the decision runtime, in one package.

    decisions = creditloom.from_events("events/", "bundle/")

`creditloom.features` is the feature code, `creditloom.decision` the runtime that a registered model carries.
"""

from __future__ import annotations

import datetime as dt
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def from_events(
    events: str | os.PathLike[str],
    bundle: str | os.PathLike[str],
    *,
    as_of: dt.datetime | None = None,
    explain: str = "adverse",
    language: str = "en",
) -> pd.DataFrame:
    """One decision per application, by application_id.

    `events` is a folder of raw tables, `<table>.parquet` or `<table>/*.parquet`; tables that are absent leave their features null.
    `as_of` (naive UTC) decides every application as of that moment instead of its own. Raises ValueErrors that say what to do next.
    """
    import pandas as pd
    from creditloom.events import decide

    return pd.concat(list(decide(events, bundle, as_of=as_of, explain=explain, language=language)), ignore_index=True)
