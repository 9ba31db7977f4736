"""The wheel in an environment without this repository: what README promises works there.

The folder has a blank in its name.

Dependencies are those of the wheel and no more: whoever fits and decides installs neither DVC nor
MLflow nor Spark.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from creditloom.pipeline import stage_runner
from tests.checkout import ABOUT_IT, IN_CHECKOUT, ROOT
from tests.fit.conftest import loans
from tests.pipeline.conftest import whole_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not IN_CHECKOUT, reason="a wheel is built from a checkout, and there is none here"
    ),
]
NEVER = ("dvc", "mlflow", "pyspark", "ibis", "shap", "optuna")  # of the extras
NAMES = (
    "world",
    "storage",
    "features",
    "models",
    "decision",
    "serving",
    "portfolio",
    "report",
    "pipeline",
    "data",
    "tests",
)


@dataclass(frozen=True)
class Elsewhere:
    """A virtual environment with the wheel, and an empty folder beside it.

    `run` starts its programs isolated.
    """

    folder: Path

    @property
    def site(self) -> Path:
        return next((self.folder / "env" / "lib").glob("python*/site-packages"))

    def run(self, program: str, *words: object, code: int = 0) -> str:
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("PYTHON", "MLFLOW", "VIRTUAL_ENV"))
        }
        command = [str(self.folder / "env" / "bin" / program), *map(str, words)]
        done = subprocess.run(
            command, cwd=self.folder / "work", env=kept, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, f"{words}: {done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as anybody builds it, from the files that git knows.

    What else lies in a checkout must not be needed.
    """
    clone = tmp_path_factory.mktemp("a clone")
    dist = tmp_path_factory.mktemp("dist")
    listed = (
        subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
        .stdout.decode()
        .split("\0")
    )
    for name in (
        name
        for name in listed
        if name and not name.startswith("tests/") and os.path.lexists(ROOT / name)
    ):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, clone / name, follow_symlinks=False)
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(dist), str(clone)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert len(list(dist.glob("*.tar.gz"))) == 1
    (made,) = dist.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    """Install the wheel with its own requirements.

    In the versions of the lock, so that the test says the same every day.
    """
    there = Elsewhere(tmp_path_factory.mktemp("some where"))
    (there.folder / "work").mkdir()
    venv.create(there.folder / "env", with_pip=True)
    pins = re.findall(
        r"^([\w.\-]+(?:\[[^\]]*\])?==\S+)",
        (ROOT / "requirements.lock").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    (there.folder / "pins.txt").write_text("\n".join(pins))
    there.run(
        "python",
        "-I",
        "-m",
        "pip",
        "install",
        "-q",
        "--disable-pip-version-check",
        # Bytecode of all that is installed takes longer than the tests need to make theirs.
        "--no-compile",
        "-c",
        there.folder / "pins.txt",
        wheel,
    )
    return there


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished small chain, made here; its files are read."""
    return whole_run(tmp_path_factory.getbasetemp())


def test_it_brings_one_name_and_few_libraries(elsewhere: Elsewhere) -> None:
    assert [name for name in NAMES if (elsewhere.site / name).exists()] == []
    assert [name for name in NEVER if (elsewhere.site / name).exists()] == []
    assert (elsewhere.site / "creditloom" / "py.typed").is_file()
    assert not any(path.is_symlink() for path in (elsewhere.site / "creditloom").rglob("*"))


def test_the_command_says_its_version_teaches_and_completes(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert re.fullmatch(r"creditloom \d+\.\d+\.\d+\n", elsewhere.run("creditloom", "--version"))
    assert "score" in elsewhere.run("creditloom", "-h") and "--bundle" in elsewhere.run(
        "creditloom", "score", "-h"
    )
    # As bash asks: `--show-completion` takes the shell that it finds among its parents.
    monkeypatch.setenv("_CREDITLOOM_COMPLETE", "source_bash")
    assert "complete -o default" in elsewhere.run("creditloom")


def test_products_and_quotations_need_no_file_of_a_checkout(elsewhere: Elsewhere) -> None:
    assert "weilidai@S5" in elsewhere.run("creditloom", "products", "--json")
    words = (
        "--product",
        "weilidai@S5",
        "--amount",
        10_000,
        "--rate",
        0.05,
        "--tenor",
        12,
        "--start",
        "2025-12-01",
        "--json",
    )
    assert json.loads(elsewhere.run("creditloom", "quote", *words))["decision"] == "offered"


def test_a_table_is_fitted_and_its_bundle_decides(elsewhere: Elsewhere) -> None:
    loans(300).to_parquet(elsewhere.folder / "work" / "loans.parquet")
    elsewhere.run(
        "creditloom",
        "fit",
        "--data",
        "loans.parquet",
        "--label",
        "bad",
        "--id",
        "loan",
        "--time",
        "day",
        "--protected",
        "sex",
        "--out",
        "fitted",
    )
    assert (elsewhere.folder / "work" / "fitted" / "index.html").is_file()
    told = elsewhere.run("creditloom", "decide", "--bundle", "fitted/bundle", "--template")
    (elsewhere.folder / "work" / "one.json").write_text(
        json.dumps({**json.loads(told), "loan": "L1", "day": "2025-01-01"})
    )
    assert json.loads(
        elsewhere.run("creditloom", "decide", "--bundle", "fitted/bundle", "--input", "one.json")
    )["decision"]


def test_a_world_is_simulated_by_the_stage(elsewhere: Elsewhere) -> None:
    stage_runner.prepare(
        elsewhere.folder / "world",
        {"world.applicants": 400, "world.processes": 1},
        stage_runner.paths.DEFAULTS,
    )
    shutil.copy(
        elsewhere.folder / "world" / "params.yaml", elsewhere.folder / "work" / "params.yaml"
    )
    elsewhere.run("python", "-P", "-m", "creditloom.pipeline.stages.tables.simulate")
    assert (elsewhere.folder / "work" / "data" / "raw" / "payments").is_dir()


def test_raw_events_become_the_decisions_of_the_pipeline(elsewhere: Elsewhere, made: Path) -> None:
    """To the bit, by the batch and by Python."""
    raw = made / "data/raw"
    model = made / "data/model"
    elsewhere.run(
        "creditloom", "score", "--events", raw, "--bundle", model, "--output", "december.parquet"
    )
    expected = pq.read_table(made / "data/decisions/decisions.parquet")
    assert pq.read_table(elsewhere.folder / "work" / "december.parquet").equals(expected)
    code = (
        f"import creditloom; decisions = creditloom.from_events({str(raw)!r}, {str(model)!r}); "
        "decisions.to_parquet('python.parquet')"
    )
    elsewhere.run("python", "-I", "-c", code)
    by_python = pq.read_table(
        elsewhere.folder / "work" / "python.parquet", columns=["decision_id", "pd"]
    )
    assert by_python.equals(expected.select(["decision_id", "pd"]).cast(by_python.schema))


def test_every_file_of_the_packages_is_in_the_wheel(elsewhere: Elsewhere) -> None:
    """What git knows of a package is installed: code, tables, rules, templates."""
    links = [path.name for path in (ROOT / "creditloom").iterdir() if path.is_symlink()]
    listed = subprocess.run(
        ["git", "ls-files", "-z", *links], cwd=ROOT, capture_output=True, check=True
    )
    expected = set(listed.stdout.decode().strip("\0").split("\0"))
    there = elsewhere.site / "creditloom"
    installed = {str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()}
    assert len(expected) > 500
    assert sorted(expected - installed) == []


def test_the_tests_that_may_read_the_repository_pass_without_it(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    """Those that name its root or its pages, beside the wheel alone.

    All tests are there and collected; `test_all_tests_pass_without_the_repository` runs all.
    """
    alone = _Alone(elsewhere, tmp_path)
    files = sorted((alone.folder / "tests").rglob("test_*.py"))
    naming = [str(file.relative_to(alone.folder)) for file in files if _may_read_it(file)]
    assert len(naming) > 10
    alone.passes(*naming)
    assert "error" not in alone.passes("--collect-only", "tests").lower().splitlines()[-1]


def test_all_tests_pass_without_the_repository(elsewhere: Elsewhere, tmp_path: Path) -> None:
    """All quick tests beside the wheel alone, those of Spark and MLflow among them (`make proof`).

    This environment lends the extras, which it has installed.
    """
    _Alone(elsewhere, tmp_path).passes("tests")


def _may_read_it(file: Path) -> bool:
    """Whether a file of tests names the root of the repository or its pages."""
    if set(file.parts) & set(ABOUT_IT):
        return False
    return bool(re.search(r"\bROOT\b|docs/|README", file.read_text(encoding="utf-8")))


class _Alone:
    """A folder with the tests and nothing else, and an environment with the wheel."""

    def __init__(self, elsewhere: Elsewhere, tmp_path: Path) -> None:
        self.folder = tmp_path / "tests alone"
        no_caches = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "tests", self.folder / "tests", ignore=no_caches)
        lent = tmp_path / "lent"
        venv.create(lent, with_pip=False, symlinks=True)
        site = next((lent / "lib").glob("python*/site-packages"))
        _lend(elsewhere.site, site)
        self.python = str(lent / "bin" / "python")
        where = _plainly(
            self.python, "-c", "import creditloom; print(creditloom.__file__)", cwd=self.folder
        )
        assert where.stdout.startswith(str(site)), where.stderr

    def passes(self, *words: str) -> str:
        """Run pytest with `words` on the quick tests: its last lines."""
        workers = ("-n", "2", "--dist", "loadfile")
        quick = ("-q", "-m", "not slow", "-p", "no:cacheprovider")
        done = _plainly(self.python, "-m", "pytest", *workers, *quick, *words, cwd=self.folder)
        assert done.returncode == 0, done.stdout[-1500:]
        return done.stdout[-1500:]


def _lend(installed: Path, site: Path) -> None:
    """Put the installed wheel into `site`, and the libraries of this environment behind it."""
    no_caches = shutil.ignore_patterns("__pycache__")
    shutil.copytree(installed / "creditloom", site / "creditloom", ignore=no_caches)
    (info,) = installed.glob("creditloom-*.dist-info")
    shutil.copytree(info, site / info.name)
    here = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "lent.pth").write_text(here)


def _plainly(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without the variables by which a caller could change what it imports."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("PYTHON", "MLFLOW", "PYTEST"))
    }
    return subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, check=False)
