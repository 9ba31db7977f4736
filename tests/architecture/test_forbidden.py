"""What no module may do, and what every module has."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from itertools import chain

import yaml
from packaging.requirements import Requirement

from creditloom.pipeline.base import params
from tests.architecture.source import ROOT, imports, modules, nodes_of, tree_of

ESTIMATOR = "creditloom.pipeline.scorer.credit_scorer"
PICKLES = {"pickle", "cloudpickle", "joblib", "dill", "shelve", "marshal"}
YAML_READER = "creditloom.pipeline.base.params"
CDN = re.compile(
    r"(?:src|href)\s*=\s*[\"'](?:https?:)?//|@import\s+url|cdn\.|unpkg\.com|googleapis\.com",
    re.IGNORECASE,
)
HOME = re.compile(r"(?<![\w.])/(?:work|farm|root|home|Users|tmp/bash_jobs)/")
# Extras that `make` does not install, and why.
NOT_LOCKED = {"rivals": "CatBoost has 270 MB, and only `creditloom bench tables` asks for it"}
SECRET = re.compile(
    r"(?i)(?:api[_-]?key|secret|password|token)\s*[=:]\s*[\"'][A-Za-z0-9+/_\-]{12,}[\"']"
)


def _named(module: str) -> set[str]:
    """The top names of everything a module imports, at any depth."""
    nodes = nodes_of(module)
    plain = {
        alias.name.partition(".")[0]
        for node in nodes
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    return plain | {
        (node.module or "").partition(".")[0]
        for node in nodes
        if isinstance(node, ast.ImportFrom) and not node.level
    }


def _tracked(*patterns: str) -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_pickle() -> None:
    assert [(module, name) for module in modules() for name in _named(module) & PICKLES] == []


def test_scikit_learn_is_loaded_where_it_is_used() -> None:
    """No module loads it on import: who starts a command does not wait (docs/decisions/34).

    The estimator derives from its classes. Nothing of ours imports that module.
    """
    named = [module for module in modules() if "sklearn" in _named(module)]
    loaded = [
        module
        for module in named
        for node in tree_of(module).body
        if isinstance(node, ast.Import | ast.ImportFrom) and "sklearn" in ast.unparse(node)
    ]
    assert "creditloom.models.fit.training_table" in named and loaded == [ESTIMATOR]
    assert [module for module in modules() if ESTIMATOR in imports(module)] == []


def test_one_trainer_of_lightgbm() -> None:
    """`booster` alone calls `lgb.train` (docs/decisions/34)."""
    callers = [
        module
        for module in modules()
        if any(isinstance(node, ast.Attribute) and _is_trainer(node) for node in nodes_of(module))
    ]
    assert callers == ["creditloom.models.learners.booster"]


def _is_trainer(node: ast.Attribute) -> bool:
    return node.attr == "train" and ast.unparse(node.value) in ("lgb", "lightgbm")


def test_one_reader_of_yaml() -> None:
    """One makes values of it; its neighbour finds where a value stands in the text."""
    naming = [module for module in modules() if _named(module) & {"yaml", "ruamel"}]
    assert naming == [YAML_READER, f"{YAML_READER}_text"]


def test_the_reader_of_yaml_is_safe() -> None:
    """Its loader constructs as SafeLoader does: a tag in a file constructs nothing."""
    assert issubclass(params._Loader, (yaml.SafeLoader, yaml.CSafeLoader))
    known = yaml.SafeLoader.yaml_constructors
    assert params._Loader.yaml_constructors == known
    assert params._Loader.yaml_multi_constructors == {}


def test_no_catch_all_except() -> None:
    handlers = [
        (module, node)
        for module in modules()
        for node in nodes_of(module)
        if isinstance(node, ast.ExceptHandler)
    ]
    catch_all = ("Exception", "BaseException")
    assert [
        (module, node.lineno)
        for module, node in handlers
        if node.type is None or getattr(node.type, "id", "") in catch_all
    ] == []


def test_every_module_says_what_it_is() -> None:
    assert [module for module in modules() if not ast.get_docstring(tree_of(module))] == []


def test_public_functions_and_classes_say_what_they_are() -> None:
    top = [
        (module, node)
        for module in modules()
        for node in tree_of(module).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    ]
    assert [
        (module, node.name)
        for module, node in top
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ] == []


def test_nothing_is_printed_and_nothing_evaluated() -> None:
    """print and eval, exec: the one speaks past progress bars and --json, the others run data."""
    nodes = [
        (module, node)
        for module in modules()
        for node in nodes_of(module)
        if isinstance(node, ast.Call)
    ]
    assert [
        (module, node.lineno)
        for module, node in nodes
        if getattr(node.func, "id", "") in ("print", "eval", "exec")
    ] == []


def test_no_path_of_one_machine_and_no_secret_is_tracked() -> None:
    texts = {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in _tracked("*.py", "*.yaml", "*.toml", "*.md", "Makefile", ".ci/run")
    }
    assert [
        name
        for name, text in texts.items()
        if HOME.search(text) and name != "tests/architecture/test_forbidden.py"
    ] == []
    assert [name for name, text in texts.items() if SECRET.search(text)] == []


def test_templates_load_nothing_from_elsewhere() -> None:
    assert [
        name
        for name in _tracked("*.html", "*.jinja", "*.j2", "*.css", "*.js", "*.svg")
        if CDN.search((ROOT / name).read_text())
    ] == []


def test_the_lock_pins_hashes_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^[a-zA-Z0-9_.\-\[\]]+==\S+", lock, re.MULTILINE)
    assert len(pins) > 100 and lock.count("--hash=sha256:") >= len(pins)
    assert "://" not in lock and "--index-url" not in lock and "--extra-index" not in lock


def test_the_lock_covers_what_pyproject_asks_for() -> None:
    """Every dependency of pyproject.toml stands in the lock, in a version that its range allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = {
        m[1].lower().replace("_", "-"): m[2]
        for m in re.finditer(
            r"^([\w.\-]+)(?:\[[^\]]*\])?==(\S+)", (ROOT / "requirements.lock").read_text(), re.M
        )
    }
    extras = project["optional-dependencies"]
    locked = [extras[name] for name in extras if name not in NOT_LOCKED]
    for wanted in [*project["dependencies"], *chain.from_iterable(locked)]:
        assert Requirement(wanted).name == project["name"] or _covers(lock, wanted), wanted


def test_a_version_out_of_range_is_seen() -> None:
    assert _covers({"pandas": "3.1"}, "pandas>=3.0,<4")
    assert not _covers({"pandas": "2.9.9"}, "pandas>=3.0,<4") and not _covers({}, "pandas")


def _covers(lock: dict[str, str], wanted: str) -> bool:
    asked = Requirement(wanted)
    return asked.name.lower() in lock and lock[asked.name.lower()] in asked.specifier


def test_no_tracked_file_is_big() -> None:
    """Data belongs to DVC."""
    assert [name for name in _tracked() if (ROOT / name).stat().st_size > 1_000_000] == []
