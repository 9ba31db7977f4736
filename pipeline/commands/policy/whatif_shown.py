"""What `creditloom whatif` says on a terminal, and what two policies differ in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from creditloom.decision.base.strict_json import plain
from creditloom.decision.rules.again import RuleBook
from creditloom.decision.rules.verdict import OUTCOMES
from creditloom.pipeline.base.console import Console

MAX_SHOWN = 12  # rows of a table on a terminal; JSON and page hold all
# Values that name a source or a note: they decide nothing.
TOLD_ONLY = ("note", "source")
_out = Console(soft_wrap=True)


def changes_of(before: RuleBook, after: RuleBook) -> list[dict[str, Any]]:
    """Return every value that differs: what, before, after. Null stands for nothing there."""
    # table: what is compared
    sides = [
        {
            "edges": [tier.pd_high for tier in book.tiers.tiers[:-1]],
            "product": plain(book.policy.product) if book.policy.product else None,
            "laws": {law.id: plain(law) for law in book.policy.laws},
            "filters": plain(book.policy.filters) if book.policy.filters else None,
            "sources": plain(book.policy.sources),
            "validation": plain(book.policy.validation) if book.policy.validation else None,
            "verdicts": dict(book.policy.verdicts),
        }
        for book in (before, after)
    ]
    found = _differences("", sides[0], sides[1])
    return [{"what": what, "before": old, "after": new} for what, old, new in found]


def _differences(at: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield (path, value before, value after) of every leaf that differs."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys((*old, *new)):
            if key not in TOLD_ONLY:
                yield from _differences(f"{at}.{key}".strip("."), old.get(key), new.get(key))
        return
    is_list = isinstance(old, list | tuple) and isinstance(new, list | tuple)
    if is_list and len(old) == len(new):
        for k, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differences(f"{at}[{k}]", one, other)
        return
    if old != new:
        yield at, old, new


def show(figures: Mapping[str, Any]) -> None:
    """Print what changes, who moves and why, and what it earns."""
    whole = figures["segments"][0]
    _out.print(
        f"{figures['decisions']:,} recorded decisions of {figures['batch']}, decided again by "
        f"{figures['policy']}: {whole['moved']:,} move"
    )
    _changes(figures["changes"])
    _matrix(figures)
    _moves(figures)
    _money(figures)
    _segments(figures["segments"][1:])


def _changes(changes: list[dict[str, Any]]) -> None:
    table = Table(title=f"{len(changes):,} values of the policy differ")
    for name in ("what", "before", "after"):
        table.add_column(name)
    for change in changes[:MAX_SHOWN]:
        table.add_row(*(_short(change[name]) for name in ("what", "before", "after")))
    _out.print(table)


def _short(value: Any) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def matrix_of(figures: Mapping[str, Any]) -> list[list[int]]:
    """Return applications by outcome before (rows) and after (columns), in the order of OUTCOMES.

    Who stays is on the diagonal, with whom only the offer moves.
    """
    whole = figures["segments"][0]
    moves: dict[tuple[str, str], int] = {}
    for move in figures["moves"]:
        pair = (move["before"], move["after"])
        moves[pair] = moves.get(pair, 0) + move["applications"]
    rows = [[moves.get((one, other), 0) for other in OUTCOMES] for one in OUTCOMES]
    for k, name in enumerate(OUTCOMES):
        gone = sum(rows[k]) - rows[k][k]
        rows[k][k] = whole["before"][name] - gone
    return rows


def _matrix(figures: Mapping[str, Any]) -> None:
    table = Table(title="outcome before (rows) and after (columns)")
    for name in ("", *OUTCOMES):
        table.add_column(name, justify="right" if name else "left")
    for name, row in zip(OUTCOMES, matrix_of(figures), strict=True):
        table.add_row(name, *(f"{count:,}" for count in row))
    _out.print(table)


def _moves(figures: Mapping[str, Any]) -> None:
    table = Table(title="who moves, and what did it")
    for name in ("before", "after", "why", "applications", "profit CNY"):
        table.add_column(
            name, justify="right" if name in ("applications", "profit CNY") else "left"
        )
    for move in figures["moves"][:MAX_SHOWN]:
        count = f"{move['applications']:,}"
        profit = f"{move['profit_change_cny']:+,.0f}"
        table.add_row(move["before"], move["after"], why_of(move), count, profit)
    _out.print(table)
    for code, words in figures["causes"].items():
        _out.print(f"{code}: {words}")
    if len(figures["moves"]) > MAX_SHOWN:
        _out.print(f"{len(figures['moves']) - MAX_SHOWN:,} smaller kinds of move: see the page")


def why_of(move: Mapping[str, Any]) -> str:
    """Return the causes of a move in a few words.

    >>> why_of({"way": "now", "causes": ["grade", "R5"], "grades": ["G6", "G7"]})
    'now grade (G6 to G7), R5'
    """
    grades = f" ({move['grades'][0]} to {move['grades'][1]})" if move["grades"] else ""
    said = [f"{cause}{grades}" if cause == "grade" else cause for cause in move["causes"]]
    return f"{move['way']} {', '.join(said) or 'not known'}"


def _money(figures: Mapping[str, Any]) -> None:
    whole = figures["segments"][0]
    for name, profit in (
        ("before", whole["before"]["profit_cny"]),
        ("after", whole["after"]["profit_cny"]),
        ("change", whole["profit_change_cny"]),
    ):
        interval = f"90 %: {profit['low']:,.0f} to {profit['high']:,.0f}"
        _out.print(f"expected profit of a year, {name}: {profit['expected']:,.2f} CNY ({interval})")


def _segments(segments: list[dict[str, Any]]) -> None:
    table = Table(title="by segment: approved before and after, change of the yearly profit")
    for name in ("segment", "", "rows", "moved", "before", "after", "change CNY", "90 %"):
        table.add_column(name, justify="left" if name in ("segment", "") else "right")
    # Months are many: JSON and page have them.
    for row in (one for one in segments if one["segment"] != "month"):
        change = row["profit_change_cny"]
        # table: one row
        table.add_row(
            row["segment"],
            row["label"],
            *(f"{count:,}" for count in (row["applications"], row["moved"])),
            *(f"{row[side]['approve']:,}" for side in ("before", "after")),
            f"{change['expected']:+,.0f}",
            f"{change['low']:+,.0f} to {change['high']:+,.0f}",
        )
    _out.print(table)
