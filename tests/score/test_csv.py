"""A CSV is scored as it was trained on: the same reading of cells, the same PDs to the bit."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from creditloom.decision.decide import Decider
from creditloom.pipeline.cli import build
from creditloom.serving.batch.input import BatchInput
from creditloom.serving.batch.schema import BatchError
from creditloom.serving.own.csv_copies import readable
from creditloom.serving.score import score
from creditloom.serving.verify import verify
from creditloom.storage.files.errors import DataError, refusals
from creditloom.storage.files.store import read_json, read_table
from tests.decision import own
from tests.fit.bundles import FittedBundle, fitted, messy
from tests.registry.small import applications, write_bundle
from tests.score.test_resume import bytes_of

OPTIONS = {"time": "day", "column_codes": {"score": (-9.0,)}}
ACCEPTED = {"accept_drift": "few rows of a test", "threads": 1}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> FittedBundle:
    """Fitted on `t.csv`, which has the index of pandas as its first column."""
    place = tmp_path_factory.mktemp("csv")
    messy().to_csv(place / "t.csv")
    return fitted(place / "t.csv", place / "bundle", **OPTIONS)


def decisions(folder: Path) -> pd.DataFrame:
    return read_table(folder / "decisions").to_pandas()


def replayed(folder: Path, bundle: Path, *options: str) -> Any:
    words = ["replay", str(folder), "--bundle", str(bundle), "--json", *options]
    with refusals():
        done: Result = CliRunner().invoke(build(["replay"]), words, catch_exceptions=False)
    return json.loads(done.stdout)


# table: how the same table may be written
WAYS: dict[str, Callable[[pd.DataFrame, Path], Path]] = {
    "as it was": lambda f, at: written(f, at / "in.csv"),
    "semicolons": lambda f, at: written(f, at / "IN.CSV", sep=";", encoding="utf-8-sig"),
    "other columns": lambda f, at: written(f[f.columns[-2::-1]], at / "in.csv.gz", index=False),
    "parts": lambda f, at: parts(f, at / "parts"),
}


def written(frame: pd.DataFrame, path: Path, **how: Any) -> Path:
    frame.to_csv(path, **how)
    return path


def parts(frame: pd.DataFrame, folder: Path) -> Path:
    for k, sign in enumerate(",;"):
        (folder / f"month={k}").mkdir(parents=True)
        written(frame.iloc[180 * k : 180 * (k + 1)], folder / f"month={k}/part.csv", sep=sign)
    return folder


@pytest.mark.parametrize("way", WAYS)
def test_the_table_that_was_trained_on_is_scored(
    trained: FittedBundle, tmp_path: Path, way: str
) -> None:
    """To the bits of the Python door, with the ids as they stand."""
    source = WAYS[way](messy(), tmp_path)
    done = score(tmp_path / "out", source=source, bundle=trained.folder, part_rows=100, **ACCEPTED)
    assert done.manifest["decided"] == 360 and done.manifest["beyond_training"]["beyond"] == 0
    found = decisions(tmp_path / "out")
    texts = messy().astype(str)
    expected = Decider.load(trained.folder, 1).decide(texts)
    assert found.application_id.tolist() == texts.loan.tolist()
    assert found.decision_id.tolist() == expected.decision_id.tolist()
    np.testing.assert_array_equal(found.pd, expected.pd)
    np.testing.assert_allclose(found.pd, trained.pd, atol=1e-9)
    assert verify(tmp_path / "out") == []
    assert not list((tmp_path / "out").glob(".creditloom*")), "copies are gone"


def test_the_ledger_names_file_and_row_and_all_is_decided_again(
    trained: FittedBundle, tmp_path: Path
) -> None:
    folder = parts(messy(), tmp_path / "parts")
    score(tmp_path / "out", source=folder, bundle=trained.folder, part_rows=100, **ACCEPTED)
    files = [folder / f"month={k}/part.csv" for k in (0, 1)]
    hashes = [sha256(file.read_bytes()).hexdigest() for file in files]
    noted = read_json(tmp_path / "out/batch.json")["input"]["files"]
    assert [(one["name"], one["rows"], one["sha256"]) for one in noted] == [
        (f"month={k}/part.csv", 180, hashes[k]) for k in (0, 1)
    ]
    ledger = read_table(tmp_path / "out" / "ledger").to_pandas()
    assert ledger.input_file.tolist() == [hashes[0]] * 180 + [hashes[1]] * 180
    assert ledger.row.tolist() == [*range(180), *range(180)] and set(ledger.row_group) == {0}
    again = replayed(tmp_path / "out", trained.folder, "--shuffle", "3")
    assert (again["replayed"], again["mismatches"], again["missing"]) == (360, 0, 0)
    one = replayed(tmp_path / "out", trained.folder, "--decision-id", ledger.decision_id[250])
    assert (one["replayed"], one["mismatches"]) == (1, 0)
    assert one["decision"]["application_id"] == "L00250"


def test_a_stopped_batch_goes_on_to_the_same_bytes(trained: FittedBundle, tmp_path: Path) -> None:
    written(messy(), tmp_path / "in.csv")
    wanted = {"source": tmp_path / "in.csv", "bundle": trained.folder, "part_rows": 100}
    score(tmp_path / "out", **wanted, **ACCEPTED)
    whole = bytes_of(tmp_path / "out")
    (tmp_path / "out/manifest.json").unlink()
    for part in (2, 3):
        (tmp_path / f"out/receipts/part-{part:05}.json").unlink()
    # What a killed job leaves beside: half a copy.
    (tmp_path / "out/.creditloom-copies").mkdir()
    (tmp_path / "out/.creditloom-copies/00000.parquet").write_bytes(b"half")
    done = score(tmp_path / "out", **wanted, **ACCEPTED)
    assert done.tally.resumed == 200
    # The salts of the parts that are made again come from another secret.
    names = [name for name in whole if name.startswith(("batch", "decisions", "quarantine"))]
    found = bytes_of(tmp_path / "out")
    assert names and {name: found[name] for name in names} == {n: whole[n] for n in names}
    changed = messy().assign(rate="3.0%")
    written(changed, tmp_path / "in.csv")
    (tmp_path / "out/manifest.json").unlink()
    with pytest.raises(DataError, match="another input"):
        score(tmp_path / "out", **wanted, **ACCEPTED)


def test_a_cell_that_cannot_be_read_sets_its_row_aside(
    trained: FittedBundle, tmp_path: Path
) -> None:
    """Each by the rule of every door, with the cell in the reason; replayed to the same."""
    table = messy().astype({"bureau": object, "score": object})
    table.loc[3, "rate"] = "twelve"
    table.loc[5, "opened"] = "31/02/2024"
    table.loc[7, "day"] = "soon"
    table.loc[9, "loan"] = ""
    table.loc[[11, 12], "loan"] = "twice"
    table.loc[13, "bureau"] = "12345678901234567"
    table.loc[14, "score"] = "1e999"
    source = written(table, tmp_path / "in.csv")
    score(tmp_path / "out", source=source, bundle=trained.folder, part_rows=100, **ACCEPTED)
    aside = read_table(tmp_path / "out" / "quarantine").to_pandas().set_index("row")
    # table: row -> rule
    assert aside.rule.to_dict() == {
        3: "not_a_number", 5: "not_a_date", 7: "as_of_unreadable", 9: "id_null",
        11: "id_duplicate", 12: "id_duplicate", 13: "not_exact", 14: "not_finite",
    }  # fmt: skip
    assert aside.column[[3, 5]].tolist() == ["rate", "opened"]
    assert "'twelve' is no number as training read this column (percent)" in aside.reason[3]
    again = replayed(tmp_path / "out", trained.folder)
    assert (again["set_aside"], again["mismatches"], again["missing"]) == (8, 0, 0)


# table: how a column is written otherwise -> words of the refusal
OTHERWISE: dict[str, tuple[dict[str, Any], str]] = {
    "no signs": ({"rate": "12.5"}, r"`rate` is not.*expected: numbers as 12\.5%.*'12\.5' is no"),
    "other dates": ({"opened": "2024-31-01"}, r"`opened` is not.*expected: dates as 31/01/2024"),
    "words": ({"bureau": "good"}, r"`bureau` is not.*expected: numbers as 1234\.5.*360 such of"),
}


@pytest.mark.parametrize("way", OTHERWISE)
def test_a_column_written_in_another_way_is_told_in_words(
    trained: FittedBundle, tmp_path: Path, way: str
) -> None:
    change, words = OTHERWISE[way]
    source = written(messy().assign(**change), tmp_path / "in.csv")
    with pytest.raises(BatchError, match=f"(?s)Column {words}"):
        score(tmp_path / "out", source=source, bundle=trained.folder, **ACCEPTED)
    assert not (tmp_path / "out").exists(), "nothing is written"


def test_stored_numbers_in_place_of_signs_are_told(
    trained: FittedBundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Parquet file of the same table decides the same; what training read of texts is said."""
    table = messy()
    rate = table.rate.str.strip("%").astype(float)
    (tmp_path / "in").mkdir()
    table.assign(rate=rate).to_parquet(tmp_path / "in/in.parquet")
    written(table.head(1), tmp_path / "in/x.csv")
    done = score(tmp_path / "a", source=tmp_path / "in", bundle=trained.folder, **ACCEPTED)
    told = capsys.readouterr().err
    assert "`rate`: training read texts as 12.5%, this input stores double" in told
    assert "not read, as the parts of this input are Parquet: x.csv" in told
    source = WAYS["as it was"](table, tmp_path)
    score(tmp_path / "b", source=source, bundle=trained.folder, **ACCEPTED)
    assert "in.csv is CSV: cells between commas" in capsys.readouterr().err
    assert done.manifest["decided"] == 360
    np.testing.assert_array_equal(decisions(tmp_path / "a").pd, decisions(tmp_path / "b").pd)


