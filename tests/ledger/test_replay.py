"""`creditloom replay` gives the same decisions to the bit.

Alone or together, in any order, from Parquet or CSV. A changed input or model is reported.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from creditloom.storage.files.store import read_table
from tests.ledger.conftest import Command
from tests.registry.small import write_bundle


def _outcome(creditloom: Command, *options: str) -> dict[str, object]:
    outcome: dict[str, object] = json.loads(
        creditloom("replay", "night", "--json", *options).stdout
    )
    return outcome


# table: a case a row
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--rows", "1"),
        ("--rows", "7", "--threads", "1"),
        ("--rows", "7", "--threads", "2"),
        ("--shuffle", "3"),
        ("--input", "in.csv"),
        ("--input", "shuffled.parquet", "--rows", "9"),
    ],
)
def test_all_decisions_are_made_again(
    creditloom: Command, night: Path, frame: pd.DataFrame, options: tuple[str, ...]
) -> None:
    frame.to_csv("in.csv", index=False)
    frame.sample(frac=1.0, random_state=1)[sorted(frame.columns)].to_parquet(
        "shuffled.parquet", index=False
    )
    outcome = _outcome(creditloom, *options)
    assert (outcome["decisions"], outcome["replayed"], outcome["mismatches"]) == (59, 59, 0)


@pytest.mark.parametrize("source", [None, "in.parquet", "in.csv"])
def test_one_decision_is_made_again(
    creditloom: Command, night: Path, frame: pd.DataFrame, source: str | None
) -> None:
    frame.to_csv("in.csv", index=False)
    decision = read_table(night / "decisions").to_pylist()[40]
    outcome = _outcome(
        creditloom,
        "--decision-id",
        decision["decision_id"],
        *(("--input", source) if source else ()),
    )
    assert outcome["mismatches"] == 0
    application_id = outcome["decision"]["application_id"]  # type: ignore[index]
    assert application_id == decision["application_id"]


def test_one_changed_value_of_the_input_is_told(
    creditloom: Command, night: Path, frame: pd.DataFrame
) -> None:
    values = frame["pay_b_3m"].to_numpy(copy=True)
    values[17] += 1e-13
    frame.assign(pay_b_3m=values).to_parquet("other.parquet", index=False)
    result = creditloom("replay", "night", "--input", "other.parquet", "--json")
    assert result.exit_code == 6
    assert json.loads(result.stdout)["other_input"] == ["17"]


def test_one_changed_decision_is_told(creditloom: Command, night: Path) -> None:
    from creditloom.serving.batch import output
    from creditloom.storage.files.store import read_json, write_json, write_table

    file = night / "decisions/part-00000.parquet"
    receipt = read_json(night / "receipts/part-00000.json")
    table = read_table(file)
    pd_column = table.schema.get_field_index("pd")
    forged = [value / 2 if k == 3 else value for k, value in enumerate(table["pd"].to_pylist())]
    write_table(table.set_column(pd_column, "pd", [forged]), file)
    write_json(
        {**receipt, "files": {**receipt["files"], "decisions": output.sha256(file)}},
        night / "receipts/part-00000.json",
    )
    result = creditloom("replay", "night", "--json")
    assert result.exit_code == 6
    assert json.loads(result.stdout)["other_decision"] == ["4"]


def test_an_input_that_moved_must_be_named(
    creditloom: Command, night: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    decision = read_table(night / "decisions").to_pylist()[5]["decision_id"]
    shutil.move("in.parquet", "kept.parquet")
    with pytest.raises(SystemExit):
        creditloom("replay", "night", "--decision-id", decision)
    assert "No such file" in capsys.readouterr().err
    assert (
        _outcome(creditloom, "--decision-id", decision, "--input", "kept.parquet")["mismatches"]
        == 0
    )


def test_another_model_is_not_taken_for_the_one_that_decided(
    creditloom: Command, night: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_bundle(tmp_path / "other", seed=8)
    with pytest.raises(SystemExit):
        creditloom("replay", "night", "--bundle", str(other))
    assert "got:      another bundle, model\n" in capsys.readouterr().err


def test_an_unknown_decision_is_refused(
    creditloom: Command, night: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        creditloom("replay", "night", "--decision-id", "0" * 32)
    assert "No such decision" in capsys.readouterr().err


def test_a_replay_without_all_rows_fails(creditloom: Command, night: Path, bundle: Path) -> None:
    """None, or nineteen, of 59 are not all."""
    whole = pd.read_parquet("in.parquet")
    for rows, replayed in ((1, 0), (20, 19)):
        whole.iloc[:rows].to_parquet("some.parquet")
        code, outcome = _code_and_outcome(creditloom, bundle, "--input", "some.parquet")
        assert (code, outcome["replayed"], outcome["decisions"]) == (6, replayed, 59)


@pytest.mark.parametrize("kind", ["decisions", "ledger", "quarantine"])
def test_a_damaged_part_fails_and_is_named(
    creditloom: Command, night: Path, bundle: Path, kind: str
) -> None:
    file = night / kind / "part-00000.parquet"
    file.write_bytes(file.read_bytes()[:-9])
    code, outcome = _code_and_outcome(creditloom, bundle)
    assert code == 6 and any("part-00000" in told for told in outcome["told"])


def test_rows_set_aside_are_judged_again(creditloom: Command, night: Path, bundle: Path) -> None:
    """The first row was set aside for its wealth; with another value it is not."""
    code, outcome = _code_and_outcome(creditloom, bundle)
    assert (code, outcome["set_aside"], outcome["other_judgement"]) == (0, 1, [])
    frame = pd.read_parquet("in.parquet")
    frame.loc[0, "wealth_fen"] = 5
    frame.to_parquet("in.parquet", row_group_size=16)
    code, outcome = _code_and_outcome(creditloom, bundle)
    assert (code, outcome["other_judgement"]) == (6, ["0 (below_range)"])


def test_a_csv_with_ids_of_text_is_read(
    creditloom: Command, frame: pd.DataFrame, bundle: Path, tmp_path: Path
) -> None:
    """Ids that look like numbers keep their zeros; both copies of one are set aside again."""
    named = frame.assign(application_id=[f"{number:04}" for number in range(len(frame))])
    named.loc[7, "application_id"] = "0008"
    named.to_parquet("in.parquet")
    words = ("--input", "in.parquet", "--output", "night", "--bundle", str(bundle))
    assert creditloom("score", *words, "--today", "2026-01-01").exit_code == 0
    named.to_csv("in.csv", index=False)
    code, outcome = _code_and_outcome(creditloom, bundle, "--input", "in.csv")
    assert (code, outcome["replayed"], outcome["set_aside"]) == (0, 57, 3)


def _code_and_outcome(creditloom: Command, bundle: Path, *words: str) -> tuple[int, dict[str, Any]]:
    result = creditloom("replay", "night", "--bundle", str(bundle), "--json", *words)
    return result.exit_code, json.loads(result.stdout)
