"""Stage `simulate`: writes the raw tables of the synthetic world and, separately, its truth.

If params.yaml names data of the user's own, both folders stay empty.
"""

from __future__ import annotations

import sys

from rich.table import Table

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.base.stage import run
from creditloom.storage.files.source_params import SourceParams
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.simulate import simulate


def main() -> dict[str, int]:
    """Write data/raw and data/truth; return rows per table."""
    if section("source", SourceParams).kind != "world":
        # Both folders are outs of the DAG, and DVC fails a stage if an out does not exist.
        for folder in (paths.RAW, paths.TRUTH):
            folder.mkdir(parents=True, exist_ok=True)
        Console(stderr=True).print(
            "simulate: source.kind is not world; data/raw and data/truth stay empty"
        )
        return {}
    rows = simulate(
        section("world", WorldParams),
        document(WorldConfig, paths.WORLD),
        section("calendar", Calendar),
        paths.RAW,
        paths.TRUTH,
        seed=section("seed", int),
        progress=sys.stderr.isatty(),
    )
    _show(rows)
    return rows


def _show(rows: dict[str, int]) -> None:
    table = Table("raw table", "rows", title="simulate")
    for name, count in rows.items():
        table.add_row(name, f"{count:,}")
    table.add_row("all", f"{sum(rows.values()):,}", style="bold")
    Console().print(table)


if __name__ == "__main__":
    run("simulate", main)
