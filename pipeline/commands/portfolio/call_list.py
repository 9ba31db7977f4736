"""The call list of a monthly review: whom to contact, by what, when, and about how much.

One row per overdue account, the longest overdue first, as CSV: for a spreadsheet or a dialler.
Money is in CNY, states are words in both languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from creditloom.storage.files.outputs import FileKind, require_ours
from creditloom.storage.files.store import write_text

CALLS = "calls.csv"
# Money is stored in fen and shown in yuan.
FEN_PER_CNY = 100.0
# table: step of the ladder -> what is done, in English and Chinese
STEPS: Mapping[str, tuple[str, str]] = {
    "sms": ("send a message", "发送短信"),
    "robot_call": ("call by robot", "机器人外呼"),
    "agency": ("hand over to the agency", "移交催收机构"),
}
COLUMNS = (
    "place",
    "application_id",
    "what",
    "what_zh",
    "between",
    "days_overdue",
    "owed_cny",
    "bureau",
)


def call_list(accounts: pd.DataFrame) -> pd.DataFrame:
    """Return the accounts to contact, in the order of the calls; `accounts` is that of a review.

    place counts from 1. between: the hours in which the law allows a contact. bureau: whether the
    bureau is told of this delay. An account with a step that has no words raises KeyError.
    """
    overdue = accounts[accounts["collection"] != "none"]
    order = ["dpd_days", "balance_fen", "application_id"]
    # Equal delays: the larger sum first, then by id, so that two runs give the same list.
    overdue = overdue.sort_values(order, ascending=[False, False, True], kind="stable")
    words = [STEPS[step] for step in overdue["collection"]]
    told = np.where(overdue["is_reported"], "told", "not told")
    owed = (overdue["balance_fen"] / FEN_PER_CNY).round(2)
    # table: column -> its values, in the order of COLUMNS
    columns = {
        "place": range(1, len(overdue) + 1),
        "application_id": overdue["application_id"].to_numpy(),
        "what": [en for en, _ in words],
        "what_zh": [zh for _, zh in words],
        "between": overdue["contact_hours"].to_numpy(),
        "days_overdue": overdue["dpd_days"].to_numpy().astype(int),
        "owed_cny": owed.to_numpy(),
        "bureau": told,
    }
    return pd.DataFrame(columns)


def require_calls(folder: Path) -> None:
    """Raise DataError where something else than a call list lies in its place."""
    header = ",".join(COLUMNS)

    def is_ours(file: Path) -> bool:
        with file.open(encoding="utf-8", errors="replace") as text:
            return text.readline().strip() == header

    require_ours(folder / CALLS, FileKind("a call list", is_ours))


def write_calls(accounts: pd.DataFrame, folder: Path) -> int:
    """Write the call list into a folder; return how many are on it."""
    calls = call_list(accounts)
    text = calls.to_csv(index=False, float_format="%.2f", lineterminator="\n")
    write_text(text, folder / CALLS)
    return len(calls)
