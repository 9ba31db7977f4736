"""Where compiled code is kept between processes: one folder per content of this package, for its owner's eyes only.

numba reads its cache through pickle, so a folder that anybody else could have written to is not used.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

config: Any = numba.config  # its settings have no types


def jit(function: Callable[..., Any]) -> Any:
    """Compile `function` for numpy's rules of division, without the interpreter's lock; cached where a safe folder exists."""
    folder = _folder()
    if folder is None:
        return numba.njit(nogil=True, error_model="numpy")(function)
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        return numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    finally:
        config.CACHE_DIR = before


def _folder() -> Path | None:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    content = hashlib.sha256(b"".join(p.read_bytes() for p in sources) + numba.__version__.encode()).hexdigest()[:16]
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "creditloom" / content
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return root if is_owner_only(root) else None


def is_owner_only(folder: Path) -> bool:
    """The folder is ours, no link, and nobody else may enter it."""
    found = folder.lstat()
    ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return ours and stat.S_ISDIR(found.st_mode) and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
