"""A registered model that is not what was registered is refused before any of its code runs.

By MLflow alone (its loader checks code and bundle), by `creditloom score`, and by `verify-model`,
which also holds what MLflow reads before the loader can check.
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest

from creditloom.serving.registry.load import load
from creditloom.serving.registry.lookup import Version
from creditloom.serving.registry.safety.guard import NO_BYTECODE, UncheckedModelError
from creditloom.serving.registry.safety.model_check import check_version
from tests.registry.conftest import House
from tests.registry.small import write_bundle

NO_SPARK = shutil.which("java") is None or importlib.util.find_spec("pyspark") is None
Attack = Callable[[Version, Path], None]
TRACE = "foreign code ran"


@pytest.fixture
def version(house: House, tmp_path: Path) -> Version:
    """Version 1 in a folder of its own, to be spoilt."""
    copy = tmp_path / "stored"
    shutil.copytree(house.versions[0].location, copy)
    return replace(house.versions[0], location=copy)


def _foreign(trace: Path) -> str:
    return f"open({str(trace)!r}, 'w').write({TRACE!r})\n"


def _package(version: Version) -> Path:
    return version.location / "code" / version.runtime


def _bytecode(source: Path, code: str) -> None:
    """Leave bytecode for `source` that Python takes without a look at the source."""
    place = Path(importlib.util.cache_from_source(str(source)))
    if place.parent.is_file():
        place.parent.unlink()
    place.parent.mkdir()
    header = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
    place.write_bytes(header + marshal.dumps(compile(code, str(source), "exec")))


def _swapped_bundle(version: Version, _trace: Path) -> None:
    bundle = version.bundle
    shutil.rmtree(bundle)
    write_bundle(bundle, seed=8)


def _truncated_file(version: Version, _trace: Path) -> None:
    model = version.bundle / "model.txt"
    model.write_bytes(model.read_bytes()[:-100])


def _edited_code(version: Version, trace: Path) -> None:
    file = _package(version) / "score" / "scorer.py"
    file.write_text(file.read_text() + _foreign(trace))


def _edited_and_renamed_code(version: Version, trace: Path) -> None:
    """Give the edited package another name of ours, as its contents would."""
    _edited_code(version, trace)
    _package(version).rename(_package(version).with_name(f"creditloom_rt_{'0' * 64}"))


def _stray_bytecode(version: Version, trace: Path) -> None:
    _bytecode(_package(version) / "score" / "scorer.py", _foreign(trace))


def _bytecode_beside(version: Version, trace: Path) -> None:
    source = _package(version) / "loader.py"
    source.with_suffix(".pyc").write_bytes(b"any")
    _bytecode(source, _foreign(trace))


def _module_beside_the_code(version: Version, trace: Path) -> None:
    (version.location / "code" / "lightgbm.py").write_text(_foreign(trace))


def _module_in_the_code(version: Version, trace: Path) -> None:
    (_package(version) / "score" / "extra.py").write_text(_foreign(trace))


def _link_in_the_code(version: Version, trace: Path) -> None:
    file = _package(version) / "loader.py"
    elsewhere = trace.with_name("loader.py")
    file.rename(elsewhere)
    file.symlink_to(elsewhere)


# Found by the loader itself, wherever it runs.
FOUND_ANYWHERE = (
    _swapped_bundle,
    _truncated_file,
    _edited_code,
    _edited_and_renamed_code,
    _stray_bytecode,
    _bytecode_beside,
    _module_beside_the_code,
    _module_in_the_code,
    _link_in_the_code,
)


def _edited_loader(version: Version, trace: Path) -> None:
    file = version.location / "code" / f"{version.loader}.py"
    file.write_text(_foreign(trace) + "def _load_pyfunc(path):\n    return None\n")


def _bytecode_of_the_loader(version: Version, trace: Path) -> None:
    _bytecode(version.location / "code" / f"{version.loader}.py", _foreign(trace))


# Found by `creditloom score` and `verify-model`, which run nothing of it.
FOUND_BY_US = (*FOUND_ANYWHERE, _edited_loader, _bytecode_of_the_loader)


@pytest.mark.parametrize("attack", FOUND_ANYWHERE)
def test_mlflow_alone_refuses_what_was_changed(
    version: Version, attack: Attack, tmp_path: Path
) -> None:
    attack(version, tmp_path / "trace")
    with pytest.raises(ValueError, match="the model is not imported") as refused:
        mlflow.pyfunc.load_model(str(version.location))
    assert "next:" in str(refused.value)
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("attack", FOUND_BY_US)
def test_a_batch_refuses_what_was_changed(version: Version, attack: Attack, tmp_path: Path) -> None:
    attack(version, tmp_path / "trace")
    with pytest.raises(UncheckedModelError, match="the model is not imported"):
        load(version)
    assert check_version(version).refused
    assert not (tmp_path / "trace").exists()


def test_a_bundle_with_its_own_loader_is_not_what_the_registry_says(
    house: House, version: Version
) -> None:
    """Version 2 put whole in the place of version 1: only the tags tell."""
    shutil.rmtree(version.location)
    shutil.copytree(house.versions[1].location, version.location)
    with pytest.raises(UncheckedModelError):
        load(version)
    assert len(check_version(version).refused) == 3, "code and bundle, all files, MLmodel's loader"


# table: a file that MLflow reads -> its change
@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("MLmodel", "loader_module: creditloom_model_", "loader_module: evil_"),
        ("requirements.txt", "pandas==", "panda=="),
    ],
)
def test_what_mlflow_reads_before_the_loader_is_held_too(
    version: Version, name: str, old: str, new: str
) -> None:
    file = version.location / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    finding = check_version(version)
    assert "A changed file" in finding.refused[0]
    assert (len(finding.refused) == 2) == (name == "MLmodel")


@pytest.mark.slow
def test_loading_leaves_nothing_beside_the_code(house: House, version: Version) -> None:
    """Neither MLflow's loading, in a process of its own that writes bytecode, nor ours."""
    before = sorted(version.location.rglob("*"))
    words = f"import mlflow; mlflow.pyfunc.load_model({str(version.location)!r})"
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    subprocess.run([sys.executable, "-c", words], env=environ, check=True, capture_output=True)
    model = load(version)
    assert len(model.predict(house.frame)) == len(house.frame)
    assert sorted(version.location.rglob("*")) == before
    assert (version.location / "code" / "__pycache__").read_bytes() == NO_BYTECODE
    assert check_version(version).refused == ()


