"""Who may import whom: data flows one way, and what leaves the repository stands on its own."""

from __future__ import annotations

import ast
import sys

import pytest

from tests.architecture.source import PACKAGE, ROOMS, imports, modules, nodes_of, room_of

RUNTIME_LIBRARIES = {"numpy", "numba", "llvmlite", "lightgbm", "scipy", "pandas", "pyarrow"}
ALLOWED = {
    # the ground: these two are complete in themselves
    "features": (),
    "decision": (),
    "storage": ("decision", "features"),
    # matrix to PD, the synthetic lender
    "models": ("decision",),
    "world": ("features", "storage"),
    # what people look at, decisions in numbers, life after booking
    "report": ("decision", "models"),
    "serving": ("decision", "features", "storage"),
    "portfolio": ("decision", "models"),
    # the top floor: nobody imports it
    "pipeline": ("", *ROOMS),  # "" is the package itself, which says its version
}


def _ours(module: str) -> set[str]:
    return {name for name in imports(module) if name.partition(".")[0] == PACKAGE}


def _in(module: str, room: str) -> bool:
    return module == room or module.startswith(room + ".")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    """Nobody imports upwards, and no room of a floor its neighbour."""
    seen = {
        (module, room_of(name))
        for module in modules()
        if room_of(module) == room
        for name in _ours(module)
    }
    assert (
        sorted((module, other) for module, other in seen if other not in (room, *ALLOWED[room]))
        == []
    )


def test_what_a_room_may_import_lies_below_it() -> None:
    """The table above has floors.

    The rooms can be put in an order in which each allows only earlier ones.
    """
    placed: list[str] = []
    while len(placed) < len(ROOMS):
        ready = [
            room
            for room in ROOMS
            if room not in placed and set(ALLOWED[room]) - {room, ""} <= set(placed)
        ]
        assert ready, f"a circle among {sorted(set(ROOMS) - set(placed))}"
        placed += ready


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Imports inside functions count too.

    Two modules that need a late import to break their circle are not two modules.
    """
    known = set(modules())
    free = {module: imports(module) & known - {module} for module in known}
    while leaves := {module for module, named in free.items() if not named}:
        free = {module: named - leaves for module, named in free.items() if module not in leaves}
    assert _circle(free) == []


def test_a_circle_is_seen() -> None:
    assert _circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c"]
    assert _circle({"a": {"b"}, "b": set()}) == []


def test_every_import_of_ours_has_the_one_name() -> None:
    """`import models` would make a second module of the same file.

    features and decision import themselves relatively.
    """
    bare = [
        (module, name)
        for module in modules()
        for name in imports(module)
        if name.partition(".")[0] in ROOMS
    ]
    assert bare == []


def test_only_the_verbs_that_run_it_know_the_world() -> None:
    knowing = [
        module
        for module in modules()
        if room_of(module) != "world"
        and any(_in(name, "creditloom.world") for name in imports(module))
    ]
    assert knowing == [
        "creditloom.pipeline.api",
        "creditloom.pipeline.book.book_world",
        "creditloom.pipeline.commands.world.simulate",
        "creditloom.pipeline.proof.claims.labelled_world",
        "creditloom.pipeline.proof.share_recovery",
        "creditloom.pipeline.stages.tables.simulate.__main__",
    ]


def test_the_runtime_needs_little() -> None:
    """The registered code imports itself, the standard library and what its requirements name."""
    allowed = set(sys.stdlib_module_names) | RUNTIME_LIBRARIES
    named = [
        (module, name)
        for module in modules()
        if room_of(module) == "decision"
        for name in imports(module)
    ]
    assert [
        (module, name)
        for module, name in named
        if room_of(name) != "decision" and name.partition(".")[0] not in allowed
    ] == []


def test_what_is_copied_under_another_name_imports_itself_relatively() -> None:
    """decision/ goes into the registered model under a hashed name, and features/ may.

    An absolute import of itself would break there.
    """
    copied = [module for module in modules() if room_of(module) in ("features", "decision")]
    assert [
        (module, name)
        for module in copied
        for name in _absolute(module)
        if name.partition(".")[0] == PACKAGE
    ] == []


def test_an_upward_import_is_seen() -> None:
    """The scanner itself: it finds relative, plain and local imports."""
    assert "creditloom.pipeline.base.params" in imports("creditloom.pipeline.commands.model.params")
    assert "creditloom.storage.files.errors" in imports("creditloom.storage.files.store")
    assert "creditloom.features.clock" in imports("creditloom.features.engine.point_in_time")


def _circle(free: dict[str, set[str]]) -> list[str]:
    """Modules from which a way leads back to themselves."""
    reached = {module: set(named) for module, named in free.items()}
    for _ in reached:
        reached = {
            module: named.union(*(reached.get(name, set()) for name in named))
            for module, named in reached.items()
        }
    return sorted(module for module, named in reached.items() if module in named)


def _absolute(module: str) -> list[str]:
    nodes = nodes_of(module)
    named = [
        node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level
    ]
    return named + [
        alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names
    ]
