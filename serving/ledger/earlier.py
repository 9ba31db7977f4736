"""List the code of earlier releases that decides as today's code does.

A batch that a registered version decided brings its code. A batch that was decided with a bundle's
folder names only the fingerprint of the code of its day. The bundle holds model, rule book and
laws; the code that reads them may have moved, been renamed or become faster since. Code that is
listed here decides the same to the bit: tests/formats replays a batch that it wrote. So a batch
that names it can be replayed without it.

A release whose runtime differs from the one before adds the fingerprint of the old one here, with
such a batch. A release that decides otherwise does not: its earlier batches are replayed by an
installation of the earlier release.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# Fingerprint of the runtime (`creditloom.serving.registry.runtime.fingerprint`): its release.
EARLIER: Mapping[str, str] = MappingProxyType(
    {
        "2e4bcb9343729652092726a5227be85b262146f6898d6b8af69fd73c63d955b0": "0.1.0 (613f9fa)",
        "28e8768abf44ebeef7e5ad6d2b239f014ba1f1fdf70777168ce59eafa9bd0fe5": "0.2.0",
    }
)


def decides_equally(wanted: Mapping[str, Any], here: Mapping[str, Any]) -> bool:
    """Return whether versions differ in the code alone, and the wanted code decides as today's."""
    return wanted["code"] in EARLIER and {**wanted, "code": here["code"]} == here


def told(wanted: str, here: str) -> list[str]:
    """Return the notes of a replay by other code than decided; [] where the code is the same."""
    if wanted == here:
        return []
    codes = f"decided by the code of {EARLIER[wanted]}, made again by today's ({here[:12]})"
    return [f"{codes}, which tests hold to decide equally"]
