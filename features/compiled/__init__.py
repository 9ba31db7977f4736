"""How loops of features and of the world are compiled, and where that code is kept: one folder per content, for its owner's eyes only.

numba reads its cache through pickle, so a folder that anybody else could have written to is not used. No fast math and no fused
multiply-add: sums run in the order of the rows, and every engine gives the same bits.
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
    """Compile `function` when it is first called; kept between processes where a safe folder exists."""
    folder = _folder(Path(function.__code__.co_filename))
    if folder is None:
        return numba.njit(nogil=True, error_model="numpy")(function)
    before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
    try:
        return numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    finally:
        config.CACHE_DIR = before


def _folder(source: Path) -> Path | None:
    # Loops of features read the constants of their calendar too, some folders above; others read their own file alone.
    calendars = [place / "clock.py" for place in source.parents if (place / "clock.py").is_file()]
    constants = calendars[0].read_bytes() if calendars else b""
    named = f"{__name__} numba {numba.__version__}".encode()
    content = hashlib.sha256(source.read_bytes() + constants + named).hexdigest()[:16]
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "creditloom" / content
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    found = root.lstat()
    ours = not hasattr(os, "getuid") or found.st_uid == os.getuid()
    return (
        root
        if ours
        and stat.S_ISDIR(found.st_mode)
        and not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
        else None
    )
