"""Who may import whom: data flows one way, and what leaves the repository stands on its own."""

from __future__ import annotations

import ast
import sys

from tests.architecture.source import ROOMS, imports, modules, tree_of

RUNTIME_LIBRARIES = {"numpy", "numba", "llvmlite", "lightgbm", "scipy", "pandas", "pyarrow"}


def _ours(module: str) -> set[str]:
    return {name for name in imports(module) if name.partition(".")[0] in ROOMS}


def _in(module: str, room: str) -> bool:
    return module == room or module.startswith(room + ".")


def test_nobody_imports_upwards() -> None:
    """features <- models, data <- pipeline; each room lists what it may see."""
    allowed = {
        "pipeline": ROOMS,
        "features": ("features",),
        "models": ("models",),
        "data": ("data", "features.tables", "features.compiled"),
    }
    wrong = [
        (module, name)
        for module in modules()
        for name in _ours(module)
        if not any(_in(name, room) for room in allowed[module.partition(".")[0]])
    ]
    assert wrong == []


def test_only_the_verbs_that_run_it_know_the_world() -> None:
    knowing = [module for module in modules() if not _in(module, "data.world") and any(_in(name, "data.world") for name in imports(module))]
    assert knowing == ["pipeline.book_world", "pipeline.machinery", "pipeline.simulate"]


def test_the_runtime_needs_little() -> None:
    """The registered code imports itself, the standard library and the libraries its requirements name."""
    allowed = set(sys.stdlib_module_names) | RUNTIME_LIBRARIES
    named = [(module, name) for module in modules() if _in(module, "models.decision") for name in imports(module)]
    assert [(module, name) for module, name in named if not _in(name, "models.decision") and name.partition(".")[0] not in allowed] == []


def test_what_is_copied_under_another_name_imports_itself_relatively() -> None:
    """features/ goes into the wheel, models/decision into wheel and registry: an absolute import of itself would break there."""
    copied = [module for module in modules() if _in(module, "features") or _in(module, "models.decision")]
    assert [(module, name) for module in copied for name in _absolute(module) if name.partition(".")[0] in ROOMS] == []


def test_an_upward_import_is_seen() -> None:
    """The scanner itself: it finds relative, plain and local imports."""
    assert "pipeline.params" in imports("pipeline.check")
    assert "data.errors" in imports("data.store")


def _absolute(module: str) -> list[str]:
    nodes = list(ast.walk(tree_of(module)))
    named = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
    return named + [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