def test_whole_ids_stay_whole_and_leading_zeros_stay(tmp_path: Path) -> None:
    zeros = [f"{k:04}" for k in range(360)]
    for name, ids, kind in (("w", range(360), np.int64), ("z", zeros, str)):
        place = tmp_path / name
        place.mkdir()
        source = written(messy().assign(loan=ids), place / "t.csv", index=False)
        bundle = fitted(source, place / "bundle", **OPTIONS).folder
        # A later file whose ids look otherwise is read as training read them.
        later = written(messy().assign(loan=range(1000, 1360)), place / "later.csv", index=False)
        score(place / "out", source=later, bundle=bundle, **ACCEPTED)
        assert decisions(place / "out").application_id[0] == kind(1000)
    odd = written(messy().assign(loan="A-7"), tmp_path / "odd.csv")
    with pytest.raises(BatchError, match=r"(?s)`loan` is not written.*whole numbers.*'A-7'"):
        score(tmp_path / "o", source=odd, bundle=tmp_path / "w" / "bundle", **ACCEPTED)


def test_a_bundle_of_typed_columns_takes_a_csv(tmp_path: Path) -> None:
    """Plain numbers, true and false, moments; of the user's own table and of the house's."""
    mine = own.write_bundle(tmp_path / "mine", layout=own.LAYOUT)
    house = write_bundle(tmp_path / "house")
    frame = applications(60)
    flag = frame["has_second_source"].astype(object)
    frame["has_second_source"] = flag.where(frame.index != 4, None)
    for bundle, table in ((mine, own.table(60)), (house, frame)):
        place = bundle.parent / f"{bundle.name}s"
        place.mkdir()
        table.to_parquet(place / "in.parquet", index=False)
        table.to_csv(place / "in.csv", index=False)
        for kind in ("parquet", "csv"):
            score(place / kind, source=place / f"in.{kind}", bundle=bundle, **ACCEPTED)
        one, two = (decisions(place / kind) for kind in ("parquet", "csv"))
        pd.testing.assert_frame_equal(one, two)
        assert replayed(place / "csv", bundle)["mismatches"] == 0
        assert replayed(place / "parquet", bundle, "--input", str(place / "in.csv"))["missing"] == 0


