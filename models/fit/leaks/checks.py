"""Warn of a table like a colleague: columns and dates that know the outcome, copies, borrowers.

All checks read one column at a time, or whole rows, and need no model.
"""

from __future__ import annotations

from creditloom.models.fit.leaks.column_leaks import column_warnings
from creditloom.models.fit.leaks.periods import period_warnings
from creditloom.models.fit.leaks.row_copies import borrowers, copies
from creditloom.models.fit.leaks.table_warning import CheckedTable, TableWarning


def table_warnings(table: CheckedTable) -> list[TableWarning]:
    """Return what is to be said of the columns and rows of a table, the grave first."""
    found: list[TableWarning] = []
    for name in table.frame:
        found += column_warnings(str(name), table)
    found += period_warnings(table)
    found += copies(table)
    if table.group is None:
        found += borrowers(table)
    return sorted(found, key=lambda warning: warning.level != "grave")
