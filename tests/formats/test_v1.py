"""What 613f9fa wrote is read, verified, replayed and continued.

To the bit, under its own rules; and one changed value is found.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from creditloom.decision.bundle import write_manifest
from creditloom.decision.decide import Decider
from creditloom.pipeline.base import paths
from creditloom.pipeline.commands.portfolio import behaviour
from creditloom.portfolio.book.behaviour import NAMES
from creditloom.portfolio.book.monthly import from_frame
from creditloom.portfolio.book.review import Standing
from creditloom.serving.batch.output import BatchFolder, sha256
from creditloom.serving.ledger.earlier import EARLIER
from creditloom.serving.ledger.entries import link
from creditloom.serving.ledger.hashing import row_hashes
from creditloom.serving.referral import overrides
from creditloom.serving.referral.overrides import (
    Override,
)
from creditloom.serving.referral.queue.cases import referred_cases, waiting_cases
from creditloom.serving.registry import alias_history
from creditloom.serving.registry.runtime import RUNTIME, fingerprint
from creditloom.serving.whole.resume import begun, found_batch
from creditloom.storage.files import formats
from creditloom.storage.files.record import RecordError
from creditloom.storage.files.store import (
    read_frame,
    read_json,
    read_table,
    write_json,
    write_table,
)
from tests.formats.conftest import V1, Command

BATCH = (
    "--input",
    "in.parquet",
    "--output",
    "batch",
    "--bundle",
    "bundle",
    "--explain",
    "all",
    "--part-rows",
    "25",
)
CHOSEN = {"product": "weilidai@S5", "law": "eu_ccd2", "language": "zh"}


def test_nothing_in_the_fixtures_says_a_format() -> None:
    """The fixtures were written before formats had numbers.

    A fixture made anew by later code would test nothing.
    """
    documents = [json.loads(file.read_text()) for file in V1.rglob("*.json")]
    lines = [
        json.loads(line) for file in V1.rglob("*.jsonl") for line in file.read_text().splitlines()
    ]
    assert len(documents) > 10 and len(lines) > 5
    assert [found for found in (*documents, *lines) if "format" in found] == []


# The bundle.


def _hashes(bundle: Path, frame: pd.DataFrame, **asked: str) -> list[int]:
    return row_hashes(
        Decider.load(bundle).decide_table(pa.Table.from_pandas(frame), **asked)
    ).tolist()  # type: ignore[arg-type]


def test_its_bundle_decides_what_it_decided(decided: pd.DataFrame) -> None:
    """Every column of the decisions is the same, ids and the words of the reasons among them.

    Compared by hashes that any changed bit changes.
    """
    kept = read_table(V1 / "batch" / "decisions")
    assert set(kept["decision"].to_pylist()) == {"approve", "refer", "decline", "refuse"}
    assert _hashes(V1 / "bundle", decided, explain="all") == row_hashes(kept).tolist()


def test_its_bundle_decides_by_the_product_law_and_language_that_are_chosen(
    decided: pd.DataFrame,
) -> None:
    kept = read_table(V1 / "chosen.parquet")
    assert _hashes(V1 / "bundle", decided.iloc[: len(kept)], **CHOSEN) == row_hashes(kept).tolist()


def test_a_slope_that_differs_in_its_last_digits_is_another_bundle_with_other_decisions(
    home: Path, decided: pd.DataFrame
) -> None:
    calibration = home / "bundle" / "calibration.json"
    calibration.write_text(calibration.read_text().replace('"a": 0.9', '"a": 0.90000001'))
    write_manifest(home / "bundle")
    assert not set(_hashes(home / "bundle", decided, explain="all")) & set(
        row_hashes(read_table(V1 / "batch" / "decisions")).tolist()
    )


# The batch with its ledger.


def _findings(creditloom: Command) -> list[str]:
    told = creditloom("verify", "batch", "--json")
    findings = [finding["where"] for finding in json.loads(told.stdout)["findings"]]
    assert told.exit_code == (6 if findings else 0)
    return findings


def test_its_batch_is_found_unchanged(creditloom: Command) -> None:
    assert _findings(creditloom) == []


def test_one_flipped_byte_of_a_table_and_one_changed_number_of_a_receipt_are_found(
    creditloom: Command, home: Path
) -> None:
    table = home / "batch/ledger/part-00001.parquet"
    receipt = home / "batch/receipts/part-00002.json"
    content = bytearray(table.read_bytes())
    content[len(content) // 2] ^= 0x20
    table.write_bytes(content)
    write_json({**read_json(receipt), "decided": 0}, receipt)
    assert {"ledger/part-00001.parquet", "receipts/part-00002.json"} <= set(_findings(creditloom))


def _replayed(creditloom: Command, *options: str) -> dict[str, object]:
    outcome: dict[str, object] = json.loads(
        creditloom("replay", "batch", "--bundle", "bundle", "--json", *options).stdout
    )
    return outcome


def test_its_batch_is_replayed_by_the_code_of_today_and_that_is_said(creditloom: Command) -> None:
    outcome = _replayed(creditloom, "--input", "in.parquet")
    assert (outcome["decisions"], outcome["replayed"], outcome["mismatches"]) == (53, 53, 0)
    (told,) = outcome["told"]  # type: ignore[misc]
    assert told.startswith("decided by the code of 0.1.0 (613f9fa), made again by today's (")


def test_one_of_its_decisions_is_replayed_by_its_id(creditloom: Command) -> None:
    decision = read_table(V1 / "batch" / "decisions").to_pylist()[30]
    outcome = _replayed(
        creditloom, "--input", "in.parquet", "--decision-id", decision["decision_id"]
    )
    assert outcome["mismatches"] == 0
    application_id = outcome["decision"]["application_id"]  # type: ignore[index]
    assert application_id == decision["application_id"]
    assert "0.1.0 (613f9fa)" in outcome["told"][0]  # type: ignore[index]


def test_a_replay_finds_one_changed_value_of_the_input_and_one_of_the_decisions(
    creditloom: Command, home: Path
) -> None:
    frame = pd.read_parquet("in.parquet")
    frame.loc[20, "f4"] = 0.5
    frame.to_parquet("other.parquet")
    file = home / "batch/decisions/part-00000.parquet"
    receipt = home / "batch/receipts/part-00000.json"
    table = read_table(file)
    limits = table["limit_cny"].to_pylist()
    row = next(k for k, limit in enumerate(limits) if limit)
    limits[row] += 100.0
    write_table(
        table.set_column(table.schema.get_field_index("limit_cny"), "limit_cny", [limits]), file
    )
    noted = read_json(receipt)
    write_json({**noted, "files": {**noted["files"], "decisions": sha256(file)}}, receipt)
    result = creditloom(
        "replay", "batch", "--bundle", "bundle", "--json", "--input", "other.parquet"
    )
    outcome = json.loads(result.stdout)
    assert result.exit_code == 6
    assert outcome["other_input"] == [str(frame["application_id"][20])]
    assert outcome["other_decision"] == [str(table["application_id"][row].as_py())]


@pytest.mark.parametrize("piece", ["code", "model", "policy"])
def test_versions_that_are_not_known_to_decide_equally_do_not_replay(
    creditloom: Command, home: Path, capsys: pytest.CaptureFixture[str], piece: str
) -> None:
    asked = read_json(home / "batch/batch.json")
    write_json(
        {**asked, "versions": {**asked["versions"], piece: "0" * 64}}, home / "batch/batch.json"
    )
    with pytest.raises(SystemExit):
        _replayed(creditloom, "--input", "in.parquet")
    told = capsys.readouterr().err
    assert "These are not the versions that decided" in told and piece in told


def test_every_code_that_is_said_to_decide_equally_has_a_batch_here() -> None:
    batches = Path(__file__).parent.glob("v*/*batch/batch.json")
    codes = {read_json(batch)["versions"]["code"] for batch in batches}
    assert codes - {fingerprint(RUNTIME)} == set(EARLIER)


def test_a_batch_that_it_left_unfinished_goes_on_as_it_began(home: Path) -> None:
    """The receipts follow from batch.json as it was written, so it stays.

    What is added says its format.
    """
    batch = BatchFolder(home / "batch")
    before = read_json(home / "batch" / "batch.json")
    files = [{**file, "sha256": "0" * 64} for file in before["input"]["files"]]
    today = {"format": formats.BATCH, "input": {"path": "else", "files": files}, "made_by": {}}
    found = found_batch(batch, {**before, **today})
    assert begun(batch, found, lambda: "none is looked for").keys() == {0, 1, 2}
    assert found.document == before == read_json(home / "batch" / "batch.json")
    assert [receipt["part"] for receipt in batch.finished()] == [0, 1, 2]


def test_a_batch_of_today_begun_without_a_format_ends_whole(
    creditloom: Command, home: Path
) -> None:
    """A job of an earlier release was killed after its first part; this release goes on with it.

    Nothing in the folder contradicts.
    """
    score = ("score", *BATCH[:3], "night", *BATCH[4:], "--today", "2026-01-01")
    assert creditloom(*score).exit_code == 0
    night = home / "night"
    before = {
        name: value for name, value in read_json(night / "batch.json").items() if name != "format"
    }
    first = {
        name: value
        for name, value in read_json(night / "receipts/part-00000.json").items()
        if name != "format"
    }
    write_json(before, night / "batch.json")
    write_json({**first, "previous": link(before)}, night / "receipts/part-00000.json")
    for gone in ("receipts/part-00001.json", "receipts/part-00002.json", "manifest.json"):
        (night / gone).unlink()
    told = creditloom(*score, "--json")
    assert json.loads(told.stdout)["resumed_rows"] == 25
    assert creditloom("verify", "night").exit_code == 0
    assert read_json(night / "batch.json") == before


# The registry's history and the record of overrides.


def test_its_history_is_told_and_goes_on(creditloom: Command, home: Path) -> None:
    moves = [
        (change.alias, change.version, change.previous)
        for change in alias_history.read(home / "aliases.jsonl")
    ]
    assert moves == [
        ("champion", 1, None),
        ("challenger", 2, None),
        ("champion", 2, 1),
        ("challenger", None, 2),
        ("champion", 1, 2),
    ]
    paths.REGISTRY.mkdir(parents=True)
    (home / "aliases.jsonl").rename(paths.ALIASES)
    assert "rolled back" in creditloom("history").stdout
    changes = alias_history.read(paths.ALIASES)
    for at, version in ((changes[0], 1), (changes[2], 2), (changes[4], 1)):
        assert (
            f"champion on {at.date}: credit-decision version {version},"
            in creditloom("history", "--date", at.date).stdout
        )
    assert "5 changes lie in data/registry/aliases.jsonl alone" in creditloom("history").stderr


def test_its_overrides_are_read_and_the_chain_goes_on(home: Path) -> None:
    record = home / "overrides.jsonl"
    queue = referred_cases(read_table(home / "batch" / "decisions")).to_pandas()
    assert [(one.outcome, one.limit_cny) for one in overrides.read(record)] == [
        ("approve", 500.0),
        ("decline", None),
    ]
    assert len(waiting_cases(queue, [one.decision_id for one in overrides.read(record)])) == 0
    another = pd.concat([queue.iloc[:1].assign(decision_id="f" * 32), queue])
    reason = "the employer confirmed by phone"
    overrides.append(
        Override(
            "2027-01-04T09:00:00+00:00",
            "f" * 32,
            "7",
            "decline",
            None,
            reason,
            "senior underwriter",
        ),
        another,
        record,
    )
    assert [one.reason for one in overrides.read(record)][2:] == [reason]


def test_a_changed_limit_in_its_overrides_is_found(home: Path) -> None:
    record = home / "overrides.jsonl"
    record.write_text(record.read_text().replace("500.0", "900.0"))
    with pytest.raises(RecordError, match="line 2"):
        overrides.read(record)


# The book.


def test_its_behaviour_score_gives_the_pds_that_it_gave(home: Path) -> None:
    paths.BOOK_DATA.mkdir(parents=True)
    (home / "behaviour").rename(paths.BEHAVIOUR)
    kept = read_frame(home / "book.parquet")
    assert np.array_equal(behaviour.read().pd(kept[list(NAMES)].to_numpy()), kept["pd"].to_numpy())


def test_its_standing_is_what_the_next_review_begins_with(home: Path) -> None:
    file = home / "standing.parquet"
    assert formats.check_table(file, formats.STANDING) == 1
    standing = from_frame(read_frame(file))
    assert isinstance(standing, Standing)
    assert (standing.limit_fen.tolist(), standing.changed_month.tolist()) == (
        [1_200_000] * 3,
        [9] * 3,
    )
