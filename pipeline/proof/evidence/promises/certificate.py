"""Signs from feature to offer, and raw changes from raw table to offer.

A sign that a model keeps is worth something only if it reaches the offer. And a change of raw rows
moves features without a sign too: how often does the PD fall all the same, and which did it?
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from creditloom.decision.base.catalogue import Feature
from creditloom.decision.frames.columns import CONSENTED, CONSENTED_CONCEPTS
from creditloom.decision.frames.input_block import InputBlock
from creditloom.features.contract.raw_changes import RawChange, changed_rows
from creditloom.features.contract.tables import APPLICATIONS, TABLES
from creditloom.features.engine.copies import CopiesEngine
from creditloom.features.engine.raw_reader import require
from creditloom.features.engine.row_groups import RowGroups
from creditloom.features.policy_inputs.policy_inputs import FACTS

from .decided import DecidedFolder, OfferedTerms

# A PD counts as fallen where it fell by more than this share of itself.
FALLEN = 0.01
# A smaller step of a PD comes from another order of addition.
PD_TOLERANCE = 1e-12
# People of whom the features are listed; the counts are of all.
LISTED = 20


@dataclass(frozen=True)
class SignedFeature:
    """How often a signed feature broke its sign, of so many people, up to the offer.

    worse: a riskier value gave a lower PD or a better offer. null: null did, against the safest;
    not counted where null lies beyond the safest value (`is_null_beyond`).
    """

    feature: str
    people: int
    worse: int
    null: int


def signed_features(folder: DecidedFolder, people: int, seed: int) -> list[SignedFeature]:
    """Return each signed feature of the bundle with its breaks.

    Each person gets two values of other people, the safest value and null, all else equal. What
    policy repeats of a feature moves with it.
    """
    # Seeded, so that the same people are asked each time.
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(folder.ids, min(people, len(folder.ids)), replace=False))
    block = folder.block(folder.rows(ids))
    features = folder.decider.bundle.scorer.catalogue.features
    signed = [one for one in features if one.direction]
    return [_signed(folder, block, feature, rng) for feature in signed]


def _signed(
    folder: DecidedFolder, block: InputBlock, feature: Feature, rng: np.random.Generator
) -> SignedFeature:
    values = block.number(feature.read_column)
    known = values[~np.isnan(values)]
    n = len(values)
    if not len(known):
        return SignedFeature(feature.name, n, 0, 0)
    pair = rng.choice(known, (2, n))
    # Sorted, because the first is to be the safer one.
    pair = np.sort(pair * feature.direction, axis=0) * feature.direction
    safest = np.min(known * feature.direction) * feature.direction
    safer, riskier, best, null = (
        OfferedTerms.of(folder.decider.outcomes(_with(block, feature.read_column, one)))
        for one in (pair[0], pair[1], np.full(n, safest), np.full(n, np.nan))
    )
    # Without the consent that a feature needs any value refuses (R6), and null is the only one.
    asks = _may_be_known(block, feature)
    worse = asks & ((riskier.pd < safer.pd - PD_TOLERANCE) | riskier.is_better(safer))
    by_null = asks & ((null.pd < best.pd - PD_TOLERANCE) | null.is_better(best))
    if is_null_beyond(feature):
        by_null = np.zeros(n, dtype=bool)
    return SignedFeature(feature.name, int(asks.sum()), int(worse.sum()), int(by_null.sum()))


def is_null_beyond(feature: Feature) -> bool:
    """Return whether null lies beyond the safest value, so that it may be safer than all of them.

    The longer ago the latest bad event is, the safer; null says that there was none in the window.
    """
    return feature.aggregate == "recency" and feature.direction < 0


def _may_be_known(block: InputBlock, feature: Feature) -> np.ndarray:
    """Return who gave the consent that a feature needs."""
    consent = CONSENTED.get(feature.family) or CONSENTED_CONCEPTS.get(feature.concept)
    return np.ones(len(block), bool) if consent is None else block.number(consent) == 1


def _with(block: InputBlock, name: str, values: np.ndarray) -> InputBlock:
    """Return a block with other values of a feature, and of what policy repeats of it."""
    matrix = block.matrix.copy()
    matrix[block.layout.place[name]] = values
    for fact in FACTS:
        if fact.of == name and fact.name in block.layout.place:
            matrix[block.layout.place[fact.name]] = values * fact.per_unit
    return replace(block, matrix=matrix, features=None)


@dataclass(frozen=True)
class ChangedPerson:
    """A person to whom a change did the opposite, and the feature that did it."""

    application_id: int
    pd_before: float
    pd_after: float
    is_better_offer: bool
    feature: str


@dataclass(frozen=True)
class ChangeCertificate:
    """What a raw change did to so many people.

    fallen: PDs that moved against the promise by more than 1 % of themselves. better: offers that
    did. `features` counts, for each of them, the feature that did it; `listed` are the first.
    """

    change: str
    people: int
    fallen: int
    better: int
    features: Mapping[str, int]
    listed: tuple[ChangedPerson, ...]

    def record(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


class ChangedPeople:
    """The first people of the raw tables, to whom raw changes are done one at a time."""

    def __init__(self, folder: DecidedFolder, people: int) -> None:
        self.folder = folder
        self.engine = CopiesEngine(folder.columns, TABLES)
        more = ["applicant_id", *sorted(self.engine.wanted & folder.names)]
        # The first, as raw tables lie by applicant: a few row groups hold them.
        rows = folder.rows(np.sort(folder.ids)[:people], more)
        # Stable: of one applicant's applications the order of the ids stays.
        order = np.argsort(rows["applicant_id"].to_numpy(), kind="stable")
        self.rows = rows.take(pa.array(order))
        self.block = folder.block(self.rows)
        self.applicants = self.rows["applicant_id"].to_numpy()
        self.as_of = self.rows["as_of"].to_numpy()
        self.before = OfferedTerms.of(folder.decider.outcomes(self.block))
        self.phi = folder.decider.bundle.scorer.margin.contributions(self._x(self.block))[1]

    def certificate(self, change: RawChange) -> ChangeCertificate:
        """Return what a change did."""
        block, is_changed = self._changed(change)
        decider = self.folder.decider
        after = OfferedTerms.of(decider.outcomes(block))
        pd = after.pd
        was = self.before.pd
        if change.direction > 0:
            fallen = pd < was * (1 - FALLEN)
            better = after.is_better(self.before)
        else:
            fallen = pd > was * (1 + FALLEN)
            better = self.before.is_better(after)
        wrong = np.flatnonzero((fallen | better) & is_changed)
        moves = decider.bundle.scorer.margin.contributions(self._x(block))[1][wrong]
        moves = (moves - self.phi[wrong]) * change.direction
        names = decider.bundle.scorer.catalogue.names
        blamed = [names[k] for k in np.argmin(moves, axis=1)] if len(wrong) else []
        ids = self.rows["application_id"].to_numpy()
        listed = tuple(
            ChangedPerson(int(ids[k]), float(was[k]), float(pd[k]), bool(better[k]), name)
            for k, name in zip(wrong, blamed, strict=True)
        )
        people, n_fallen, n_better = (
            int((one & is_changed).sum()) for one in (is_changed, fallen, better)
        )
        by_feature = {name: blamed.count(name) for name in sorted(set(blamed))}
        return ChangeCertificate(
            change=change.id,
            people=people,
            fallen=n_fallen,
            better=n_better,
            features=by_feature,
            listed=listed[:LISTED],
        )

    def _x(self, block: InputBlock) -> np.ndarray:
        return self.folder.decider.bundle.reader.frame(block).x

    def _changed(self, change: RawChange) -> tuple[InputBlock, np.ndarray]:
        """Return the block after a change, and who has a row that it fits."""
        changed = list(self._rows_of(change))
        is_changed = np.array([is_done for _, is_done in changed])
        rows = pa.concat_tables(table for table, _ in changed)
        columns = self.engine.columns(change.table, rows, self._spine())
        known = {
            name: self.rows[name].to_numpy(zero_copy_only=False) for name in self.rows.column_names
        }
        columns |= self.engine.combined({**known, **columns}, columns)
        matrix = self.block.matrix.copy()
        stated = {column.name for column in APPLICATIONS.columns}
        for name, values in columns.items():
            if name in self.block.layout.place and name not in stated:
                place = self.block.layout.place[name]
                matrix[place] = np.where(is_changed, values, matrix[place])
        return replace(self.block, matrix=matrix, features=None), is_changed

    def _rows_of(self, change: RawChange) -> Iterator[tuple[pa.Table, bool]]:
        """Yield the rows of each person with the change, applicant_id counted from 0."""
        groups = RowGroups(require(self.folder.sources, change.table), TABLES[change.table].columns)
        read = groups.read(int(self.applicants[0]), int(self.applicants[-1]))
        texts = TABLES[change.table].arrow_schema
        table = pa.concat_tables(one.cast(texts) for one in read).sort_by("applicant_id")
        ids = table["applicant_id"].to_numpy()
        begin = np.searchsorted(ids, self.applicants, "left")
        end = np.searchsorted(ids, self.applicants, "right")
        for k, applicant in enumerate(self.applicants.tolist()):
            own = table.slice(begin[k], end[k] - begin[k])
            done = changed_rows(change, own, applicant, self.as_of[k])
            rows = own if done is None else done
            place = rows.schema.get_field_index("applicant_id")
            number = pa.array(np.full(len(rows), k, np.int64))
            yield rows.set_column(place, rows.schema.field(place), number), done is not None

    def _spine(self) -> pa.Table:
        consents = [c for c in self.rows.column_names if c.startswith("consent_")]
        keys = {
            "applicant_id": pa.array(np.arange(len(self.rows), dtype=np.int64)),
            "as_of": self.rows["as_of"],
        }
        return pa.table({**keys, **{name: self.rows[name] for name in consents}})
