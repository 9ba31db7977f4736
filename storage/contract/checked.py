"""What a check of raw tables found: counts by table and rule, and the files to read."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from creditloom.features.contract.tables import EVENT_TABLES, TABLES
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import write_json


@dataclass(frozen=True)
class TableCheck:
    """The check of one table: rows, rows set aside, and rows per broken rule.

    A row may break several rules. `reasons` says in words what each of them asks.
    """

    table: str
    rows: int
    bad: int
    rules: Mapping[str, int]
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """Files per table that keep the contract, the check of each table, and what is not there.

    `absent` are the tables of events that the folder lacks, `without` those that a person left out.
    `misnamed` are columns that nothing reads, `<table>.<column>`, with the optional column that the
    table lacks and whose name is near.
    """

    files: Mapping[str, tuple[str, ...]]
    checks: tuple[TableCheck, ...]
    absent: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    misnamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def bad(self) -> int:
        """The number of rows set aside in all tables."""
        return sum(check.bad for check in self.checks)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of tables and columns that are not read, a line each."""
        lists = {"not there": self.absent, "left out": self.without}
        tables = (
            f"raw tables {why}, their features are null: {', '.join(names)}"
            for why, names in lists.items()
            if names
        )
        return (*tables, *self.misnamed_notes)

    @property
    def misnamed_notes(self) -> tuple[str, ...]:
        """A line for each column that nothing reads and that may be meant for another one."""
        return tuple(
            f"column {there} is not read, and {meant} is not there and null: is it meant?"
            for there, meant in self.misnamed.items()
        )


def write_summary(checks: Sequence[TableCheck], quarantine: Path) -> None:
    """Write the counts of each table to `<quarantine>/summary.json`."""
    counts = {
        one.table: {"rows": one.rows, "bad": one.bad, "rules": dict(one.rules)} for one in checks
    }
    write_json(counts, quarantine / "summary.json")


def absent_tables(there: Mapping[str, object], without: Collection[str]) -> tuple[str, ...]:
    """Return the tables of events that are neither there nor left out."""
    names = [table.name for table in EVENT_TABLES]
    return tuple(name for name in names if name not in there and name not in without)


def clear(quarantine: Path, clean: Path) -> None:
    """Remove what an earlier check left, and nothing else."""
    for name in TABLES:
        (quarantine / f"{name}.parquet").unlink(missing_ok=True)
        shutil.rmtree(clean / name, ignore_errors=True)


def too_many(check: TableCheck, allowed: float, aside: object) -> DataError:
    """Return the error for a table of which too many rows are bad; `aside` says where they are."""
    most_first = sorted(check.rules.items(), key=lambda item: -item[1])
    by_rule = ", ".join(f"{name}: {count:,}" for name, count in most_first)
    counts = f"{check.bad:,} of {check.rows:,} ({check.bad / check.rows:.1%})"
    step = (
        f"look at them in {aside} and mend the source, or raise source.max_bad_share "
        "in params.yaml if they may be left out"
    )
    if any(name.endswith("_id.type") for name in check.rules):
        # No cast makes a number of `cust-000012`: a mapping numbers texts and keeps them.
        step = (
            "if these ids are text, number them by a mapping file (`ids: customer`): creditloom "
            f"tables --mapping FILE --from DIR --out DIR (docs/own_tables.md); else {step}"
        )
    return DataError.of(
        f"Too many bad rows in table `{check.table}`",
        where=check.table,
        expected=f"at most {allowed:.1%} of rows",
        got=f"{counts}; {by_rule}",
        next_step=step,
    )
