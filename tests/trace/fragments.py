"""Find a piece of code by function and expression, and put another in its place.

Code is compared as a syntax tree, so line breaks, quotes and spaces of the source do not matter.
Other text (YAML) is compared character by character.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
MODULE = "module"
"""The scope of code that stands in no function: constants, tables, bodies of classes."""


def broken(text: str, find: str, put: str, scope: str | None) -> str:
    """Return `text` with the one place of `find` replaced by `put`.

    `scope` is None for text that is no Python. Otherwise it is a function, `Class.method`, a class
    or `module`. Raises LookupError unless `find` stands exactly once there.
    """
    if scope is None:
        return _replaced_text(text, find, put)
    wanted = _fragment(find)
    places = [node for node in _inside(_scope(ast.parse(text), scope)) if _same(node, wanted)]
    if len(places) != 1:
        raise LookupError(f"`{find}` stands {len(places)} times in {scope}, not once")
    start, end = _span(text, places[0])
    source = text.encode()
    return (source[:start] + put.encode() + source[end:]).decode()


def _replaced_text(text: str, find: str, put: str) -> str:
    if text.count(find) != 1:
        raise LookupError(f"`{find}` stands {text.count(find)} times, not once")
    return text.replace(find, put)


def _fragment(find: str) -> ast.expr | ast.stmt:
    """Return the expression or the one statement that `find` is."""
    body = ast.parse(find).body
    if len(body) != 1:
        raise LookupError(f"`{find}` is {len(body)} statements, not one")
    return body[0].value if isinstance(body[0], ast.Expr) else body[0]


def _same(node: ast.AST, wanted: ast.expr | ast.stmt) -> bool:
    # The kind first: it is quick, and unparse alone would take the statement `f()` for the
    # expression `f()` and count both.
    return type(node) is type(wanted) and ast.unparse(node) == ast.unparse(wanted)


def _scope(tree: ast.Module, name: str) -> ast.AST:
    """Return the function or class with this dotted name, or the module."""
    found: ast.AST = tree
    for part in name.split(".") if name != MODULE else ():
        bodies = getattr(found, "body", [])
        defined = [node for node in bodies if getattr(node, "name", None) == part]
        if len(defined) != 1:
            raise LookupError(f"`{name}` is defined {len(defined)} times, not once")
        found = defined[0]
    return found


def _inside(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below a scope; a function inside a module or class is a scope of its own."""
    in_function = isinstance(scope, FUNCTIONS)
    open_ = list(ast.iter_child_nodes(scope))
    while open_:
        node = open_.pop()
        if isinstance(node, FUNCTIONS) and not in_function:
            continue
        yield node
        open_ += ast.iter_child_nodes(node)


def _span(text: str, node: ast.AST) -> tuple[int, int]:
    """Return where the source of a node begins and ends, in bytes, as `ast` counts columns."""
    assert isinstance(node, ast.expr | ast.stmt)
    assert node.end_lineno is not None and node.end_col_offset is not None
    lines = text.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
    return start, end
