"""Read a mapping file: YAML, strict at every depth, with two short forms.

A file may be its path alone, and a column the name of the user's column alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from creditloom.pipeline.base.params import mapping as keys_of
from creditloom.pipeline.base.params import typed_content
from creditloom.storage.mapped.mapping import TableMapping


def read_mapping(path: Path) -> TableMapping:
    """Return the mapping of a file. Raises ParamsError for a key or value that it may not have."""
    return typed_content(_long(keys_of(path)), TableMapping, path)


def _long(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content with its short forms written out.

    >>> _long({"files": {"a": "a.csv"}})
    {'files': {'a': {'path': 'a.csv'}}}
    """
    whole = dict(content)
    if isinstance(whole.get("files"), dict):
        whole["files"] = _each(whole["files"], "path")
    if isinstance(whole.get("tables"), dict):
        whole["tables"] = {name: _long_table(table) for name, table in whole["tables"].items()}
    return whole


def _long_table(table: Any) -> Any:
    if not isinstance(table, dict):
        return table
    parts = {
        key: _each(table[key], "column")
        for key in ("columns", "keep")
        if isinstance(table.get(key), dict)
    }
    return {**table, **parts}


def _each(entries: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: {key: one} if isinstance(one, str) else one for name, one in entries.items()}
