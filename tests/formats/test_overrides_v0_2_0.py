"""What release 0.2.0 wrote and a later release writes otherwise stays readable.

v0_2_0/ holds such files, made by that release's own code.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from creditloom.serving.referral import overrides
from creditloom.serving.referral.overrides import Override
from creditloom.storage.files.record import RecordError

V0_2_0 = Path(__file__).parent / "v0_2_0"
LATER = "2027-01-04T09:00:00+00:00"


def test_its_overrides_are_read_and_from_the_next_line_on_the_last_one_is_covered(
    tmp_path: Path,
) -> None:
    record = tmp_path / "overrides.jsonl"
    shutil.copy(V0_2_0 / record.name, record)
    of_then = [("approve", 500.0), ("decline", None)]
    assert [(one.outcome, one.limit_cny) for one in overrides.read(record)] == of_then
    queue = pd.DataFrame({"decision_id": ["c" * 32], "limit_cny": [900.0]})
    one = Override(
        LATER, "c" * 32, "3", "approve", 900.0, "two pay slips were shown", "underwriter"
    )
    overrides.append(one, queue, record)
    assert len(overrides.read(record)) == len(of_then) + 1
    record.write_text(record.read_text().replace("underwriter", "clerk"))
    with pytest.raises(RecordError, match="line"):
        overrides.read(record)
