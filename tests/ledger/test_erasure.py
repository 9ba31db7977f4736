"""Persons are erased from a sealed batch: no file holds them, and the others are still proved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from creditloom.serving.batch.output import sha256
from creditloom.serving.ledger.hashing import decision_hashes
from creditloom.serving.ledger.log import erasure
from creditloom.serving.ledger.log.log import Log
from creditloom.serving.ledger.log.notes import note_store
from creditloom.serving.ledger.log.stores import BatchStore
from creditloom.serving.ledger.rows.leaves import SALTS_ENVIRONMENT
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import read_json, read_table, write_json, write_table
from tests.ledger.conftest import Command
from tests.registry.small import applications

ROWS = 240
REASON = "asked for by letter on 3 June"
NAMES = [f"person-{number:05}" for number in range(ROWS)]
GONE = NAMES[:200:2]


@pytest.fixture
def night(
    creditloom: Command, bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A batch of 240 persons in three parts, eight of them set aside, with its exported files."""
    monkeypatch.delenv(SALTS_ENVIRONMENT)
    frame = applications(ROWS).assign(application_id=NAMES)
    frame.loc[range(0, 80, 10), "wealth_fen"] = -1
    frame.to_parquet("in.parquet")
    words = ("--input", "in.parquet", "--output", "night.parquet", "--bundle", str(bundle))
    given = ("--today", "2026-01-01", "--part-rows", "100")
    assert creditloom("score", *words, *given).exit_code == 0
    return tmp_path / "night.batch"


def _erase(creditloom: Command, *persons: str) -> dict[str, Any]:
    Path("gone.txt").write_text("\n".join(persons))
    result = creditloom("erase", "--from", "gone.txt", "--reason", REASON, "--json")
    assert result.exit_code == 0
    outcome: dict[str, Any] = json.loads(result.stdout)
    Path("gone.txt").unlink()
    return outcome


def _findings(creditloom: Command, *words: str) -> list[str]:
    result = creditloom("verify", "night.batch", "--json", *words)
    findings = [found["where"] for found in json.loads(result.stdout)["findings"]]
    assert result.exit_code == (6 if findings else 0)
    return findings


def _replayed(creditloom: Command, bundle: Path) -> tuple[int, dict[str, Any]]:
    result = creditloom("replay", "night.batch", "--bundle", str(bundle), "--json")
    return result.exit_code, json.loads(result.stdout)


def _texts(folder: Path) -> Iterator[str]:
    """Yield every text of every file, of tables after they are decoded."""
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.suffix == ".parquet":
            for column in read_table(file).columns:
                yield from map(str, column.to_pylist())
        else:
            yield file.read_text()


def test_a_hundred_persons_are_in_no_file_and_the_others_are_proved_and_replayed(
    creditloom: Command, night: Path, bundle: Path, tmp_path: Path
) -> None:
    root = read_json(night / "manifest.json")["root"]
    ids = read_table(night / "decisions", ["decision_id", "application_id"]).to_pandas()
    theirs = ids.loc[ids["application_id"].isin(GONE), "decision_id"].tolist()
    assert _erase(creditloom, *GONE)["rows"] == {"night.batch": 100}
    (tmp_path / "in.parquet").unlink()
    kept = applications(ROWS).assign(application_id=NAMES)
    kept.loc[range(0, 80, 10), "wealth_fen"] = -1
    kept[~kept["application_id"].isin(GONE)].to_parquet("in.parquet")
    told = "\n".join(_texts(tmp_path))
    assert [value for value in (*GONE, *theirs) if value in told] == []
    assert _findings(creditloom, "--root", root) == []
    assert creditloom("verify", "night.parquet").exit_code == 0
    code, outcome = _replayed(creditloom, bundle)
    counts = {name: outcome[name] for name in ("decisions", "replayed", "erased", "mismatches")}
    assert (code, counts) == (
        0,
        {"decisions": 140, "replayed": 140, "erased": 92, "mismatches": 0},
    )


def test_no_bytes_of_an_erased_person_are_left(
    creditloom: Command, night: Path, tmp_path: Path
) -> None:
    """Neither as text nor in the pages of Parquet, of which a person's row is one of a few."""
    salt = read_table(night / "leaves/part-00000.parquet")["salt"][4].as_py()
    _erase(creditloom, NAMES[4])
    content = [
        path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.name != "in.parquet" and path.is_file()
    ]
    assert not [piece for piece in content if salt in piece or NAMES[4].encode() in piece]


def _rewrite(night: Path, kind: str, table: pa.Table) -> Path:
    file = night / kind / "part-00000.parquet"
    write_table(table, file, version=3)
    return file


def _forged(night: Path) -> pa.Table:
    table = read_table(night / "decisions/part-00000.parquet")
    place = table.schema.get_field_index("limit_cny")
    limits = table["limit_cny"].to_pylist()
    limits[7] = 123_456.0
    return table.set_column(place, "limit_cny", pa.array(limits, pa.float64()))


def test_a_row_forged_before_an_erasure_is_found_after_it(creditloom: Command, night: Path) -> None:
    """The erasure notes new sums of the files, so that the sums no longer tell."""
    forged = _forged(night)
    ledger = read_table(night / "ledger/part-00000.parquet")
    place = ledger.schema.get_field_index("decision_hash")
    fitting = ledger.set_column(place, "decision_hash", pa.array(decision_hashes(forged)))
    _rewrite(night, "decisions", forged)
    _rewrite(night, "ledger", fitting)
    _erase(creditloom, NAMES[1])
    assert "decisions/part-00000.parquet" in _findings(creditloom)


