"""Finds the files that cite a rule: code, products and parameters implement it, tests test it.

A citation is the id itself, or a range of ids in one line.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOMS = (
    "world",
    "storage",
    "features",
    "models",
    "decision",
    "serving",
    "portfolio",
    "report",
    "pipeline",
    "products",
)
CODE = tuple(f"{room}/**/*" for room in ROOMS)
TESTS = ("tests/**/*",)
KINDS = (".py", ".yaml", ".jinja", ".html")
# Matches a rule with its source, a range of rules, or a contradiction with two digits. A full stop
# after a contradiction excludes it: such a number is something else.
_CITED = re.compile(r"\b(S[1-5])-R(\d\d)(?:\.\.(?:\1-)?R?(\d\d))?|\b(C)([0-3]\d)\b(?!\.)")

Citations = dict[str, tuple[str, ...]]  # rule id -> files, or file::test, that cite it, sorted


def cited_in(text: str) -> Iterator[str]:
    """Yield the ids cited in a text; `S4-R33..R35` cites three."""
    for source, first, last, letter, number in _CITED.findall(text):
        if letter:
            yield f"C{number}"
            continue
        for rule in range(int(first), int(last or first) + 1):
            yield f"{source}-R{rule:02d}"


def citations_of_code(house: Path) -> Citations:
    """Return the files of the rooms, products and parameters that cite each id."""
    citing = _cited(house, CODE)
    # params.yaml lies beside the rooms and holds some of their numbers.
    for rule in set(cited_in((house / "params.yaml").read_text(encoding="utf-8"))):
        citing[rule].add("params.yaml")
    return _sorted(citing)


def citations_of_tests(house: Path) -> Citations:
    """Return the tests that cite each id: test functions, or files for tables beside the tests.

    Tests of the trace itself do not count.
    """
    return _sorted(_cited(house, TESTS, skip="tests/trace"))


def _cited(
    house: Path, patterns: tuple[str, ...], skip: str = "pipeline/proof/trace"
) -> defaultdict[str, set[str]]:
    citing: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted({path for pattern in patterns for path in house.glob(pattern)}):
        name = path.relative_to(house).as_posix()
        if path.suffix not in KINDS or name.startswith(skip):
            continue
        text = path.read_text(encoding="utf-8")
        test_of = _tests(text) if path.suffix == ".py" else {}
        for number, line in enumerate(text.splitlines(), start=1):
            place = f"{name}::{test_of[number]}" if number in test_of else name
            for rule in cited_in(line):
                citing[rule].add(place)
    return citing


def _tests(text: str) -> dict[int, str]:
    """Return the test that each line belongs to, decorators included; other lines are absent."""
    test_of: dict[int, str] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            # The line of a function is that of its `def`, and its decorators are above it.
            lines = [decorator.lineno for decorator in node.decorator_list]
            first = min(lines, default=node.lineno)
            last = node.end_lineno or first
            test_of.update(dict.fromkeys(range(first, last + 1), node.name))
    return test_of


def _sorted(citing: defaultdict[str, set[str]]) -> Citations:
    return {rule: tuple(sorted(files)) for rule, files in citing.items()}