def test_the_code_that_runs_is_the_code_that_was_read(version: Version) -> None:
    """A module that is imported late comes from memory: a change meanwhile changes nothing."""
    model = load(version)
    package = sys.modules[version.runtime]
    late = f"{version.runtime}.score.scorer"
    sys.modules.pop(late)
    (_package(version) / "score" / "scorer.py").write_text("raise SystemExit('edited')\n")
    module = importlib.import_module(late)
    assert module.__loader__ is package.__loader__
    with pytest.raises(ModuleNotFoundError, match="not among the checked sources"):
        importlib.import_module(f"{version.runtime}.no_such_module")
    assert type(model).__name__ == "DecisionModel"


def test_a_package_that_somebody_imported_unchecked_is_not_reused(
    version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith(version.runtime)]:
        monkeypatch.delitem(sys.modules, name)
    stranger = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(version.runtime, loader=None) or pytest.fail()
    )
    monkeypatch.setitem(sys.modules, version.runtime, stranger)
    load(version)
    assert sys.modules[version.runtime] is not stranger


def test_a_folder_alone_is_whole_in_itself_or_not(version: Version, tmp_path: Path) -> None:
    """A downloaded model is checked without a registry; what only the registry says is told."""
    from creditloom.serving.registry.safety.model_check import of_folder

    finding = check_version(of_folder(version.location))
    assert finding.refused == ()
    assert any("no registry says" in note for note in finding.notes)
    _edited_code(version, tmp_path / "trace")
    assert check_version(of_folder(version.location)).refused


def _without_us(words: list[str], folder: Path, seconds: int) -> subprocess.CompletedProcess[str]:
    """Run Python's words in a process that finds nothing of this repository."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environ = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1", **kept}
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )


@pytest.mark.slow
@pytest.mark.parametrize("attack", [_swapped_bundle, _edited_code, _stray_bytecode])
def test_a_rest_server_does_not_start_with_what_was_changed(
    version: Version, attack: Attack, tmp_path: Path
) -> None:
    """The application that `mlflow models serve` starts; it loads the model before it answers."""
    attack(version, tmp_path / "trace")
    code = (
        "from mlflow.pyfunc.scoring_server import init, load_model_with_mlflow_config as load;"
        f"init(load({str(version.location)!r}))"
    )
    done = _without_us(["-c", code], tmp_path, 300)
    assert done.returncode != 0
    assert "the model is not imported" in done.stderr
    assert not (tmp_path / "trace").exists()


@pytest.mark.slow
@pytest.mark.skipif(NO_SPARK, reason="needs Java and pyspark")
@pytest.mark.parametrize("attack", [_swapped_bundle, _edited_code, _stray_bytecode])
def test_a_spark_function_does_not_decide_by_what_was_changed(
    house: House, version: Version, attack: Attack, tmp_path: Path
) -> None:
    attack(version, tmp_path / "trace")
    code = (
        "import mlflow; from pyspark.sql import SparkSession;"
        "from pyspark.sql.functions import col, struct;"
        "s = SparkSession.builder.master('local[1]').config('spark.ui.enabled', 'false')"
        ".getOrCreate();"
        f"f = s.read.parquet({str(house.matrix)!r});"
        f"u = mlflow.pyfunc.spark_udf(s, {str(version.location)!r}, env_manager='local');"
        "f.select(u(struct(*map(col, f.columns)))).collect()"
    )
    done = _without_us(["-c", code], tmp_path, 500)
    assert done.returncode != 0
    assert "the model is not imported" in done.stderr
    assert not (tmp_path / "trace").exists()
