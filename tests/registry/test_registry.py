"""A registered version.

It is found cheaply, whole, equal to the bundle's decisions, and free of the other version's code.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from creditloom.decision.decide import Decider
from creditloom.decision.frames.answer import REFUSED, Answer
from creditloom.pipeline.base import paths
from creditloom.serving.registry import alias_history, lookup
from creditloom.serving.registry.errors import RegistryError
from creditloom.serving.registry.load import load
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.resolve import resolve
from creditloom.serving.registry.runtime import RUNTIME
from tests.registry.conftest import GOOD, PARAMS, House
from tests.registry.small import decided

CONSUMER = Path(__file__).with_name("consumer.py")


def test_versions_are_found_without_mlflow_and_are_whole(house: House) -> None:
    found = lookup.versions(house.ledger.store.file, "credit-decision")
    assert found == house.versions
    assert all(version.is_whole for version in found)
    assert found[0].runtime != found[1].runtime
    assert found[0].bundle_sha256 == found[1].bundle_sha256 == lookup.bundle_sha256(house.bundle)


def test_first_is_champion_and_the_next_is_challenger(house: House) -> None:
    assert (
        lookup.aliased(house.ledger.store.file, "credit-decision", "champion") == house.versions[0]
    )
    assert (
        lookup.aliased(house.ledger.store.file, "credit-decision", "challenger")
        == house.versions[1]
    )
    assert lookup.aliased(house.ledger.store.file, "credit-decision", "other") is None
    assert lookup.aliased(house.ledger.store.file, "other", "champion") is None


def test_a_registered_bundle_is_recognised_and_a_changed_one_is_not(
    house: House, tmp_path: Path
) -> None:
    assert house.ledger.find(house.bundle, house.root / "runtime") == 2
    assert house.ledger.find(house.bundle, RUNTIME / "pricing") is None  # other code
    (tmp_path / "manifest.json").write_text("{}")
    assert house.ledger.find(tmp_path, house.root / "runtime") is None  # another bundle


def test_asking_imports_no_mlflow(house: House) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from creditloom.serving.registry import lookup, model_registry, resolve, load\n"
        f"store = Path({str(house.ledger.store.file)!r})\n"
        "assert len(lookup.versions(store, 'credit-decision')) == 2\n"
        "assert not {'mlflow', 'pandas', 'lightgbm'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=paths.PACKAGE.parent)


@pytest.mark.parametrize(
    ("uri", "number"), [("models:/credit-decision@champion", 1), ("models:/credit-decision/2", 2)]
)
def test_uris_resolve(house: House, uri: str, number: int) -> None:
    assert resolve(uri, house.ledger.store) == house.versions[number - 1]


@pytest.mark.parametrize(
    "uri",
    [
        "models:/credit-decision@nobody",
        "models:/credit-decision/9",
        "credit-decision",
        "models:/a/b",
    ],
)
def test_unknown_uris_are_refused_with_the_next_step(house: House, uri: str) -> None:
    with pytest.raises(RegistryError, match="creditloom register"):
        resolve(uri, house.ledger.store)


def test_versions_load_side_by_side_and_each_runs_its_own_code(house: House) -> None:
    here = Decider.load(house.bundle).decide(house.frame)
    first, second = (decided(load(version).predict(house.frame)) for version in house.versions)
    pd.testing.assert_frame_equal(first, here, check_frame_type=False)
    assert (second["score"] == first["score"] + 1).all()


def test_gone_artifacts_are_refused(house: House, tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="artifacts of credit-decision version 1 are not there"):
        load(replace(house.versions[0], location=tmp_path))


def test_a_store_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database" * 100)
    with pytest.raises(RegistryError, match="registry cannot be read"):
        lookup.versions(tmp_path / "mlflow.db", "credit-decision")


def test_no_store_yet_is_no_version(tmp_path: Path) -> None:
    store = Store.at(tmp_path, {})
    assert store.file is None
    with pytest.raises(RegistryError, match="No such model"):
        resolve("models:/credit-decision@champion", store)
    assert not list(tmp_path.iterdir())  # asking makes no store


def test_the_tracking_uri_of_the_environment_wins(tmp_path: Path) -> None:
    assert Store.at(tmp_path, {"MLFLOW_TRACKING_URI": "http://127.0.0.1:5000"}) == Store(
        "http://127.0.0.1:5000", None
    )
    assert Store.at(tmp_path, {}).uri == f"sqlite:///{tmp_path}/mlflow.db"


@pytest.mark.slow
def test_a_consumer_without_this_repository_gets_the_same_decisions(
    house: House, tmp_path: Path
) -> None:
    """Both versions live in one process, without our code.

    `python -I` runs in another folder, where `data`, `models`, `features` cannot be imported.
    """
    environ = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    environ.pop("PYTHONPATH", None)
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            str(CONSUMER),
            house.ledger.store.uri,
            str(house.matrix),
            str(tmp_path),
        ],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    here = Decider.load(house.bundle).decide(house.frame)
    for version, points in (("1", 0), ("2", 1)):
        nothing = dict.fromkeys(REFUSED, None)
        expected = Answer(here.assign(score=here["score"] + points, **nothing)).to_dict("records")
        assert (tmp_path / f"{version}.json").read_text() == json.dumps(expected, default=str)
    assert json.loads((tmp_path / "modules.json").read_text()) == []


def test_history_keeps_every_change_with_its_reason(house: House) -> None:
    changes = alias_history.read(house.ledger.file)
    assert [(c.alias, c.version, c.previous) for c in changes[:2]] == [
        ("champion", 1, None),
        ("challenger", 2, None),
    ]
    assert all(c.reason and c.date and c.bundle_sha256 for c in changes[:2])


def test_promotion_is_gated_explicit_and_reversible(house: House) -> None:
    """Version 3 is too weak; 2 may take over; 1 may come back although 2 is no worse."""
    weak = {**GOOD, "observable": {**GOOD["observable"], "auc_oot": 0.7}}
    store = house.ledger.store
    ledger = replace(house.ledger, file=house.root / "promotion.jsonl")
    third, change, short = ledger.register(house.bundle, house.root / "runtime", weak)
    assert (change.alias, change.version, short) == ("challenger", third.version, ())
    with pytest.raises(RegistryError, match=r"champion 0\.7500 less 0\.01\) is 0\.7000"):
        ledger.promote(third.version, "champion", "try")
    assert store.aliases("credit-decision")["champion"] == 1
    ledger.promote(2, "champion", "its code is newer")
    ledger.promote(1, "champion", "rolled back")
    with pytest.raises(RegistryError, match="a reason in words"):
        ledger.promote(2, "champion", "  ")
    with pytest.raises(RegistryError, match="No version 99"):
        ledger.promote(99, "champion", "none")
    told = [(c.alias, c.version, c.reason) for c in alias_history.read(ledger.file)]
    assert told[2:] == [
        ("challenger", 3, "registered"),
        ("champion", 2, "its code is newer"),
        ("champion", 1, "rolled back"),
    ]


@pytest.mark.slow
def test_a_model_below_the_absolute_gate_is_registered_but_not_champion(
    house: House, tmp_path: Path
) -> None:
    strict = replace(PARAMS, name="other", gate=replace(PARAMS.gate, min_auc=0.8))
    ledger = replace(house.ledger, params=strict, file=tmp_path / "aliases.jsonl")
    version, change, short = ledger.register(house.bundle, house.root / "runtime", GOOD)
    assert (version.version, change.alias, len(short)) == (1, "challenger", 1)
    with pytest.raises(RegistryError, match=r"at least 0\.8000"):
        ledger.promote(1, "champion", "try")
