"""A mapping: files of one's own in, raw tables of the contract out; what cannot be read is told."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from creditloom.features.contract.tables import TABLES, Column
from creditloom.pipeline.base.params import ParamsError
from creditloom.pipeline.commands.tables.mapping_file import read_mapping
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.foreign import ForeignError
from creditloom.storage.files.store import read_frame
from creditloom.storage.mapped.column_values import ColumnReader
from creditloom.storage.mapped.convert import convert
from creditloom.storage.mapped.mapping import MappedColumn, MappedFile, faults
from creditloom.storage.mapped.text_ids import Numbering
from tests.checkout import ROOT, needs_checkout
from tests.own_tables.conftest import MAPPING, PEOPLE

CSV = MappedFile("a.csv")
COLUMNS = {(table.name, one.name): one for table in TABLES.values() for one in table.columns}
FEN = COLUMNS["payments", "amount_fen"]
TIME = COLUMNS["payments", "event_time"]
DAYS = COLUMNS["bills", "days_late"]
SHARE = COLUMNS["bureau_snapshots", "utilisation"]
FLAG = COLUMNS["payments", "is_offline"]
CATEGORY = COLUMNS["payments", "category"]


def read(
    values: list[Any], column: Column, *, file: MappedFile = CSV, zone: str = "UTC", **spec: Any
) -> list[Any]:
    """Return the values of a column as it is read, "unfit" for those that are set aside."""
    reader = ColumnReader(MappedColumn("c", **spec), column, file, zone, None)
    found, unfit = reader.read(pa.chunked_array([pa.array(values)]))
    return ["unfit" if bad else one for one, bad in zip(found.to_pylist(), unfit, strict=True)]


# table: stored values, how they are meant, what they are in the contract
@pytest.mark.parametrize(
    ("values", "column", "spec", "meant"),
    [
        ([12.34, 0.29, 1.0], FEN, {"unit": "yuan"}, [1234, 29, 100]),
        (["12.34", "-7", "x", None], FEN, {"unit": "yuan"}, [1234, -700, "unfit", None]),
        ([12.345, 12.34], FEN, {"unit": "yuan"}, ["unfit", 1234]),
        ([12.345, 12.355], FEN, {"unit": "yuan", "round": True}, [1234, 1236]),
        ([3], FEN, {"factor": 1000.0}, [3000]),
        ([2, None], DAYS, {"unit": "weeks"}, [14, None]),
        ([37.5], SHARE, {"unit": "percent"}, [0.375]),
        (["True", "0", "maybe"], FLAG, {}, [True, False, "unfit"]),
        ([1, 2, 3], FLAG, {"codes": {"1": True, "2": False}}, [True, False, "unfit"]),
        ([1, None], FLAG, {"codes": {"1": True, "": False}}, [True, False]),
        (["a", "b"], CATEGORY, {"codes": {"a": "food"}, "otherwise": "rent"}, ["food", "rent"]),
    ],
)
def test_values_are_read_as_they_are_meant(
    values: list[Any], column: Column, spec: dict[str, Any], meant: list[Any]
) -> None:
    assert read(values, column, **spec) == meant


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20))
def test_every_amount_of_whole_cents_comes_back_exact(cents: list[int]) -> None:
    """By Python's decimal text: neither a float nor its text loses a fen."""
    texts = [f"{'-' * (c < 0)}{abs(c) // 100}.{abs(c) % 100:02d}" for c in cents]
    assert read(texts, FEN, unit="yuan") == cents
    assert read([float(text) for text in texts], FEN, unit="yuan") == cents
    comma = MappedFile("a.csv", decimal=",", thousands=".")
    written = [f"{c:,}".replace(",", ".") + ",00" for c in cents]
    assert read(written, FEN, file=comma) == cents


