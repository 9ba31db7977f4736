"""Who was champion on a day, from the changes written down."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from creditloom.serving.registry.alias_history import Change, held, moment
from creditloom.serving.registry.errors import RegistryError


def _change(date: str, alias: str, version: int | None) -> Change:
    return Change(f"{date}+00:00", "credit-decision", alias, version, None, "0" * 64, "why")


CHANGES = (
    _change("2026-01-10T08:00:00", "champion", 1),
    _change("2026-02-01T12:00:00", "challenger", 2),
    _change("2026-03-05T09:30:00", "champion", 2),
    _change("2026-03-05T09:30:00", "challenger", None),
)


# table: a case a row
@pytest.mark.parametrize(
    ("date", "champion", "challenger"),
    [
        ("2026-01-09", None, None),
        ("2026-01-10", 1, None),
        ("2026-02-01T11:59:59", 1, None),
        ("2026-02-01T12:00:00", 1, 2),
        ("2026-03-04", 1, 2),
        ("2026-03-05", 2, None),
        ("2026-03-05T17:30:00+08:00", 2, None),
        ("2026-03-05T17:29:59+08:00", 1, 2),
    ],
)
def test_who_held_an_alias(date: str, champion: int | None, challenger: int | None) -> None:
    found = [held(CHANGES, alias, moment(date)) for alias in ("champion", "challenger")]
    assert [change and change.version for change in found] == [champion, challenger]


def test_a_day_is_meant_to_its_end() -> None:
    assert moment("2026-03-05") == datetime(2026, 3, 5, 23, 59, 59, 999999, tzinfo=UTC)


def test_what_is_no_date_is_refused() -> None:
    with pytest.raises(RegistryError, match="No such date"):
        moment("last week")
