"""`creditloom online`: one person's raw rows to an explained decision, as they come."""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from creditloom.decision.reasons.reasons import Explain
from creditloom.decision.reasons.text import Language
from creditloom.pipeline.base.console import Console
from creditloom.storage.files.errors import DataError

app = typer.Typer(
    no_args_is_help=True,
    help="Keep raw rows by person and decide one person at a time (docs/online.md).",
)
_err = Console(stderr=True, soft_wrap=True, highlight=False)

# The options of the commands, each with its help.
StoreArgument = Annotated[Path, typer.Argument(help="the folder of the store of persons")]
FolderArgument = Annotated[
    Path, typer.Argument(help="raw tables, a lake, or files of your own with --mapping")
]
MappingOption = Annotated[
    Path | None, typer.Option(help="the mapping file of your own files (docs/own_tables.md)")
]
MaxBadShareOption = Annotated[
    float, typer.Option(help="a table of which a mapping cannot read a larger share stops")
]
RowsArgument = Annotated[
    Path, typer.Argument(help='a JSON row a line, with its `table`: {"table": "logins", ...}')
]
PersonArgument = Annotated[str, typer.Argument(help="the applicant_id, as in your files")]
BundleOption = Annotated[Path, typer.Option(help="the folder of the bundle that decides")]
AsOfOption = Annotated[
    dt.datetime | None, typer.Option(help="the moment of the decision, UTC; default: now")
]
FactsOption = Annotated[
    Path | None,
    typer.Option(help="a JSON object: the columns of a new application; default: the newest there"),
]
SnapshotOption = Annotated[
    Path | None, typer.Option(help="the network of the month (docs/network_snapshot.md)")
]
AcceptSnapshotOption = Annotated[
    str, typer.Option(help="why a snapshot of other files than the store's is right")
]
JournalOption = Annotated[
    Path | None, typer.Option(help="folder in which each answer is written before it is given")
]
LogOption = Annotated[
    Path | None, typer.Option(help="the log of batches; default: creditloom.ledger in the journal")
]
WithoutOption = Annotated[
    list[str] | None,
    typer.Option(help="a raw table that is not to be read; may be given again for another one"),
]
ExplainOption = Annotated[
    Explain, typer.Option(help="reasons for adverse decisions, for all, or none")
]
LanguageOption = Annotated[Language, typer.Option(help="of the reasons")]
ProductOption = Annotated[str, typer.Option(help="default: that of the bundle")]
LawOption = Annotated[str, typer.Option(help="default: that of the bundle")]
JsonOption = Annotated[bool, typer.Option("--json", help="as JSON on standard output")]


@app.command("load")
def load(
    store: StoreArgument,
    folder: FolderArgument,
    mapping: MappingOption = None,
    max_bad_share: MaxBadShareOption = 0.05,
    as_json: JsonOption = False,
) -> None:
    """Load raw tables or a lake into a store, which the first ones begin. Known files are left out.

    Rows that break the contract are set aside with their rules. Killed at any moment, it goes on by
    the same command.
    """
    from creditloom.serving.applicant.online.persons.loading import load as load_into
    from creditloom.serving.applicant.online.persons.store import StoredPersons

    persons = StoredPersons.at(store, is_new_allowed=True)
    with _raw(persons, folder, mapping, max_bad_share) as raw:
        done = load_into(persons, raw)
    persons.close()
    if as_json:
        _write_json(asdict(done))
    for name in done.known:
        _err.print(f"creditloom: known, left out: {name}")
    for name in done.left:
        _err.print(f"creditloom: {name}: no decision reads it; left out")
    _tell(done.rows, done.repeated, done.set_aside)
    _err.print(f"{store}: {sum(done.rows.values()):,} rows added")


@contextmanager
def _raw(persons: Any, folder: Path, mapping: Path | None, share: float) -> Iterator[Path]:
    """Yield the raw tables to load, made of the user's files as long as they are loaded."""
    if mapping is None:
        yield folder
        return
    from creditloom.pipeline.commands.tables.mapping_file import read_mapping
    from creditloom.serving.applicant.online.persons.texts import numberings
    from creditloom.storage.mapped.mapped_folder import mapped_folder

    known = numberings(persons)
    with mapped_folder(read_mapping(mapping), folder, share, numberings=known) as raw:
        for note in raw.notes:
            _err.print(f"creditloom: {note}")
        yield raw.path


@app.command("append")
def append(store: StoreArgument, rows: RowsArgument, as_json: JsonOption = False) -> None:
    """Add rows to a store; they are on the disk when the command ends. The same file twice is one.

    Exit code 2: nothing can be added, as a row names no table, or lacks a column.
    """
    from creditloom.serving.applicant.online.persons.store import StoredPersons

    persons = StoredPersons.at(store)
    done = persons.append(_tables(rows), source=rows.name)
    persons.merge()
    persons.close()
    if as_json:
        _write_json(asdict(done))
    _tell(done.rows, done.repeated, done.set_aside)
    what = "added" if done.is_new else "nothing new, these rows were there"
    _err.print(f"{store}: {sum(done.rows.values()):,} rows {what}; call {done.seq}")


