"""How numbers read, and how a frame becomes a table."""

from __future__ import annotations

import pandas as pd
import pytest

from creditloom.report.parts.blocks import DASH, KINDS, TableColumn, show, table


# table: a case a row
@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.0235, "rate", "2.35 %"), (0.682, "share", "68.2 %"), (0.00032, "daily", "0.032 %"),
        (45_123_456, "count", "45,123,456"), (0.00004, "p", "< 0.001"), (0.0312, "p", "0.031"),
        (-1234.4, "money", "−¥1,234"), (12.34, "points", "+12.3"), (-0.26, "points", "−0.3"),
        (-0.916, "number", "−0.916"), (0.51449, "number", "0.514"),
        (1234.56, "seconds", "1,234.6 s"), ("G1", "text", "G1"),
    ],
)  # fmt: skip
def test_a_number_reads(value: object, kind: str, text: str) -> None:
    assert show(value, kind) == text


@pytest.mark.parametrize("kind", KINDS)
def test_null_is_a_dash_whatever_the_kind(kind: str) -> None:
    assert show(None, kind) == show(float("nan"), kind) == DASH


def test_a_table_keeps_the_columns_it_finds_and_scales_bars_to_the_largest() -> None:
    frame = pd.DataFrame(
        {
            "family": ["bureau", "assets", "identity"],
            "share": [0.2, -0.4, None],
            "nothing": [None] * 3,
        }
    )
    made = table(
        frame,
        (
            TableColumn("family", "family"),
            TableColumn("gone", "gone"),
            TableColumn("nothing", "nothing"),
            TableColumn("share", "share", "share", bar=True),
        ),
        "Shares",
    )
    assert made.heads == ("family", "share")
    assert made.numeric == (False, True)
    assert [row[1].bar for row in made.rows] == [0.5, 1.0, None]
    assert made.rows[2][1].text.en == DASH


def test_a_text_column_beside_its_chinese_is_bilingual() -> None:
    frame = pd.DataFrame({"text": ["cash balance"], "text_zh": ["现金余额"]})
    assert table(frame, (TableColumn("text", "concept"),), "x").rows[0][0].text.zh == "现金余额"


def test_a_figure_out_of_bounds_is_marked() -> None:
    frame = pd.DataFrame({"group": ["a", "b", "c"], "ratio": [0.79, 0.8, None]})
    made = table(
        frame,
        (TableColumn("group", "group"), TableColumn("ratio", "ratio", "number", least=0.8)),
        "x",
    )
    assert [row[1].state for row in made.rows] == ["fail", "", ""]


def test_a_family_is_named_in_both_languages() -> None:
    cell = table(
        pd.DataFrame({"family": ["payment_flow"]}), (TableColumn("family", "family", "name"),), "x"
    ).rows[0][0]
    assert (cell.text.en, cell.text.zh) == ("payment flow", "支付流水")
