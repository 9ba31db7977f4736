"""Every door takes mapped tables: text ids come back, and what they are called changes nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from creditloom.features.contract.tables import CONTACTS, PAYMENTS
from creditloom.features.engine.engine import build as features
from creditloom.pipeline.cli import build
from creditloom.pipeline.commands.tables.mapping_file import read_mapping
from creditloom.serving.from_events import RawColumnNotRead, from_events
from creditloom.serving.score import score
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_frame, read_json
from creditloom.storage.mapped.convert import convert
from creditloom.storage.mapped.mapping import MappedColumn, MappedFile, MappedTable, TableMapping
from creditloom.storage.mapped.text_ids import with_own_ids
from tests.features.raw import PARAMS, random_raw
from tests.fit.conftest import Run, fit  # noqa: F401  a fixture

# What all of them look at takes tens of seconds to make.
pytestmark = pytest.mark.slow

# table: column of ids -> the numbering that it shares
TAUGHT = "the rows that taught the model"
NUMBERING = {
    "application_id": "loan",
    "applicant_id": "person",
    "contact_id": "person",
    "counterparty_id": "person",
}


def test_features_do_not_depend_on_what_people_are_called(tmp_path: Path) -> None:
    """Numbered texts give every person the features that their own numbers give."""
    raw = random_raw(people=40, seed=5)
    tables = {}
    plain = {}
    (tmp_path / "own").mkdir()
    for name in ("applications", PAYMENTS.name, CONTACTS.name):
        plain[name] = (str(tmp_path / f"{name}.parquet"),)
        pq.write_table(raw[name], plain[name][0])
        frame = raw[name].to_pandas()
        ids = [column for column in NUMBERING if column in frame]
        for column in ids:
            # The order of the texts is not that of the numbers.
            texts = frame[column].map(lambda one: f"{one * 7919 % 10007:05.0f}-{one:.0f}")
            frame[column] = texts.where(frame[column].notna(), None)
        frame.to_parquet(tmp_path / "own" / f"{name}.parquet", index=False)
        specs = {column: MappedColumn(column, ids=NUMBERING[column]) for column in ids}
        tables[name] = MappedTable(rows=name, columns=specs)
    files = {name: MappedFile(f"{name}.parquet") for name in tables}
    convert(TableMapping(files, tables), tmp_path / "own", tmp_path / "raw", 0.0)
    mapped = {name: (str(tmp_path / "raw" / f"{name}.parquet"),) for name in tables}
    one = pa.concat_tables(features(plain, PARAMS)).to_pandas()
    blocks = [with_own_ids(block, tmp_path / "raw") for block in features(mapped, PARAMS)]
    two = pa.concat_tables(blocks).to_pandas()
    number = two["application_id"].str.rpartition("-")[2].astype("int64")
    two = two.assign(application_id=number).sort_values("application_id", ignore_index=True)
    two = two.assign(applicant_id=one["applicant_id"])
    pd.testing.assert_frame_equal(one, two[one.columns])


@pytest.fixture
def fitted(own: Path, fit: Run) -> Path:  # noqa: F811  the fixture above
    """Fit `own` through its mapping; return the folder in which raw/ and out/ lie.

    One loan has a word that the mapping does not know.
    """
    home = own.parent
    loans = own / "loans.csv"
    loans.write_text(loans.read_text().replace("repaid,x", "paid back,x", 1))
    done = CliRunner().invoke(
        build(["tables"]),
        ["tables", "--mapping", "mapping.yaml", "--from", "own", "--out", "raw"],
        catch_exceptions=False,
    )
    assert done.exit_code == 0, done.output
    told = fit("--data", "own", "--mapping", "mapping.yaml", "--label", "is_bad", "--out", "out")
    assert "applications: 1 rows set aside by is_bad.code" in told.stderr
    return home


def test_decisions_name_applications_as_the_user_does(fitted: Path) -> None:
    """By fit, from memory and by a batch: `00119` keeps its zeros, at every door the same PD."""
    loans = pd.read_csv(fitted / "own" / "loans.csv", dtype=str)["loan"].tolist()
    of_fit = read_frame(fitted / "out" / "decisions.parquet")
    in_memory = from_events(fitted / "raw", fitted / "out" / "bundle")
    bundle = fitted / "out" / "bundle"
    # R12 compares with held-out scores. The rows that taught so small a model score wider, and a
    # person who knows that accepts it.
    score(fitted / "batch.parquet", events=fitted / "raw", bundle=bundle, accept_drift=TAUGHT)
    of_batch = read_frame(fitted / "batch.parquet")
    _check_mapped_batch(fitted, of_batch)
    loans.remove("001")
    pds = [one.set_index("application_id")["pd"] for one in (of_fit, in_memory, of_batch)]
    assert sorted(pds[0].index) == sorted(loans) and "00119" in loans
    assert pds[0].sort_index().tolist() == pds[1].sort_index().tolist()
    assert pds[1].sort_index().tolist() == pds[2].sort_index().tolist()
    # A column that may be misnamed is told from memory too, where nobody reads stderr.
    file = fitted / "raw" / "applications.parquet"
    table = pq.read_table(file)
    pq.write_table(table.append_column("declared_incom_fen", pa.nulls(len(table))), file)
    with pytest.warns(RawColumnNotRead, match="declared_income_fen is not there"):
        from_events(fitted / "raw", fitted / "out" / "bundle")


def _check_mapped_batch(fitted: Path, of_batch: pd.DataFrame) -> None:
    """A batch of the user's own files is that of the tables that the mapping makes of them."""
    words = ["score", "--events", "own", "--mapping", "mapping.yaml", "--output", "mapped.parquet"]
    command = [*words, "--bundle", "out/bundle", "--accept-drift", TAUGHT, "--json"]
    done = CliRunner().invoke(build(["score"]), command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    pd.testing.assert_frame_equal(read_frame(fitted / "mapped.parquet"), of_batch)
    # Once more: the features are kept, and no row is decided again.
    again = CliRunner().invoke(build(["score"]), command, catch_exceptions=False)
    assert json.loads(again.stdout)["resumed_rows"] == len(of_batch)
    for kept in (fitted / "out" / "quarantine", fitted / "mapped.features" / "quarantine"):
        aside = read_frame(kept / "mapping" / "applications.parquet")
        assert aside["stored"].tolist() == ["state = paid back"]
        assert read_json(kept / "mapping" / "mapping.json")["tables"]["applications"]["bad"] == 1
    assert not list((fitted / "mapped.batch").glob(".creditloom*"))


def test_a_mapping_without_files_of_ones_own_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"(?s)A mapping makes raw tables.*--events"):
        score(tmp_path / "out", source=tmp_path / "t.csv", mapping=TableMapping({}, {}))


def test_mapping_again_gives_the_same_bytes(own: Path) -> None:
    mapping = read_mapping(own.parent / "mapping.yaml")
    for name in ("one", "two"):
        convert(mapping, own, own.parent / name, 0.0)
    one, two = (
        {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*.*")}
        for folder in (own.parent / "one", own.parent / "two")
    )
    assert one == two
