"""The loop of the batch job: a block in, the decisions of its good rows out, the bad ones beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from models.batch import faults
from models.batch.faults import Rules
from models.decision.arrow import decisions_table
from models.decision.frame import ID

Decide = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass
class Tally:
    """What a batch comes to, counted as it runs: rows read, rows rejected per rule, rows decided per decision."""

    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    decisions: Counter[str] = field(default_factory=Counter)


def rejected_schema(id_type: pa.DataType) -> pa.Schema:
    """One row per rejected input row; `row` counts from 0 over the whole input."""
    texts = [pa.field(name, pa.string()) for name in ("rule", "column", "reason")]
    return pa.schema([pa.field("row", pa.int64()), pa.field(ID, id_type), *texts])


def run(blocks: Iterable[pa.Table], rules: Rules, decide: Decide, tally: Tally) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Per block: decisions in the order of the input, and the rows set aside; `tally` is brought up to date before it is handed on."""
    for coded in blocks:
        block = faults.plain_text(coded)
        bad = faults.find(block, rules)
        is_good = np.ones(len(block), dtype=bool)
        is_good[bad["row"]] = False
        decisions = decisions_table(decide(block.filter(pa.array(is_good)).to_pandas(ignore_metadata=True)))
        rejected = _rejected(block, bad, tally.rows)
        tally.rows += len(block)
        tally.rejected.update(bad["rule"])
        tally.decisions.update(decisions["decision"].to_pylist())
        yield decisions, rejected


def _rejected(block: pa.Table, bad: pd.DataFrame, before: int) -> pa.Table:
    ids = block[ID].take(pa.array(bad["row"].to_numpy()))
    texts = [pa.array(bad[name].tolist(), pa.string()) for name in ("rule", "column", "reason")]
    return pa.table([pa.array(bad["row"].to_numpy() + before), ids, *texts], schema=rejected_schema(ids.type))
