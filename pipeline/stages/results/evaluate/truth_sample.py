"""Reads the truth of a simulated world, with the rows that the stage `evaluate` needs for it.

There are two sets of rows. On one the reachable Gini is fitted, on the other the claims of the
sources are checked. Only the stage `evaluate` reads the truth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from creditloom.decision.base.catalogue import Catalogue
from creditloom.models.evaluation.evaluate import Truth
from creditloom.models.evaluation.rivals.reachable_gini import related_features
from creditloom.models.evaluation.world_claims.claim_sample import (
    APPLICATION,
    COLUMNS,
    LOAN_TABLES,
    ClaimFeatures,
    ClaimSample,
)
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import CALIBRATION, TRAIN, SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.storage.files.formats import RESULTS, read_document
from creditloom.storage.files.store import iter_tables, read_frame

# Number of applicants on whom the features most related to the truth are found. All their features
# take about 80 MB in float32.
SAMPLE = 20_000
# Number of applicants whose loans are looked at: the size that claims.yaml speaks of.
LOAN_SAMPLE = 100_000


def truth_sample(model_names: tuple[str, ...], split: SplitParams, keep: int) -> Truth | None:
    """Return the truth with all applications before out-of-time; None where there is no truth.

    The applications carry the model's features and the `keep` features most related to the truth.
    """
    file = paths.TRUTH / "applicants.parquet"
    if not file.is_file():
        return None
    catalogue = Catalogue.from_json(paths.CATALOGUE.read_bytes())
    applicants = read_frame(file)
    early = everyone(split).of(TRAIN, CALIBRATION)
    sample = dataset(early.at_most(SAMPLE), catalogue.names, single=True)
    related_names = related_features(sample, _targets(applicants, sample), keep)
    wanted = {*model_names, *related_names}
    names = [name for name in catalogue.names if name in wanted]
    return Truth(
        applicants,
        read_document(paths.TRUTH / "meta.json", RESULTS),
        dataset(early, names, single=True),
        {feature.name: feature.family for feature in catalogue.features},
    )


def has_truth() -> bool:
    """Return whether the world is a simulated one, whose truth lies beside it."""
    return (paths.TRUTH / "applicants.parquet").is_file()


def truth_alone(split: SplitParams) -> Truth:
    """Return truth and meta with every application, without features: for `loans_view`.

    Raises DataError where there is no truth.
    """
    applicants = read_frame(paths.TRUTH / "applicants.parquet")
    meta = read_document(paths.TRUTH / "meta.json", RESULTS)
    return Truth(applicants, meta, everyone(split), {})


def _targets(applicants: pd.DataFrame, sample: Dataset) -> NDArray[np.float64]:
    """Return the true log-odds and the latent states (z_...) of the sample's rows."""
    states = [name for name in applicants.columns if name.startswith("z_")]
    rows = applicants.set_index("application_id").loc[sample.application_id]
    return rows[["logodds_systematic", *states]].to_numpy(float)


# The claims about the world are checked on the truth and the raw rows of the first applicants.


def claims_view(
    truth: Truth, n_applicants: int, portfolio: Mapping[str, Any], decisions: pd.DataFrame
) -> ClaimSample:
    """Return truth and raw rows of the first `n_applicants` of the world in data/raw.

    Applicants are in no order, so the first ones are a random sample. Filters are rare, so what
    they asked for is taken of everyone.
    """
    people, raw = _people_and_raw(truth, n_applicants, tuple(COLUMNS))
    of_application = truth.applicants.set_index("application_id")
    is_fraud = of_application["is_fraud"].reindex(decisions["application_id"])
    features = ClaimFeatures(
        rows=truth.known,
        defaulted=of_application["defaulted"].reindex(pd.Index(truth.known.application_id)),
        family_of=truth.family_of,
    )
    return ClaimSample(
        people=people,
        raw=raw,
        meta=truth.meta,
        portfolio=portfolio,
        decisions=pd.DataFrame(
            {"actions": decisions["actions"].to_numpy(), "is_fraud": is_fraud.to_numpy(bool)}
        ),
        features=features,
    )


def loans_view(truth: Truth) -> ClaimSample:
    """Return truth, applications and loans of the first LOAN_SAMPLE applicants, without events."""
    people, raw = _people_and_raw(truth, LOAN_SAMPLE, LOAN_TABLES)
    return ClaimSample(people=people, raw=raw, meta=truth.meta)


def _people_and_raw(
    truth: Truth, n_applicants: int, tables: tuple[str, ...]
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Return truth with application of the first applicants, and their rows of raw tables."""
    applications = _first("applications", APPLICATION, n_applicants).set_index("applicant_id")
    people = truth.applicants.set_index("applicant_id")
    people = people[people.index < n_applicants].join(applications)
    return people, {name: _first(name, COLUMNS[name], n_applicants) for name in tables}


def _first(name: str, columns: tuple[str, ...], n_applicants: int) -> pd.DataFrame:
    # Tables of events are sorted by applicant, so reading ends at the first block without one of
    # them. Those of loans hold the earlier loans of a part below the new ones.
    is_sorted = name not in LOAN_TABLES
    blocks = []
    for block in iter_tables(paths.RAW / name, ["applicant_id", *columns]):
        kept = block.filter(pc.less(block["applicant_id"], n_applicants))
        if is_sorted and not len(kept):
            break
        blocks.append(kept)
    return pa.concat_tables(blocks).unify_dictionaries().to_pandas(ignore_metadata=True)
