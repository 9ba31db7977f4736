"""`python -m pipeline.wheel`: build dist/creditloom-<version>-py3-none-any.whl, the same bytes from the same sources.

The wheel holds one package: `creditloom.features` (a copy of features/), `creditloom.decision` (a copy of models/decision/) and the
few files of `pipeline/wheel/package/`. No package called data, models or features is installed on anyone's machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from rich.console import Console

from models.registry.runtime import copy_package, imported_packages, pinned
from pipeline import paths

PACKAGE = Path(__file__).resolve().parent / "package"
ROOMS = {"features": paths.HOUSE / "features", "decision": paths.HOUSE / "models" / "decision"}
SPARK = ("pyspark", "ibis")  # 0.4 GB for one of two engines, and what writes its queries: an extra
EPOCH = "315532800"  # 1980-01-01, the first day a zip file can hold
PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "creditloom"
version = "{version}"
description = "{description}"
requires-python = ">=3.11"
dependencies = [{dependencies}]

[project.optional-dependencies]
spark = [{spark}]

[tool.setuptools]
packages = [{packages}]
"""


class WheelError(ValueError):
    """The wheel cannot be built; the message is the builder's."""


def build(out: Path) -> Path:
    """Build the wheel into folder `out` and return its path. Needs setuptools in this environment, no network."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="creditloom-wheel-") as scratch:
        tree = lay_out(Path(scratch))
        command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out.absolute()), str(tree)]
        environ = {**os.environ, "SOURCE_DATE_EPOCH": os.environ.get("SOURCE_DATE_EPOCH", EPOCH)}
        done = subprocess.run(command, env=environ, cwd=tree, capture_output=True, text=True, check=False, umask=0o022)  # noqa: S603  our own arguments
    if done.returncode:
        raise WheelError(f"building the wheel failed:\n{done.stdout}{done.stderr}\n  next: run `make repro` once, it installs the builder")
    return out / done.stdout.strip().rpartition("Successfully built ")[2]


def lay_out(tree: Path) -> Path:
    """Copy the package and its pyproject.toml into `tree`, with modes that do not depend on the umask."""
    package = copy_package(PACKAGE, tree / "creditloom")
    for name, room in ROOMS.items():
        copy_package(room, package / name)
    (tree / "pyproject.toml").write_text(_pyproject(package), encoding="utf-8", newline="\n")
    for path in tree.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return tree


def dependencies() -> tuple[str, ...]:
    """What the copied code imports and no more, at the versions it was proved with: same versions, same bits."""
    return pinned(tuple(name for name in imported_packages(PACKAGE, *ROOMS.values()) if name not in ("creditloom", *SPARK)))


def spark_dependencies() -> tuple[str, ...]:
    """What the Spark engine needs beside them; ibis names what its backend needs by an extra of its own."""
    return tuple(line.replace("ibis-framework==", "ibis-framework[pyspark]==") for line in pinned(SPARK))


def _pyproject(package: Path) -> str:
    project = tomllib.loads((paths.HOUSE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = sorted(".".join(init.parent.relative_to(package.parent).parts) for init in package.rglob("__init__.py"))
    return PYPROJECT.format(
        version=project["version"],
        description=project["description"],
        dependencies=", ".join(f'"{line}"' for line in dependencies()),
        spark=", ".join(f'"{line}"' for line in spark_dependencies()),
        packages=", ".join(f'"{name}"' for name in packages),
    )


def main() -> None:
    """Build into dist/ and say what was built."""
    wheel = build(Path("dist"))
    say = Console(stderr=True, soft_wrap=True, markup=False).print
    say(f"{wheel} ({wheel.stat().st_size / 1e3:.0f} kB); needs {', '.join(dependencies())}")


if __name__ == "__main__":
    main()
