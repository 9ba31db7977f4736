"""The runtime under a name of its own."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest

from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.runtime import (
    copy_package,
    fingerprint,
    imported_packages,
    pinned,
    requirements,
    runtime_name,
)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "decision"
    (folder / "inner").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "loader.py").write_text(
        "import json\nimport lightgbm as lgb\nfrom .inner import rule\n"
    )
    (folder / "inner" / "__init__.py").write_text("rule = 1\n")
    return folder


def test_one_changed_byte_gives_another_name(package: Path) -> None:
    before = runtime_name(package)
    (package / "inner" / "__init__.py").write_text("rule = 2\n")
    assert runtime_name(package) != before
    (package / "inner" / "__init__.py").write_text("rule = 1\n")
    assert runtime_name(package) == before


def test_a_moved_file_gives_another_name(package: Path) -> None:
    before = fingerprint(package)
    (package / "inner" / "__init__.py").rename(package / "inner.py")
    assert fingerprint(package) != before


def test_the_copy_has_the_same_contents_and_no_caches(package: Path, tmp_path: Path) -> None:
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "loader.cpython-311.pyc").write_bytes(b"stale")
    (package / "notes.md").write_text("not code")
    copy = copy_package(package, tmp_path / "copy")
    assert fingerprint(copy) == fingerprint(package)
    assert sorted(p.relative_to(copy).as_posix() for p in copy.rglob("*") if p.is_file()) == [
        "__init__.py",
        "inner/__init__.py",
        "loader.py",
    ]


def test_an_empty_package_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="No code to copy"):
        copy_package(tmp_path, tmp_path / "copy")


def test_requirements_are_what_the_code_imports_and_its_frames_need(package: Path) -> None:
    assert imported_packages(package) == ("lightgbm",)
    names = [line.partition("==")[0] for line in requirements(package)]
    assert names == ["lightgbm", "mlflow", "numpy", "pandas"]
    assert f"lightgbm=={version('lightgbm')}" in requirements(package)


def test_a_package_is_pinned_by_its_distribution_name() -> None:
    assert pinned(("ibis", "yaml")) == (
        f"PyYAML=={version('pyyaml')}",
        f"ibis-framework=={version('ibis-framework')}",
    )
