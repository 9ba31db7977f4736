"""A piece of code is found by function and expression, and another put in its place."""

from __future__ import annotations

import pytest

from tests.trace import fragments

CODE = """
LIMIT = 5
def cap(a, b):
    # 借款
    return {"借": (a
            + b), "c": a * b}
class Rule:
    def fires(self):
        return LIMIT > 5
"""


@pytest.mark.parametrize(
    ("scope", "find", "expected"),
    [
        ("cap", "a + b", '{"借": (X), "c": a * b}'),
        ("cap", "a*b", '"c": X}'),
        ("Rule.fires", "5", "LIMIT > X"),
        ("module", "LIMIT=5", "\nX\ndef"),
        ("module", "5", "LIMIT = X\n"),
    ],
)
def test_code_is_found_by_function_and_expression(scope: str, find: str, expected: str) -> None:
    """However its lines are broken; the rest of the source stays as it is."""
    changed = fragments.broken(CODE, find, "X", scope)
    assert expected in changed
    assert len(changed.splitlines()) >= len(CODE.splitlines()) - 1


# table: a case a row
@pytest.mark.parametrize(
    ("scope", "find", "words"),
    [
        ("cap", "a - b", "0 times"),
        ("cap", "a", "2 times"),
        ("cup", "a", "defined 0 times"),
        ("module", "a + b", "0 times"),
        (None, "a", "times, not once"),
    ],
)
def test_what_does_not_stand_once_is_refused(scope: str | None, find: str, words: str) -> None:
    with pytest.raises(LookupError, match=words):
        fragments.broken(CODE, find, "X", scope)
