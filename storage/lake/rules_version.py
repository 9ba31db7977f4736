"""Name the rules by which rows are judged: a receipt holds for the rules that it was made under."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from functools import cache

from creditloom.features.contract.tables import TABLES, Table
from creditloom.storage.contract.row_rules import Period, rules

# What the rules look up in other rows (`contract.lookups`) is code, and has a number: raise it with
# every change of what they set aside. So has the reading of stored values (`stored_types`).
LOOKUPS = 1
STORED = 1
# The rules depend on a period only by its two moments, which a receipt notes apart.
_PERIOD = Period(dt.datetime(1990, 1, 1), dt.datetime(2100, 1, 1))


@cache
def rules_version() -> str:
    """Return 16 hexadecimal digits that change with any rule, column, type or bound."""
    said = {name: _rules_of(table) for name, table in TABLES.items()}
    text = json.dumps([LOOKUPS, STORED, said], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _rules_of(table: Table) -> list[object]:
    columns = [f"{column.name} {column.type} {column.consent}" for column in table.columns]
    row_rules = [[rule.name, rule.sql] for rule in rules(table, _PERIOD)]
    return [columns, row_rules, table.consent, list(table.key)]
