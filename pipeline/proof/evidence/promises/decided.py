"""Decided rows of the matrix, and the raw rows that they were made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from creditloom.decision.decide import BatchOutcomes, Decider
from creditloom.decision.frames.input_block import InputBlock
from creditloom.decision.rules.verdict import APPROVE
from creditloom.features.engine.raw_reader import RawFiles
from creditloom.storage.folders.raw_folder import raw_tables


@dataclass(frozen=True)
class DecidedFolder:
    """A bundle with the matrix and the raw tables that it decides on."""

    bundle: Path
    matrix: Path
    raw: Path

    @cached_property
    def decider(self) -> Decider:
        """The bundle."""
        return Decider.load(self.bundle)

    @cached_property
    def sources(self) -> RawFiles:
        """Files by raw table."""
        return {name: [str(file) for file in files] for name, files in raw_tables(self.raw).items()}

    @cached_property
    def ids(self) -> np.ndarray:
        """All application ids of the matrix."""
        return np.asarray(pq.read_table(self.matrix, columns=["application_id"])[0].to_numpy())

    @cached_property
    def columns(self) -> list[str]:
        """What a decision reads of the matrix."""
        return self.decider.columns(self.names)

    @cached_property
    def names(self) -> frozenset[str]:
        """All columns of the matrix."""
        return frozenset(pq.read_schema(self.matrix).names)

    def rows(self, ids: Sequence[int] | np.ndarray, more: Sequence[str] = ()) -> pa.Table:
        """Return rows of the matrix with what a decision reads, and more columns, by id."""
        names = list(dict.fromkeys((*self.columns, *more)))
        wanted = ds.field("application_id").isin(np.asarray(ids).tolist())
        table = ds.dataset(self.matrix, format="parquet").to_table(columns=names, filter=wanted)
        return table.sort_by("application_id").combine_chunks()

    def block(self, rows: pa.Table) -> InputBlock:
        """Return rows as the decision reads them."""
        return self.decider.bundle.reader.block(rows)


@dataclass(frozen=True)
class OfferedTerms:
    """What a batch was offered; arrays run over applications."""

    pd: np.ndarray
    outcome: np.ndarray
    limit: np.ndarray
    rate: np.ndarray

    @classmethod
    def of(cls, outcomes: BatchOutcomes) -> OfferedTerms:
        """Return the offers of outcomes under a product; no limit and no rate where none is."""
        verdicts = outcomes.verdicts
        is_approved = verdicts.outcome == APPROVE
        n = len(verdicts.outcome)
        limit = np.zeros(n) if verdicts.limits is None else verdicts.limits.cny
        rate = np.full(n, np.inf)
        if outcomes.batch is not None:
            rate = outcomes.batch.offers.daily_rate[outcomes.batch.tier]
        return cls(
            pd=np.asarray(outcomes.scored["pd"]),
            outcome=verdicts.outcome,
            limit=np.where(is_approved, limit, 0.0),
            rate=np.where(is_approved, rate, np.inf),
        )

    def is_better(self, than: OfferedTerms) -> np.ndarray:
        """Return where an offer is better in any way: milder decision, higher limit, lower rate.

        A milder decision that is no approval counts too.
        """
        both = (self.outcome == APPROVE) & (than.outcome == APPROVE)
        terms = (self.limit > than.limit) | (self.rate < than.rate)
        return np.asarray((self.outcome < than.outcome) | (both & terms))
