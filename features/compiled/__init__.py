"""Compile loops with numba, for features and for the world, and keep the compiled code on disk.

numba reads its cache through pickle, so a folder is used only if nobody but its owner can write it
or put another one in its place.
There is no fast math and no fused multiply-add: sums run in the order of the rows, and every
engine gives the same bits.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

# `Any`, because numba's settings have no types.
config: Any = numba.config


def jit(function: Callable[..., Any]) -> Any:
    """Compile `function` on its first call.

    The compiled code is kept between processes where there is a safe folder for it.
    """
    folder = _cache_folder(Path(function.__code__.co_filename))
    # `nogil` lets the next bucket be read meanwhile; `numpy` divides by zero as numpy does.
    if folder is None:
        return numba.njit(nogil=True, error_model="numpy")(function)
    _settle(function, folder)
    # numba takes its folder from a global setting at decoration; it is put back for other users.
    previous_folder = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        return numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    finally:
        config.CACHE_DIR = previous_folder


def _settle(function: Callable[..., Any], folder: Path) -> None:
    """Give the function a copy of its source in `folder`, with a date that never changes.

    numba keeps code for one path and date of its source. The folder is already that of the content,
    so every checkout, wheel and copy of this content can use the same code.
    """
    source = Path(function.__code__.co_filename)
    copy = folder / source.name
    if not copy.exists():
        # Written under a name of this process and then renamed, so that no other reads half of it.
        draft = folder / f".{source.name}.{os.getpid()}"
        draft.write_bytes(source.read_bytes())
        os.utime(draft, (0, 0))
        draft.replace(copy)
    function.__code__ = function.__code__.replace(co_filename=str(copy))


def _cache_folder(source: Path) -> Path | None:
    """Return the folder for the code of one source file, or None where it would not be safe."""
    content = _content_of(source)
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        # A user without a name and without HOME, as containers have them.
        return None
    folder = cache.absolute() / "creditloom" / content
    # Before anything is made: root would leave its folders in the home of another user.
    if not is_way_safe(folder):
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    # `lstat`, because a link could lead to a folder of somebody else.
    status = folder.lstat()
    is_ours = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    is_open = status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    is_safe = is_ours and stat.S_ISDIR(status.st_mode) and not is_open
    return folder if is_safe and is_way_safe(folder) else None


def is_way_safe(folder: Path) -> bool:
    """Return whether nobody but its owner and root can put another folder in this one's place.

    So whether every folder above it, by the path and by what its links lead to, belongs to us or to
    root, and is open to writers only where each may remove only what is theirs (as /tmp is).
    """
    # Windows has no user ids; its home folders are private.
    if not hasattr(os, "getuid"):
        return True
    for above in {*folder.absolute().parents, *folder.resolve().parents}:
        if not above.exists():
            continue
        status = above.stat()
        is_open = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        is_sticky = status.st_mode & stat.S_ISVTX
        if status.st_uid not in (0, os.getuid()) or (is_open and not is_sticky):
            return False
    return True


def _content_of(source: Path) -> str:
    """Return a short hash of all that the compiled code of `source` depends on."""
    # Loops of features also use the constants of clock.py, in a folder above; others do not.
    clocks = [folder / "clock.py" for folder in source.parents if (folder / "clock.py").is_file()]
    constants = clocks[0].read_bytes() if clocks else b""
    versions = f"{__name__} numba {numba.__version__}".encode()
    return hashlib.sha256(source.read_bytes() + constants + versions).hexdigest()[:16]
