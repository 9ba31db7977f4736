"""Lines of aliases.jsonl as release 0.2.0 wrote them are read, whatever a reason holds."""

from __future__ import annotations

from pathlib import Path

from creditloom.serving.registry.alias_history import held, moment, read, was

FILE = Path(__file__).parent / "v2" / "aliases.jsonl"


def test_who_was_champion_is_told_from_the_lines_of_then() -> None:
    changes = read(FILE)
    assert [(change.number, change.before, change.kind) for change in changes] == [
        (0, "", "moved")
    ] * 4
    assert changes[2].reason == "better by .01\u2028[/red]"
    days = ("2026-11-19", "2026-11-20", "2026-11-22")
    found = [held(changes, "champion", moment(day)) for day in days]
    assert [change and change.version for change in found] == [None, 1, 2]
    assert was(changes, "champion", 1)
