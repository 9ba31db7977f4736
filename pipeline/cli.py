"""The `creditloom` command: composes the commands that stand outside the DAG; each lives in a module of its own."""

from __future__ import annotations

import typer

from pipeline import check, evidence, register, score
from pipeline.refusal import refusals

app = typer.Typer(
    name="creditloom",
    help="Credit decisions from raw events. The pipeline itself runs as `make repro` or `dvc repro`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(check.params)
app.command()(evidence.evidence)
app.command()(score.score)
app.command()(register.register)
app.command()(register.promote)
app.command("history")(register.show_history)


def main() -> None:
    """Run the command line; refusals of our rooms exit with code 2 and no traceback."""
    with refusals():
        app(prog_name="creditloom")


if __name__ == "__main__":
    main()
