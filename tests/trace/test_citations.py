"""How a rule is cited."""

from __future__ import annotations

from pathlib import Path

import pytest

from creditloom.pipeline.proof.trace import citations
from creditloom.pipeline.proof.trace.citations import cited_in


# table: a case a row
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


def test_a_citation_names_its_test_or_its_file(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    lines = (
        "FACTS = ('S1-R01',)",
        "@decorated('S1-R02')",
        "def test_a(): ...",
        "def test_b():",
        "    '''S1-R03'''",
        "def helper():",
        "    '''S1-R04'''",
    )
    (tmp_path / "tests" / "test_x.py").write_text("\n".join(lines))
    (tmp_path / "tests" / "cases.yaml").write_text("name: S1-R01")
    found = citations.citations_of_tests(tmp_path)
    assert found["S1-R01"] == ("tests/cases.yaml", "tests/test_x.py")
    assert found["S1-R02"] == ("tests/test_x.py::test_a",) and found["S1-R03"] == (
        "tests/test_x.py::test_b",
    )
    assert found["S1-R04"] == ("tests/test_x.py",)
