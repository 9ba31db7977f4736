"""Writes CARD.md, the data card of a simulated lender: what the data are and what not to do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from creditloom.features.contract.column import Column, Table
from creditloom.features.contract.tables import TABLES
from creditloom.models.evaluation.world_claims import claims
from creditloom.pipeline.commands.world.lender_switches import SwitchNote, past_oracle
from creditloom.report.parts.blocks import DASH

# Verdicts of claims that the card lists, worst first.
LISTED = (claims.MISSED, claims.MET)
INTRODUCTION = """# Data card: a simulated lender

These are raw event tables of a lender and the truth about its applicants, made by a program. No
person, device, payment or loan in them is real, and nothing is a statement about a real lender.
They are for building and judging credit models: here alone is the true probability of default of
every application known, and what would have become of the declined.
"""
USE = """## How to use them

```
creditloom fit --data raw --out fitted      # model, decisions and report from the raw tables
```

```python
import pandas as pd

loans = pd.read_parquet("raw/loans")           # a table is a folder of parts
oracle = pd.read_parquet("truth/oracle.parquet")  # to judge with, never to learn from
```

- Money is in fen (1 CNY = 100 fen). Times are UTC. An event counts for an application only if its
  `event_time` and its `known_time` lie strictly before `as_of`.
- Learn from `raw/` alone. A model that has seen `truth/` tells nothing.
- Judge with `truth/oracle.parquet`: `pd_true` instead of drawn outcomes takes the luck out of a
  figure, and the ceiling says how good a score can be at all.
- To judge out of time, hold the last months of `as_of` back.

## What they must not be used for

- To decide about, price or profile real people, or to calibrate a model that does.
- As evidence of how real people, groups or lenders behave. Groups differ here because numbers in a
  file say so.
- To claim that a method will earn in practice what it earns here.
- To show that a model is fair: who is treated how in this world was chosen by its authors.
"""
FOLDERS = """## What lies where

| path | what it is |
|---|---|
| `raw/<table>/part-*.parquet` | what a lender sees, one folder per table, sorted by applicant |
| `truth/applicants.parquet` | what nobody sees: states, true PDs, outcomes of everyone |
| `truth/oracle.parquet` | per application: decision, outcome booked or not, true PDs |
| `truth/meta.json` | how the world was made: coefficients, shares, path of the economy, drifts |
| `claims.json` | each number that the data shall have, and the figure found |
| `figures.json` | the figures of the page |
| `index.html` | the page: roll rates, vintage curves, AUC by source, beside published facts |
"""
ORACLE_COLUMNS = """### truth/oracle.parquet

