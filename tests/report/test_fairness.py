"""The report's sections on fairness: open red rows, proxies, and what a law forbids."""

from __future__ import annotations

import pandas as pd

from creditloom.report.page.sections import fairness
from creditloom.report.parts.data import ReportData
from tests.report.sample import full


def notes(section: fairness.Section | None) -> str:
    """Return the notes of a section as one text."""
    assert section is not None
    return " ".join(getattr(block, "text", "") for block in section.blocks)


def test_an_open_red_row_is_said_and_a_decided_one_is_not() -> None:
    data = full()
    assert "of 1 nobody has recorded a decision" in notes(fairness.rows(data))
    assert data.fairness_rows is not None
    decided = data.fairness_rows.assign(decided=["accept", None], role=["risk", None])
    told = ReportData("", "", True, fairness_rows=decided)
    assert "of 0 nobody" in notes(fairness.rows(told))


def test_a_test_that_a_law_forbids_is_named() -> None:
    assert "a law forbids it: us_reg_b/field/sex" in notes(fairness.laws(full()))


def test_nothing_measured_is_no_section() -> None:
    data = ReportData("", "", True, fairness_rows=pd.DataFrame())
    assert [one(data) for one in (fairness.rows, fairness.proxies, fairness.laws)] == [None] * 3
