"""A proof shows that an entry is in a list, or that a list begins with a shorter one; no other."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from creditloom.serving.ledger.entries import merkle_root
from creditloom.serving.ledger.log.log import roots_by_size
from creditloom.serving.ledger.log.tree import (
    consistency,
    inclusion,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
    root_of,
)

MOST = 40


def _leaves(size: int) -> list[bytes]:
    return [leaf_hash(bytes([number])) for number in range(size)]


def test_the_root_of_three_by_hand() -> None:
    first, second, third = _leaves(3)
    assert first == hashlib.sha256(b"\0\0").digest()
    assert root_of([first, second, third]) == node_hash(node_hash(first, second), third)
    assert root_of([]) == hashlib.sha256(b"").digest()


def test_the_root_of_a_batch_of_earlier_releases_is_of_the_same_tree() -> None:
    links = [hashlib.sha256(bytes([number])).hexdigest() for number in range(7)]
    assert root_of([leaf_hash(bytes.fromhex(link)) for link in links]).hex() == merkle_root(links)


def test_the_roots_of_all_lengths_are_those_of_the_first_entries() -> None:
    leaves = _leaves(MOST)
    assert roots_by_size(leaves) == {n: root_of(leaves[:n]).hex() for n in range(MOST + 1)}


@given(st.integers(1, MOST), st.data())
def test_an_entry_is_shown_at_its_place_and_at_no_other(size: int, data: st.DataObject) -> None:
    leaves = _leaves(size)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion(index, leaves)
    shown = [
        place
        for place in range(size)
        if is_included(leaves[index], place, size, proof, root_of(leaves))
    ]
    assert shown == [index]
    assert not is_included(leaf_hash(b"other"), index, size, proof, root_of(leaves))


@given(st.integers(1, MOST), st.data())
def test_a_list_is_shown_to_begin_with_its_own_start_alone(size: int, data: st.DataObject) -> None:
    leaves = _leaves(size)
    earlier = data.draw(st.integers(1, size))
    proof = consistency(earlier, leaves)
    start = root_of(leaves[:earlier])
    assert is_consistent(earlier, start, size, root_of(leaves), proof)
    # One entry of the start is another one: no proof of the changed list fits the kept root.
    place = data.draw(st.integers(0, earlier - 1))
    changed = [*leaves[:place], leaf_hash(b"other"), *leaves[place + 1 :]]
    proof_of_changed = consistency(earlier, changed)
    assert not is_consistent(earlier, start, size, root_of(changed), proof_of_changed)
    assert not is_consistent(earlier, start, size, root_of(changed), proof)
