"""How a rule is cited."""

from __future__ import annotations

import pytest

from pipeline.trace.citations import cited_in


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("source: S1-R59", ["S1-R59"]),
        ("S4-R33..R35 and S2-R25..26", ["S4-R33", "S4-R34", "S4-R35", "S2-R25", "S2-R26"]),
        ("S2-R25..S2-R27", ["S2-R25", "S2-R26", "S2-R27"]),
        ("the choice of C12, C13", ["C12", "C13"]),
        ("S1-R5, S6-R01, C99, ABC12", []),
    ],
)
def test_ids_and_ranges_are_found(text: str, ids: list[str]) -> None:
    assert list(cited_in(text)) == ids
