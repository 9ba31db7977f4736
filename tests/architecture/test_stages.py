"""dvc.yaml tells the truth.

Each stage lists the code it can reach, the params it reads, and nothing else.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.stage import STAGES as IN_ORDER
from creditloom.pipeline.base.stage import module_of
from tests.architecture.dag import PRODUCTS, Stage, ancestors, is_out, stages, within
from tests.architecture.source import (
    PACKAGE,
    ROOT,
    has_code,
    modules,
    nodes_of,
    path_of,
    reach,
    room_of,
)

STAGE = "creditloom.pipeline.stages"
STAGES = stages()
NAMES = tuple(STAGES)
# Folders of code that a stage lists, in the mean over all stages. It was 80 in all, for eleven;
# such a bound would refuse every new stage, and the recipe of CONTRIBUTING adds one.
MOST_IN_THE_MEAN = 8
BLIND = (
    "featurize",
    "select",
    "tune",
    "train",
    "calibrate",
    "bundle",
    "decide",
)  # what must never come to know the truth


def _main_of(name: str) -> str:
    """Return the module that dvc.yaml runs for a stage."""
    return STAGES[name].cmd.removeprefix("python -m ") + ".__main__"


def _reached(stage: Stage) -> set[str]:
    """Return the files of the rooms that a stage reaches.

    `creditloom/__init__.py` only names what it loads when asked, and no stage asks.
    """
    reached = reach(_main_of(stage.name)) - {PACKAGE}
    return {path_of(module).relative_to(ROOT).as_posix() for module in reached}


def test_code_is_named_by_folders_where_they_lie() -> None:
    """DVC hashes a link as one file.

    A dependency through creditloom/ would let a stale result pass for a new one.
    """
    for stage in STAGES.values():
        linked = [
            dep
            for dep in stage.deps
            if any(
                part.is_symlink() for part in (ROOT / dep, *(ROOT / dep).parents) if part != ROOT
            )
        ]
        assert linked == [], stage.name
        assert [dep for dep in stage.code if not (ROOT / dep).is_dir()] == [], stage.name
    listed = sum(len(stage.code) for stage in STAGES.values())
    assert listed <= MOST_IN_THE_MEAN * len(STAGES)


def test_a_dependency_through_a_link_is_seen() -> None:
    assert (ROOT / "creditloom" / "models").is_symlink() and not (ROOT / "models").is_symlink()


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_runs_its_verb(name: str) -> None:
    """The verb lies in one of the groups of pipeline/stages/, where the runner looks for it too."""
    command = STAGES[name].cmd.split(".")
    assert ".".join(command[:-2]) == f"python -m {STAGE}" and command[-1] == name
    if not STAGES[name].frozen:
        assert STAGES[name].cmd == f"python -m {module_of(name)}"


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_lists_all_the_code_it_can_reach(name: str) -> None:
    """Anything missing here would let a stale result pass for a new one."""
    code = STAGES[name].code
    assert (
        sorted(
            file for file in _reached(STAGES[name]) if not any(within(file, dep) for dep in code)
        )
        == []
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_lists_no_code_it_cannot_reach(name: str) -> None:
    """A superfluous dependency would rerun a stage for nothing.

    A folder may be listed when half of its modules are reached.
    """
    reached = _reached(STAGES[name])
    files = [
        path_of(module).relative_to(ROOT).as_posix() for module in modules() if has_code(module)
    ]
    for dep in STAGES[name].code:
        inside = [file for file in files if within(file, dep)]
        assert sum(file in reached for file in inside) * 2 >= max(len(inside), 1), dep


@pytest.mark.parametrize("name", NAMES)
def test_every_dependency_exists(name: str) -> None:
    assert [dep for dep in STAGES[name].deps if not is_out(dep) and not (ROOT / dep).exists()] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_lists_the_params_it_reads(name: str) -> None:
    read = {section for module in reach(_main_of(name)) for section in _sections_read(module)}
    assert sorted(STAGES[name].params) == sorted(read)


@pytest.mark.parametrize("name", NAMES)
def test_a_stage_that_reads_products_depends_on_them(name: str) -> None:
    uses = any(
        node.attr in ("PRODUCTS", "LAW")
        for module in reach(_main_of(name))
        if room_of(module) == "pipeline"
        for node in _paths_named(module)
    )
    assert uses == any(within(dep, PRODUCTS) for dep in STAGES[name].deps)


@pytest.mark.parametrize("name", NAMES)
def test_every_data_dependency_is_made_by_a_stage(name: str) -> None:
    made = [out for stage in STAGES.values() for out in stage.outs]
    loose = [
        dep
        for dep in STAGES[name].deps
        if is_out(dep) and not any(within(out, dep) or within(dep, out) for out in made)
    ]
    assert loose == []


@pytest.mark.parametrize("name", NAMES)
def test_every_file_a_stage_names_is_a_dependency_or_an_out(name: str) -> None:
    """Each `paths.X` below data/ in the verbs that a stage reaches is declared.

    Seconds and the journal of tune are not part of the DAG.
    """
    stage = STAGES[name]
    free = (paths.RUNTIME, paths.RUNTIME_JSON, paths.TUNING)
    known = [*stage.deps, *stage.outs]
    named = {
        node.attr
        for module in reach(_main_of(name))
        if room_of(module) == "pipeline"
        for node in _paths_named(module)
    }
    found = {getattr(paths, attr) for attr in named if isinstance(getattr(paths, attr), Path)}
    files = {
        path.as_posix()
        for path in found
        if is_out(path.as_posix()) and path not in (*free, paths.REPORTS, paths.EVIDENCE)
    }
    assert (
        sorted(
            file
            for file in files
            if not any(within(file, one) or within(one, file) for one in known)
        )
        == []
    )


def test_outs_do_not_overlap() -> None:
    outs = [out for stage in STAGES.values() for out in stage.outs]
    assert [
        (one, other) for one in outs for other in outs if one is not other and within(one, other)
    ] == []


def test_the_stages_of_the_runner_are_those_of_the_dag_in_its_order() -> None:
    """A new stage touches its folder, dvc.yaml and GROUPS; no run starts the frozen `tune`."""
    assert tuple(name for name in NAMES if not STAGES[name].frozen) == IN_ORDER


def test_only_tune_is_frozen() -> None:
    assert [name for name in NAMES if STAGES[name].frozen] == ["tune"]


@pytest.mark.parametrize("name", BLIND)
def test_no_path_leads_from_the_truth_to_a_decision(name: str) -> None:
    """No stage that leads to a decision reads the truth.

    The truth and everything made of it stay downstream of the decision.
    """
    upstream = {name} | ancestors(name, STAGES)
    assert [
        stage
        for stage in upstream
        for dep in STAGES[stage].deps
        if within("data/truth", dep) or within(dep, "data/truth")
    ] == []
    assert upstream.isdisjoint({"evaluate", "explain", "report"})


def test_only_simulate_and_evaluate_name_the_truth() -> None:
    """Only the stages that write and judge the truth name its path.

    simulate writes it, evaluate judges by it.
    """
    naming = {module for module in modules() for node in nodes_of(module) if _names_the_truth(node)}
    assert naming == {
        f"{STAGE}.tables.simulate.__main__",
        f"{STAGE}.results.evaluate.truth_sample",
    }


def _names_the_truth(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return any(alias.name == "TRUTH" for alias in node.names)
    if isinstance(node, ast.Constant):
        return node.value == "data/truth"
    return isinstance(node, ast.Attribute) and node.attr == "TRUTH"


def _paths_named(module: str) -> list[ast.Attribute]:
    nodes = [
        node
        for node in nodes_of(module)
        if isinstance(node, ast.Attribute) and hasattr(paths, node.attr)
    ]
    return [node for node in nodes if isinstance(node.value, ast.Name) and node.value.id == "paths"]


def _sections_read(module: str) -> set[str]:
    """The first argument of every call of `section(...)` or `params.section(...)` in a module."""
    calls = [node for node in nodes_of(module) if isinstance(node, ast.Call) and node.args]
    named = [
        node
        for node in calls
        if getattr(node.func, "id", getattr(node.func, "attr", "")) == "section"
    ]
    return {node.args[0].value for node in named if isinstance(node.args[0], ast.Constant)}
