"""Reads what `creditloom simulate` wrote."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def digests(folder: Path) -> dict[str, str]:
    """The hash of every file below a folder, by its relative name."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def blocks(language: str) -> list[str]:
    """The fenced blocks of docs/simulate.md in one language; "" = commands of a shell."""
    text = (ROOT / "docs" / "simulate.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