| column | unit | what it is |
|---|---|---|
| `application_id`, `applicant_id` | | as in raw/applications |
| `is_approved` | | whether the incumbent approved |
| `is_control` | | declined, and booked at random all the same |
| `defaulted` | | default within twelve months of everyone; of the declined, had they been booked |
| `default_month` | months | month of that default; null where none comes |
| `pd_true` | probability | the PD from which the outcome was drawn |
| `pd_oracle` | probability | the PD as far as latent states and month tell{best} |
"""


@dataclass(frozen=True)
class CardContent:
    """What the card says beside its fixed text.

    `facts`: (name, value), as seed and versions. `rows`: rows by raw table. `columns`: the names of
    the columns that each raw table has. `claims`: the table of claims. `people`: applicants whose
    raw events they were measured on. `switches`: the switches that are on.
    """

    facts: Sequence[tuple[str, str]]
    rows: Mapping[str, int]
    columns: Mapping[str, frozenset[str]]
    claims: pd.DataFrame
    people: int
    switches: tuple[SwitchNote, ...]
    ceilings: Mapping[str, float | int]
    command: str


def card(content: CardContent) -> str:
    """Return the text of CARD.md; the same content gives the same text."""
    parts = [
        INTRODUCTION,
        _made(content),
        *_switches(content.switches),
        FOLDERS,
        USE,
        _oracle(content.ceilings, past_oracle(content.switches)),
        _tables(content),
        _claims(content),
        "## Licence\n\nApache-2.0, as the program that made them.\n",
    ]
    return "\n".join(parts)


def _made(content: CardContent) -> str:
    lines = _markdown(("what", "value"), content.facts)
    again = "The same command with the same versions gives the same bytes:"
    return "\n".join(
        ["## How they were made", "", *lines, "", again, "", "```", content.command, "```", ""]
    )


def _switches(notes: Sequence[SwitchNote]) -> Iterator[str]:
    """Yield the section of the switches that are on; nothing where all are off."""
    if not notes:
        return
    lead = "A switch changes what it owns. All else in the tables is as without it, byte for byte."
    rows = [(f"`{note.option}`", note.what, note.owns) for note in notes]
    lines = _markdown(("switch", "what it does", "what it owns"), rows)
    yield "\n".join(["## Switches that are on", "", lead, "", *lines, ""])


def _oracle(ceilings: Mapping[str, float | int], unknown: Sequence[str]) -> str:
    """Return the section of the oracle; of the switches in `unknown` it knows nothing."""
    named = " and ".join(f"`{option}`" for option in unknown)
    limit = (
        f"the best that latent states and month can do. It knows nothing of {named}, so a score "
        "that sees something of it can be better"
        if unknown
        else "no score of these data can be better"
    )
    best = f", without {named}" if unknown else ": the best score"
    return (
        f"## The oracle\n\nThe Gini of `pd_oracle` is **{ceilings['gini_ceiling']:.3f}** through "
        f"the door: {limit}. That of `pd_true`, luck and fraud "
        f"included, is {ceilings['gini_true_pd']:.3f}. Both on the first {ceilings['n']:,} "
        f"applicants.\n\n{ORACLE_COLUMNS.format(best=best)}"
    )


def _tables(content: CardContent) -> str:
    rows = content.rows
    parts = ["## Raw tables", ""]
    parts += _markdown(
        ("table", "rows", "what a row is"),
        [(f"`{name}`", f"{count:,}", TABLES[name].doc) for name, count in rows.items()],
    )
    for name in rows:
        parts += ["", *_columns(TABLES[name], content.columns[name])]
    return "\n".join([*parts, ""])


def _columns(table: Table, present: frozenset[str]) -> Iterator[str]:
    yield f"### raw/{table.name}"
    yield ""
    rows = [
        (f"`{one.name}`", str(one.type), one.unit, _meaning(one, is_present=one.name in present))
        for one in table.columns
    ]
    yield from _markdown(("column", "type", "unit", "what it is"), rows)


def _meaning(column: Column, *, is_present: bool) -> str:
    among = f" (one of {', '.join(column.among)})" if column.among else ""
    empty = "; may be null" if column.nullable else ""
    absent = "" if is_present else "; not in these data"
    return f"{column.doc}{among}{empty}{absent}"


def _claims(content: CardContent) -> str:
    rows = content.claims
    counts = rows["verdict"].astype(str).value_counts().sort_index()
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    listed = [_claim(row) for verdict in LISTED for row in _of(rows, verdict)]
    heads = ("claim", "what", "bound", "found", "n", "verdict")
    lead = (
        f"Stated before the code that makes the data ({said}). Measured on the first "
        f"{content.people:,} applicants: a claim about rare things can be missed by chance in a "
        "small world, and one about default is stated for the default base rate.\n"
    )
    if content.switches:
        lead += "They are stated for a world without switches: one that is on can make them miss.\n"
    return "\n".join(["## Claims", "", lead, *_markdown(heads, listed), ""])


def _of(rows: pd.DataFrame, verdict: str) -> list[dict[Any, Any]]:
    return rows[rows["verdict"] == verdict].to_dict("records")


def _claim(row: Mapping[Any, Any]) -> tuple[str, ...]:
    found = _found(row["found"])
    return (row["id"], row["what"], row["bound"], found, f"{row['n']:,}", row["verdict"])


def _found(value: float) -> str:
    """Return a figure as text; a dash where there was nothing to count, as in a small world."""
    return DASH if math.isnan(value) else f"{value:.4g}"


def _markdown(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Return the lines of a table; a bar inside a cell is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return [f"| {' | '.join(line)} |" for line in cells]
