"""Compile the loops of the contributions with numba, and keep the compiled code on disk.

numba reads what it keeps through pickle, and whoever writes there could run code. So a folder is
used only if nobody but its owner can write it or put another one in its place.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

# Compiled code is kept between processes, because compiling takes seconds: one folder per name and
# content of this package, which only its owner may enter, as whoever writes there could run code.

config: Any = numba.config  # numba's settings have no types
# Hex digits of the hash that names the folder; enough to tell versions of one package apart.
DIGEST_DIGITS = 16


def jit(function: Callable[..., Any]) -> Any:
    """Compile `function`, with the result cached where a safe folder exists.

    It divides by numpy's rules, so a zero does not raise, and it releases the interpreter's lock,
    so that threads run side by side. No fast-math: a row gives the same bits alone or in a block.
    """
    folder = _folder()
    if folder is None:
        return numba.njit(nogil=True, error_model="numpy")(function)
    _settle(function, folder)
    # numba reads the folder of its cache from a global setting, at the moment of decoration.
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        return numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    finally:
        config.CACHE_DIR = before


def _settle(function: Callable[..., Any], folder: Path) -> None:
    """Give the function a copy of its source in `folder`, with a date that never changes.

    numba's cache is valid for one path and date of the source, and the source of a registered model
    may lie at another path in every process.
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


def _folder() -> Path | None:
    """Return the folder of compiled code, or None where it cannot be made or is not safe."""
    sources = sorted(Path(__file__).parent.glob("*.py"))
    name = f"{__name__} numba {numba.__version__}".encode()
    content = hashlib.sha256(b"".join(p.read_bytes() for p in sources) + name)
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        # A user without a name and without HOME, as containers have them.
        return None
    folder = cache.absolute() / "creditloom" / content.hexdigest()[:DIGEST_DIGITS]
    # Before anything is made: root would leave its folders in the home of another user.
    if not is_way_safe(folder):
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if is_owner_only(folder) and is_way_safe(folder) else None


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


def is_owner_only(folder: Path) -> bool:
    """Return whether the folder is ours and no link, and nobody else may enter it."""
    status = folder.lstat()
    # Windows has no user ids; its home folders are private.
    is_ours = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    is_open = status.st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    return is_ours and stat.S_ISDIR(status.st_mode) and not is_open
