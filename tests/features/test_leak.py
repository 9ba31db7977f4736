"""What the neighbours' default rate may tell, and what it tells when the two guards are taken away.

A world of friends who share risk: 12,000 people in circles, everyone borrows once, one in 25 goes
bad. The guards are time (a neighbour's default counts only once it is known) and self (the
applicant's own record never counts). Each leak is rebuilt here by hand, and the engine gives the
honest figure: AUC about .53 as known in time, .56 at any time and .93 with the applicant's own.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy import sparse
from sklearn.metrics import roc_auc_score

from creditloom.features.contract.tables import APPLICATIONS, CONTACTS, LOAN_PERFORMANCE
from creditloom.features.engine.engine import build
from tests.features.raw import PARAMS, write_raw

N = 12_000
CIRCLE = 30
FRIENDS = 3
DAY = np.timedelta64(86_400_000_000, "us")
FEATURE = "soc_graph_neighbour_default_share_ever"
SECOND = "soc_graph_second_default_share_ever"


class World:
    """Who knows whom, who applied when, who went bad and when that was known."""

    def __init__(self, seed: int = 4) -> None:
        rng = np.random.default_rng(seed)
        circle = np.arange(N) // CIRCLE
        risk = rng.normal(0, 0.9, N // CIRCLE)[circle]
        self.bad = rng.random(N) < 1 / (1 + np.exp(3.5 - risk))
        self.as_of = np.datetime64("2024-01-01T12:00", "us") + rng.integers(0, 720, N) * DAY
        self.known = self.as_of + rng.integers(90, 150, N) * DAY
        own = circle[:, None] * CIRCLE + rng.integers(0, CIRCLE, (N, FRIENDS))
        self.source = np.repeat(np.arange(N), FRIENDS)
        self.target = own.ravel()

    def raw(self, known: np.ndarray, loops: bool = False) -> dict[str, pa.Table]:
        """Return raw tables in which defaults are known at `known`.

        With `loops` everybody also lists themselves as a contact.
        """
        people = np.arange(N)
        source = np.concatenate([self.source, people]) if loops else self.source
        target = np.concatenate([self.target, people]) if loops else self.target
        early = np.full(len(source), np.datetime64("2023-06-01", "us"))
        begun = np.minimum(known, self.as_of + 30 * DAY)
        borrower = np.concatenate([people, people[self.bad]])
        moment = np.concatenate([begun, known[self.bad]])
        dpd = np.concatenate([np.zeros(N, np.int16), np.full(int(self.bad.sum()), 95, np.int16)])
        contacts = _table(
            CONTACTS.arrow_schema,
            len(source),
            applicant_id=source,
            contact_id=target,
            event_time=early,
            known_time=early,
        )
        performance = _table(
            LOAN_PERFORMANCE.arrow_schema,
            len(dpd),
            applicant_id=borrower,
            application_id=borrower,
            dpd_days=dpd,
            month_on_book=np.ones(len(dpd), np.int16),
            is_restructured=np.zeros(len(dpd), bool),
            event_time=moment - DAY,
            known_time=moment,
        )
        return {
            "applications": self._applications(),
            "contacts": contacts,
            "loan_performance": performance,
        }

    def _applications(self) -> pa.Table:
        people = np.arange(N)
        consents = {
            c.name: np.ones(N, bool) for c in APPLICATIONS.columns if c.name.startswith("consent_")
        }
        ids = {"application_id": people, "applicant_id": people}
        return _table(APPLICATIONS.arrow_schema, N, **ids, as_of=self.as_of, **consents)

    def auc(self, share: np.ndarray) -> float:
        """How well a share ranks the bad; null counts as the average."""
        return float(roc_auc_score(self.bad, np.where(np.isnan(share), np.nanmean(share), share)))


def _table(schema: pa.Schema, n: int, **columns: np.ndarray) -> pa.Table:
    filled = {"event_id": np.arange(n), **columns}
    return pa.table(
        {
            f.name: pa.array(filled[f.name], f.type) if f.name in filled else pa.nulls(n, f.type)
            for f in schema
        }
    )


def _features(raw: dict[str, pa.Table], folder: Path) -> dict[str, np.ndarray]:
    table = pa.concat_tables(build(write_raw(raw, folder), PARAMS))
    return {name: table.column(name).to_numpy() for name in (FEATURE, SECOND)}


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def honest(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    return _features(world.raw(world.known), tmp_path_factory.mktemp("honest"))


@pytest.mark.parametrize("name", [FEATURE, SECOND])
def test_what_may_be_known_of_the_circle_tells_a_little(
    world: World, honest: dict[str, np.ndarray], name: str
) -> None:
    assert 0.505 < world.auc(honest[name]) < 0.56


def test_defaults_known_at_any_time_would_tell_more(
    world: World, honest: dict[str, np.ndarray], tmp_path: Path
) -> None:
    """The leak of time, made by dating what is known before everyone applied.

    The engine believes its tables, so the leak shows.
    """
    always = _features(world.raw(np.full(N, np.datetime64("2023-07-01", "us"))), tmp_path)
    assert world.auc(honest[FEATURE]) == pytest.approx(0.53, abs=0.02)
    assert world.auc(always[FEATURE]) == pytest.approx(0.56, abs=0.03)
    assert world.auc(always[FEATURE]) > world.auc(honest[FEATURE]) + 0.015
    assert world.auc(always[SECOND]) > world.auc(honest[SECOND]) + 0.015


@pytest.fixture(scope="module")
def linked(world: World) -> sparse.csr_matrix:
    edges = (
        np.ones(2 * len(world.source)),
        (np.r_[world.source, world.target], np.r_[world.target, world.source]),
    )
    both = (sparse.csr_matrix(edges, shape=(N, N)) > 0).astype(float).tolil()
    both.setdiag(0)
    return both.tocsr()


def test_ones_own_default_would_tell_nearly_all(world: World, linked: sparse.csr_matrix) -> None:
    """The leak of self, by hand: one's own outcome among those of the circle."""
    own = linked + sparse.eye(N)
    assert world.auc(np.asarray(own @ world.bad / own.sum(axis=1).A1)) == pytest.approx(
        0.93, abs=0.02
    )


