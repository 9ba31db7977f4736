"""What recourse may propose is a closed list: every raw column is on it, or never changed."""

from __future__ import annotations

from typing import Any

import pytest

from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError, mapping, typed_content
from creditloom.serving.applicant.recourse.actionable import Actionable

# Numbers that a text of a quantity may hold.
FIELDS = {"to": "1", "months": 3}


def test_nothing_of_the_social_graph_and_of_devices_is_ever_proposed(
    actionable: Actionable,
) -> None:
    """S1-R47: adding friends is no advice."""
    families = {table.name: table.family for table in EVENT_TABLES}
    changed = {families.get(one.table) for one in actionable.quantities}
    assert not changed & {"social_graph", "device_stability"}


def test_nothing_protected_is_ever_proposed(actionable: Actionable) -> None:
    columns = {one.column for one in actionable.quantities}
    assert not columns & {"age_years", "occupation", "region_tier", "is_student"}


def test_each_quantity_has_its_words_in_both_languages(actionable: Actionable) -> None:
    for one in actionable.quantities:
        assert one.en.format(**FIELDS) and one.zh.format(**FIELDS)
        assert any("一" <= sign <= "鿿" for sign in one.zh)


# table: a change of the first quantity -> what the refusal says
REFUSED = [
    ({"column": "use"}, "expected columns of bureau_snapshots"),
    ({"table": "bureau"}, "expected a raw table"),
    ({"steps": [{"months": 3}]}, "expected `to` in each step"),
    ({"steps": []}, "at least one step"),
    ({"column": "bureau_score"}, "changed or never changed, got both"),
    ({"column": "debt_fen"}, "utilisation: expected each column"),
    ({"spread": None}, "needs a spread"),
    ({"effort": 3}, "unknown key"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_the_list_is_read_strictly(change: dict[str, Any], message: str) -> None:
    content = mapping(paths.ACTIONABLE)
    first = {**content["quantities"][0], **change}
    with pytest.raises(ParamsError, match=message):
        typed_content(
            {**content, "quantities": [first, *content["quantities"][1:]]},
            Actionable,
            paths.ACTIONABLE,
        )
