"""What the claims about the world are judged by: truth and raw rows of the first applicants, read part by part until they end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from data.store import iter_tables
from models.evaluation.claims_view import APPLICATION, COLUMNS, World
from models.evaluation.evaluate import Truth
from pipeline import paths


def claims_view(truth: Truth, n_applicants: int, portfolio: Mapping[str, Any]) -> World:
    """The first `n_applicants` of the world in data/raw; their order is no order of anything."""
    people = truth.applicants.set_index("applicant_id")
    people = people[people.index < n_applicants].join(_first("applications", APPLICATION, n_applicants).set_index("applicant_id"))
    raw = {name: _first(name, columns, n_applicants) for name, columns in COLUMNS.items()}
    return World(people, raw, truth.meta, portfolio)


def _first(name: str, columns: tuple[str, ...], n_applicants: int) -> pd.DataFrame:
    blocks = []
    for block in iter_tables(paths.RAW / name, ["applicant_id", *columns]):
        kept = block.filter(pc.less(block["applicant_id"], n_applicants))
        if not len(kept):
            break
        blocks.append(kept)
    return pa.concat_tables(blocks).unify_dictionaries().to_pandas(ignore_metadata=True)