def test_the_way_back_to_oneself_would_tell_nearly_all(
    world: World, linked: sparse.csr_matrix
) -> None:
    """The leak of self at two steps: a walk to a neighbour and back ends at one's own outcome."""
    walks = linked @ linked
    assert world.auc(np.asarray(walks @ world.bad / walks.sum(axis=1).A1)) > 0.75


def test_the_guards_hold(world: World, honest: dict[str, np.ndarray], tmp_path: Path) -> None:
    """Listing oneself changes nothing.

    Nor does what becomes known after the last application.
    """
    later = np.where(world.known < world.as_of.max(), world.known, world.known + 400 * DAY)
    guarded = _features(world.raw(later, loops=True), tmp_path)
    np.testing.assert_array_equal(guarded[FEATURE], honest[FEATURE])
    np.testing.assert_array_equal(guarded[SECOND], honest[SECOND])


def test_nobodys_own_record_moves_their_own_share(
    world: World, honest: dict[str, np.ndarray], tmp_path: Path
) -> None:
    """A default of one's own that was known before one applied changes no feature of one's own."""
    who = int(np.flatnonzero(world.bad & (honest[SECOND] > 0))[0])
    early = world.known.copy()
    early[who] = world.as_of[who] - 200 * DAY
    moved = _features(world.raw(early), tmp_path)
    assert [moved[name][who] for name in honest] == [honest[name][who] for name in honest]
    assert any(
        (moved[name] != honest[name]).sum() > np.isnan(honest[name]).sum() for name in honest
    )  # others do see it
