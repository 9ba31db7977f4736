"""Write a folder whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data.errors import DataError


@contextmanager
def whole_folder(target: Path, mark: str, *, force: bool = False) -> Iterator[Path]:
    """Yield an empty folder beside `target`; it takes the target's place when the block ends well, and is gone when it does not.

    Only a folder that is empty, or holds the file `mark` (ours), is replaced; any other needs `force`. Raises DataError.
    """
    _check_place(target, mark, force=force)
    work = target.with_name(f".{target.name}.{os.getpid()}.new")
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        work.mkdir(parents=True)
        yield work
        if target.exists():
            target.replace(old)
        work.replace(target)
    finally:
        if old.exists() and not target.exists():
            old.replace(target)
        for left in (work, old):
            shutil.rmtree(left, ignore_errors=True)


def _check_place(target: Path, mark: str, *, force: bool) -> None:
    if target.exists() and not target.is_dir():
        raise DataError.of("The output is a file", where=target, expected="a folder", got="a file", next_step="choose another --out")
    if not target.is_dir() or force or (target / mark).is_file() or not any(target.iterdir()):
        return
    raise DataError.of(
        "The output folder holds something else", where=target, expected=f"an empty or new folder, or one with {mark}",
        got=", ".join(sorted(p.name for p in target.iterdir())[:5]), next_step="choose another --out, or add --force to replace it",
    )  # fmt: skip
