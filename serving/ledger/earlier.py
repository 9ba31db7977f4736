"""Which code of earlier releases decides as today's does, so that a batch which names it can be replayed without it.

A batch that a registered version decided brings its code. One that was decided with a bundle's folder names only the fingerprint of the
code of its day. The bundle holds model, rule book and laws; the code that reads them may have moved, been renamed or become faster since,
and a listed one is known to decide the same to the bit: tests/formats replays a batch that it wrote. A release whose runtime differs from
the one before adds the fingerprint of the old one here, with such a batch; one that decides otherwise is not listed, and its batches are
replayed by an installation of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

EARLIER: Mapping[str, str] = MappingProxyType(
    {"2e4bcb9343729652092726a5227be85b262146f6898d6b8af69fd73c63d955b0": "0.1.0 (613f9fa)"}
)
"""Fingerprint of the runtime (`creditloom.serving.registry.runtime.fingerprint`): the release it came with."""


def decides_equally(wanted: Mapping[str, Any], here: Mapping[str, Any]) -> bool:
    """Whether versions differ in nothing but the code, and the one wanted is known to decide as today's."""
    return wanted["code"] in EARLIER and {**wanted, "code": here["code"]} == here


def told(wanted: str, here: str) -> list[str]:
    """What a replay says where the code that decided is not the one that decides again; [] where it is."""
    if wanted == here:
        return []
    return [
        f"decided by the code of {EARLIER[wanted]}, made again by today's ({here[:12]}), which tests hold to decide equally"
    ]
