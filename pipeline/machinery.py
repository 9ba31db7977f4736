"""`creditloom machinery`: do the family shares of a model come out as the world was made, for every weight profile (domain 0.5, 7.6)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from data.store import write_json
from data.world import Calendar, Nature, WorldParams
from data.world.machinery import seen_states
from features.tables import FAMILIES
from models.machinery import found_shares
from pipeline import paths
from pipeline.params import document, section

RELIABILITY = 0.90
BAR = 0.03  # domain 0.5: every profile within 3 pp
Row = dict[str, Any]


def machinery(
    applicants: Annotated[int, typer.Option(help="people of each profile's world", min=5_000)] = 400_000,
    profile: Annotated[list[str] | None, typer.Option(help="weight profile, as S5; all of them where none is named")] = None,
    seed: Annotated[int, typer.Option(help="seed of the worlds")] = 1,
    threads: Annotated[int, typer.Option(help="threads of the booster", min=1)] = 2,
    bent: Annotated[bool, typer.Option("--bent", help="with the thresholds and interactions of the default world (domain 0.14)")] = False,
    out: Annotated[Path, typer.Option(help="where the figures are written")] = paths.MACHINERY,
) -> None:
    """Make worlds with everyone labelled and every state seen at reliability .90; train; compare family shares. Exit 1 beyond 3 pp.

    The world is straight, as in domain 7.6; `--bent` shows the default world's thresholds and interactions.
    """
    nature = document(Nature, paths.WORLD)
    rows = [measure(name, nature, applicants, seed, threads, bent=bent) for name in profile or nature.profiles]
    write_json({"applicants": applicants, "seed": seed, "bent": bent, "bar": BAR, "profiles": rows}, out)
    Console().print(_table(rows, applicants))
    if any(row["largest_error"] > BAR for row in rows):
        raise typer.Exit(1)


def measure(
    profile: str, nature: Nature, applicants: int, seed: int, threads: int, base_rate: float | None = None, *, bent: bool = False
) -> Row:
    """One profile: its shares as made and as found, the largest error, bads in training and AUC."""
    committed = section("world", WorldParams)
    params = replace(committed, applicants=applicants, profile=profile, base_rate=base_rate or committed.base_rate)
    params = replace(params, nonlinear=bent)
    seen = seen_states(params, nature, section("calendar", Calendar), reliability=RELIABILITY, seed=seed)
    found, auc = found_shares(seen.x, seen.bad, seen.family_of, FAMILIES, threads)
    return {
        "profile": profile, "target": list(seen.target), "found": found.tolist(), "bads": int(seen.bad.sum()), "auc": auc,
        "largest_error": float(np.abs(found - seen.target).max()),
    }  # fmt: skip


def _table(rows: list[Row], applicants: int) -> Table:
    table = Table(title=f"family shares as made / as found, per cent, {applicants:,} applicants")
    for heading in ("profile", *FAMILIES, "largest error", "AUC"):
        table.add_column(heading)
    for row in rows:
        cells = [f"{100 * made:.1f} / {100 * found:.1f}" for made, found in zip(row["target"], row["found"], strict=True)]
        table.add_row(row["profile"], *cells, f"{100 * row['largest_error']:.1f} pp", f"{row['auc']:.3f}")
    return table
