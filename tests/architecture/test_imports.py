"""Who may import whom: data flows one way, and what leaves the repository stands on its own."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.architecture.source import ROOMS, imports, modules, tree_of

RUNTIME_LIBRARIES = {"numpy", "numba", "lightgbm", "pandas", "pyarrow"}


def _ours(module: str) -> set[str]:
    return {name for name in imports(module) if name.partition(".")[0] in ROOMS}


def _in(module: str, room: str) -> bool:
    return module == room or module.startswith(room + ".")


@pytest.mark.parametrize("module", modules())
def test_nobody_imports_upwards(module: str) -> None:
    """features <- models, data <- pipeline; each room lists what it may see."""
    allowed = {
        "pipeline": ROOMS,
        "features": ("features",),
        "models": ("models",),
        "data": ("data", "features.tables"),
    }[module.partition(".")[0]]
    assert [name for name in _ours(module) if not any(_in(name, room) for room in allowed)] == []


@pytest.mark.parametrize("module", [m for m in modules() if not _in(m, "data.world")])
def test_only_simulate_knows_the_world(module: str) -> None:
    assert module == "pipeline.simulate" or not any(_in(name, "data.world") for name in imports(module))


@pytest.mark.parametrize("module", [m for m in modules() if _in(m, "models.decision")])
def test_the_runtime_needs_little(module: str) -> None:
    """The registered code imports itself, the standard library and the libraries its requirements name."""
    tops = {name.partition(".")[0] for name in imports(module) if not _in(name, "models.decision")}
    assert tops <= set(sys.stdlib_module_names) | RUNTIME_LIBRARIES


@pytest.mark.parametrize("module", [m for m in modules() if _in(m, "features") or _in(m, "models.decision")])
def test_what_is_copied_under_another_name_imports_itself_relatively(module: str) -> None:
    """features/ goes into the wheel, models/decision into wheel and registry: an absolute import of itself would break there."""
    absolute = [node.module or "" for node in ast.walk(tree_of(module)) if isinstance(node, ast.ImportFrom) and not node.level]
    absolute += [alias.name for node in ast.walk(tree_of(module)) if isinstance(node, ast.Import) for alias in node.names]
    assert [name for name in absolute if name.partition(".")[0] in ROOMS] == []


def test_an_upward_import_is_seen() -> None:
    """The scanner itself: it finds relative, plain and local imports."""
    assert "pipeline.params" in imports("pipeline.check")
    assert "data.errors" in imports("data.store")
