"""How steady the first reason of a decline is when the same procedure learns from other loans.

Each refit learns from loans drawn with replacement, with the features, complexities and weights
that were chosen. The losses of the declined by each refit are kept in a file of their own, so what
was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from creditloom.decision.reasons.significance import significant
from creditloom.models.sample.arrays import Floats
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_json, read_table, write_json, write_table

LOCK = "lock.json"
# The place of a decline without a reason.
NO_REASON = -1
# By a refit, the contributions of the features to the log-odds of the declined and the approved.
Contributions = Callable[[np.random.Generator], tuple[Floats, Floats]]


@dataclass(frozen=True)
class SteadyReasons:
    """How steady the first reasons are; shares of the declines asked.

    same_first: mean over pairs of refits, of declines with the same first reason by both.
    same_as_model: mean over refits, of declines whose first reason is that of the model itself.
    same_four: mean over pairs of refits, share of one's cited concepts that the other cites too.
    first_share: of the commonest first reason of the model, `first_concept`.
    by_concept: share as the first reason, by the model and in the mean of the refits.
    """

    declines: int
    refits: int
    same_first: float | None
    same_as_model: float | None
    same_four: float | None
    first_concept: str | None
    first_share: float | None
    by_concept: Mapping[str, tuple[float, float]]

    def record(self) -> dict[str, Any]:
        """Return the figures for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class KeptRefits:
    """A folder of losses by refit. `lock`: what they hang on, compared before anything is added."""

    place: Path
    lock: Mapping[str, Any]

    def open(self) -> None:
        """Make the folder with its lock. Raise DataError where other refits, or others' files, lie
        there.
        """
        file = self.place / LOCK
        if file.is_file():
            there = read_json(file)
            differing = sorted(name for name in self.lock if there.get(name) != self.lock[name])
        else:
            there = sorted(one.name for one in self.place.iterdir()) if self.place.is_dir() else []
            differing = there
        if differing:
            raise DataError.of(
                "Refits of something else lie there",
                where=self.place,
                expected="nothing, or refits of the same bundle, declines, seed and code",
                got=f"another {', '.join(differing[:3])}",
                next_step="give another --out",
            )
        write_json(dict(self.lock), file)

    def losses(
        self, concepts: Sequence[str], members: Floats, refits: int, seed: int, again: Contributions
    ) -> Iterator[Floats]:
        """Yield the losses of the declined by each refit, (declines, concepts), log-odds.

        members: (features, concepts), 1 where the feature is of the concept. A refit that is kept
        is read, any other is made and kept.
        """
        for k in range(refits):
            file = self.place / f"refit-{k:02d}.parquet"
            if not file.is_file():
                # One child per refit: what was stopped goes on with the same draws.
                rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(k,)))
                declined, approved = again(rng)
                lost = (declined @ members) - (approved @ members).mean(axis=0)
                write_table(pa.table(dict(zip(concepts, lost.T, strict=True))), file)
            table = read_table(file, list(concepts))
            yield np.stack([table[name].to_numpy() for name in concepts], axis=1)


def cited_by(losses: Floats, errors: Floats, most: int) -> NDArray[np.int64]:
    """Return the cited concepts of each decline, most lost first, (n, most); NO_REASON = none.

    losses: log-odds. errors: what a loss must exceed, by concept.
    """
    order, is_cited = significant(-losses, errors, most)
    return np.where(is_cited, order, NO_REASON)


def steady_reasons(
    concepts: Sequence[str], own: NDArray[np.int64], refits: Sequence[NDArray[np.int64]]
) -> SteadyReasons:
    """Return how steady the reasons are. own: first concept by the model; refits: of `cited_by`."""
    firsts = [cited[:, 0] for cited in refits]
    pairs = [*combinations(range(len(refits)), 2)]
    commonest = np.bincount(own[own >= 0], minlength=len(concepts))
    top = int(commonest.argmax())
    # table: the figures
    return SteadyReasons(
        declines=len(own),
        refits=len(refits),
        same_first=_mean([float((firsts[a] == firsts[b]).mean()) for a, b in pairs]),
        same_as_model=_mean([float((one == own).mean()) for one in firsts]),
        same_four=_mean([_overlap(refits[a], refits[b]) for a, b in pairs]),
        first_concept=concepts[top] if len(own) else None,
        first_share=float(commonest[top] / len(own)) if len(own) else None,
        by_concept={
            name: (
                float((own == k).mean()),
                _mean([float((one == k).mean()) for one in firsts]) or 0.0,
            )
            for k, name in enumerate(concepts)
        },
    )


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _overlap(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Return the share of the concepts cited by one that the other cites too; 1 where none is."""
    is_cited = one >= 0
    if not is_cited.any():
        return 1.0
    is_shared = (one[:, :, None] == other[:, None, :]).any(axis=2)
    return float(is_shared[is_cited].mean())
