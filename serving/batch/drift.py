"""Check R12 on a batch: whether scores and columns still look like those of training applicants.

A sample is looked at before anything is decided, so that a wrong batch costs seconds. All decided
rows are looked at before the batch is sealed, as a sample can miss the places that drifted.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from creditloom.decision.base.strict_json import parse
from creditloom.decision.rulebook.policy import BeyondPolicy
from creditloom.decision.score.drift import Drift, PopulationCounts, total_counts
from creditloom.decision.score.scorer import Reference
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.batch.part import BlockResult
from creditloom.serving.batch.schema import BatchError
from creditloom.storage.files.store import iter_tables

# Further levels that an error tells beside the worst one.
MAX_TOLD = 5


class DriftError(BatchError):
    """The batch comes from another population than the model.

    Nothing is decided until a person has looked.
    """

    exit_code = 5


def drift_of(scores: Iterable[np.ndarray], columns: PopulationCounts, bundle: Path) -> Drift:
    """Return the drift of blocks of scores, and of what was counted per column (R12).

    Nothing where there are too few rows, or the bundle has neither reference nor rule.
    """
    reference = Reference.from_json((bundle / "reference.json").read_bytes())
    # Without a reference no score is read: reading them costs as much as the files are large.
    compared = scores if reference.score_shares else ()
    counts = total_counts(
        (columns, *(PopulationCounts.of_scores(block, reference) for block in compared))
    )
    return Drift.of(counts, reference, beyond_policy(bundle))


def beyond_policy(bundle: Path) -> BeyondPolicy | None:
    """Return what the rule book of a bundle's folder says of what lies beyond training."""
    content = json.loads((bundle / "policy.json").read_bytes()).get("beyond_training")
    if content is None:
        return None
    return parse(BeyondPolicy, content, "policy.json beyond_training")


def sample_scores(sample: Iterable[BlockResult]) -> Iterator[np.ndarray]:
    """Yield the scores of sampled blocks; NaN where a row has none."""
    for outcome in sample:
        yield outcome.decisions["score_raw"].to_numpy()


def decided_scores(folder: BatchFolder, parts: int) -> Iterator[np.ndarray]:
    """Yield the scores of all decisions in the first `parts` parts; NaN where a row has none."""
    for part in range(parts):
        for block in iter_tables(folder.file("decisions", part), ["score_raw"]):
            # A null becomes NaN.
            yield block.column("score_raw").to_numpy()


def require_no_drift(drift: Drift, found_in: str) -> None:
    """Raise DriftError above a stop level; `found_in` says which rows were looked at."""
    breaches = list(drift.breaches())
    if not breaches:
        return
    first = breaches[0]
    others = [f"{one.where} {one.got}" for one in breaches[1 : 1 + MAX_TOLD]]
    more = f"; also {', '.join(others)}" if others else ""
    if len(breaches) > 1 + MAX_TOLD:
        more += f" and {len(breaches) - 1 - MAX_TOLD} more"
    raise DriftError.of(
        "R12: the batch comes from another population than the model was trained on",
        where=first.where,
        expected=first.expected,
        got=f"{first.got} in {found_in}{more}",
        next_step="look into it; --accept-drift REASON (with --replace where parts are decided "
        "already) decides all the same, and keeps the reason in batch.json",
    )
