"""`creditloom check`: says what a folder of raw tables holds before anything is built of it.

All at once: files and columns that are used, unused and missing, families that will be built, rows
that would be set aside with their reasons. With a mapping, the user's own files are looked at.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.paths import DEFAULTS
from creditloom.pipeline.commands.tables.mapping_file import read_mapping
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.folders.lake import visible
from creditloom.storage.folders.raw_folder import TEXT_SUFFIXES
from creditloom.storage.mapped.convert import Made
from creditloom.storage.mapped.mapped_folder import mapped_folder
from creditloom.storage.mapped.own_files import unused_files
from creditloom.storage.mapped.same_names import same_names, strangers
from creditloom.storage.mapped.survey import Survey, TableSurvey, survey
from creditloom.storage.sources import now

# The exit code where something required is missing or would be refused.
FAULTY = 2

FolderArgument = Annotated[
    Path, typer.Argument(help="a folder of raw tables, or of your own files")
]
MappingOption = Annotated[
    Path | None,
    typer.Option(help="the mapping file of a folder of your own files (docs/own_tables.md)"),
]
MaxBadShareOption = Annotated[
    float | None,
    typer.Option(help="a table with a larger share of bad rows is a fault; default: params.yaml"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="all of it as JSON on standard output")]


@dataclass(frozen=True)
class _Mapped:
    """What a mapping did: what was made of which tables, and files that nothing reads.

    `strangers` are a line each for files that were to have the names of tables and have not.
    """

    made: Mapping[str, Made] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()


def check(
    folder: FolderArgument,
    mapping: MappingOption = None,
    max_bad_share: MaxBadShareOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a folder of raw tables holds, what is missing, and which rows would be set aside.

    Exit codes: 0 fitting and scoring would take it; 2 something required is missing, or would be
    refused.
    """
    params = section("source", SourceParams, DEFAULTS)
    share = params.max_bad_share if max_bad_share is None else max_bad_share
    with _raw(folder, mapping) as (raw, mapped):
        found = survey(raw, share, now())
    faults = (*mapped.strangers, *too_bad(mapped.made, share), *found.faults)
    found = replace(found, faults=faults)
    if as_json:
        content = {**asdict(found), "mapping": asdict(mapped)}
        sys.stdout.write(json.dumps(content, indent=1, sort_keys=True) + "\n")
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines(found, mapped.made, mapped.unused))
    if found.faults:
        raise SystemExit(FAULTY)


@contextmanager
def _raw(folder: Path, mapping: Path | None) -> Iterator[tuple[Path, _Mapped]]:
    """Yield the folder of raw tables, made of the user's files for as long as it is looked at."""
    is_csv = mapping is None and folder.is_dir() and _has_csv(folder)
    if mapping is None and not is_csv:
        yield folder, _Mapped()
        return
    meant = same_names(folder) if mapping is None else read_mapping(mapping)
    # No share stops it: how many rows would be set aside is what is to be said.
    with mapped_folder(meant, folder, max_bad_share=1.0) as raw:
        unused = unused_files(folder, meant.files.values())
        yield raw.path, _Mapped(raw.made, unused, strangers(folder) if is_csv else ())


def _has_csv(folder: Path) -> bool:
    return any(entry.suffix.lower() in TEXT_SUFFIXES for entry in visible(folder))


def too_bad(made: Mapping[str, Made], share: float) -> Iterator[str]:
    """Yield a line for each table of which a mapping would set aside too many rows."""
    for name, one in made.items():
        if one.bad > share * one.rows:
            count = f"{one.bad:,} of {one.rows:,} rows ({one.bad / one.rows:.1%})"
            yield f"{name}: {count} cannot be read as the mapping says, more than {share:.1%}"


def lines(found: Survey, made: Mapping[str, Made], unused: tuple[str, ...]) -> Iterator[str]:
    """Yield the report, a line each."""
    for table in found.tables:
        yield from _table_lines(table, made.get(table.name))
    if found.absent:
        yield f"not there, their features are not built: {', '.join(found.absent)}"
    yield "families that will be built:"
    for family in found.families:
        without = f", without {', '.join(family.absent)}" if family.absent else ""
        yield f"  {family.name}: {family.features:,} of {family.of:,} features{without}"
    if unused:
        yield f"files that nothing reads: {', '.join(unused)}"
    if made:
        yield "these are CSV, or mapped: `creditloom tables --from DIR --out DIR` writes raw tables"
    for note in found.notes:
        yield f"note: {note}"
    for fault in found.faults:
        yield f"FAULT: {fault}"
    faults = len(found.faults)
    yield f"{faults} fault{'s' * (faults > 1)}: it would be refused" if faults else "no fault"


def _table_lines(table: TableSurvey, made: Made | None) -> Iterator[str]:
    yield f"{table.name}: {_count(table.files, 'file')}, {_count(table.rows, 'row')}"
    # table: what is said of columns -> the columns
    columns: dict[str, tuple[str, ...]] = {
        "used": table.used,
        "unused (a label or protected column may be among them)": table.unused,
        "unused in your file": made.unused if made else (),
        "missing": table.missing,
        "not there, null": (*table.null, *(made.null if made else ())),
        "not there, taken from the events": table.computed,
    }
    for what, names in columns.items():
        if names:
            yield f"  {what}: {', '.join(names)}"
    for rule, count in (made.rules if made else {}).items():
        example = made.examples[rule] if made else ""
        yield f"  set aside by the mapping: {_count(count, 'row')}, {rule} (as {example})"
    if not table.is_checked:
        yield "  rows were not looked at, as columns are missing (here or in applications)"
    reasons: Mapping[str, Any] = table.reasons or {}
    for rule, count in (table.rules or {}).items():
        yield f"  set aside: {_count(count, 'row')}, {rule} ({reasons[rule]})"


def _count(number: int, what: str) -> str:
    """Return a number of things in words.

    >>> _count(1, "row"), _count(2_000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{number:,} {what}{'s' * (number != 1)}"