def _tables(rows: Path) -> dict[str, Any]:
    """Return the rows of a file of JSON lines, by table."""
    from creditloom.serving.applicant.online.persons.json_rows import tables_of

    return tables_of(rows)


@app.command("status")
def status(store: StoreArgument, as_json: JsonOption = False) -> None:
    """Say what a store holds: rows by table, persons who applied, and what is set aside."""
    from creditloom.serving.applicant.online.persons.store import StoredPersons

    persons = StoredPersons.at(store)
    found = persons.status()
    persons.close()
    if as_json:
        _write_json(asdict(found))
        return
    lines = [f"{name}: {count:,} rows" for name, count in found.rows.items()]
    lines += [f"{name}: {count:,} rows set aside" for name, count in found.set_aside.items()]
    lines.append(f"{found.applicants:,} persons applied; {found.runs} runs; call {found.position}")
    if found.spoilt:
        lines.append(f"{found.spoilt:,} keys came with different rows: none of these counts")
    sys.stdout.writelines(f"{line}\n" for line in lines)


# table: the options of the command
@app.command("decide")
def decide(
    store: StoreArgument,
    person: PersonArgument,
    bundle: BundleOption,
    as_of: AsOfOption = None,
    facts: FactsOption = None,
    snapshot: SnapshotOption = None,
    accept_snapshot: AcceptSnapshotOption = "",
    journal: JournalOption = None,
    log: LogOption = None,
    without: WithoutOption = None,
    explain: ExplainOption = "adverse",
    language: LanguageOption = "en",
    product: ProductOption = "",
    law: LawOption = "",
) -> None:
    """Decide one person from the rows of a store; the answer is JSON on standard output.

    With a journal the answer stands in it, sealed as a batch, before it is printed.
    """
    from creditloom.serving.applicant.online.journal import plain
    from creditloom.serving.applicant.online.online import Online
    from creditloom.serving.applicant.online.open_journal import JournalPlace
    from creditloom.serving.applicant.online.persons.texts import number_of

    place = None if journal is None else JournalPlace(journal, log=log)
    terms = _terms(explain, language, product, law)
    read: dict[str, Any] = {"snapshot": snapshot, "accept_snapshot": accept_snapshot}
    read["without"] = without or ()
    online = Online.open(store, bundle, journal=place, **read, **terms)
    number = number_of(online.features.store, "applicant_id", person)
    moment = as_of or dt.datetime.now(dt.UTC).replace(tzinfo=None)
    stated = None if facts is None else json.loads(facts.read_text(encoding="utf-8"))
    answer = online.decide(number, moment, stated)
    online.close()
    _write_json(plain(answer))


@app.command("seal")
def seal(
    journal: Annotated[Path, typer.Argument(help="the folder of the journal")],
    bundle: BundleOption,
    log: LogOption = None,
    explain: ExplainOption = "adverse",
    language: LanguageOption = "en",
    product: ProductOption = "",
    law: LawOption = "",
) -> None:
    """Seal what a killed service left in its journal, as batches to verify and to replay.

    Give what the service decided with: under other terms the batch would decide otherwise than was
    answered, which is refused, and the lines stay.
    """
    from creditloom.serving.applicant.online.sealing import Sealing

    if not journal.is_dir():
        raise DataError.of(
            "No journal lies there",
            where=journal,
            expected="a folder",
            got="none",
            next_step="name the folder that `--journal` named",
        )
    made = Sealing(journal, bundle, _terms(explain, language, product, law), log).seal()
    for place in made:
        sys.stdout.write(f"{place}\n")
    _err.print(f"{journal}: {len(made)} batches; creditloom verify FOLDER")


def _terms(explain: Explain, language: Language, product: str, law: str) -> dict[str, Any]:
    return {"explain": explain, "language": language, "product": product, "law": law}


def _tell(
    rows: Mapping[str, int],
    repeated: Mapping[str, int],
    set_aside: Mapping[str, Mapping[str, int]],
) -> None:
    for name, count in rows.items():
        _err.print(f"creditloom: {name}: {count:,} rows")
    for name, count in repeated.items():
        _err.print(f"creditloom: {name}: {count:,} rows were there already")
    for name, rules in set_aside.items():
        for rule, count in rules.items():
            _err.print(f"creditloom: {name}: {count:,} rows set aside by {rule}")


def _write_json(content: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(content, indent=1, ensure_ascii=False) + "\n")
