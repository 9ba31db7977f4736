"""`creditloom snapshot`, and `creditloom score --events --snapshot`: the batch is the same."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from creditloom.pipeline.cli import build
from creditloom.serving.from_events import from_events
from creditloom.serving.whole.network_snapshot import MARK, OpenSnapshot, make_snapshot
from creditloom.storage.files.errors import DataError
from creditloom.storage.lake.change import LakeWork, add
from creditloom.storage.sources import now
from tests.features.raw import random_raw, write_raw
from tests.registry.small import write_bundle
from tests.score.test_events import REAL, write_manifest

AS_OF = "2024-06-20T09:00:00"
# Features of other people's rows, in place of those that the small bundle reads.
OF_OTHERS = {**REAL, "soc_packet_sent_count_3m": "soc_graph_pagerank_ratio_ever"}
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw tables, a bundle that reads four features of others' rows, and a snapshot."""
    root = tmp_path_factory.mktemp("snapshot")
    raw = random_raw()
    people = raw["applications"].to_pandas().assign(age_years=30, months_on_book=12)
    write_raw(
        {**raw, "applications": pa.Table.from_pandas(people, raw["applications"].schema)},
        root / "raw",
    )
    real = dict(
        zip(
            REAL,
            (
                "pay_peer_main_share_12m",
                "pay_peer_circle_count_ever",
                "soc_graph_pagerank_ratio_ever",
                "dev_met_device_people_count_1m",
            ),
            strict=True,
        )
    )
    bundle = write_bundle(root / "model")
    for file in bundle.iterdir():
        text = file.read_text()
        for small, name in real.items():
            text = text.replace(small, name)
        file.write_text(text)
    write_manifest(bundle)
    # table: the words of the command
    told = CliRunner().invoke(
        build(["snapshot"]),
        ["snapshot", "make", "--events", str(root / "raw"), "--as-of", "2024-06-11",
         "--out", str(root / "network"), "--max-bad-share", "1"],
    )  # fmt: skip
    assert told.exit_code == 0, told.output
    assert "next: creditloom score" in told.output
    return root