@given(
    st.datetimes(dt.datetime(1975, 1, 1), dt.datetime(2037, 1, 1)),
    st.sampled_from(["Asia/Shanghai", "Europe/Prague", "America/New_York", "UTC"]),
)
def test_a_moment_of_a_zone_is_the_one_that_python_says(moment: dt.datetime, name: str) -> None:
    """One that the clocks show twice, or never, is set aside."""
    zone = zoneinfo.ZoneInfo(name)
    either = {moment.replace(tzinfo=zone, fold=fold).astimezone(dt.UTC) for fold in (0, 1)}
    is_clear = len(either) == 1
    meant = [either.pop().replace(tzinfo=None) if is_clear else "unfit"]
    assert read([moment], TIME, zone=name) == meant
    assert read([moment.isoformat()], TIME, zone=name) == meant


def test_an_hour_that_comes_twice_is_the_one_that_is_named() -> None:
    twice = ["2024-10-27 02:30:00"]
    assert read(twice, TIME, zone="Europe/Prague") == ["unfit"]
    earlier = read(twice, TIME, zone="Europe/Prague", ambiguous="earlier")
    later = read(twice, TIME, zone="Europe/Prague", ambiguous="later")
    assert [earlier[0].hour, later[0].hour] == [0, 1]


# table: stored moments, how they are meant, the moment in UTC
@pytest.mark.parametrize(
    ("values", "spec", "meant"),
    [
        ([970220], {"format": "%y%m%d"}, dt.datetime(1997, 2, 20)),
        ([10203], {"format": "%y%m%d"}, dt.datetime(2001, 2, 3)),
        (["20.02.2024"], {"format": "%d.%m.%Y", "zone": "Asia/Shanghai"},
         dt.datetime(2024, 2, 19, 16)),
        ([1_700_000_000], {"epoch": "s"}, dt.datetime(2023, 11, 14, 22, 13, 20)),
        (["2024-02-20T08:00:00+08:00"], {"zone": "Europe/Prague"}, dt.datetime(2024, 2, 20)),
        ([dt.date(2024, 2, 20)], {"add_days": 2}, dt.datetime(2024, 2, 22)),
    ],
)  # fmt: skip
def test_dates_of_any_writing(values: list[Any], spec: dict[str, Any], meant: dt.datetime) -> None:
    assert read(values, TIME, **spec) == [meant]


def test_numbers_that_may_count_anything_are_no_moments() -> None:
    with pytest.raises(DataError, match="epoch: s"):
        read([1_700_000_000], TIME)


@pytest.mark.slow
@given(st.lists(st.lists(st.none() | st.text(max_size=3), max_size=8), max_size=4))
def test_a_text_has_one_number_and_a_number_one_text(blocks: list[list[str | None]]) -> None:
    numbering = Numbering()
    pairs = set()
    for block in blocks:
        numbers = numbering.of(pa.array(block, pa.string())).to_pylist()
        pairs |= set(zip(block, numbers, strict=True))
    texts = {text for text, _ in pairs}
    assert len(pairs) == len(texts) == len({number for _, number in pairs})
    table = numbering.table().to_pylist()
    assert {(row["text"], row["id"]) for row in table} == {p for p in pairs if p[0] is not None}


def made(own: Path, text: str = MAPPING, share: float = 0.05) -> Path:
    (own.parent / "mapping.yaml").write_text(text, encoding="utf-8")
    out = own.parent / "raw"
    convert(read_mapping(own.parent / "mapping.yaml"), own, out, share)
    return out


def test_files_of_ones_own_become_the_contracts(own: Path) -> None:
    raw = made(own)
    loans = read_frame(raw / "applications.parquet")
    wallet = read_frame(raw / "asset_balances.parquet")
    assert loans["as_of"][0] == pd.Timestamp("2024-06-15 10:30")
    assert loans["is_bad"].tolist() == (np.arange(PEOPLE) % 3 == 0).astype(int).tolist()
    assert loans["age_years"].isna().all() and loans["consent_assets"].all()
    assert wallet["event_id"].tolist() == list(range(PEOPLE * 20))
    assert (wallet["known_time"] - wallet["event_time"] == pd.Timedelta(days=1)).all()
    texts = read_frame(raw / "_ids" / "customer.parquet").set_index("id")["text"]
    theirs = pd.concat(
        pd.read_csv(own / "wallet" / f"{k}.csv", sep=";", decimal=",") for k in (1, 2)
    )
    assert texts[wallet["applicant_id"]].tolist() == theirs["who"].tolist()
    assert wallet["balance_fen"].tolist() == (theirs["balance"] * 100).round().astype(int).tolist()


