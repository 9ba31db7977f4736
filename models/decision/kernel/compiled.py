"""Where compiled code is kept between processes: one folder per name and content of this package, for its owner's eyes only.

numba reads its cache through pickle, so a folder that anybody else could have written to is not used. It files the code under the path of
the source, which for a registered model is another temporary folder at every load: the source is therefore kept beside the compiled code.
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
    _settle(function, folder)
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        return numba.njit(nogil=True, error_model="numpy", cache=True)(function)
    finally:
        config.CACHE_DIR = before


def _settle(function: Callable[..., Any], folder: Path) -> None:
    """Give the function a source that stays where it is, with a date that does not change."""
    source = Path(function.__code__.co_filename)
    kept = folder / source.name
    if not kept.exists():
        draft = folder / f".{source.name}.{os.getpid()}"
        draft.write_bytes(source.read_bytes())
        os.utime(draft, (0, 0))
        draft.replace(kept)
    function.__code__ = function.__code__.replace(co_filename=str(kept))


def _folder() -> Path | None:
    sources = sorted(Path(__file__).parent.glob("*.py"))
    named = f"{__name__} numba {numba.__version__}".encode()
    content = hashlib.sha256(b"".join(p.read_bytes() for p in sources) + named).hexdigest()[:16]
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
