"""`creditloom lake`: keeps raw tables by person, month after month, and checks each row once."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.base.paths import DEFAULTS
from creditloom.pipeline.commands.tables.mapping_file import read_mapping
from creditloom.storage.files.outputs import require_local
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.lake.change import Added, LakeWork
from creditloom.storage.lake.change import add as add_to
from creditloom.storage.lake.change import compact as compact_runs
from creditloom.storage.lake.change import reshard as cut_anew
from creditloom.storage.lake.ids import known_numberings
from creditloom.storage.lake.whole import LakeSurvey, survey_lake
from creditloom.storage.mapped.mapped_folder import mapped_folder
from creditloom.storage.sources import now

app = typer.Typer(
    no_args_is_help=True,
    help="Keep raw tables by person, month after month; each row is checked once (docs/lake.md).",
)
_err = Console(stderr=True, soft_wrap=True, highlight=False)
# The exit code of a check that found a fault.
FAULTY = 2

LakeArgument = Annotated[Path, typer.Argument(help="the folder of the lake")]
FolderArgument = Annotated[
    Path, typer.Argument(help="a folder of raw tables, or of your own files with --mapping")
]
MappingOption = Annotated[
    Path | None, typer.Option(help="the mapping file of your own files (docs/own_tables.md)")
]
NameOption = Annotated[
    str, typer.Option(help="name of the delivery, as 2026-11; default: its number")
]
ShardsOption = Annotated[
    int | None,
    typer.Option(min=1, help="of a new lake: how many shards; default: one per 100,000 people"),
]
ShardsNowOption = Annotated[int, typer.Option(min=1, help="how many shards there shall be")]
MaxBadShareOption = Annotated[
    float | None,
    typer.Option(help="a table of which more new rows are bad stops; default: params.yaml"),
]
ThreadsOption = Annotated[int, typer.Option(min=1, help="threads that judge and sort")]
JsonOption = Annotated[bool, typer.Option("--json", help="as JSON on standard output")]


@app.command("add")
def add(
    lake: LakeArgument,
    folder: FolderArgument,
    mapping: MappingOption = None,
    name: NameOption = "",
    shards: ShardsOption = None,
    max_bad_share: MaxBadShareOption = None,
    threads: ThreadsOption = 2,
    as_json: JsonOption = False,
) -> None:
    """Add a delivery to a lake, which the first one begins. The same files twice are known.

    Rows that break the contract are set aside with their reasons. Those of people who have not
    applied yet wait, and count once they do. Killed at any moment, it leaves the lake of before or
    the new one: run it again.
    """
    require_local(lake, "LAKE")
    require_local(folder, "FOLDER")
    work = _work(max_bad_share, threads)
    with _raw(lake, folder, mapping, work.max_bad_share) as raw:
        done = add_to(lake, raw, work, name=name, shards=shards)
    _show_added(done, lake, as_json)


@app.command("compact")
def compact(lake: LakeArgument, threads: ThreadsOption = 2) -> None:
    """Merge the runs of each table and shard into one. No row changes, and none is judged."""
    require_local(lake, "LAKE")
    done = compact_runs(lake, _work(None, threads))
    what = "one run a table and shard now" if done.is_new else "nothing to merge"
    _err.print(f"{lake}: {what}; the files that it replaced go with the next command")


@app.command("reshard")
def reshard(
    lake: LakeArgument,
    shards: ShardsNowOption,
    threads: ThreadsOption = 2,
    as_json: JsonOption = False,
) -> None:
    """Judge all rows again by the rules of now, and cut them into another number of shards."""
    require_local(lake, "LAKE")
    _show_added(cut_anew(lake, shards, _work(None, threads)), lake, as_json)


@app.command("check")
def check(lake: LakeArgument, as_json: JsonOption = False) -> None:
    """Compare every file of a lake with its receipt, and say what the lake holds.

    Exit codes: 0 all is whole; 2 a file is gone, has other bytes, is out of order, lies in the
    wrong shard, or is not listed.
    """
    require_local(lake, "LAKE")
    found = survey_lake(lake)
    if as_json:
        _write_json(found.as_json())
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(found))
    if found.faults:
        raise SystemExit(FAULTY)


@contextmanager
def _raw(lake: Path, folder: Path, mapping: Path | None, share: float) -> Iterator[Path]:
    """Yield the raw tables of a delivery, made of the user's files for as long as it is added."""
    if mapping is None:
        yield folder
        return
    meant = read_mapping(mapping)
    with mapped_folder(meant, folder, share, numberings=known_numberings(lake)) as raw:
        for note in raw.notes:
            _err.print(f"creditloom: {note}")
        yield raw.path


def _work(max_bad_share: float | None, threads: int) -> LakeWork:
    share = section("source", SourceParams, DEFAULTS).max_bad_share
    return LakeWork(share if max_bad_share is None else max_bad_share, now(), threads)


def _show_added(done: Added, lake: Path, as_json: bool) -> None:
    state = done.state
    rows = sum(check.rows for check in done.checks)
    if as_json:
        # table: the keys of the answer
        told = {
            "lake": str(lake),
            "is_new": done.is_new,
            "known": list(done.known),
            "dropped_columns": list(done.dropped),
            "shards": state.shards,
            "rows": {check.table: check.rows for check in done.checks},
            "set_aside": {c.table: dict(c.rules) for c in done.checks if c.bad},
            "waiting": {one.table: one.rows for one in state.aside if one.waiting},
        }
        _write_json(told)
    for file in done.known:
        _err.print(f"creditloom: known, left out: {file}")
    for column in done.dropped:
        _err.print(f"creditloom: column {column} is none of the contract's: the lake drops it")
    for check in done.checks:
        for rule, count in check.rules.items():
            _err.print(f"creditloom: {check.table}: {count:,} rows set aside by {rule}")
    if not done.is_new:
        _err.print(f"{lake}: nothing new, the lake is as it was")
        return
    for table, there in sorted((one.table, one.rows) for one in state.aside if one.waiting):
        _err.print(f"creditloom: {table}: {there:,} rows wait for people, consents or moments")
    _err.print(
        f"{lake}: {rows:,} rows judged, {state.shards} shards; "
        f"now `creditloom score --events {lake}`, or source.path: {lake} in params.yaml"
    )


def _lines(found: LakeSurvey) -> Iterator[str]:
    yield f"{found.shards} shards, {found.additions} additions, rules {found.rules}"
    for table in found.tables:
        aside = f", {table.aside:,} set aside" if table.aside else ""
        waiting = f" ({table.waiting:,} of them wait)" if table.waiting else ""
        yield f"{table.name}: {table.rows:,} rows in {table.files:,} files{aside}{waiting}"
    for line in found.notes:
        yield f"note: {line}"
    for line in found.faults:
        yield f"fault: {line}"
    if not found.faults:
        yield "every file is as it was written"


def _write_json(content: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(content, indent=1, sort_keys=True) + "\n")
