"""A rule broken on purpose makes the test that names it fail: a citation is not taken on trust."""

from __future__ import annotations

import ast
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
from tests.trace import fragments

COPIED = (*ROOMS, PACKAGE, "products", "tests", "docs", "params.yaml", "pyproject.toml", "dvc.yaml")
SOURCES = {"S1", "S2", "S3", "S4", "S5"}
# exit codes of pytest; others mean that it could not run the test
PASSED = 0
FAILED = 1


@dataclass(frozen=True)
class Mutation:
    """`find` in `file` becomes `put`; `test` must then fail.

    In Python code `scope` (`in` of the YAML file) names the function that holds `find`.
    """

    rule: str
    file: str
    scope: str | None
    find: str
    put: str
    test: str

    def applied(self, text: str) -> str:
        """Return the text of `file` with the rule broken."""
        return fragments.broken(text, self.find, self.put, self.scope)


def _mutations() -> tuple[Mutation, ...]:
    text = (Path(__file__).parent / "mutations.yaml").read_text(encoding="utf-8")
    entries = yaml.safe_load(text)
    return tuple(Mutation(scope=entry.pop("in", None), **entry) for entry in entries)


MUTATIONS = _mutations()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code and its tests in a folder of their own, where every named test passes."""
    folder = tmp_path_factory.mktemp("mutated")
    for name in COPIED:
        (folder / name).parent.mkdir(exist_ok=True)
        if (ROOT / name).is_dir():
            # links stay links: creditloom/ must lead to the copies
            shutil.copytree(ROOT / name, folder / name, symlinks=True)
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
    sound = (ROOT / mutation.file).read_text(encoding="utf-8")
    assert mutation.applied(sound) != sound
    tests = (ROOT / mutation.test.partition("::")[0]).read_text(encoding="utf-8")
    assert mutation.rule in {*cited_in(tests), *cited_in(mutation.test)}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.rule)
def test_broken_code_is_still_code_and_names_its_function(mutation: Mutation) -> None:
    """A syntax error would fail any test, and prove nothing about the rule."""
    is_python = mutation.file.endswith(".py")
    assert is_python == (mutation.scope is not None)
    sound = (ROOT / mutation.file).read_text(encoding="utf-8")
    if is_python:
        assert ast.unparse(ast.parse(mutation.applied(sound))) != ast.unparse(ast.parse(sound))


CODE = """
LIMIT = 5
def cap(a, b):
    # 借款
    return {"借": (a
            + b), "c": a * b}
class Rule:
    def fires(self):
        return LIMIT > 5
"""


@pytest.mark.parametrize(
    ("scope", "find", "expected"),
    [
        ("cap", "a + b", '{"借": (X), "c": a * b}'),
        ("cap", "a*b", '"c": X}'),
        ("Rule.fires", "5", "LIMIT > X"),
        ("module", "LIMIT=5", "\nX\ndef"),
        ("module", "5", "LIMIT = X\n"),
    ],
)
def test_code_is_found_by_function_and_expression(scope: str, find: str, expected: str) -> None:
    """However its lines are broken; the rest of the source stays as it is."""
    changed = fragments.broken(CODE, find, "X", scope)
    assert expected in changed
    assert len(changed.splitlines()) >= len(CODE.splitlines()) - 1


# table: a case a row
@pytest.mark.parametrize(
    ("scope", "find", "words"),
    [
        ("cap", "a - b", "0 times"),
        ("cap", "a", "2 times"),
        ("cup", "a", "defined 0 times"),
        ("module", "a + b", "0 times"),
        (None, "a", "times, not once"),
    ],
)
def test_what_does_not_stand_once_is_refused(scope: str | None, find: str, words: str) -> None:
    with pytest.raises(LookupError, match=words):
        fragments.broken(CODE, find, "X", scope)


@pytest.mark.slow
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: m.rule)
def test_its_test_fails(house: Path, mutation: Mutation) -> None:
    path = house / mutation.file
    sound = path.read_text(encoding="utf-8")
    path.write_text(mutation.applied(sound), encoding="utf-8")
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
