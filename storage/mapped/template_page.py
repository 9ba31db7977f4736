"""Write the page of a template, on all tables and columns, and a mapping to begin with."""

from __future__ import annotations

from collections.abc import Iterator

from creditloom.features.contract.tables import APPLICATIONS, EVENT_TABLES, TABLES, Column, Table
from creditloom.features.declare.registry import plan
from creditloom.features.engine.point_in_time import columns_read
from creditloom.storage.contract.stored_types import role

# table: type of a column -> its name on the page
WORDS = {
    "id": "whole number (int64)",
    "whole": "whole number",
    "number": "number",
    "flag": "true or false",
    "time": "timestamp",
    "text": "text",
}
HEAD = """# Raw tables

Each CSV here is one raw table of the contract with three example rows. Write your own rows in their
place, delete the tables that you do not have, then

    creditloom check THIS_FOLDER
    creditloom tables --from THIS_FOLDER --out RAW
    creditloom fit --data RAW --label COLUMN --out FITTED

Or leave your files as they are, and say in a mapping file what they hold: `mapping.yaml` is one to
begin with. Only `applications` and one table of events are required. Money is whole fen (1/100 of
the currency). A moment is UTC unless a mapping names its zone. An event counts from its
`known_time` on. A row that breaks a bound is set aside with its reason and counted.
"""
COLUMNS = (
    "| column | type | unit | meaning | values | null means | required | feeds |",
    "|---|---|---|---|---|---|---|---|",
)
# A mapping that reads this very template, to be changed line by line.
MAPPING_TEXT = """\
# creditloom tables --mapping mapping.yaml --from YOUR_FOLDER --out RAW
# A column that has the contract's name already needs no line. docs/own_tables.md lists all keys.
files: # a name for each of your files: its path below the folder given by --from
  applications: applications.csv
  payments: payments.csv
zone: UTC # of moments that have none of their own
tables:
  applications:
    rows: applications # a name of files
    columns: # the contract's column: your column, or how it is read
      application_id: application_id
      consent_social: {constant: true} # the same for every row
    # keep: {is_bad: defaulted} # your label, under the name that --label gets
  payments:
    rows: payments
    columns:
      direction: {column: direction, codes: {in: in, out: out}} # your code: the contract's
      # amount_fen: {column: amount, unit: yuan} # or a factor
      # applicant_id: {column: customer, ids: customer} # text, as UUIDs
      # event_time: {column: paid, format: "%d.%m.%Y %H:%M", zone: Asia/Shanghai}
"""


def page() -> str:
    """Return the page on all tables and columns, as Markdown."""
    return "\n".join([HEAD, *(_section(table) for table in TABLES.values())])


def _section(table: Table) -> str:
    family = f"Family: {table.family}. " if table.family else ""
    consent = f"Read where the applicant gave `{table.consent}`. " if table.consent else ""
    need = "Required. " if table.name == APPLICATIONS.name else "May be left out. "
    words = f"{table.doc[0].upper()}{table.doc[1:]}. {need}{family}{consent}Key: {table.key[0]}."
    rows = [_row(table, column) for column in table.columns]
    checks = [f"- Set aside: {check.reason}." for check in table.checks]
    end = [*checks, ""] if checks else []
    return "\n".join([f"## {table.name}", "", words, "", *COLUMNS, *rows, "", *end])


def _row(table: Table, column: Column) -> str:
    null = "not allowed: the row is set aside"
    if column.nullable:
        null = "see meaning" if "null" in column.doc else "not known"
    need = "yes" if not column.nullable else "the column yes, values no"
    if column.optional:
        need = "no: taken from the events" if column.is_computed else "no: null"
    cells = (
        f"`{column.name}`", WORDS[role(column)], column.unit, column.doc, _values(column), null,
        need, ", ".join(_feeds(table, column)),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _values(column: Column) -> str:
    if column.among:
        return ", ".join(column.among)
    bounds = [] if column.low is None else [f"from {column.low:,.16g}"]
    bounds += [] if column.high is None else [f"to {column.high:,.16g}"]
    return " ".join(bounds)


def _feeds(table: Table, column: Column) -> Iterator[str]:
    """Yield what is made of a column: families of features, or something else."""
    if table.name == APPLICATIONS.name:
        yield from _of_applications(column)
    elif table not in EVENT_TABLES:
        yield "label"
    else:
        yield from _of_events(table, column)


def _of_applications(column: Column) -> Iterator[str]:
    if role(column) in ("id", "time") or column.name.startswith("consent_"):
        yield "all families"
    elif "audit only" in column.doc:
        yield "audit"
    else:
        yield "policy inputs"


def _of_events(table: Table, column: Column) -> Iterator[str]:
    streams = [stream for stream, _ in plan([table.name]).streams]
    read = {one.name for stream in streams for one in columns_read(stream)}
    of_all = {"event_id", "applicant_id", "event_time", "known_time"}
    if column.name in read | of_all:
        yield str(table.family)
    else:
        yield f"{table.family}: other people, or policy inputs"
