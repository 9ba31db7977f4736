"""Replace values in the text of a YAML file; every comment and every other value stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml


def replaced(text: str, changes: Mapping[tuple[str, ...], Any]) -> str:
    """Return `text` with the value at each path of keys replaced, written on its line.

    Raises KeyError with the path where the text has no such key.

    >>> replaced("a:\\n  b: 1 # why\\n", {("a", "b"): "off"})
    "a:\\n  b: 'off' # why\\n"
    """
    root = yaml.compose(text, yaml.SafeLoader)
    places = {path: _place(root, path) for path in changes}
    # From the end to the beginning, so that the places before it stay where they are.
    for path in sorted(places, key=lambda one: places[one], reverse=True):
        start, end = places[path]
        written = yaml.safe_dump(
            changes[path], default_flow_style=True, allow_unicode=True, width=float("inf")
        )
        # A scalar alone ends with the mark of the end of a document.
        written = written.removesuffix("...\n").rstrip("\n")
        before = "" if text[start - 1 : start] == " " else " "
        text = text[:start] + before + written + text[end:]
    return text


def _place(root: yaml.Node | None, path: tuple[str, ...]) -> tuple[int, int]:
    """Return where the value at `path` begins and ends in the text."""
    node = root
    after_key = 0
    for key in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found = [(name, value) for name, value in pairs if name.value == key]
        if not found:
            raise KeyError(path)
        name, node = found[0]
        # One past the colon.
        after_key = name.end_mark.index + 1
    assert node is not None
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        # It begins on the next line, which has comments of its own: put the value by its key.
        return after_key, _end(node)
    return node.start_mark.index, node.end_mark.index


def _end(node: yaml.Node) -> int:
    """Return where the last value inside ends; the mark of a block lies behind its comments."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _end(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _end(node.value[-1])
    return int(node.end_mark.index)
