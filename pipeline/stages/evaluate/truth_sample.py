"""The truth of a simulated world with the rows that its judges are fitted on: read by `evaluate` only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.evaluation.claim_figures import APPLICATION, COLUMNS, ClaimSample
from creditloom.models.evaluation.evaluate import Truth
from creditloom.models.evaluation.reachable_gini import related
from creditloom.models.sample.split import CALIBRATION, TRAIN, SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import iter_tables, read_frame

SAMPLE = 20_000  # applicants on whom the features most related to the truth are found


def judge(model_names: tuple[str, ...], split: SplitParams, keep: int) -> Truth | None:
    """The truth, and all applicants before out-of-time with the model's features and the `keep` most related to it; else None."""
    file = paths.TRUTH / "applicants.parquet"
    if not file.is_file():
        return None
    catalogue, applicants = Catalogue.from_json(paths.CATALOGUE.read_bytes()), read_frame(file)
    early = everyone(split).of(TRAIN, CALIBRATION)
    sample = dataset(early.at_most(SAMPLE), catalogue.names, single=True)
    states = [name for name in applicants.columns if name.startswith("z_")]
    targets = (
        applicants.set_index("application_id")
        .loc[sample.application_id, ["logodds_systematic", *states]]
        .to_numpy(float)
    )
    wanted = {*model_names, *related(sample, targets, keep)}
    names = [name for name in catalogue.names if name in wanted]
    known = dataset(early, names, single=True)
    return Truth(
        applicants,
        read_document(paths.TRUTH / "meta.json", RESULTS),
        known,
        {f.name: f.family for f in catalogue.features},
    )


# What the claims about the world are judged by: truth and raw rows of the first applicants, read part by part until they end.


def claims_view(truth: Truth, n_applicants: int, portfolio: Mapping[str, Any]) -> ClaimSample:
    """The first `n_applicants` of the world in data/raw; their order is no order of anything."""
    people = truth.applicants.set_index("applicant_id")
    people = people[people.index < n_applicants].join(
        _first("applications", APPLICATION, n_applicants).set_index("applicant_id")
    )
    raw = {name: _first(name, columns, n_applicants) for name, columns in COLUMNS.items()}
    return ClaimSample(people, raw, truth.meta, portfolio)


def _first(name: str, columns: tuple[str, ...], n_applicants: int) -> pd.DataFrame:
    blocks = []
    for block in iter_tables(paths.RAW / name, ["applicant_id", *columns]):
        kept = block.filter(pc.less(block["applicant_id"], n_applicants))
        if not len(kept):
            break
        blocks.append(kept)
    return pa.concat_tables(blocks).unify_dictionaries().to_pandas(ignore_metadata=True)