def test_a_row_forged_behind_an_erasure_that_the_insider_notes_is_found(
    creditloom: Command, night: Path
) -> None:
    """Who can write the log too gives the forged file its entry; the leaves still tell."""
    file = _rewrite(night, "decisions", _forged(night))
    root = read_json(night / "manifest.json")["root"]
    entry = {
        "kind": "erasure",
        "store": "batch",
        "path": "night.batch",
        "batch": root,
        "reason": REASON,
        "date": "2026-01-01T00:00:00+00:00",
        "rows": {},
        "files": {"decisions/part-00000.parquet": sha256(file)},
    }
    Log(night.parent / "creditloom.ledger").add(entry)
    assert "decisions/part-00000.parquet" in _findings(creditloom)


# table: what an insider does instead of an erasure
@pytest.mark.parametrize("kind", ["decided", "aside"])
def test_a_row_that_is_gone_without_an_entry_is_found(
    creditloom: Command, night: Path, bundle: Path, kind: str
) -> None:
    person = NAMES[5] if kind == "decided" else NAMES[10]
    store = BatchStore(night)
    store.erase(frozenset([person]), dict)
    assert _findings(creditloom)
    code, outcome = _replayed(creditloom, bundle)
    assert (code, outcome["missing"] > 0) == (6, True)


def test_a_person_who_comes_back_after_the_erasure_is_found(
    creditloom: Command, night: Path
) -> None:
    files = list(night.rglob("part-00000.parquet"))
    before = {path: path.read_bytes() for path in files}
    _erase(creditloom, NAMES[5])
    for path, content in before.items():
        path.write_bytes(content)
    assert "decisions/part-00000.parquet" in _findings(creditloom)


def test_a_second_erasure_and_a_repeated_one_go_on_from_the_first(
    creditloom: Command, night: Path, bundle: Path
) -> None:
    rows = [_erase(creditloom, *NAMES[at : at + 2])["rows"]["night.batch"] for at in (0, 1, 1)]
    assert rows == [2, 1, 0]
    assert _findings(creditloom) == []
    assert _replayed(creditloom, bundle)[1]["erased"] == 2


def test_a_batch_from_which_persons_were_erased_is_not_made_again(
    creditloom: Command, night: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _erase(creditloom, NAMES[5])
    words = ("--input", "in.parquet", "--output", "night.parquet", "--bundle", str(bundle))
    with pytest.raises(SystemExit):
        creditloom("score", *words, "--today", "2026-01-01", "--part-rows", "100")
    assert "Persons were erased from this batch" in capsys.readouterr().err
    assert NAMES[5] not in read_table(night.parent / "night.parquet")["application_id"].to_pylist()


def test_the_entry_says_when_why_and_where_and_names_nobody(
    creditloom: Command, night: Path
) -> None:
    _erase(creditloom, NAMES[5], NAMES[105])
    entry = Log(night.parent / "creditloom.ledger").entries()[-1]
    assert (entry["kind"], entry["reason"], entry["rows"]) == (
        "erasure",
        REASON,
        {"0": [5], "1": [5]},
    )
    assert entry["date"][:2] == "20" and "person-" not in json.dumps(entry)


def test_every_store_that_the_log_names_is_reached_and_one_that_is_gone_is_told(
    creditloom: Command, night: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    queue = pd.DataFrame({"application_id": NAMES[:9], "score": range(9)})
    queue.to_parquet("queue.parquet", index=False)
    words = ("erase", NAMES[3], "--reason", REASON, "--json")
    first = creditloom(*words, "--table", "queue.parquet")
    assert json.loads(first.stdout)["rows"] == {"night.batch": 1, "queue.parquet": 1}
    assert read_table("queue.parquet")["application_id"].to_pylist() == [*NAMES[:3], *NAMES[4:9]]
    Path("queue.parquet").unlink()
    again = creditloom(*words)
    assert (again.exit_code, json.loads(again.stdout)["not_there"]) == (6, ["queue.parquet"])


def test_another_store_registers_its_kind_and_is_reached(
    creditloom: Command, night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cards:
        def __init__(self, path: Path) -> None:
            self.path = path

        def erase(self, persons: frozenset[str], note: erasure.Note) -> erasure.Erased:
            cards = read_json(self.path)
            note({"count": len(persons & set(cards))})
            write_json([card for card in cards if card not in persons], self.path)
            return erasure.Erased(1)

    log = Log(tmp_path / "creditloom.ledger")
    write_json(NAMES[:3], tmp_path / "cards.json")
    note_store(log, "cards", tmp_path / "cards.json")
    with pytest.raises(DataError, match="Nobody here knows"):
        erasure.erase([NAMES[1]], REASON, log)
    monkeypatch.setitem(erasure.OPENERS, "cards", Cards)
    outcomes = erasure.erase([NAMES[1]], REASON, log)
    assert [outcome.kind for outcome in outcomes] == ["batch", "cards"]
    assert read_json(tmp_path / "cards.json") == [NAMES[0], NAMES[2]]


def test_an_erasure_needs_a_reason_and_a_log(creditloom: Command, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="needs a reason"):
        erasure.erase(["1"], "ok", Log(tmp_path))
    with pytest.raises(DataError, match="no log"):
        erasure.erase(["1"], REASON, Log(tmp_path / "none"))
