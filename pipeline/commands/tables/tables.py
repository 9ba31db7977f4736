"""`creditloom tables`: writes the contract of the raw tables, or raw tables of your own files.

With `--template` each table's contract is written as a CSV with three rows, and a page. With
`--from` a folder of the user's files becomes a folder of raw tables, by a mapping file.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from creditloom.pipeline.base.console import Console
from creditloom.pipeline.commands.tables.mapping_file import read_mapping
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.outputs import require_local
from creditloom.storage.mapped.convert import ASIDE, Made, convert
from creditloom.storage.mapped.own_files import unused_files
from creditloom.storage.mapped.same_names import same_names, strangers
from creditloom.storage.mapped.template import write_template

TemplateOption = Annotated[
    Path | None,
    typer.Option(help="a new folder: each table as CSV with three rows, and a page on all columns"),
]
FromOption = Annotated[
    Path | None, typer.Option("--from", help="a folder of your own files, CSV or Parquet")
]
OutOption = Annotated[
    Path | None, typer.Option(help="the folder of raw tables to write, with --from")
]
MappingOption = Annotated[
    Path | None,
    typer.Option(
        help="a YAML file that says what your files and columns are (docs/own_tables.md); "
        "default: they have the contract's names"
    ),
]
MaxBadShareOption = Annotated[
    float,
    typer.Option(help="a table of which a larger share cannot be read as mapped stops the command"),
]


def tables(
    template: TemplateOption = None,
    source: FromOption = None,
    out: OutOption = None,
    mapping: MappingOption = None,
    max_bad_share: MaxBadShareOption = 0.05,
) -> None:
    """Write the contract of the raw tables as a template, or raw tables out of your own files."""
    _check_options(template, source, out)
    if template is not None:
        require_local(template, "--template")
        names = write_template(template)
        Console().print(f"{template}: {len(names)} tables; begin with {template / 'README.md'}")
        return
    assert source is not None and out is not None  # _check_options has refused anything else
    require_local(source, "--from")
    require_local(out, "--out")
    meant = same_names(source) if mapping is None else read_mapping(mapping)
    made = convert(meant, source, out, max_bad_share)
    unread = unused_files(source, meant.files.values()) if mapping else strangers(source)
    _show(made, out, unread)


def _check_options(template: Path | None, source: Path | None, out: Path | None) -> None:
    is_template = template is not None and source is None and out is None
    is_conversion = template is None and source is not None and out is not None
    if not (is_template or is_conversion):
        raise DataError.of(
            "What is to be written is not said",
            where="creditloom tables",
            expected="--template DIR, or --from DIR --out DIR (with --mapping FILE)",
            got="neither, or both",
            next_step="creditloom tables --template DIR shows what raw tables look like",
        )


def _show(made: Mapping[str, Made], out: Path, unread: tuple[str, ...]) -> None:
    table = Table("table", "rows", "set aside", "null, as nothing maps it", title="raw tables")
    for name, one in made.items():
        table.add_row(name, f"{one.rows:,}", f"{one.bad:,}", ", ".join(one.null))
    console = Console()
    console.print(table)
    for name, one in made.items():
        for rule, count in one.rules.items():
            line = f"{name}: {count:,} rows set aside by {rule}, the first {one.examples[rule]}"
            sys.stderr.write(f"creditloom: {line}; all in {out / ASIDE}\n")
    sys.stderr.writelines(f"creditloom: not read: {line}\n" for line in unread)
    console.print(f"{out}: now `creditloom check {out}`, then `creditloom fit --data {out}`")
