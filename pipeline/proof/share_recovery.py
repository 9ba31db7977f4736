"""Does the way from a model to its family shares find the shares that a world was made with (domain 7.6)?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from creditloom.features.contract.tables import FAMILIES
from creditloom.models.sample.metrics import Floats, auc, by_family
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.storage.files.store import write_json
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.risk.share_recovery import seen_states

if TYPE_CHECKING:
    from lightgbm import Booster

TREES = 1_500
EXPLAINED = 60_000  # rows whose contributions are taken
SETTINGS = {
    "objective": "binary", "learning_rate": 0.03, "max_depth": 2, "num_leaves": 4, "min_data_in_leaf": 200, "lambda_l2": 30.0,
    "bagging_fraction": 0.8, "bagging_freq": 1, "feature_fraction": 0.3, "extra_trees": True, "max_bin": 63,
    "seed": 1, "deterministic": True, "force_col_wise": True, "verbosity": -1,
}  # fmt: skip


def found_shares(
    x: NDArray[np.float32],
    bad: NDArray[np.int8],
    family_of: Sequence[str],
    families: Sequence[str],
    threads: int,
) -> tuple[Floats, float]:
    """Shares per family that two boosters, each trained on half of the labels, agree on; their mean AUC on each other's half.

    Every label counts once, as a share moves with the luck of the bads. Trees are of depth two, and about as many as have the least
    log-loss on the other half. What an absence tells is shared by those absent.
    """
    odd = np.arange(len(x)) % 2 == 1
    halves = [(_trained(x[half], bad[half], threads), ~half) for half in (odd, ~odd)]
    shown = x[:EXPLAINED]
    absent = absent_families(shown, family_of, families)
    phi = [
        evened(by_family(_explained(booster, shown, threads), family_of, families), absent)
        for booster, _ in halves
    ]
    ranked = [
        auc(bad[out].astype(float), np.asarray(booster.predict(x[out], num_threads=threads)))
        for booster, out in halves
    ]
    return agreed_shares(*phi), float(np.mean(ranked))


def agreed_shares(one: Floats, other: Floats) -> Floats:
    """Cov(Phi_f, F') + Cov(Phi'_f, F) over its sum, with F the sum of the families of one model and F' of another.

    `covariance_shares` for two models: what one alone has taken from the noise of its labels is no part of any share.
    """
    one, other = one - one.mean(axis=0), other - other.mean(axis=0)
    shared = other.sum(axis=1) @ one + one.sum(axis=1) @ other
    return np.asarray(shared / shared.sum())


def absent_families(
    x: NDArray[np.float32], family_of: Sequence[str], families: Sequence[str]
) -> NDArray[np.bool_]:
    """n x f: the families of which a row shows nothing."""
    owner = np.array(family_of)
    return np.column_stack([np.isnan(x[:, owner == family]).all(axis=1) for family in families])


def evened(phi: Floats, absent: NDArray[np.bool_]) -> Floats:
    """Contributions per family, of a row's absent families the mean of theirs.

    Families that go missing together do so in columns that cannot be told apart: which of them a tree asks is chance, their sum is not.
    """
    count = absent.sum(axis=1, keepdims=True)
    mean = (phi * absent).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    return np.where(absent, mean, phi)


def _trained(x: NDArray[np.float32], bad: NDArray[np.int8], threads: int) -> Booster:
    import lightgbm as lgb

    return lgb.train({**SETTINGS, "num_threads": threads}, lgb.Dataset(x, bad), TREES)


def _explained(booster: Booster, x: NDArray[np.float32], threads: int) -> Floats:
    return np.asarray(booster.predict(x, pred_contrib=True, num_threads=threads))[:, :-1]


# `creditloom machinery`: do the family shares of a model come out as the world was made, for every weight profile (domain 0.5, 7.6).

RELIABILITY = 0.90
BAR = 0.03  # domain 0.5: every profile within 3 pp
ShareRow = dict[str, Any]


def machinery(
    applicants: Annotated[
        int, typer.Option(help="people of each profile's world", min=5_000)
    ] = 400_000,
    profile: Annotated[
        list[str] | None,
        typer.Option(help="weight profile, as S5; all of them where none is named"),
    ] = None,
    seed: Annotated[int, typer.Option(help="seed of the worlds")] = 1,
    threads: Annotated[int, typer.Option(help="threads of the booster", min=1)] = 2,
    bent: Annotated[
        bool,
        typer.Option(
            "--bent", help="with the thresholds and interactions of the default world (domain 0.14)"
        ),
    ] = False,
    out: Annotated[Path, typer.Option(help="where the figures are written")] = paths.MACHINERY,
) -> None:
    """Make worlds with everyone labelled and every state seen at reliability .90; train; compare family shares. Exit 1 beyond 3 pp.

    The world is straight, as in domain 7.6; `--bent` shows the default world's thresholds and interactions.
    """
    nature = document(WorldConfig, paths.WORLD)
    rows = [
        measure(name, nature, applicants, seed, threads, bent=bent)
        for name in profile or nature.profiles
    ]
    write_json(
        {"applicants": applicants, "seed": seed, "bent": bent, "bar": BAR, "profiles": rows}, out
    )
    Console().print(_table(rows, applicants))
    if any(row["largest_error"] > BAR for row in rows):
        raise typer.Exit(1)


def measure(
    profile: str,
    nature: WorldConfig,
    applicants: int,
    seed: int,
    threads: int,
    base_rate: float | None = None,
    *,
    bent: bool = False,
) -> ShareRow:
    """One profile: its shares as made and as found, the largest error, bads in training and AUC."""
    committed = section("world", WorldParams, paths.params_file())
    params = replace(
        committed,
        applicants=applicants,
        profile=profile,
        base_rate=base_rate or committed.base_rate,
    )
    params = replace(params, nonlinear=bent)
    seen = seen_states(
        params,
        nature,
        section("calendar", Calendar, paths.params_file()),
        reliability=RELIABILITY,
        seed=seed,
    )
    found, auc = found_shares(seen.x, seen.bad, seen.family_of, FAMILIES, threads)
    return {
        "profile": profile, "target": list(seen.target), "found": found.tolist(), "bads": int(seen.bad.sum()), "auc": auc,
        "largest_error": float(np.abs(found - seen.target).max()),
    }  # fmt: skip


def _table(rows: list[ShareRow], applicants: int) -> Table:
    table = Table(title=f"family shares as made / as found, per cent, {applicants:,} applicants")
    for heading in ("profile", *FAMILIES, "largest error", "AUC"):
        table.add_column(heading)
    for row in rows:
        cells = [
            f"{100 * made:.1f} / {100 * found:.1f}"
            for made, found in zip(row["target"], row["found"], strict=True)
        ]
        table.add_row(
            row["profile"], *cells, f"{100 * row['largest_error']:.1f} pp", f"{row['auc']:.3f}"
        )
    return table
