"""Reads and writes text and JSON, without the libraries of tables.

A command that shows a few figures reads JSON alone: to load pyarrow takes longer than it runs.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from creditloom.storage.files.durable import beside
from creditloom.storage.files.errors import DataError

# The key under which a Parquet file notes its format, where it has one (formats.py).
FORMAT = b"creditloom.format"

StrPath = str | os.PathLike[str]


def write_text(text: str, path: StrPath) -> None:
    """Write UTF-8 text with Unix line ends, atomically."""
    file = Path(path)
    with beside(file) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(value: Any, path: StrPath) -> None:
    """Write canonical JSON, atomically: sorted keys, indent 1, a newline at the end.

    Raises ValueError for NaN, which is no JSON.
    """
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(text + "\n", path)


def read_json(path: StrPath) -> Any:
    """Read a JSON file; DataError when it is absent or broken."""
    file = Path(path)
    if not file.is_file():
        raise DataError.of(
            "No such file",
            where=file,
            expected="a JSON file",
            got="nothing",
            next_step="run the stage that writes it",
        )
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise DataError.of(
            "Broken JSON",
            where=file,
            expected="JSON",
            got=str(error),
            next_step="run the stage that writes it again",
        ) from error
