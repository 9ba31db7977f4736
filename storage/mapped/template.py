"""Write the contract of the raw tables as something to fill in: CSV with three rows, and a page.

The three rows keep the contract, so the template itself can be checked and converted.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.types as kinds

from creditloom.features.contract.tables import EVENT_TABLES, TABLES, Column, Table
from creditloom.storage.contract.stored_types import role
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.formats import read_document, write_document
from creditloom.storage.files.outputs import FolderKind, new_folder, require_ours
from creditloom.storage.files.store import write_text
from creditloom.storage.mapped.template_page import MAPPING_TEXT, page

MARK = "_template.json"
# The format of MARK.
TEMPLATE_FORMAT = 1
PAGE = "README.md"
MAPPING = "mapping.yaml"
TEMPLATE = FolderKind(
    what="a template of raw tables",
    mark=MARK,
    keys=frozenset({"format", "sha256"}),
    names=("*.csv", PAGE, MAPPING),
)
# Example rows of each table.
EXAMPLE_ROWS = 3
# The moment of the first example's application. Events lie before it, what follows lies after it.
AS_OF = dt.datetime(2025, 6, 2, 9, 30)
EVENT = dt.datetime(2025, 5, 5, 12, 0)
LATER = dt.datetime(2025, 7, 5, 12, 0)
# An amount that no check takes for one in another unit: 1,200 yuan.
SOME_FEN = 120_000
# table: example values of columns whose type alone does not make a likely one
EXAMPLES: dict[str, tuple[object, ...]] = {
    "counterparty_id": (2, None, 1),
    "contact_id": (2, 3, 1),
    "device_id": (901, 902, 901),
    "ip_id": (77, None, 78),
    "lender_id": (0, 12, 31),
    "age_years": (31, 45, 27),
    "occupation": ("teacher", "driver", None),
    "sex": ("female", "male", None),
    "purpose": ("education", "medical", "home"),
    "daily_rate": (0.0003, 0.0004, 0.0005),
    "tenor_months": (12, 6, 12),
    "tenor_days": (7, 14, 7),
    "month_on_book": (1, 1, 1),
    "day_on_book": (33, 32, 31),
    "booking_propensity": (1.0, 0.8, 0.05),
    "principal_fen": (500_000, 1_000_000, 300_000),
    "value_fen": (80_000_000, 12_000_000, 2_000_000),
}


def write_template(target: Path) -> tuple[str, ...]:
    """Write the template into a new folder, or over an untouched one; return the tables' names.

    Raises DataError where something else lies there, or a template that somebody filled in.
    """
    _require_untouched(target)
    texts = {f"{name}.csv": _csv(table) for name, table in TABLES.items()}
    texts[PAGE] = page()
    texts[MAPPING] = MAPPING_TEXT
    with new_folder(target, TEMPLATE) as folder:
        for name, text in texts.items():
            write_text(text, folder / name)
        digests = {name: _sha256(text.encode()) for name, text in texts.items()}
        write_document({"sha256": digests}, folder / MARK, TEMPLATE_FORMAT)
    return tuple(TABLES)


def _require_untouched(target: Path) -> None:
    """Raise DataError where a template was filled in: its mark alone would let it be replaced."""
    require_ours(target, TEMPLATE)
    if not (target / MARK).is_file():
        return
    written = read_document(target / MARK, TEMPLATE_FORMAT)["sha256"]
    changed = [
        path.name
        for path in sorted(target.iterdir())
        if path.name != MARK and _sha256(path.read_bytes()) != written.get(path.name)
    ]
    if changed:
        raise DataError.of(
            "The template was filled in",
            where=target,
            expected="nothing there, or a template as creditloom wrote it",
            got=f"other content in {', '.join(changed)}",
            next_step="choose another folder",
        )


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def examples(table: Table) -> pa.Table:
    """Return three rows of a table that keep the contract, in the declared types."""
    columns = {
        column.name: pa.array([_value(table, column, k) for k in range(EXAMPLE_ROWS)], column.type)
        for column in table.columns
    }
    return pa.table(columns)


def _value(table: Table, column: Column, k: int) -> object:
    """Return the value of a column in the example row `k`, from 0."""
    if column.name in EXAMPLES:
        return EXAMPLES[column.name][k]
    kind = role(column)
    if kind == "id":
        return k + 1
    if kind == "time":
        return _moment(table, column, k)
    if kind == "flag":
        return not column.name.startswith("is_") or k == 1
    if kind == "text":
        return column.among[k % len(column.among)] if column.among else f"text {k + 1}"
    low = 0.0 if column.low is None else column.low
    some = SOME_FEN if column.unit == "fen" else low + k
    if kinds.is_floating(column.type):
        some = low + (k + 1) / 4
    high = some if column.high is None else column.high
    value = min(max(some, low), high)
    return value if kinds.is_floating(column.type) else int(value)


def _moment(table: Table, column: Column, k: int) -> dt.datetime:
    day = dt.timedelta(days=k)
    if column.name == "as_of":
        return AS_OF + day
    if column.name == "booked_time":
        return AS_OF + day + dt.timedelta(days=1)
    first = EVENT if table in EVENT_TABLES else LATER
    # It is known a day after it happened.
    return first + day + dt.timedelta(days=column.name == "known_time")


def _csv(table: Table) -> str:
    rows = examples(table).to_pylist()
    names = [column.name for column in table.columns]
    body = [",".join(_written(row[name]) for name in names) for row in rows]
    return "\n".join([",".join(names), *body]) + "\n"


def _written(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else str(value)
