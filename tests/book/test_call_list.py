"""The call list of a review: whom, what, when; the longest overdue first, money in CNY."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from creditloom.pipeline.commands.portfolio.call_list import (
    CALLS,
    COLUMNS,
    STEPS,
    call_list,
    require_calls,
    write_calls,
)
from creditloom.portfolio.book.servicing import LADDER
from creditloom.storage.files.errors import DataError

# table: accounts of a review; amounts in fen
ACCOUNTS = pd.DataFrame(
    {
        "application_id": [11, 12, 13, 14],
        "collection": ["none", "sms", "agency", "sms"],
        "contact_hours": ["", "08:00-22:00", "08:00-22:00", "08:00-22:00"],
        "dpd_days": [0, 5, 95, 5],
        "balance_fen": [100_000.0, 1_050.0, 250_000.0, 99_999.0],
        "is_reported": [False, False, True, False],
    }
)


def test_the_longest_overdue_comes_first_then_the_larger_sum() -> None:
    calls = call_list(ACCOUNTS)
    assert list(calls) == list(COLUMNS)
    assert calls["application_id"].tolist() == [13, 14, 12]
    assert calls["owed_cny"].tolist() == [2_500.0, 999.99, 10.5]
    assert calls["what"].tolist()[0] == "hand over to the agency"
    assert calls["bureau"].tolist() == ["told", "not told", "not told"]


def test_every_step_of_the_ladder_has_words() -> None:
    assert set(STEPS) == set(LADDER) - {"none"}


def test_it_is_a_table_of_words_and_replaces_nothing_else(tmp_path: Path) -> None:
    assert write_calls(ACCOUNTS, tmp_path) == 3
    lines = (tmp_path / CALLS).read_text(encoding="utf-8").splitlines()
    assert lines[1] == "1,13,hand over to the agency,移交催收机构,08:00-22:00,95,2500.00,told"
    require_calls(tmp_path)
    (tmp_path / CALLS).write_text("my notes\n")
    with pytest.raises(DataError, match=r"calls\.csv"):
        require_calls(tmp_path)
