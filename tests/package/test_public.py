"""The public API: named in one place, loaded when it is used, taken away with a warning first."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest

import creditloom
from creditloom.storage.files.errors import DataError
from tests.decision import small


def test_importing_the_package_waits_for_no_library() -> None:
    """A second of imports would meet everybody who only asks for the version."""
    code = (
        "import sys, creditloom\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'lightgbm', 'typer'}\n"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", [name for name in creditloom.__all__ if name != "__version__"])
def test_every_public_name_is_there_and_says_what_it_is(name: str) -> None:
    assert getattr(creditloom, name).__doc__, name


def test_all_dir_and_table_name_the_same() -> None:
    assert set(creditloom.__all__) - {"__version__"} == set(creditloom._PUBLIC) and set(
        creditloom.__all__
    ) <= set(dir(creditloom))


def test_an_unknown_name_is_told_what_there_is() -> None:
    with pytest.raises(AttributeError, match="its names are CreditScorer, Decider, "):
        creditloom.Scorer  # noqa: B018


def test_a_name_that_goes_still_works_and_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(creditloom._DEPRECATED, "decide_batch", ("score", "0.4"))
    with pytest.warns(DeprecationWarning, match=r"goes in 0.4: use creditloom\.score"):
        assert creditloom.decide_batch is creditloom.score
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert creditloom.score


def test_a_bundle_decides_and_a_batch_is_verified(tmp_path: Path) -> None:
    bundle = small.write_bundle(tmp_path / "bundle")
    rows = small.frame(20)
    decided = creditloom.Decider.load(bundle).decide(rows)
    rows.to_parquet(tmp_path / "rows.parquet")
    done = creditloom.score(
        tmp_path / "night", source=tmp_path / "rows.parquet", bundle=bundle, accept_drift="a test"
    )
    assert (
        done.manifest["decided"] == len(decided) == 20
        and creditloom.verify(tmp_path / "night") == []
    )
    (written,) = (tmp_path / "night" / "decisions").glob("*.parquet")
    assert pd.read_parquet(written)["pd"].tolist() == decided["pd"].tolist()
    written.write_bytes(written.read_bytes()[:-1])
    assert [finding.where for finding in creditloom.verify(tmp_path / "night")] == [
        f"decisions/{written.name}"
    ]


def test_a_quotation_by_keywords() -> None:
    found = creditloom.quote("weilidai@S5", 10_000, daily_rate=0.05, tenor=12, start="2025-12-01")
    assert found["decision"] == "offered" and len(found["schedule"]) == 12


@pytest.mark.slow
def test_a_small_world_from_python(tmp_path: Path, _solved_once: None) -> None:
    rows = creditloom.simulate(tmp_path, applicants=300, seed=11)
    assert rows["applications"] >= 300 and (tmp_path / "truth" / "applicants.parquet").is_file()
    # An earlier world of the call is replaced, and one with something of the user's is not.
    assert creditloom.simulate(tmp_path, applicants=100, seed=11)["applications"] >= 100
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match=r"notes\.txt"):
        creditloom.simulate(tmp_path, applicants=300, seed=11)
