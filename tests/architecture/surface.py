"""The surface of the source as tests measure it: lines, comments, statements, functions, bindings.

Each measure takes a `Source` and returns places, so a test can run it on files and on a few lines
of its own.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property

from tests.architecture.source import ROOT, parsed

FIXTURES = "tests/formats/v1/"
"""What an earlier release wrote, its code among it: kept as it was."""
TABLE = re.compile(r"#\s*table: \S")
COMPOUND = (ast.stmt, ast.ExceptHandler, ast.match_case)
BODIES = ("body", "orelse", "finalbody", "handlers", "cases")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Place:
    """A place in the source, inside the function, class or constant `name`."""

    path: str
    line: int
    name: str = "module"
    what: str = ""

    @property
    def key(self) -> str:
        return f"{self.path}::{self.name}"

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.name} {self.what}".rstrip()


@dataclass(frozen=True)
class Source:
    """One file: its text, tree and comments by line."""

    path: str
    text: str
    tree: ast.Module = field(repr=False)
    comments: dict[int, str] = field(repr=False)

    @classmethod
    def of(cls, path: str, text: str) -> Source:
        readline = io.StringIO(text).readline
        comments = {
            token.start[0]: token.string
            for token in tokenize.generate_tokens(readline)
            if token.type == tokenize.COMMENT
        }
        return cls(path, text, parsed(text), comments)

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree: many measures walk them."""
        return tuple(ast.walk(self.tree))

    @property
    def room(self) -> str:
        return self.path.partition("/")[0]

    def is_own_line(self, line: int) -> bool:
        """Return whether the comment of a line stands alone on it."""
        return line in self.comments and self.lines[line - 1].lstrip().startswith("#")

    def above(self, line: int) -> list[str]:
        """Return the own-line comments directly above a line, the last one first."""
        found = []
        while self.is_own_line(line - 1):
            line -= 1
            found.append(self.comments[line])
        return found


@cache
def sources() -> tuple[Source, ...]:
    """Return every tracked Python file but the fixtures of earlier formats."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    return tuple(
        Source.of(name, (ROOT / name).read_text(encoding="utf-8"))
        for name in names
        if not name.startswith(FIXTURES)
    )


def code() -> tuple[Source, ...]:
    """Return the sources that are no tests."""
    return tuple(source for source in sources() if source.room != "tests")


def first_line(node: ast.AST) -> int:
    """Return the first line of a statement, its decorators included."""
    starts: list[ast.AST] = [node, *getattr(node, "decorator_list", [])]
    return min(getattr(start, "lineno", 1) for start in starts)


def header_end(node: ast.AST) -> int:
    """Return the last line of a statement without the bodies of a compound one."""
    body = getattr(node, "body", None)
    if isinstance(node, COMPOUND) and isinstance(body, list):
        return max(first_line(node), body[0].lineno - 1)
    return node.end_lineno or 0  # type: ignore[attr-defined]


def named(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Yield every statement with the dotted name of what holds it: function, class or constant."""
    open_: list[tuple[ast.AST, str]] = [(source.tree, "")]
    while open_:
        node, outer = open_.pop()
        name = _name(node, outer)
        if isinstance(node, ast.stmt):
            yield node, name or "module"
        # Expressions hold no statement: nine nodes in ten need not be visited.
        open_ += [(child, name) for body in BODIES for child in getattr(node, body, ())]


def _name(node: ast.AST, outer: str) -> str:
    """Return the dotted name of what holds a node, where `outer` holds its parent."""
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        return f"{outer}.{node.name}" if outer else node.name
    if isinstance(node, ast.Assign | ast.AnnAssign) and not outer:
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        return target.id if isinstance(target, ast.Name) else ""
    return outer


def size(statement: ast.stmt) -> int:
    """Return the syntax nodes of a statement, without contexts and the bodies of compound ones."""
    count = 0
    open_: list[ast.AST] = [statement]
    while open_:
        node = open_.pop()
        if isinstance(node, ast.expr_context):
            continue
        count += 1
        for name, value in ast.iter_fields(node):
            if name in BODIES and isinstance(node, COMPOUND) and isinstance(value, list):
                continue
            children = value if isinstance(value, list) else [value]
            open_ += [child for child in children if isinstance(child, ast.AST)]
    return count