def test_an_odd_cell_of_a_typed_column_sets_its_row_aside(tmp_path: Path) -> None:
    """Of a number, a flag and a code, where training read no texts; null is null."""
    bundle = write_bundle(tmp_path / "house")
    table = applications(60).astype({"has_second_source": object, "pay_a_3m": object})
    table.loc[2, "pay_a_3m"] = "12.5%"
    table.loc[3, "pay_a_3m"] = "NaN"
    table.loc[4, "has_second_source"] = "maybe"
    table.loc[5, "has_second_source"] = "TRUE"
    source = written(table, tmp_path / "in.csv")
    score(tmp_path / "out", source=source, bundle=bundle, **ACCEPTED)
    aside = read_table(tmp_path / "out" / "quarantine").to_pandas().set_index("row")
    assert aside.rule.to_dict() == {2: "not_a_number", 4: "not_a_number"}
    assert aside.column.tolist() == ["pay_a_3m", "has_second_source"]
    assert aside.reason[4] == "'maybe' is neither true nor false"
    assert replayed(tmp_path / "out", bundle)["mismatches"] == 0


def test_a_csv_that_breaks_is_refused_before_anything_is_written(
    trained: FittedBundle, tmp_path: Path
) -> None:
    # table: bytes of the file, words
    for content, words in (
        (b"loan,x\n1,2\n3\n4,5\n", "wrong number of cells"),
        (b"", "Empty file"),
        (b"loan,day\n", "Nothing to decide"),
        (b"loan,day\nL1,31/01/2024\n", "Missing column"),
    ):
        (tmp_path / "in.csv").write_bytes(content)
        with pytest.raises(ValueError, match=words):
            score(tmp_path / "out", source=tmp_path / "in.csv", bundle=trained.folder)
        assert not (tmp_path / "out").exists()


def test_a_few_rows_of_a_csv_are_decided_at_once(trained: FittedBundle, tmp_path: Path) -> None:
    """By `creditloom decide`, as in a batch; the first cell that cannot be read is named."""
    source = written(messy().head(12), tmp_path / "few.csv")
    words = ["decide", "--input", str(source), "--bundle", str(trained.folder)]
    told = json.loads(CliRunner().invoke(build(["decide"]), words).stdout)
    expected = Decider.load(trained.folder, 1).decide(messy().head(12).astype(str))
    assert [one["pd"] for one in told] == expected.pd.tolist()
    assert [one["decision_id"] for one in told] == expected.decision_id.tolist()
    written(messy().head(3).assign(rate=["1%", "x", "2%"]), source)
    with pytest.raises(ValueError, match="column rate, row 1"):
        CliRunner().invoke(build(["decide"]), words, catch_exceptions=False)


def test_workers_of_other_machines_read_the_copies(tmp_path: Path) -> None:
    """The paths that travel to them are absolute, those of the copies too."""
    written(messy(), tmp_path / "in.csv")
    with readable(BatchInput.open(tmp_path / "in.csv"), tmp_path) as source:
        assert source.rows == 360
        assert all(path.is_absolute() for path in source.placed().copies)
