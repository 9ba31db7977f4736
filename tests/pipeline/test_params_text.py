"""A changed params.yaml holds the new values, all others, and every comment."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import changed_text, parse_value
from creditloom.pipeline.base.params_text import replaced

COMMITTED = paths.DEFAULTS.read_text(encoding="utf-8")
WHOLE = parse_value(COMMITTED)


def _leaves(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if isinstance(value, dict):
        return [leaf for key, below in value.items() for leaf in _leaves(below, (*path, key))]
    return [path]


def _with(whole: Any, path: tuple[str, ...], value: Any) -> Any:
    key, *below = path
    return {**whole, key: _with(whole[key], tuple(below), value) if below else value}


def _comments(text: str) -> list[str]:
    return [line.partition(" #")[2] for line in text.splitlines() if " #" in line]


# table: values of every kind that a parameter may have
VALUES = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.sampled_from(["off", "no", "S5", "2024-01-01", "", "a: b", "x # y", "中文", "'", "null"]),
    st.lists(st.integers(0, 9), max_size=3),
    st.dictionaries(st.sampled_from(["a", "b"]), st.integers(0, 9), max_size=2),
)


@given(st.lists(st.tuples(st.sampled_from(_leaves(WHOLE)), VALUES), min_size=1, max_size=4))
def test_any_leaf_may_get_any_value_and_all_else_stays(
    changes: list[tuple[tuple[str, ...], Any]],
) -> None:
    text = replaced(COMMITTED, dict(changes))
    expected = WHOLE
    for path, value in dict(changes).items():
        expected = _with(expected, path, value)
    assert parse_value(text) == expected
    # A text with a # of its own adds one; none is lost.
    assert len(_comments(text)) >= len(_comments(COMMITTED))


def test_a_block_of_lines_is_replaced_and_what_follows_stays() -> None:
    text = "a:\n  b: # of b\n    - 1\n    - 2 # two\n\n# of c\nc: {d: 1} # of d\n"
    changed = replaced(text, {("a", "b"): [3], ("c", "d"): None})
    assert changed == "a:\n  b: [3] # two\n\n# of c\nc: {d: null} # of d\n"


def test_a_key_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyError, match="nothing"):
        replaced("a: 1\n", {("a", "nothing"): 1})


def test_the_command_keeps_the_comments() -> None:
    text = changed_text({"world.scenario": "off", "seed": 11}, paths.DEFAULTS)
    assert _comments(text) == _comments(COMMITTED)
    assert yaml.safe_load(text)["world"]["scenario"] == "off"
