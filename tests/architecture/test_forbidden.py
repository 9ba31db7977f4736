"""What no module may do, and what every module has."""

from __future__ import annotations

import ast
import re
import subprocess

import pytest

from tests.architecture.source import ROOT, modules, path_of, tree_of

PICKLES = {"pickle", "cloudpickle", "joblib", "dill", "shelve", "marshal"}
YAML_READER = "pipeline.params"
CDN = re.compile(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//|@import\s+url|cdn\.|unpkg\.com|googleapis\.com", re.IGNORECASE)
HOME = re.compile(r"(?<![\w.])/(?:work|farm|root|home|Users|tmp/bash_jobs)/")
SECRET = re.compile(r"(?i)(?:api[_-]?key|secret|password|token)\s*[=:]\s*[\"'][A-Za-z0-9+/_\-]{12,}[\"']")
MAX_LINES = 250


def _named(module: str) -> set[str]:
    """The top names of everything a module imports, at any depth."""
    nodes = list(ast.walk(tree_of(module)))
    plain = {alias.name.partition(".")[0] for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return plain | {(node.module or "").partition(".")[0] for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}


def _tracked(*patterns: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("module", modules())
def test_no_pickle(module: str) -> None:
    assert _named(module) & PICKLES == set()


@pytest.mark.parametrize("module", [m for m in modules() if m != YAML_READER])
def test_one_reader_of_yaml(module: str) -> None:
    assert _named(module) & {"yaml", "ruamel"} == set()


def test_the_reader_of_yaml_is_safe() -> None:
    """Its loader derives from SafeLoader: a tag in a file constructs nothing."""
    from pipeline import params

    assert issubclass(params._Loader, __import__("yaml").SafeLoader)


@pytest.mark.parametrize("module", modules())
def test_no_catch_all_except(module: str) -> None:
    handlers = [node for node in ast.walk(tree_of(module)) if isinstance(node, ast.ExceptHandler)]
    assert [node.lineno for node in handlers if node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException")] == []


@pytest.mark.parametrize("module", modules())
def test_a_module_is_small_and_says_what_it_is(module: str) -> None:
    assert len(path_of(module).read_text(encoding="utf-8").splitlines()) <= MAX_LINES
    assert ast.get_docstring(tree_of(module))


@pytest.mark.parametrize("module", modules())
def test_public_functions_and_classes_say_what_they_are(module: str) -> None:
    public = [node for node in tree_of(module).body if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("module", modules())
def test_nothing_is_printed_and_nothing_evaluated(module: str) -> None:
    """print and eval, exec, compile of text: the one speaks past progress bars and --json, the others run data."""
    calls = [node.func.id for node in ast.walk(tree_of(module)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    assert set(calls) & {"print", "eval", "exec"} == set()


def test_no_path_of_one_machine_and_no_secret_is_tracked() -> None:
    texts = {
        name: (ROOT / name).read_text(encoding="utf-8") for name in _tracked("*.py", "*.yaml", "*.toml", "*.md", "Makefile", ".ci/run")
    }
    assert [name for name, text in texts.items() if HOME.search(text) and name != "tests/architecture/test_forbidden.py"] == []
    assert [name for name, text in texts.items() if SECRET.search(text)] == []


def test_templates_load_nothing_from_elsewhere() -> None:
    assert [name for name in _tracked("*.html", "*.jinja", "*.j2", "*.css", "*.js", "*.svg") if CDN.search((ROOT / name).read_text())] == []


def test_the_lock_pins_hashes_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^[a-zA-Z0-9_.\-\[\]]+==\S+", lock, re.MULTILINE)
    assert len(pins) > 100 and lock.count("--hash=sha256:") >= len(pins)
    assert "://" not in lock and "--index-url" not in lock and "--extra-index" not in lock


def test_the_lock_covers_what_pyproject_asks_for() -> None:
    """Every dependency of pyproject.toml stands in the lock, in the version asked for."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = {
        m[1].lower().replace("_", "-"): m[2]
        for m in re.finditer(r"^([\w.\-]+)(?:\[[^\]]*\])?==(\S+)", (ROOT / "requirements.lock").read_text(), re.M)
    }
    for wanted in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        name, _, version = re.sub(r"\[.*?\]", "", wanted).partition("==")
        name = re.split(r"[><=~!]", name)[0].lower()
        assert name in lock and version in ("", lock[name]), wanted


def test_no_tracked_file_is_big() -> None:
    """Data belongs to DVC."""
    assert [name for name in _tracked() if (ROOT / name).stat().st_size > 1_000_000] == []
