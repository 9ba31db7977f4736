"""Reads a simulated lender, raw tables and truth, in bounded memory for its figures.

Loans are read part by part and the truth block by block; raw events only of the first applicants.
So memory does not grow with the number of applicants.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from creditloom.models.evaluation.world_claims.claim_sample import (
    APPLICATION,
    COLUMNS,
    LOAN_TABLES,
    ClaimSample,
)
from creditloom.models.evaluation.world_claims.loan_path import loan_path
from creditloom.models.evaluation.world_figures import source_figures, truth_tally
from creditloom.models.evaluation.world_figures.loan_tally import LoanTally
from creditloom.models.evaluation.world_figures.truth_tally import TruthTally
from creditloom.storage.files.store import Writer, iter_tables, read_frame

# Applicants whose raw events are read for claims and sources (choice): their payments take some
# 100 MB. Applicants are in no order, so the first ones are a random sample.
EVENT_APPLICANTS = 6_000
# Columns of truth/oracle.parquet: what the incumbent did, what came of everyone, how likely it was.
ORACLE = (
    "application_id",
    "applicant_id",
    "is_approved",
    "is_control",
    "defaulted",
    "default_month",
    "pd_true",
    "pd_oracle",
)
# Columns of loan_performance that the course of a loan needs.
PERFORMANCE = ("application_id", "month_on_book", "event_time", "dpd_days", "is_restructured")


def event_sample(raw: Path, truth: Path, meta: Mapping[str, Any]) -> ClaimSample:
    """Return truth, applications and raw rows of the first EVENT_APPLICANTS."""
    columns = ["applicant_id", *APPLICATION, *source_figures.APPLICATION]
    applications = _first(raw / "applications", columns).set_index("applicant_id")
    people = _first(truth / "applicants.parquet", None).set_index("applicant_id")
    rows = {
        name: _first(raw / name, ["applicant_id", *own], is_sorted=name not in LOAN_TABLES)
        for name, own in COLUMNS.items()
    }
    return ClaimSample(people=people.join(applications), raw=rows, meta=meta)


def raw_columns(raw: Path, names: Iterable[str]) -> dict[str, frozenset[str]]:
    """Return by raw table the names of the columns that it has; all parts have the same."""
    # A table may have no row, so the names come from the schema of its first part.
    first = {name: min((raw / name).glob("*.parquet")) for name in names}
    return {name: frozenset(pq.read_schema(part).names) for name, part in first.items()}


def _first(path: Path, columns: list[str] | None, *, is_sorted: bool = True) -> pd.DataFrame:
    """Return the rows of the first applicants.

    A table that is sorted by applicant is read up to the first block without one of them. In one
    of loans the earlier loans of a part lie below the new ones.
    """
    blocks: list[pa.Table] = []
    for block in iter_tables(path, columns):
        kept = block.filter(pc.less(block["applicant_id"], EVENT_APPLICANTS))
        if is_sorted and not len(kept) and blocks:
            break
        blocks.append(kept)
    return pa.concat_tables(blocks).unify_dictionaries().to_pandas(ignore_metadata=True)


def loan_tally(raw: Path, start: np.datetime64, vintages: int) -> LoanTally:
    """Return the counts of all booked twelve-month loans; `start` is the first month of vintages.

    A part of `loan_performance` holds the loans of the applications in the part of the same name.
    """
    tally = LoanTally(vintages)
    for part in sorted((raw / "loan_performance").glob("*.parquet")):
        applications = read_frame(raw / "applications" / part.name, ["application_id", "as_of"])
        month = applications["as_of"].to_numpy().astype("datetime64[M]")
        vintage = pd.Series((month - start).astype(np.int64), applications["application_id"])
        rows = read_frame(part, PERFORMANCE)
        # Without the earlier loans of repeat customers, which no application here asked for.
        path = loan_path(rows[rows["application_id"].isin(vintage.index)])
        tally.add(path, vintage.loc[path.application_id].to_numpy())
    return tally


def write_oracle(truth: Path) -> TruthTally:
    """Write truth/oracle.parquet, one row per application, and return the counts of the truth."""
    tally = TruthTally()
    blocks = iter_tables(truth / "applicants.parquet", ORACLE)
    first = next(blocks)
    with Writer(truth / "oracle.parquet", first.schema) as writer:
        for block in chain([first], blocks):
            writer.write(block)
            tally.add(block.select(list(truth_tally.COLUMNS)).to_pandas())
    return tally