def is_table(source: Source, statement: ast.AST) -> bool:
    """Return whether `# table: what it holds` stands in the comment above a statement."""
    return any(TABLE.match(comment) for comment in source.above(first_line(statement)))


def is_literal_table(statement: ast.AST) -> bool:
    """Return whether a statement binds a literal of rows to a name."""
    literal = (ast.List, ast.Tuple, ast.Set, ast.Dict)
    is_binding = isinstance(statement, ast.Assign | ast.AnnAssign)
    return is_binding and isinstance(statement.value, literal)  # type: ignore[attr-defined]


def wide_lines(source: Source, width: int) -> list[Place]:
    """Return the lines of more than `width` characters."""
    return [
        Place(source.path, number, what=f"{len(line)} characters")
        for number, line in enumerate(source.lines, 1)
        if len(line) > width
    ]


def formatter_off(source: Source) -> list[Place]:
    """Return every `fmt: skip` and `fmt: off` that belongs to no table of data."""
    marks = [
        line for line, comment in source.comments.items() if re.search(r"fmt: *(skip|off)", comment)
    ]
    found = []
    for line in marks:
        statement = _statement_at(source, line)
        if statement is None or not (is_literal_table(statement) or is_table(source, statement)):
            found.append(Place(source.path, line, what=source.comments[line]))
    return found


def _statement_at(source: Source, line: int) -> ast.stmt | None:
    """Return the innermost statement whose header holds a line, or else the next one."""
    statements = [node for node in source.nodes if isinstance(node, ast.stmt)]
    holding = [node for node in statements if first_line(node) <= line <= header_end(node)]
    if holding:
        return max(holding, key=first_line)
    following = [node for node in statements if first_line(node) > line]
    return min(following, key=first_line, default=None)


def big_statements(source: Source, most: int) -> list[Place]:
    """Return the statements of more than `most` nodes that are no declared tables."""
    return [
        Place(source.path, node.lineno, name, f"{size(node)} nodes")
        for node, name in named(source)
        if size(node) > most and not is_table(source, node)
    ]


def long_functions(source: Source, most: int) -> list[Place]:
    """Return the functions of more than `most` lines, decorators apart."""
    found = []
    for node, name in named(source):
        if isinstance(node, FUNCTIONS):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > most:
                found.append(Place(source.path, node.lineno, name, f"{length} lines"))
    return found


def compiled(source: Source) -> list[Function]:
    """Return the functions that numba compiles: decorated with `jit`, or handed to a call of it."""
    handed = {
        argument.id
        for node in source.nodes
        if isinstance(node, ast.Call) and _is_jit(node.func)
        for argument in node.args
        if isinstance(argument, ast.Name)
    }
    functions = [node for node in source.nodes if isinstance(node, FUNCTIONS)]
    return [
        node for node in functions if node.name in handed or any(map(_is_jit, node.decorator_list))
    ]


def _is_jit(node: ast.expr) -> bool:
    """Return whether an expression is `jit`, `numba.njit`, `njit(...)` or the like."""
    if isinstance(node, ast.Call):
        return _is_jit(node.func)
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return name in ("jit", "njit")


def double_bindings(source: Source) -> list[Place]:
    """Return the statements `a, b = x, y` outside compiled functions; a swap is one thing."""
    fast = {inner for function in compiled(source) for inner in ast.walk(function)}
    return [
        Place(source.path, node.lineno, name)
        for node, name in named(source)
        if isinstance(node, ast.Assign) and node not in fast and _binds_apart(node)
    ]


def _binds_apart(node: ast.Assign) -> bool:
    target = node.targets[0]
    several = (ast.Tuple, ast.List)
    if not (isinstance(target, several) and isinstance(node.value, several)):
        return False
    left = {ast.unparse(element) for element in target.elts}
    right = {ast.unparse(element) for element in node.value.elts}
    return left != right


def public_classes(source: Source) -> list[Place]:
    """Return the classes of a file whose names do not begin with an underscore."""
    return [
        Place(source.path, node.lineno, node.name)
        for node in source.nodes
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
