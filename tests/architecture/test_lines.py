"""Bounds on what a reader meets at once: a line, a statement, a function, a binding, a name.

What may lie outside a bound is listed here with its reason, by `path::function` or
`path::CONSTANT`. An entry that is no longer needed fails too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

import pytest

from tests.architecture import surface
from tests.architecture.surface import Place, Source

WIDTH = 100  # characters, as in pyproject.toml
MAX_NODES = 40  # syntax nodes of a statement
MAX_LINES = 40  # lines of a function
MAX_BIG_STATEMENTS = 20
MAX_LONG_FUNCTIONS = 10
MAX_LONG_TESTS = 3  # functions of tests/

# A statement of more than 40 nodes that is no table, and why it is one statement.
BIG_STATEMENTS: dict[str, str] = {
    "pipeline/commands/decisions/quote.py::quote": "one parameter for each option",
    "pipeline/scorer/credit_scorer.py::CreditScorer.__init__": "scikit-learn reads the signature",
    "serving/score.py::score": "the options of a batch stand in its signature, each by name",
}
# A function of more than 40 lines, and why it is one function.
LONG_FUNCTIONS: dict[str, str] = {
    "decision/score/contributions/block.py::concept_rows": "one pass over a block; parts share it",
    "pipeline/api.py::fit": "one argument for each option of the command",
    "pipeline/commands/decisions/score.py::score": "18 options of a command, handed on by name",
    "serving/score.py::score": "the options of a batch, then its steps in their order",
    "world/people/people.py::draw_people": "the order of the draws is the world, and stays visible",
}
LONG_TESTS: dict[str, str] = {
    "tests/spec/test_8_facts.py::found": "the events of a chapter, one table of text below another",
    "tests/spec/test_9_other_people.py::found": "likewise",
}
# A public class name that several modules define for the same thing, and why.
SAME_THING: dict[str, str] = {}


def _found(measure: Callable[[Source], list[Place]], sources: Iterable[Source]) -> list[Place]:
    return [place for source in sources for place in measure(source)]


def _listed(places: list[Place]) -> str:
    return "\n" + "\n".join(map(str, sorted(places, key=lambda place: (place.path, place.line))))


def _judge(places: list[Place], allowed: dict[str, str], most: int) -> None:
    """Fail on places that are not listed, on entries without a place, and on too many places."""
    loose = [place for place in places if place.key not in allowed]
    assert loose == [], _listed(loose)
    assert sorted(set(allowed) - {place.key for place in places}) == [], "no longer needed"
    assert all(allowed.values()), "each entry gives its reason"
    assert len(places) <= most, _listed(places)


def test_no_line_is_wide() -> None:
    places = _found(lambda source: surface.wide_lines(source, WIDTH), surface.sources())
    assert places == [], _listed(places)


def test_the_formatter_is_off_only_at_tables_of_data() -> None:
    """A literal of rows that is bound to a name, or a statement under `# table: what it holds`."""
    places = _found(surface.formatter_off, surface.sources())
    assert places == [], _listed(places)


def test_a_statement_is_one_step() -> None:
    """At most 40 nodes, but for declared tables and the statements listed above."""
    places = _found(lambda source: surface.big_statements(source, MAX_NODES), surface.sources())
    _judge(places, BIG_STATEMENTS, MAX_BIG_STATEMENTS)


def test_a_function_fits_a_screen() -> None:
    places = _found(lambda source: surface.long_functions(source, MAX_LINES), surface.code())
    _judge(places, LONG_FUNCTIONS, MAX_LONG_FUNCTIONS)


def test_a_test_fits_a_screen() -> None:
    tests = [source for source in surface.sources() if source.room == "tests"]
    places = _found(lambda source: surface.long_functions(source, MAX_LINES), tests)
    _judge(places, LONG_TESTS, MAX_LONG_TESTS)


def test_a_statement_binds_one_thing() -> None:
    """`a, b = x, y` is two statements, but in compiled loops."""
    places = _found(surface.double_bindings, surface.sources())
    assert places == [], _listed(places)


def test_a_public_class_name_stands_once() -> None:
    """Two classes of one name are two things of one name, unless listed as the same thing."""
    by_name: dict[str, list[Place]] = defaultdict(list)
    for place in _found(surface.public_classes, surface.code()):
        by_name[place.name].append(place)
    twice = {name: places for name, places in by_name.items() if len(places) > 1}
    loose = [place for name, places in twice.items() if name not in SAME_THING for place in places]
    assert loose == [], _listed(loose)
    assert sorted(set(SAME_THING) - set(twice)) == [], "no longer needed"


# Each bound can fail: small sources on both sides of it.

SUM = "x = " + " + ".join(["1"] * 20)  # 1 + 1 + 20 + 19 + 19 nodes
LONG = "def f():\n" + "    x = 1\n" * 40
ROWS = "ROWS = [\n    1,  2,\n]  # fmt: skip\n"


def _lines(measure: Callable[[Source], list[Place]], text: str) -> list[int]:
    return [place.line for place in measure(Source.of("some.py", text))]


def test_a_wide_line_is_seen() -> None:
    text = f"x = '{'a' * 94}'\ny = '{'a' * 95}'\n"
    assert _lines(lambda source: surface.wide_lines(source, WIDTH), text) == [2]


# table: a case a row
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (ROWS, []),
        ("f(\n    1,  2,\n)  # fmt: skip\n", [3]),
        ("# table: rows of f\nf(\n    1,  2,\n)  # fmt: skip\n", []),
        ("# table:\nf(\n    1,  2,\n)  # fmt: skip\n", [4]),
        ("# fmt: off\nf(1,  2)\n", [1]),
        ("x = g(1,  2)  # fmt: skip\n", [1]),
        ("# table: rows of f\n@g(\n    1,  2,\n)  # fmt: skip\ndef f():\n    pass\n", []),
        ("text = '# fmt: skip'\n", []),
    ],
)
def test_a_formatter_that_is_off_is_seen(text: str, lines: list[int]) -> None:
    assert _lines(surface.formatter_off, text) == lines


def test_a_big_statement_is_seen() -> None:
    def bounded(source: Source) -> list[Place]:
        return surface.big_statements(source, MAX_NODES)

    assert _lines(bounded, SUM) == [1]
    assert _lines(bounded, f"# table: ones\n{SUM}") == []
    assert _lines(bounded, f"# some ones\n{SUM}") == [2]
    assert _lines(bounded, "if x:\n" + "    y = 1\n" * 40) == []
    tree = Source.of("some.py", "x = a + b").tree
    assert surface.size(tree.body[0]) == 6  # Assign, Name, BinOp, Name, Add, Name


def test_a_long_function_is_seen() -> None:
    def bounded(source: Source) -> list[Place]:
        return surface.long_functions(source, MAX_LINES)

    assert _lines(bounded, LONG) == [1]
    assert _lines(bounded, LONG.removesuffix("    x = 1\n")) == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a, b = 1, 2", [1]),
        ("a, b = f()", []),
        ("a, b = b, a", []),
        ("@jit\ndef f():\n    a, b = 1, 2", []),
        ("@numba.njit(cache=True)\ndef f():\n    a, b = 1, 2", []),
        ("def f():\n    a, b = 1, 2\ng = numba.njit(nogil=True)(f)", []),
        ("@cache\ndef f():\n    a, b = 1, 2", [3]),
    ],
)
def test_a_double_binding_is_seen(text: str, lines: list[int]) -> None:
    assert _lines(surface.double_bindings, text) == lines


def test_a_place_is_named_by_what_holds_it() -> None:
    """So a list of exceptions survives moved lines."""
    text = f"{SUM}\nclass A:\n    def f():\n        {SUM}\n"
    source = Source.of("some.py", text)
    keys = [place.key for place in surface.big_statements(source, MAX_NODES)]
    assert sorted(keys) == ["some.py::A.f", "some.py::x"]


def test_only_public_classes_are_counted() -> None:
    assert _lines(surface.public_classes, "class A: ...\nclass _B: ...\nclass C: ...") == [1, 3]


def test_a_list_of_exceptions_is_held_to() -> None:
    place = Place("some.py", 1, "f", "41 lines")
    _judge([place], {"some.py::f": "reason"}, 1)
    for places, allowed, most in (
        ([place], {}, 1),
        ([], {"some.py::f": "reason"}, 1),
        ([place], {"some.py::f": ""}, 1),
        ([place], {"some.py::f": "reason"}, 0),
    ):
        with pytest.raises(AssertionError):
            _judge(places, allowed, most)
