"""What would have changed the decision of some declined applicants of the page."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pyarrow as pa

from creditloom.features.feature_params import FeatureError
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document
from creditloom.serving.applicant.recourse.actionable import Actionable
from creditloom.serving.applicant.recourse.recourse import recourse_of
from creditloom.storage.files.errors import DataError
from creditloom.storage.folders.raw_folder import raw_tables

DECLINE = "decline"
# A PD that is made again differs by the order of addition at most.
PD_TOLERANCE = 1e-9
Recourses = dict[Any, dict[str, Any]]


def recourses(frame: pd.DataFrame, decided: pd.DataFrame, most: int) -> tuple[Recourses, str]:
    """Return by application id what would have changed a decline, and why none is there.

    frame: rows of the matrix; decided: their decisions, in the same order. Of at most `most`
    declines, in their order. An answer on another decision than that of the row is left out. Where
    the raw tables are not those of the rows there is no answer, and the second text says why.
    """
    is_asked = (decided["decision"] == DECLINE).to_numpy()
    asked = frame[is_asked].head(most)
    if asked.empty or not paths.RAW.is_dir():
        return {}, ""
    rows = pa.Table.from_pandas(asked, preserve_index=False)
    sources = {name: [str(one) for one in files] for name, files in raw_tables(paths.RAW).items()}
    pds = dict(zip(decided["application_id"], decided["pd"], strict=True))
    found: Recourses = {}
    try:
        for answer in recourse_of(
            paths.MODEL, document(Actionable, paths.ACTIONABLE), sources, rows
        ):
            before = answer.before
            own = pds[answer.application_id]
            is_same = before.pd is not None and abs(before.pd - own) <= PD_TOLERANCE
            if before.decision == DECLINE and is_same:
                # As JSON holds it, as `creditloom recourse --json` writes it.
                found[answer.application_id] = json.loads(json.dumps(answer.record()))
    except (DataError, FeatureError) as error:
        return {}, str(error).splitlines()[0]
    return found, ""