@pytest.fixture
def score(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def run(output: str, *options: str, events: str = str(home / "raw")) -> Result:
        words = ["score", "--events", events, "--bundle", str(home / "model")]
        words += ["--as-of", AS_OF, "--max-bad-share", "1", "--accept-drift", "small world"]
        return CliRunner().invoke(build(["score"]), [*words, "--output", output, *options])

    return run


def _decisions(folder: str) -> pd.DataFrame:
    frames = [pq.read_table(file).to_pandas() for file in Path(folder).glob("decisions/*.parquet")]
    return pd.concat(frames)


def test_a_batch_is_the_same_with_a_snapshot_and_names_it(home: Path, score: Run) -> None:
    plain = score("plain")
    read = score("read", "--snapshot", str(home / "network"))
    assert plain.exit_code == read.exit_code == 0, plain.output + read.output
    one, two = (pq.read_table(f"{name}.features/matrix.parquet") for name in ("plain", "read"))
    assert one.equals(two)
    pd.testing.assert_frame_equal(_decisions("plain"), _decisions("read"))
    sha = OpenSnapshot.open(home / "network").sha256
    asked = json.loads(Path("read/batch.json").read_text())
    assert asked["options"]["snapshot"] == sha
    assert json.loads(Path("read.features/features.json").read_text())["snapshot"] == sha
    assert "snapshot" not in json.loads(Path("plain/batch.json").read_text())["options"]


@pytest.mark.slow
def test_a_lake_reads_its_snapshot_shard_by_shard(home: Path, score: Run) -> None:
    """The features of other people's rows are those of the plain folder, with and without one."""
    add(Path("lake"), home / "raw", LakeWork(1.0, now(), 1), shards=3)
    moment = dt.datetime.fromisoformat(AS_OF)
    make_snapshot(Path("lake"), moment, Path("network"), max_bad_share=1.0)
    assert score("plain").exit_code == 0
    plain = pq.read_table("plain.features/matrix.parquet")
    for name, options in (("made", ()), ("read", ("--snapshot", "network"))):
        done = score(name, *options, events="lake")
        assert done.exit_code == 0, done.output
        left = {file.name for file in Path(f"{name}.features").iterdir()}
        assert left == {"features.json", "matrix", "quarantine"}
        assert pq.read_table(f"{name}.features/matrix").sort_by("application_id").equals(plain)


def test_in_memory_it_is_the_same_and_lineage_names_the_snapshot(home: Path, score: Run) -> None:
    assert score("read", "--snapshot", str(home / "network")).exit_code == 0
    options = {"as_of": pd.Timestamp(AS_OF).to_pydatetime(), "max_bad_share": 1.0}
    here = from_events(home / "raw", home / "model", snapshot=home / "network", **options)
    decisions = _decisions("read")
    decided = decisions["application_id"].isin(here["application_id"])
    pd.testing.assert_series_equal(
        here.set_index("application_id")["pd"].loc[decisions["application_id"][decided]],
        decisions[decided].set_index("application_id")["pd"],
    )
    words = ["lineage", "--decision-id", decisions["decision_id"].iloc[0]]
    words += ["--feature", "soc_graph_pagerank_ratio_ever", "--decisions", "read", "--json"]
    told = CliRunner().invoke(build(["lineage"]), [*words, "--raw", str(home / "raw")])
    assert told.exit_code in (0, 6), told.output
    found = json.loads(told.stdout)
    assert found["snapshot"] == OpenSnapshot.open(home / "network").sha256


def test_one_changed_byte_is_refused(home: Path, score: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for name in ("links.parquet", MARK):
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(home / "network", copy)
        content = bytearray((copy / name).read_bytes())
        # A digit of the date in the manifest, and a byte of a column.
        at = content.index(b"2024-06") if name == MARK else len(content) // 2
        content[at] ^= 1
        (copy / name).write_bytes(content)
        told = score("night", "--snapshot", str(copy))
        assert told.exit_code != 0
        assert "changed after it was made" in str(told.exception) and name in str(told.exception)
        assert not list(Path().glob("night/decisions/*"))


@pytest.mark.slow
def test_a_wrong_snapshot_is_refused(
    home: Path, score: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = str(home / "network")
    with pytest.raises(DataError, match="No network snapshot lies there"):
        OpenSnapshot.open(tmp_path)
    other = shutil.copytree(home / "raw", tmp_path / "other")
    (file,) = (other / "logins").iterdir()
    rows = pq.read_table(file)
    pq.write_table(rows.slice(1), file)
    told = score("night", "--events", str(other), "--snapshot", network)
    assert "made of other raw rows" in str(told.exception)
    assert "logins" in str(told.exception)
    # A person whom the applications name no more: the contract sets that person's rows aside.
    fewer = shutil.copytree(home / "raw", tmp_path / "fewer")
    (file,) = (fewer / "applications").iterdir()
    (logins,) = (fewer / "logins").iterdir()
    gone = pq.read_table(logins)["applicant_id"][0]
    pq.write_table(pq.read_table(file).filter(pc.field("applicant_id") != gone), file)
    told = score("night", "--events", str(fewer), "--snapshot", network)
    assert "sets other raw rows aside" in str(told.exception)
    told = score("night", "--as-of", "2024-07-02", "--snapshot", network)
    assert "expected decisions of 2024-06" in str(told.exception)
    monkeypatch.setattr("creditloom.serving.whole.network_snapshot.rules", lambda: "0" * 64)
    with pytest.raises(DataError, match="made by other rules"):
        OpenSnapshot.open(Path(network))


def test_it_goes_with_raw_tables_only(home: Path, tmp_path: Path) -> None:
    words = ["score", "--input", str(home / "raw" / "logins"), "--output", str(tmp_path / "x")]
    told = CliRunner().invoke(build(["score"]), [*words, "--snapshot", str(home / "network")])
    assert "goes with raw tables" in str(told.exception)


def test_the_same_tables_give_the_same_hash(home: Path, tmp_path: Path) -> None:
    """Under other names, on another day of the month: the content is the same."""
    moved = shutil.copytree(home / "raw", tmp_path / "raw")
    day = pd.Timestamp("2024-06-29").to_pydatetime()
    again = make_snapshot(moved, day, tmp_path / "network", max_bad_share=1.0)
    assert again.sha256 == OpenSnapshot.open(home / "network").sha256
