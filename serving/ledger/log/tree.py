"""Hash a list to one root, and prove that a list holds an entry, or begins with a shorter list.

The tree is that of RFC 6962: leaf = sha256(0x00 + content), node = sha256(0x01 + left + right), a
list is cut at the largest power of two below its length. A root says nothing about the length of
its list, so it is kept together with it, as `size:root`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of an entry; its first byte differs from that of a node."""
    return hashlib.sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over the hashes of entries; that of no entry is the sha256 of nothing."""
    level = list(leaves) or [EMPTY]
    while len(level) > 1:
        pairs = [node_hash(level[k], level[k + 1]) for k in range(0, len(level) - 1, 2)]
        # An odd one moves up as it is, which cuts each list at a power of two.
        level = pairs + level[len(pairs) * 2 :]
    return level[0]


def inclusion(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return the proof that `leaves[index]` is in the list: the hashes beside its way up.

    Raises IndexError where there is no such entry.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    if len(leaves) == 1:
        return []
    cut = _cut(len(leaves))
    if index < cut:
        return [*inclusion(index, leaves[:cut]), root_of(leaves[cut:])]
    return [*inclusion(index - cut, leaves[cut:]), root_of(leaves[:cut])]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether `proof` shows that `leaf` is entry `index` of the list of `size` entries."""
    if not 0 <= index < size:
        return False
    hashed = leaf
    place = index
    last = size - 1
    for beside in proof:
        if not last:
            return False
        if place % 2 or place == last:
            hashed = node_hash(beside, hashed)
            # An entry that moved up alone has no neighbour on these levels.
            while not place % 2 and place:
                place >>= 1
                last >>= 1
        else:
            hashed = node_hash(hashed, beside)
        place >>= 1
        last >>= 1
    return not last and hashed == root


def consistency(earlier: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return the proof that the list begins with its first `earlier` entries.

    Raises IndexError where there are not so many.
    """
    if not 0 <= earlier <= len(leaves):
        raise IndexError(earlier)
    if earlier in (0, len(leaves)):
        return []
    return _consistency(earlier, leaves, is_whole=True)


def _consistency(earlier: int, leaves: Sequence[bytes], *, is_whole: bool) -> list[bytes]:
    if earlier == len(leaves):
        # The earlier root itself is known to whoever checks: only a part of it is sent.
        return [] if is_whole else [root_of(leaves)]
    cut = _cut(len(leaves))
    if earlier <= cut:
        return [*_consistency(earlier, leaves[:cut], is_whole=is_whole), root_of(leaves[cut:])]
    later = _consistency(earlier - cut, leaves[cut:], is_whole=False)
    return [*later, root_of(leaves[:cut])]


def is_consistent(
    earlier: int, earlier_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Return whether `proof` shows that the list of `size` begins with the one of `earlier`."""
    if earlier == size:
        return not proof and earlier_root == root
    if earlier == 0:
        return not proof and earlier_root == EMPTY
    if not 0 < earlier < size:
        return False
    # An earlier list of a whole subtree is its own first hash.
    hashes = list(proof) if earlier & (earlier - 1) else [earlier_root, *proof]
    if not hashes:
        return False
    return _folded(earlier - 1, size - 1, hashes) == (earlier_root, root)


def _folded(place: int, last: int, hashes: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the roots of both lists as the proof makes them; None where it has another length."""
    while place % 2:
        place >>= 1
        last >>= 1
    before = now = hashes[0]
    for beside in hashes[1:]:
        if not last:
            return None
        if place % 2 or place == last:
            before = node_hash(beside, before)
            now = node_hash(beside, now)
            while not place % 2 and place:
                place >>= 1
                last >>= 1
        else:
            now = node_hash(now, beside)
        place >>= 1
        last >>= 1
    return None if last else (before, now)


def _cut(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
