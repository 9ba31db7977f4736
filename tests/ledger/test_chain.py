"""Links and root: whatever changes, the root is another one."""

from __future__ import annotations

import hashlib

import pytest

from creditloom.serving.ledger.entries import link, merkle_root

LINKS = [link({"part": k}) for k in range(5)]


def test_a_link_does_not_depend_on_the_order_of_keys() -> None:
    assert link({"a": 1, "b": 2}) == link({"b": 2, "a": 1}) != link({"a": 2, "b": 1})


def test_the_root_of_three_by_hand() -> None:
    leaves = [hashlib.sha256(b"\0" + bytes.fromhex(leaf)).digest() for leaf in LINKS[:3]]
    pair = hashlib.sha256(b"\1" + leaves[0] + leaves[1]).digest()
    assert merkle_root(LINKS[:3]) == hashlib.sha256(b"\1" + pair + leaves[2]).hexdigest()


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_any_other_list_has_another_root(n: int) -> None:
    links = LINKS[:n]
    shorter = links[:-1]
    turned = links[::-1] if n > 1 else []
    changed = [*shorter, link("x")]
    longer = [*links, links[-1]]
    others = [merkle_root(other) for other in (shorter, turned, changed, longer)]
    assert merkle_root(links) not in others
