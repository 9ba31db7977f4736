"""`creditloom fit`: trains, calibrates, tiers, explains and reports on any table with a label.

The table is a file (Parquet, CSV) or folder of finished features, or a folder of the user's own raw
tables. One new folder receives everything: bundle, decisions, metrics and report.

This module reads options and names. What learns is imported after all of them are right.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.model.fit_options import (
    PARAMS,
    Faults,
    RunChoices,
    beyond_of,
    budget_of,
    codes_of,
    column_of,
    names_of,
    words_of,
)
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.outputs import require_apart, require_local
from creditloom.storage.files.source_params import SourceParams
from creditloom.storage.own.roles import label_candidates, name_errors, undeclared_label
from creditloom.storage.own.table_files import is_raw_folder, own_names, read_own


def source_of(data: Path, **given: Any) -> SourceParams:
    """Return the source that the command line describes; `given` are fields of SourceParams.

    A folder in which raw tables lie under their names holds raw tables; any other folder holds the
    parts of one finished table, as a file does.
    """
    committed = section("source", SourceParams, PARAMS)
    return SourceParams(
        "tables" if is_raw_folder(data) else "matrix",
        str(data),
        max_bad_share=committed.max_bad_share,
        **given,
    )


def check_source_names(source: SourceParams) -> list[DataError]:
    """Return all that is wrong with the columns named, told from the file's names alone."""
    if source.kind == "tables":
        return _only_for_a_table(source)
    path = Path(source.path)
    errors = name_errors(source, own_names(path), path)
    if source.label is None:
        errors.append(undeclared_label(None, path, label_candidates(read_own(path).table)))
    return errors


def _only_for_a_table(source: SourceParams) -> list[DataError]:
    """Return an error for each option that raw tables cannot have."""
    given = {
        "--id": source.id,
        "--time": source.time,
        "--group": source.group,
        "--weight": source.weight,
        "--monotone": source.columns,
        "--keep": source.keep,
        "--special-codes COLUMN=": source.column_codes,
    }
    return [
        DataError.of(
            f"{option} has no meaning for raw tables",
            where=source.path,
            expected="a finished table for this option",
            got="a folder of raw tables, whose columns and signs are declared",
            next_step=f"leave {option} out",
        )
        for option, value in given.items()
        # --id and --time were accepted, without an effect, and stay so.
        if value and option not in ("--id", "--time")
    ]


def run(source: SourceParams, out: Path, choices: RunChoices | None = None) -> None:
    """Fit `source` and write the folder `out`, whole or not at all.

    Errors of the rooms are not caught here.
    """
    require_local(out, "--out")
    require_apart([out], [Path(source.path)])
    # Imported here: a wrong option is told before a library that learns is loaded.
    from creditloom.pipeline.commands.model import fit_run

    fit_run.run(source, out, choices or RunChoices())


@contextmanager
def raw_data(data: Path, mapping: Path | None) -> Iterator[Path]:
    """Yield the data to fit: as given, or the raw tables that a mapping file makes of them."""
    if mapping is None:
        yield data
        return
    # Imported here: they bring DuckDB.
    from creditloom.pipeline.commands.tables.mapping_file import read_mapping
    from creditloom.storage.mapped.mapped_folder import mapped_folder

    share = section("source", SourceParams, PARAMS).max_bad_share
    with mapped_folder(read_mapping(mapping), data, share) as raw:
        sys.stderr.writelines(f"creditloom: {note}\n" for note in raw.notes)
        yield raw.path


