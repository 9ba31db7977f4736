"""A lender with files of its own: names, units, zones and ids are not those of the contract."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

PEOPLE = 120
MAPPING = """
files:
  loans: loans.csv
  wallet: {path: wallet, delimiter: ";", decimal: ","}
zone: Asia/Shanghai
tables:
  applications:
    rows: loans
    columns:
      application_id: {column: loan, ids: loan}
      applicant_id: {column: customer, ids: customer}
      as_of: {column: asked, format: "%d.%m.%Y %H:%M"}
      consent_bureau: {constant: true}
      consent_social: {constant: true}
      consent_assets: {column: agreed, codes: {Y: true, N: false}}
      consent_location: {constant: false}
    keep:
      is_bad: {column: state, codes: {repaid: 0, defaulted: 1}}
  asset_balances:
    rows: wallet
    columns:
      event_id: {row_number: true}
      applicant_id: {column: who, ids: customer}
      event_time: day
      known_time: {column: day, add_days: 1}
      account: {constant: lqt}
      balance_fen: {column: balance, unit: yuan}
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return a folder with loans.csv, wallet/1.csv and wallet/2.csv, and mapping.yaml beside it."""
    folder = tmp_path / "own"
    write_files(folder)
    (tmp_path / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
    return folder


def write_files(folder: Path) -> None:
    """Write loans.csv, wallet/1.csv and wallet/2.csv."""
    rng = np.random.default_rng(3)
    (folder / "wallet").mkdir(parents=True)
    is_bad = np.arange(PEOPLE) % 3 == 0
    customers = [f"cust-{k:06d}" for k in range(PEOPLE)]
    asked = pd.Timestamp("2024-06-15 18:30") + pd.to_timedelta(np.arange(PEOPLE) % 40, "D")
    loans = {
        "loan": [f"00{k}" for k in range(PEOPLE)],
        "customer": customers,
        "asked": asked.strftime("%d.%m.%Y %H:%M"),
        "agreed": "Y",
        "state": np.where(is_bad, "defaulted", "repaid"),
        "note": "x",
    }
    pd.DataFrame(loans).to_csv(folder / "loans.csv", index=False)
    for number in (1, 2):
        who = rng.integers(0, PEOPLE, PEOPLE * 10)
        days = pd.Timestamp("2024-06-01") - pd.to_timedelta(rng.integers(0, 300, len(who)), "D")
        yuan = rng.integers(100, 900_000, len(who)) / np.where(is_bad[who], 112, 100)
        wallet = {
            "who": [customers[k] for k in who],
            "day": days.strftime("%Y-%m-%d"),
            "balance": [f"{one:.2f}".replace(".", ",") for one in yuan],
        }
        frame = pd.DataFrame(wallet)
        frame.to_csv(folder / "wallet" / f"{number}.csv", index=False, sep=";")
