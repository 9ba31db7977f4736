"""Stop a command of a lake before one of its operations on files, in this very process.

From that operation on every further one is refused too, as a killed process does nothing more: what
would be cleaned up stays.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest


class Stopped(BaseException):
    """The command is stopped; no code of ours catches it."""


class Counter:
    """Counts the operations on files below a folder, and refuses those from `stop_at` on."""

    def __init__(self, root: Path, stop_at: int) -> None:
        self.root = root
        self.stop_at = stop_at
        self.count = 0

    def before(self, path: Any) -> None:
        place = Path(os.path.abspath(os.fspath(path)))  # noqa: PTH100 (links are not followed)
        if self.root not in (place, *place.parents):
            return
        if 0 <= self.stop_at <= self.count:
            raise Stopped
        self.count += 1

    def counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *rest: Any, **options: Any) -> Any:
            self.before(path)
            return real(path, *rest, **options)

        return call

    def opened(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, mode: str = "r", *rest: Any, **options: Any) -> Any:
            if not isinstance(path, int) and set(mode) & set("wax+"):
                self.before(path)
            return real(path, mode, *rest, **options)

        return call

    def written(self, name: str) -> Callable[..., Any]:
        real = getattr(pq.ParquetWriter, name)

        def call(writer: Any, *rest: Any, **options: Any) -> Any:
            self.before(rest[0] if name == "__init__" else writer.where)
            return real(writer, *rest, **options)

        return call


@contextmanager
def stopped_at(root: Path, stop_at: int = -1) -> Iterator[Counter]:
    """Count the operations below `root`, and stop before that one; -1 stops nowhere."""
    counter = Counter(root, stop_at)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("replace", "rename", "unlink", "remove", "rmdir", "mkdir"):
            patch.setattr(os, name, counter.counted(getattr(os, name)))
        patch.setattr(io, "open", counter.opened(io.open))
        for name in ("__init__", "write_table", "close"):
            patch.setattr(pq.ParquetWriter, name, counter.written(name))
        yield counter
