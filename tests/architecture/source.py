"""The repository as the architecture tests read it.

Its modules, what each imports, and what a stage can reach.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
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
)
PACKAGE = "creditloom"


@cache
def modules() -> tuple[str, ...]:
    """Every module of the package as a dotted name; a package is named by itself."""
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    return tuple(sorted([PACKAGE, *(f"{PACKAGE}.{_dotted(file)}" for file in files)]))


def path_of(module: str) -> Path:
    """The file of a module, in its room and not through the link that `creditloom/` holds."""
    package = ROOT / (module.removeprefix(f"{PACKAGE}.")).replace(".", "/") / "__init__.py"
    return package if package.is_file() else package.parent.with_suffix(".py")


@cache
def parsed(text: str) -> ast.Module:
    """The tree of a text, parsed once for all tests; nobody may change it."""
    return ast.parse(text)


@cache
def tree_of(module: str) -> ast.Module:
    """The parsed source of a module."""
    return parsed(path_of(module).read_text(encoding="utf-8"))


@cache
def nodes_of(module: str) -> tuple[ast.AST, ...]:
    """Every node of the source of a module: many tests walk them."""
    return tuple(ast.walk(tree_of(module)))


@cache
def imports(module: str) -> frozenset[str]:
    """Return every module named by an import of `module`, at any depth of its code.

    Imports for the type checker alone are left out.
    """
    known = set(modules())
    found: set[str] = set()
    for node in _running(tree_of(module)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(module, node)
            found.update(
                f"{base}.{alias.name}" if f"{base}.{alias.name}" in known else base
                for alias in node.names
            )
    return frozenset(found)


def reach(module: str) -> frozenset[str]:
    """Return our modules that running `module` can reach, itself included.

    Packages whose `__init__` holds only a docstring are left out.
    """
    known = set(modules())
    seen = set[str]()
    open_ = [module]
    while open_:
        current = open_.pop()
        if current in seen:
            continue
        seen.add(current)
        parents = {current.rpartition(".")[0]} if "." in current else set()
        open_.extend((imports(current) | parents) & known)
    return frozenset(name for name in seen if has_code(name))


def has_code(module: str) -> bool:
    """Return whether a module holds any code.

    Its docstring, `from __future__ import annotations` and the guard of its name are not code.
    """
    body = [
        node
        for node in tree_of(module).body
        if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    return any(not (_is_future(node) or _is_guard(node)) for node in body)


def room_of(module: str) -> str:
    """Return the room of a module: `models` of `creditloom.models.sample.split`.

    The package itself belongs to no room ("").
    """
    return module.split(".")[1] if module.startswith(f"{PACKAGE}.") else ""


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _is_guard(node: ast.stmt) -> bool:
    """`if __name__ != "creditloom.<room>": raise ImportError(...)`."""
    return (
        isinstance(node, ast.If)
        and "__name__" in ast.dump(node.test)
        and isinstance(node.body[0], ast.Raise)
    )


def _running(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that can run: an `if TYPE_CHECKING:` body cannot."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for other in child.orelse:
                yield from _running(other)
            continue
        yield child
        yield from _running(child)


def _base(module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = module.split(".") if path_of(module).name == "__init__.py" else module.split(".")[:-1]
    package = package[: len(package) - (node.level - 1)]
    return ".".join([*package, *([node.module] if node.module else [])])


def _dotted(file: Path) -> str:
    parts = list(file.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