# The options of the command, each with its help.
DataOption = Annotated[
    Path,
    typer.Option(
        help="a table with one row per application (Parquet, CSV, or a folder of its parts), "
        "or a folder of raw tables"
    ),
]
MappingOption = Annotated[
    Path | None,
    typer.Option(
        help="a mapping file (docs/own_tables.md): --data is a folder of your own files, of which "
        "raw tables are made"
    ),
]
OutOption = Annotated[
    Path,
    typer.Option(help="the folder to write: metrics.json, index.html, decisions.parquet, bundle/"),
]
LabelOption = Annotated[
    str | None,
    typer.Option(help="column with 1 = bad, 0 = good (a folder may carry loans instead)"),
]
IdOption = Annotated[str | None, typer.Option("--id", help="column that names a row")]
TimeOption = Annotated[
    str | None,
    typer.Option(help="column with the date of application: adds out-of-time figures"),
]
GroupOption = Annotated[
    str | None,
    typer.Option(help="column that names the borrower: rows of one stay together in every fold"),
]
WeightOption = Annotated[str | None, typer.Option(help="column that says how often a row counts")]
DropOption = Annotated[
    list[str] | None,
    typer.Option(help="columns to leave out: A,B; may be repeated, as all options of columns"),
]
KeepOption = Annotated[
    list[str] | None, typer.Option(help="columns that are features although they look like ids")
]
CategoricalOption = Annotated[
    list[str] | None,
    typer.Option(help="columns that are categories although numbers: A,B (texts always are)"),
]
ProtectedOption = Annotated[
    list[str] | None, typer.Option(help="columns reported on and never modelled: A,B")
]
SpecialCodesOption = Annotated[
    list[str] | None,
    typer.Option(
        help="numbers that mean missing: --special-codes=-9,-8 everywhere, "
        "--special-codes bureau=-1,-9 in one column"
    ),
]
MonotoneOption = Annotated[
    list[str] | None,
    typer.Option(
        help="signs: income=-,utilisation=+ (+ more is riskier), or a YAML file of "
        "sign, concept, text_en, text_zh, unit by column"
    ),
]
AcceptOption = Annotated[
    list[str] | None,
    typer.Option(help="accept what is grave by the name it is told with; without, exit code 3"),
]
BeyondOption = Annotated[
    str | None,
    typer.Option(
        help="at scoring, of a null or level that training never had: refuse the row, refer it "
        "to a person (default), or decide it as typical"
    ),
]
BudgetOption = Annotated[
    float | None,
    typer.Option(
        help="minutes for a search of more shapes, shared among all fits; a later run goes on"
    ),
]
SearchOption = Annotated[
    Path | None,
    typer.Option(help="folder of the search's journals, kept when a run is stopped"),
]
ForceOption = Annotated[
    bool, typer.Option(help="has no effect any more: only what creditloom wrote is replaced")
]


# table: the options of `creditloom fit`
def fit(
    data: DataOption,
    out: OutOption,
    mapping: MappingOption = None,
    label: LabelOption = None,
    row_id: IdOption = None,
    time: TimeOption = None,
    group: GroupOption = None,
    weight: WeightOption = None,
    drop: DropOption = None,
    keep: KeepOption = None,
    categorical: CategoricalOption = None,
    protected: ProtectedOption = None,
    special_codes: SpecialCodesOption = None,
    monotone: MonotoneOption = None,
    accept: AcceptOption = None,
    beyond: BeyondOption = None,
    budget: BudgetOption = None,
    search: SearchOption = None,
    force: ForceOption = False,
) -> None:
    """Train, calibrate, tier, explain and report on a table of your own.

    Exit code 2: refused, nothing is written. 3: written, but a warning is grave and not accepted.
    """
    options = {name: value for name, value in locals().items() if value not in (None, False)}
    if force:
        sys.stderr.write("creditloom fit: --force has no effect; a folder of ours is replaced\n")
    require_apart([out], [data])
    with raw_data(data, mapping) as raw:
        source, choices = read_options(options, raw)
        run(source, out, choices)


def read_options(
    options: dict[str, Any], made: Path | None = None
) -> tuple[SourceParams, RunChoices]:
    """Return source and choices of the command's options; DataError for all that is wrong.

    `made` is what is fitted where a mapping made it of the option's data.
    """
    faults = Faults()
    data = made or options["data"]
    is_raw = faults.tried(is_raw_folder, data)
    there = () if is_raw or faults.errors else own_names(data)
    codes = faults.tried(codes_of, options.get("special_codes"), there)
    everywhere, of_columns = codes or ((), {})
    words = faults.tried(words_of, options.get("monotone"), there) or {}
    codes_given = {"special_codes": everywhere, "column_codes": of_columns}
    source = source_of(data, **_columns(options, there), **codes_given, columns=words)
    beyond = faults.tried(beyond_of, options.get("beyond"))
    budget = faults.tried(budget_of, options.get("budget"))
    faults.errors += check_source_names(source)
    faults.tell()
    accept = names_of(options.get("accept"), there)
    given = {name: _plain(value) for name, value in options.items()}
    return source, RunChoices(accept, beyond, budget, options.get("search"), given)


# Options of one column, with the field of SourceParams that each sets.
# table: option -> field
ONE = {"label": "label", "row_id": "id", "time": "time", "group": "group", "weight": "weight"}
# Options of several columns, which are fields of the same name.
MANY = ("drop", "keep", "categorical", "protected")


def _columns(options: dict[str, Any], there: Sequence[str]) -> dict[str, Any]:
    """Return the columns that the options name, as fields of SourceParams."""
    one = {
        name: column_of(options[option], there) if option in options else None
        for option, name in ONE.items()
    }
    return one | {option: names_of(options.get(option), there) for option in MANY}


def _plain(value: Any) -> Any:
    """Return an option as JSON holds it."""
    return str(value) if isinstance(value, Path) else value
