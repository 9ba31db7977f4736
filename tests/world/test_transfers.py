"""Claims about the money of fraud rings (domain 7.4, 7.8).

Its shapes, and that both sides have it on their account.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from creditloom.world.calendar import DAY_US
from creditloom.world.people.fraud import CYCLE, FAN_IN, FAN_OUT, STAR
from creditloom.world.world import World
from tests.world.written import Written


def _pairs(world: World, motif: int) -> list[tuple[int, pd.DataFrame]]:
    """Leader and transfers of each ring of a motif in which money moved."""
    sent = pd.DataFrame({"payer": world.transfers.payer, "payee": world.transfers.payee})
    rings = np.flatnonzero(world.transfers.motif == motif)
    ring_of = world.rings.ring[sent.payer]
    found = [
        (int(world.rings.leader[ring]), sent[ring_of == ring].drop_duplicates()) for ring in rings
    ]
    return [(leader, rows) for leader, rows in found if len(rows)]


def test_every_shape_is_there(state: World) -> None:
    assert set(state.transfers.motif) == {STAR, FAN_IN, FAN_OUT, CYCLE}


@pytest.mark.parametrize(
    ("motif", "centre"), [(FAN_IN, {"payee"}), (FAN_OUT, {"payer"}), (STAR, {"payer", "payee"})]
)
def test_money_meets_at_the_leader(state: World, motif: int, centre: set[str]) -> None:
    for leader, rows in _pairs(state, motif):
        assert ((rows.payer == leader) | (rows.payee == leader)).all()
        assert {side for side in ("payer", "payee") if (rows[side] == leader).any()} <= centre


def test_in_a_circle_each_pays_one_and_is_paid_by_one(state: World) -> None:
    for _, rows in _pairs(state, CYCLE):
        assert rows.payer.is_unique
        assert rows.payee.is_unique


def test_late_rings_have_the_new_pattern(state: World) -> None:
    vintage = state.people.vintage[state.rings.leader]
    late = vintage >= state.setting.nature.fraud.late_pattern_vintage
    assert (state.transfers.motif[late] == CYCLE).all()
    assert (state.transfers.motif[~late] == CYCLE).mean() < 0.5


def test_money_moves_inside_a_ring_before_it_applies(state: World) -> None:
    sent = state.transfers
    ring = state.rings.ring
    as_of = state.people.as_of
    assert (ring[sent.payer] == ring[sent.payee]).all()
    assert (ring[sent.payer] >= 0).all()
    before = np.minimum(as_of[sent.payer], as_of[sent.payee]) - sent.time_us
    assert before.min() >= DAY_US
    assert before.max() <= 30 * DAY_US


def test_a_transfer_is_a_payment_of_both_members(written: Written) -> None:
    ring = written.people.ring
    rows = written.table("payments").dropna(subset=["counterparty_id"])
    inside = rows[
        ring.reindex(rows.applicant_id).notna().to_numpy()
        & ring.reindex(rows.counterparty_id).notna().to_numpy()
    ]
    assert len(inside) > 10
    out, into = (inside[inside.direction == d] for d in ("out", "in"))
    there = set(
        zip(into.counterparty_id, into.applicant_id, into.event_time, into.amount_fen, strict=True)
    )
    assert (
        set(zip(out.applicant_id, out.counterparty_id, out.event_time, out.amount_fen, strict=True))
        == there
    )


def test_honest_counterparties_are_of_the_contact_list_and_need_its_consent(
    written: Written,
) -> None:
    people = written.people
    rows = written.table("payments").dropna(subset=["counterparty_id"])
    honest = rows[people.ring.reindex(rows.applicant_id).isna().to_numpy()]
    assert (honest.category == "transfer").all()
    listed = set(map(tuple, written.table("contacts")[["applicant_id", "contact_id"]].to_numpy()))
    assert (
        set(map(tuple, honest[["applicant_id", "counterparty_id"]].astype("int64").to_numpy()))
        <= listed
    )
    consent = written.table("applications").set_index("applicant_id").consent_social
    assert consent[honest.applicant_id].all()
