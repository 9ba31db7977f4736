"""Where the code surprises, a comment says why: on the lines above, or at the end of the line.

The kinds of place that need one are listed in NEEDED. Readers judge what the comment says.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from tests.architecture import surface
from tests.architecture.surface import Source

CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")
PRAGMA = re.compile(r"#\s*(type|noqa|fmt|ruff|pragma)\b[^#]*$")  # these speak to tools alone


def compiled_functions(source: Source) -> Iterator[ast.stmt]:
    """Yield what numba compiles: the comment says why, and in which order it goes."""
    yield from surface.compiled(source)


def seeds(source: Source) -> Iterator[ast.expr]:
    """Yield every SeedSequence and spawn key: the comment says what keeps streams apart."""
    for call in _calls(source):
        keywords = {keyword.arg for keyword in call.keywords}
        if _called(call) == "SeedSequence" or "spawn_key" in keywords:
            yield call


def clips(source: Source) -> Iterator[ast.expr]:
    """Yield every `np.clip`: the comment says what would lie outside, and why that is cut."""
    for call in _calls(source):
        if _called(call) == "clip" and ast.unparse(call.func) in ("np.clip", "numpy.clip"):
            yield call


def tie_breaks(source: Source) -> Iterator[ast.expr]:
    """Yield sorts that decide between equals: `lexsort`, `kind=...`, a key of several parts."""
    for call in _calls(source):
        keywords = {keyword.arg: keyword.value for keyword in call.keywords}
        is_stable = _called(call) in ("argsort", "sort", "sort_values") and "kind" in keywords
        is_keyed = _called(call) in ("sorted", "sort", "min", "max")
        if _called(call) == "lexsort" or is_stable or (is_keyed and _of_parts(keywords.get("key"))):
            yield call


# Names that say all: so many of one unit make another.
UNIT_OF_MEASURE = re.compile(
    r"[A-Z]+_PER_[A-Z]+|(?:DAY|HOUR|SECOND)_US|WEEK_DAYS|[A-Z0-9]+_BYTES|PERCENT"
)


def numbers(source: Source) -> Iterator[ast.stmt]:
    """Yield the numeric constants of a module: the comment says unit and reason."""
    for node in source.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_number(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [target.id for target in targets if isinstance(target, ast.Name)]
            wanted = [name for name in names if CONSTANT.fullmatch(name)]
            if any(not UNIT_OF_MEASURE.fullmatch(name) for name in wanted):
                yield node


NEEDED: dict[str, Callable[[Source], Iterator[ast.stmt | ast.expr]]] = {
    "compiled function": compiled_functions,
    "seed": seeds,
    "clip": clips,
    "tie-break": tie_breaks,
    "numeric constant": numbers,
}


def _calls(source: Source) -> Iterator[ast.Call]:
    for node in source.nodes:
        if isinstance(node, ast.Call):
            yield node


def _called(call: ast.Call) -> str:
    """Return the last name of what is called: `clip` of `np.clip(...)`."""
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def _of_parts(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Lambda) and isinstance(key.body, ast.Tuple)


def _is_number(value: ast.expr | None) -> bool:
    """Return whether an expression is a number, or made of numbers and constants alone."""
    if isinstance(value, ast.UnaryOp):
        return _is_number(value.operand)
    if isinstance(value, ast.BinOp):
        sides = (value.left, value.right)
        return any(map(_is_number, sides)) and all(
            _is_number(side) or isinstance(side, ast.Name) for side in sides
        )
    return isinstance(value, ast.Constant) and type(value.value) in (int, float)


def silent(source: Source, kind: str) -> list[int]:
    """Return the lines of a kind of place at which no comment stands."""
    places = list(NEEDED[kind](source))
    is_inside = any(not isinstance(node, ast.stmt) for node in places)
    statements = _innermost(source.tree) if is_inside else {}
    lines = []
    for node in places:
        statement = node if isinstance(node, ast.stmt) else statements[node]
        if not _is_explained(source, node, statement):
            lines.append(node.lineno)
    return lines


def _innermost(tree: ast.Module) -> dict[ast.AST, ast.stmt]:
    """Return the innermost statement of every expression."""
    found: dict[ast.AST, ast.stmt] = {}
    open_: list[tuple[ast.AST, ast.stmt | None]] = [(tree, None)]
    while open_:
        node, statement = open_.pop()
        statement = node if isinstance(node, ast.stmt) else statement
        if statement is not None:
            found[node] = statement
        open_ += [(child, statement) for child in ast.iter_child_nodes(node)]
    return found


def _is_explained(source: Source, node: ast.AST, statement: ast.stmt) -> bool:
    """Return whether a comment stands above or beside a node, its statement, or its group."""
    first = surface.first_line(statement)
    last = surface.header_end(statement)
    above = [first, getattr(node, "lineno", first), *_loops(node)]
    beside = [text for line, text in source.comments.items() if first <= line <= last]
    return bool(
        any(not PRAGMA.match(text) for text in beside)
        or any(source.above(line) for line in above)
        or _text_below(source, statement)
        or source.above(_group(source, statement))
    )


def _loops(node: ast.AST) -> list[int]:
    """Return the lines of the loops of a function: there a comment on a compiled one may stand."""
    inner = ast.walk(node) if isinstance(node, surface.FUNCTIONS) else ()
    return [loop.lineno for loop in inner if isinstance(loop, ast.For | ast.While)]


def _text_below(source: Source, statement: ast.stmt) -> bool:
    """Return whether a string below a binding of the module documents it."""
    body = source.tree.body
    following = body[body.index(statement) + 1 :][:1] if statement in body else []
    return (
        isinstance(statement, ast.Assign | ast.AnnAssign)
        and bool(following)
        and isinstance(following[0], ast.Expr)
        and isinstance(following[0].value, ast.Constant)
    )


def _group(source: Source, statement: ast.stmt) -> int:
    """Return the first line of the bindings of the module that stand together without a gap."""
    body = source.tree.body
    line = surface.first_line(statement)
    if statement not in body or not isinstance(statement, ast.Assign | ast.AnnAssign):
        return line
    for earlier in reversed(body[: body.index(statement)]):
        is_next = isinstance(earlier, ast.Assign | ast.AnnAssign) and earlier.end_lineno == line - 1
        if not is_next:
            break
        line = earlier.lineno
    return line


@pytest.mark.parametrize("kind", NEEDED)
def test_a_comment_says_why(kind: str) -> None:
    places = [f"{source.path}:{line}" for source in surface.code() for line in silent(source, kind)]
    assert places == [], f"{len(places)} without a comment:\n" + "\n".join(places)


# table: a case a row
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("compiled function", "@jit\ndef f(x):\n    return x\n"),
        ("compiled function", "@numba.njit(cache=True)\ndef f(x):\n    return x\n"),
        ("seed", "s = np.random.SeedSequence(1)\n"),
        ("seed", "s = spawn(\n    spawn_key=(1,)\n)\n"),
        ("clip", "x = np.clip(y, 0, 1)\n"),
        ("tie-break", "x = y[np.lexsort((b, a))]\n"),
        ("tie-break", "x = np.argsort(a, kind='stable')\n"),
        ("tie-break", "x = sorted(a, key=lambda b: (b.size, b.name))\n"),
        ("numeric constant", "MAX_ROWS = 5\n"),
        ("numeric constant", "MAX_ROWS = 6  # noqa: X1\n"),
        ("numeric constant", "_DAY_US: int = 24 * HOUR_US\n"),
        ("numeric constant", "LOW = -1.5e-3\n"),
    ],
)
def test_a_place_without_a_comment_is_seen(kind: str, code: str) -> None:
    assert len(silent(Source.of("some.py", code), kind)) == 1
    assert silent(Source.of("some.py", f"# because\n{code}"), kind) == []
    first, _, rest = code.partition("\n")
    assert silent(Source.of("some.py", f"{first}  # because\n{rest}"), kind) == []
    assert len(silent(Source.of("some.py", f"# because\n\n{code}"), kind)) == 1


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("numeric constant", 'LOW = 1\n"""Because."""\n'),
        ("numeric constant", "# because\nLOW = 1\nHIGH = 2\n"),
        ("numeric constant", "NAMES = 'a'\nis_low = 1\nIS_LOW = True\nLOWEST = least(1)\n"),
        ("compiled function", "@jit\ndef f(x):\n    # because\n    for y in x:\n        g(y)\n"),
        ("tie-break", "x = np.argsort(a)\ny = sorted(a, key=lambda b: b.size)\n"),
        ("clip", "x = frame.clip(lower=0)\n"),
        ("clip", "x = f(\n    # because\n    np.clip(y, 0, 1),\n)\n"),
    ],
)
def test_what_needs_no_comment_or_has_one_passes(kind: str, code: str) -> None:
    assert silent(Source.of("some.py", code), kind) == []


def test_a_gap_ends_a_group() -> None:
    assert silent(Source.of("some.py", "# why\nA = 1\n\nB = 2\nC = 3\n"), "numeric constant") == [
        4,
        5,
    ]
