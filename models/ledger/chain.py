"""How parts hang together: each receipt names the sha256 of the one before it, and a Merkle root stands for all of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any


def link(document: Any) -> str:
    """sha256 of a JSON document in canonical form: what the next receipt names as `previous`."""
    return hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with `seal`, the link of all the rest of it."""
    bare = {name: value for name, value in manifest.items() if name != "seal"}
    return {**bare, "seal": link(bare)}


def merkle_root(links: Sequence[str]) -> str:
    """Root of the binary tree over `links`: a node is sha256(0x01 + left + right), a leaf sha256(0x00 + link), an odd one moves up."""
    level = [hashlib.sha256(b"\0" + bytes.fromhex(leaf)).digest() for leaf in links] or [hashlib.sha256(b"").digest()]
    while len(level) > 1:
        pairs = [hashlib.sha256(b"\1" + level[k] + level[k + 1]).digest() for k in range(0, len(level) - 1, 2)]
        level = pairs + level[len(pairs) * 2 :]
    return level[0].hex()
