"""The empty command line of `creditloom`: its options, and how it ends without a command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from creditloom import __version__


def empty() -> typer.Typer:
    """Return the command line without any command."""
    app = typer.Typer(
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_about)
    return app


def _print_version(is_asked: bool) -> None:
    if is_asked:
        sys.stdout.write(f"creditloom {__version__}\n")
        raise typer.Exit


# Eager: the version is printed before typer complains about a missing command.
VersionOption = Annotated[
    bool,
    typer.Option(
        "--version", callback=_print_version, is_eager=True, help="print the version and stop"
    ),
]


def _about(_version: VersionOption = False) -> None:
    """Credit decisions from raw events. The pipeline itself runs as `make repro` or `dvc repro`."""
