"""What a bundle on disk must be to be read."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from creditloom import decision
from creditloom.decision.base.errors import DecisionError
from creditloom.decision.bundle import MANIFEST, REQUIRED, Bundle, write_manifest
from creditloom.decision.decide import Decider
from creditloom.decision.frames.answer import REFUSED
from creditloom.decision.loader import _load_pyfunc
from tests.decision import small


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


@pytest.mark.parametrize("name", REQUIRED)
def test_one_changed_byte_is_refused(copy: Path, name: str) -> None:
    content = bytearray((copy / name).read_bytes())
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(DecisionError, match=rf"changed or truncated[\s\S]*{name}"):
        Bundle.load(copy)


@pytest.mark.parametrize("name", [*REQUIRED, MANIFEST])
def test_a_truncated_or_missing_file_is_refused(copy: Path, name: str) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:-20])
    with pytest.raises(DecisionError, match=name):
        Bundle.load(copy)
    (copy / name).unlink()
    with pytest.raises(DecisionError, match=rf"missing[\s\S]*{name}"):
        Bundle.load(copy)


def test_a_manifest_that_points_elsewhere_is_refused(copy: Path) -> None:
    files = json.loads((copy / MANIFEST).read_text())["files"]
    (copy / MANIFEST).write_text(json.dumps({"files": {**files, "../model.txt": "0" * 64}}))
    with pytest.raises(DecisionError, match=r"\.\./model\.txt"):
        Bundle.load(copy)


def test_the_version_is_made_of_the_contents(folder: Path, copy: Path) -> None:
    version = Bundle.load(folder).version
    assert Bundle.load(copy).version == version == write_manifest(copy)
    (copy / "training.json").write_text("{}")
    assert write_manifest(copy) == version, "a file that no decision reads is not part of it"
    (copy / "tiers.json").write_text((copy / "tiers.json").read_text() + "\n")
    assert write_manifest(copy) != version


# table: a case a row
@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("calibration.json", lambda c: {**c, "a": -0.5}, "slope must be positive"),
        ("calibration.json", lambda c: {**c, "a": "0.9"}, "calibration.json.a"),
        (
            "catalogue.json",
            lambda c: {**c, "features": c["features"][1:]},
            "name different features",
        ),
        (
            "catalogue.json",
            lambda c: {**c, "concepts": c["concepts"][1:]},
            "concept that is not declared",
        ),
        ("tiers.json", lambda c: {"tiers": c["tiers"][:-1]}, "cover PD 0 to 1"),
        ("policy.json", lambda c: {**c, "extra": 1}, "policy.json.extra"),
        ("policy.json", lambda c: {**c, "inputs": ["shoe_size"]}, "shoe_size"),
        (
            "policy.json",
            lambda c: {**c, "annual": {"house@v1": c["annual"]["house@v1"][:3]}},
            "daily rate of the grid of house@v1",
        ),
        ("reference.json", lambda c: {**c, "concept_points": {}}, "lacks a concept"),
    ],
)
def test_a_bundle_that_contradicts_itself_is_refused(
    copy: Path, name: str, change: Callable[[dict], dict], said: str
) -> None:
    (copy / name).write_text(json.dumps(change(json.loads((copy / name).read_text()))))
    write_manifest(copy)
    with pytest.raises(DecisionError, match=said.replace(".", r"\.")):
        Decider.load(copy)


def test_a_model_that_reads_a_protected_attribute_is_refused(copy: Path) -> None:
    """Even where the numbers would be fine: the name alone may not be among the features."""
    for name in ("model.txt", "catalogue.json"):
        (copy / name).write_text(re.sub(r"\bf3\b", "age_years", (copy / name).read_text()))
    write_manifest(copy)
    with pytest.raises(DecisionError, match=r"protected attribute[\s\S]*age_years"):
        Bundle.load(copy)


def test_a_pickle_in_the_place_of_the_model_is_text_that_cannot_be_read(
    copy: Path, tmp_path: Path
) -> None:
    # A pickle of protocol 0, which is text: whoever loads it makes a folder.
    (copy / "model.txt").write_text(f"cos\nmkdir\n(V{tmp_path / 'sprung'}\ntR.")
    write_manifest(copy)
    with pytest.raises(DecisionError, match="not a binary LightGBM model"):
        Bundle.load(copy)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.9, 0.999])
def test_a_cut_model_with_a_fresh_manifest_is_refused_before_lightgbm_sees_it(
    copy: Path, share: float
) -> None:
    """LightGBM ends the whole process on such a text."""
    text = (copy / "model.txt").read_text()
    (copy / "model.txt").write_text(text[: int(len(text) * share)])
    write_manifest(copy)
    with pytest.raises(DecisionError, match=r"model\.txt"):
        Bundle.load(copy)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("objective=binary", "objective=regression"),
        ("num_class=1", "num_class=3"),
        ("is_linear=0", "is_linear=1"),
    ],
)
def test_another_kind_of_model_is_refused(copy: Path, old: str, new: str) -> None:
    (copy / "model.txt").write_text((copy / "model.txt").read_text().replace(old, new))
    write_manifest(copy)
    with pytest.raises(DecisionError, match=r"not a binary LightGBM model|not supported"):
        Bundle.load(copy)


def test_mlflows_door_checks_its_parameters(
    folder: Path, applications: pd.DataFrame, decider: Decider
) -> None:
    model = _load_pyfunc(str(folder))
    pd.testing.assert_frame_equal(
        _decided(model.predict(applications)), decider.decide(applications)
    )
    told = model.predict(applications, {"explain": "all", "language": "zh", "product": "house@v1"})
    pd.testing.assert_frame_equal(
        _decided(told), decider.decide(applications, explain="all", language="zh")
    )
    for wrong in ({"explian": "all"}, {"product": "fenfu@S2"}, {"language": "fr"}):
        with pytest.raises(DecisionError, match=next(iter(wrong))):
            model.predict(applications, wrong)
    with pytest.raises(DecisionError, match="DataFrame"):
        model.predict(applications.to_numpy())  # type: ignore[arg-type]


def _decided(answers: pd.DataFrame) -> pd.DataFrame:
    """The columns of a decision, where no row was refused."""
    assert answers[list(REFUSED)].isna().all(axis=None)
    return pd.DataFrame(answers.drop(columns=list(REFUSED)))


# slow: it compiles the kernel anew; tests/registry does so each time with the registered one
@pytest.mark.slow
def test_the_runtime_runs_under_another_name_without_this_repository(
    folder: Path, tmp_path: Path
) -> None:
    """The folder runs under a new name with nothing else on the path, as registration copies it."""
    source = Path(decision.__file__).parent
    shutil.copytree(
        source, tmp_path / "creditloom_rt_test", ignore=shutil.ignore_patterns("__pycache__")
    )
    small.frame(20).to_parquet(tmp_path / "in.parquet")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import pandas as pd\n"
        "from creditloom_rt_test.loader import _load_pyfunc\n"
        "frame = pd.read_parquet(sys.argv[1] + '/in.parquet')\n"
        "print(_load_pyfunc(sys.argv[2]).predict(frame)['decision_id'].iloc[-1])\n"
        "ours = {'models', 'pipeline', 'features', 'data', 'pydantic'}\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & ours))"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-c", code, str(tmp_path), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    expected = Decider.load(folder).decide(small.frame(20))["decision_id"].iloc[-1]
    assert run.stdout.split("\n")[:2] == [expected, "[]"]
