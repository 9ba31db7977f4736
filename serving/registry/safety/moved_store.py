"""Correct the paths in a sqlite store whose checkout was renamed or copied.

MLflow keeps absolute paths of artifacts. Ours are found beside the store without a correction
(`lookup.placed`); MLflow's own loading needs it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from creditloom.serving.registry import lookup

# table: columns of MLflow's store that hold the place of artifacts
COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
)
PATIENCE = 60.0  # seconds to wait for another writer


def is_moved(store: Path) -> bool:
    """Return whether the artifacts lie beside the store, and the store names another place."""
    before, now = lookup.roots(store)
    return before != now and now.is_dir()


def mend(store: Path) -> None:
    """Let every path below the old place of the artifacts begin with the new one."""
    before, now = lookup.roots(store)
    with closing(sqlite3.connect(store, PATIENCE)) as connection, connection:
        existing = {
            (table, row[1])
            for table, _ in COLUMNS
            for row in connection.execute(f"pragma table_info({table})")  # names of ours
        }
        for table, column in COLUMNS:
            if (table, column) not in existing:
                continue
            # As URI and as plain path: MLflow writes either.
            for old, new in ((before.as_uri(), now.as_uri()), (str(before), str(now))):
                connection.execute(
                    f"update {table} set {column} = ? || substr({column}, ?) "  # noqa: S608
                    f"where {column} = ? or substr({column}, 1, ?) = ?",
                    (new, len(old) + 1, old, len(old) + 1, f"{old}/"),
                )