def test_a_row_that_cannot_be_read_is_set_aside_with_its_reason(own: Path) -> None:
    lines = (own / "loans.csv").read_text().splitlines()
    lines[3] = lines[3].replace("repaid", "unknown")
    (own / "loans.csv").write_text("\n".join(lines) + "\n")
    raw = made(own)
    [aside] = read_frame(raw / "_set_aside" / "applications.parquet").to_dict("records")
    assert len(read_frame(raw / "applications.parquet")) == PEOPLE - 1
    assert (aside["file"], aside["row"], aside["rule"]) == ("loans.csv", 2, "is_bad.code")
    assert aside["stored"] == "state = unknown"


def test_a_mapping_that_fits_nothing_is_refused_and_leaves_nothing(own: Path) -> None:
    with pytest.raises(DataError, match=r"(?s)asset_balances.*100.0%.*balance_fen.type"):
        made(own, MAPPING.replace('decimal: ","', 'decimal: "."'))
    with pytest.raises(DataError, match=r"(?s)applicant_id.type.*ids: customer"):
        made(own, MAPPING.replace("{column: who, ids: customer}", "who"))
    assert not (own.parent / "raw").exists()


def test_all_faults_of_a_mapping_are_said_at_once(own: Path) -> None:
    text = MAPPING.replace("rows: wallet", "rows: walet").replace("unit: yuan", "unit: dollars")
    with pytest.raises(DataError) as error:
        made(own, text.replace("zone: Asia/Shanghai", "zone: Asia/Shangai"))
    for words in ("3 faults", "`wallet`", "`dollars` is no unit for fen; known", "`Asia/Shanghai`"):
        assert words in str(error.value)
    with pytest.raises(DataError) as error:
        made(own, MAPPING.replace("asked", "askd").replace("      account: {constant: lqt}\n", ""))
    for words in ("2 faults", "did you mean `asked`?", "asset_balances.columns.account: missing"):
        assert words in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [("rows: loans", "row: loans", "did you mean `rows`"), ("add_days: 1", "add_days: 1.5", "int")],
)
def test_a_mapping_is_read_strictly(own: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(ParamsError, match=words):
        made(own, MAPPING.replace(old, new))


@needs_checkout
def test_the_mapping_of_the_documentation_is_one(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "own_tables.md").read_text(encoding="utf-8")
    [written] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    (tmp_path / "mapping.yaml").write_text(written, encoding="utf-8")
    assert faults(read_mapping(tmp_path / "mapping.yaml")) == ()
    keys = [field.name for field in fields(MappedColumn)]
    assert [key for key in keys if f"`{key}`" not in page] == []


# table: a query that is refused, and the words that say why
@pytest.mark.parametrize(
    ("query", "error", "words"),
    [
        ("COPY loans TO 'x.csv'", DataError, "no single SELECT"),
        ("SELECT 1; SELECT 2", DataError, "2 statements"),
        ("SELECT * FROM read_csv('/etc/hosts')", ForeignError, "Permission"),
        ("SELECT nothing FROM loans", ForeignError, "nothing"),
    ],
)
def test_a_query_reads_the_declared_files_and_does_nothing_else(
    own: Path, query: str, error: type[Exception], words: str
) -> None:
    text = MAPPING.replace("tables:\n", f'queries: {{some: "{query}"}}\ntables:\n', 1)
    with pytest.raises(error, match=words):
        made(own, text)


def test_a_query_may_give_the_rows(own: Path) -> None:
    query = "SELECT DISTINCT ON (who) * FROM wallet ORDER BY who, day DESC"
    text = MAPPING.replace("tables:\n", f'queries: {{latest: "{query}"}}\ntables:\n', 1)
    query_text = text.replace("rows: wallet", "rows: latest")
    raw = made(
        own,
        query_text.replace(
            "balance_fen: {column: balance, unit: yuan}", "balance_fen: {constant: 5}"
        ),
    )
    assert len(read_frame(raw / "asset_balances.parquet")) == PEOPLE
