"""The report's section on true reasons says what metrics.json says, figure by figure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from creditloom.models.evaluation.reasons.reason_figures import compared_figures
from creditloom.models.evaluation.reasons.true_losses import cited_figures, largest_places
from creditloom.report.page.reason_frames import FIGURES, asked_reasons, reasons_by_truth
from creditloom.report.page.render import render
from creditloom.report.page.sections.true_reasons import true_reasons
from creditloom.report.parts.blocks import DASH, PageTable, show
from creditloom.report.parts.data import ReportData
from tests.report.sample import full

QUOTIENTS = ("precision", "cure")


def metrics() -> dict[str, Any]:
    """The blocks on reasons as `evaluate` writes them, of 60 declines and 5 concepts."""
    rng = np.random.default_rng(4)
    losses = rng.normal(0.2, 1.0, (60, 5))
    two = np.full(60, 2)
    own = largest_places(losses + rng.normal(size=losses.shape), two, 2)
    best = largest_places(losses + 0.1 * rng.normal(size=losses.shape), two, 2)
    errors = np.full(5, 0.3)
    block = compared_figures(
        cited_figures(own, losses, errors), cited_figures(best, losses, errors)
    )
    block["rank_correlation"] = 0.41
    block["best"]["rank_correlation"] = 0.93
    return {
        "reasons_by_truth": {**block, "truly_first_share": 0.43},
        "reasons": {"first_share": 0.34},
    }


def shown(content: dict[str, Any]) -> PageTable:
    frame = reasons_by_truth(content)
    data = ReportData("", "", True, true_reasons=frame, asked_reasons=asked_reasons(content))
    section = true_reasons(data)
    assert section is not None
    note, rows = section.blocks
    assert f"{content['reasons_by_truth']['cited']:,} cited" in getattr(note, "text", "")
    assert isinstance(rows, PageTable)
    return rows


def cells(rows: PageTable) -> list[list[str]]:
    return [[cell.text.en for cell in row] for row in rows.rows]


def test_report_and_json_agree_in_every_figure() -> None:
    content = metrics()
    block = content["reasons_by_truth"]
    rows = cells(shown(content))
    assert len(rows) == len(FIGURES) + 1
    for (name, label, _, _), row in zip(FIGURES, rows, strict=False):
        of_best = show(block[f"{name}_of_best"], "share") if name in QUOTIENTS else DASH
        own = [show(one[name], "number") for one in (block, block["best"])]
        assert row[:4] == [label, *own, of_best]
    assert rows[-1][1:3] == ["0.340", "0.430"]


@pytest.mark.parametrize("name", [name for name, *_ in FIGURES])
def test_another_figure_in_the_json_is_another_one_on_the_page(name: str) -> None:
    content = metrics()
    block = {**content["reasons_by_truth"], name: 0.123}
    assert "0.123" in str(cells(shown({**content, "reasons_by_truth": block})))
    assert "0.123" not in str(cells(shown(content)))


def test_the_page_has_the_section_only_where_there_is_a_truth() -> None:
    content = metrics()
    assert reasons_by_truth({}) is None and asked_reasons({"reasons_by_truth": {}}) is None
    assert true_reasons(replace(full(), true_reasons=None)) is None
    page = render(replace(full(), true_reasons=reasons_by_truth(content)))
    assert "Reasons by the truth" in page and "理由的真实性" in page
