"""What an alternative model changes: columns left out or merged, a penalty, thin files, signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from creditloom.models.sample.arrays import Mask
from creditloom.models.sample.errors import ModelError

ThinPath = Literal["as_is", "filled", "own"]
# Families whose events a thin file lacks: people who spend offline leave few of them (S4-R29).
THIN_FAMILIES = ("payment_flow", "social_graph")
# Ranks of a merged column; as many as the booster has bins.
RANKS = 63

# float32 mostly: values are only ranked and binned.
Features = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class CandidateColumns:
    """The columns that a search may use; one entry per column.

    signs: +1 more is riskier, -1 more is safer, 0 free. concepts, families: of each column; a
    column that was joined and is no feature has its own name as both.
    """

    names: tuple[str, ...]
    signs: tuple[int, ...]
    concepts: tuple[str, ...]
    families: tuple[str, ...]

    def of_concept(self, *concepts: str) -> tuple[str, ...]:
        """Return the columns of these concepts."""
        pairs = zip(self.names, self.concepts, strict=True)
        return tuple(name for name, concept in pairs if concept in concepts)

    def of_family(self, *families: str) -> tuple[str, ...]:
        """Return the columns of these families."""
        pairs = zip(self.names, self.families, strict=True)
        return tuple(name for name, family in pairs if family in families)


@dataclass(frozen=True)
class ModelChange:
    """One alternative: what differs from the model as it is given.

    dropped: columns left out. merged: concepts whose columns become one, their mean rank.
    penalty: of the squared difference of the mean margins of two groups' goods; 0 = none.
    thin: `filled` = nulls of the families that thin files lack hold the median, so that a thin file
    votes nothing; `own` = thin files have a model without these families.
    is_signed: the signs of the catalogue hold.
    """

    dropped: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    penalty: float = 0.0
    thin: ThinPath = "as_is"
    is_signed: bool = True

    @property
    def words(self) -> str:
        """Return the change in words.

        >>> ModelChange(dropped=("a",), thin="filled").words
        'without a; thin files filled'
        """
        parts = []
        if self.dropped:
            parts.append(f"without {_listed(self.dropped)}")
        if self.merged:
            parts.append(f"one column for {_listed(self.merged)}")
        if self.penalty:
            parts.append(f"penalty {self.penalty:g}")
        if self.thin != "as_is":
            parts.append(
                {"filled": "thin files filled", "own": "thin files by a model of their own"}[
                    self.thin
                ]
            )
        if not self.is_signed:
            parts.append("no signs")
        return "; ".join(parts) or "as given"

    def to_json(self) -> dict[str, Any]:
        """Return the change as it stands in a journal."""
        # table: key -> value
        return {
            "dropped": list(self.dropped),
            "merged": list(self.merged),
            "penalty": self.penalty,
            "thin": self.thin,
            "is_signed": self.is_signed,
        }

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> ModelChange:
        """Return the change of a journal. Raise ModelError for an unknown path of thin files."""
        if told["thin"] not in get_args(ThinPath):
            raise ModelError(
                f"journal: expected thin as one of {', '.join(get_args(ThinPath))}, "
                f"got `{told['thin']}`. Search anew in another folder."
            )
        return cls(
            dropped=tuple(told["dropped"]),
            merged=tuple(told["merged"]),
            penalty=float(told["penalty"]),
            thin=told["thin"],
            is_signed=bool(told["is_signed"]),
        )


# Names that a line lists; more would hide the rest of it.
LISTED = 4


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


@dataclass(frozen=True)
class ColumnScale:
    """What of the training rows a design needs: medians and ranks of each column.

    medians: shape (p,). edges: quantiles, shape (RANKS - 1, p). turned: -1 for a column that runs
    against the first one of its concept, else 1.
    """

    medians: Features
    edges: Features
    turned: NDArray[np.float32]

    @classmethod
    def of(cls, features: Features, columns: CandidateColumns) -> ColumnScale:
        """Measure the training rows; a column of nulls alone has median 0."""
        levels = np.linspace(0.0, 1.0, RANKS + 1)[1:-1]
        some = np.where(np.isnan(features).all(axis=0), np.float32(0.0), features)
        quantiles = np.nanquantile(some, [0.5, *levels], axis=0).astype(np.float32)
        scale = cls(quantiles[0], quantiles[1:], np.ones(len(columns.names), np.float32))
        return cls(scale.medians, scale.edges, _turned(features, columns, scale))

    def ranks(self, features: Features, column: int) -> Features:
        """Return the ranks of one column in [0, 1]; null stays null."""
        values = features[:, column]
        place = np.searchsorted(self.edges[:, column], values, side="right") / np.float32(RANKS - 1)
        return np.where(np.isnan(values), np.float32(np.nan), place).astype(np.float32)


def _turned(
    features: Features, columns: CandidateColumns, scale: ColumnScale
) -> NDArray[np.float32]:
    turned = np.ones(len(columns.names), np.float32)
    first: dict[str, Features] = {}
    for k, concept in enumerate(columns.concepts):
        ranks = np.nan_to_num(scale.ranks(features, k) - np.float32(0.5))
        if first.setdefault(concept, ranks) @ ranks < 0:
            turned[k] = -1.0
    return turned


def design(
    change: ModelChange, columns: CandidateColumns, scale: ColumnScale, features: Features
) -> tuple[Features, tuple[int, ...]]:
    """Return the columns that the changed model sees, and their signs.

    Merged columns stand behind the others and have no sign. Raise ModelError where none is left.
    """
    gone = set(change.dropped)
    merged = [
        [
            k
            for k, name in enumerate(columns.names)
            if name not in gone and columns.concepts[k] == one
        ]
        for one in change.merged
    ]
    inside = {k for block in merged for k in block}
    left = [k for k, name in enumerate(columns.names) if name not in gone and k not in inside]
    blocks = [features[:, left]]
    if change.thin == "filled":
        lacking = np.array([columns.families[k] in THIN_FAMILIES for k in left], bool)
        filled = np.where(np.isnan(blocks[0]), scale.medians[left], blocks[0])
        blocks[0] = np.where(lacking, filled, blocks[0])
    blocks += [_merged(block, scale, features) for block in merged if block]
    built = np.concatenate(blocks, axis=1)
    if not built.shape[1]:
        raise ModelError(f"Alternative `{change.words}` has no column left; expected one at least.")
    signs = tuple(columns.signs[k] if change.is_signed else 0 for k in left)
    return built, signs + (0,) * (built.shape[1] - len(left))


def _merged(block: Sequence[int], scale: ColumnScale, features: Features) -> Features:
    """Return the mean rank of several columns, shape (n, 1); null where all of them are."""
    total = np.zeros(len(features), np.float32)
    known = np.zeros(len(features), np.float32)
    for k in block:
        ranks = scale.turned[k] * (scale.ranks(features, k) - np.float32(0.5))
        is_known: Mask = ~np.isnan(ranks)
        total[is_known] += ranks[is_known]
        known += is_known
    with np.errstate(invalid="ignore"):
        return (total / known)[:, None]
