"""A rule broken on purpose makes the test that names it fail: a citation is not taken on trust."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from creditloom.pipeline.proof.trace.citations import cited_in
from tests.architecture.source import PACKAGE, ROOMS, ROOT

COPIED = (*ROOMS, PACKAGE, "products", "tests", "docs", "params.yaml", "pyproject.toml", "dvc.yaml")
SOURCES = {"S1", "S2", "S3", "S4", "S5"}
PASSED, FAILED = 0, 1  # exit codes of pytest; others mean that it could not run the test


@dataclass(frozen=True)
class Mutation:
    """`find` in `file` becomes `put`; `test` must then fail."""

    rule: str
    file: str
    find: str
    put: str
    test: str


MUTATIONS = tuple(
    Mutation(**entry)
    for entry in yaml.safe_load(
        (Path(__file__).parent / "mutations.yaml").read_text(encoding="utf-8")
    )
)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code and its tests in a folder of their own, where every named test passes."""
    folder = tmp_path_factory.mktemp("mutated")
    for name in COPIED:
        (folder / name).parent.mkdir(exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / name, symlinks=True
            )  # creditloom/ must link to the copies
        else:
            shutil.copy2(ROOT / name, folder / name)
    sound = run(folder, *sorted({mutation.test for mutation in MUTATIONS}))
    assert sound.returncode == PASSED, sound.stdout
    return folder


def test_every_source_has_its_share() -> None:
    counts = {
        source: sum(mutation.rule.startswith(source) for mutation in MUTATIONS)
        for source in SOURCES
    }
    assert min(counts.values()) >= 4 and len(MUTATIONS) >= 25


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.rule)
def test_the_line_to_break_is_there_and_the_test_names_the_rule(mutation: Mutation) -> None:
    assert (ROOT / mutation.file).read_text(encoding="utf-8").count(mutation.find) == 1
    assert mutation.find != mutation.put
    tests = (ROOT / mutation.test.partition("::")[0]).read_text(encoding="utf-8")
    assert mutation.rule in {*cited_in(tests), *cited_in(mutation.test)}


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.rule)
def test_its_test_fails(house: Path, mutation: Mutation) -> None:
    path = house / mutation.file
    sound = path.read_text(encoding="utf-8")
    path.write_text(sound.replace(mutation.find, mutation.put), encoding="utf-8")
    try:
        assert run(house, mutation.test).returncode == FAILED
    finally:
        path.write_text(sound, encoding="utf-8")


def run(house: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """pytest on these tests of the copy, up to the first that fails."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    quiet = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=house, capture_output=True, text=True, check=False, env=quiet
    )
