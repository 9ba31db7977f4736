"""`creditloom share-recovery`: checks that family shares are measured right, on made-up worlds.

A simulated world is made with given family shares. A model is fitted on it, and its shares must
come out the same. Everyone is labelled and every state is seen at reliability .90. So a wrong share
can only come from the way in which shares are measured (domain 0.5, 7.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.table import Table

from creditloom.models.learners.booster import shared_settings, train_booster
from creditloom.models.sample.metrics import Floats, auc, by_family
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.commands.own_outputs import require_figures
from creditloom.storage.files.store import write_json
from creditloom.world.config.config_types import FAMILIES, Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.risk.share_recovery import seen_states

if TYPE_CHECKING:
    from lightgbm import Booster

ShareRow = dict[str, Any]

RELIABILITY = 0.90  # of the states that the model sees (domain 7.6)
BAR = 0.03  # domain 0.5: every profile within 3 pp
# Number of trees, of depth two and with a small step. About so many give the least log-loss on the
# other half of the labels.
TREES = 1_500
# Rows from which the covariance of the contributions is computed: enough rows, and still fast.
EXPLAINED = 60_000
# table: settings of LightGBM, beside those that every booster shares
SETTINGS = {
    "objective": "binary",
    "learning_rate": 0.03,
    "max_depth": 2,
    "num_leaves": 4,
    "min_data_in_leaf": 200,
    "lambda_l2": 30.0,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_fraction": 0.3,
    "extra_trees": True,
    "max_bin": 63,
}
SEED = 1  # of the rows and columns that each tree may use

# The options of the command, each with its help.
ApplicantsOption = Annotated[int, typer.Option(help="people of each profile's world", min=5_000)]
ProfileOption = Annotated[
    list[str] | None,
    typer.Option(help="weight profile, as S5; all of them where none is named"),
]
SeedOption = Annotated[int, typer.Option(help="seed of the worlds")]
ThreadsOption = Annotated[int, typer.Option(help="threads of the booster", min=1)]
BentOption = Annotated[
    bool,
    typer.Option(
        "--bent",
        help="with the thresholds and interactions of the default world (domain 0.14)",
    ),
]
OutOption = Annotated[Path, typer.Option(help="where the figures are written")]


def share_recovery(
    applicants: ApplicantsOption = 400_000,
    profile: ProfileOption = None,
    seed: SeedOption = 1,
    threads: ThreadsOption = 2,
    bent: BentOption = False,
    out: OutOption = paths.SHARE_RECOVERY,
) -> None:
    """Compare a model's family shares with those that worlds were made with. Exit 1 beyond 3 pp.

    Everyone of a world is labelled and every state is seen at reliability .90. The log-odds are
    linear in the states, as in domain 7.6; `--bent` adds the default world's thresholds and
    interactions.
    """
    require_figures(out, "applicants", "bar", "profiles")
    config = document(WorldConfig, paths.WORLD)
    names = profile or config.profiles
    rows = [measure(name, config, applicants, seed, threads, bent=bent) for name in names]
    run = {"applicants": applicants, "seed": seed, "bent": bent, "bar": BAR}
    write_json({**run, "profiles": rows}, out)
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
    """Return the shares of one profile, as made and as found, with largest error, bads and AUC.

    Shares and errors are fractions, in the order of FAMILIES.
    """
    committed = section("world", WorldParams, paths.params_file())
    params = replace(
        committed,
        applicants=applicants,
        profile=profile,
        base_rate=base_rate or committed.base_rate,
        nonlinear=bent,
    )
    calendar = section("calendar", Calendar, paths.params_file())
    seen = seen_states(params, nature, calendar, reliability=RELIABILITY, seed=seed)
    shares, mean_auc = recovered_shares(seen.x, seen.bad, seen.family_of, FAMILIES, threads)
    return {
        "profile": profile,
        "target": list(seen.target),
        "found": shares.tolist(),
        "bads": int(seen.bad.sum()),
        "auc": mean_auc,
        "largest_error": float(np.abs(shares - seen.target).max()),
    }


def _table(rows: list[ShareRow], applicants: int) -> Table:
    title = f"family shares as made / as found, per cent, {applicants:,} applicants"
    table = Table(title=title)
    for heading in ("profile", *FAMILIES, "largest error", "AUC"):
        table.add_column(heading)
    for row in rows:
        pairs = zip(row["target"], row["found"], strict=True)
        cells = [f"{100 * made:.1f} / {100 * found:.1f}" for made, found in pairs]
        error = f"{100 * row['largest_error']:.1f} pp"
        table.add_row(row["profile"], *cells, error, f"{row['auc']:.3f}")
    return table


# From a model to its family shares.


def recovered_shares(
    x: NDArray[np.float32],
    bad: NDArray[np.int8],
    family_of: Sequence[str],
    families: Sequence[str],
    threads: int,
) -> tuple[Floats, float]:
    """Return the shares per family that two boosters agree on, and their mean AUC.

    Each booster is trained on half of the labels, and its AUC is that on the other half. `x` is n x
    k (NaN = null), `family_of` names the family of each column. Every label is used once, because a
    share depends on the luck of the bads. When families are absent, the effect of the absence is
    divided evenly among them.
    """
    # Take even and odd rows. People are in no order, so no random draw is needed.
    is_odd = np.arange(len(x)) % 2 == 1
    explained = x[:EXPLAINED]
    absent = absent_families(explained, family_of, families)
    contributions = []
    ranked = []
    for half in (is_odd, ~is_odd):
        booster = _trained(x[half], bad[half], threads)
        phi = by_family(_explained(booster, explained, threads), family_of, families)
        contributions.append(even_contributions(phi, absent))
        margin = np.asarray(booster.predict(x[~half], num_threads=threads))
        ranked.append(auc(bad[~half].astype(float), margin))
    return common_shares(*contributions), float(np.mean(ranked))


def common_shares(one: Floats, other: Floats) -> Floats:
    """Return Cov(Phi_f, F') + Cov(Phi'_f, F) over its sum, per family f.

    F is the sum of the families of one model, F' that of another. Phi and Phi' (`one`, `other`) are
    n x f. This is `covariance_shares` for two models. Noise of the labels that only one model has
    learnt does not count in any share.
    """
    one = one - one.mean(axis=0)
    other = other - other.mean(axis=0)
    shared = other.sum(axis=1) @ one + one.sum(axis=1) @ other
    return np.asarray(shared / shared.sum())


def absent_families(
    x: NDArray[np.float32], family_of: Sequence[str], families: Sequence[str]
) -> NDArray[np.bool_]:
    """Return n x f: whether all columns of a family are null in a row."""
    owner = np.array(family_of)
    is_absent = [np.isnan(x[:, owner == family]).all(axis=1) for family in families]
    return np.column_stack(is_absent)


def even_contributions(phi: Floats, absent: NDArray[np.bool_]) -> Floats:
    """Return contributions per family (n x f); in each row all absent families get their mean.

    If families are absent together, their columns are null on the same rows. It is chance on which
    of these columns a tree splits, but the sum of the families does not depend on it.
    """
    count = absent.sum(axis=1, keepdims=True)
    # At least 1, to avoid a division by 0. A row without absent families keeps its own values
    # below.
    mean = (phi * absent).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    return np.where(absent, mean, phi)


def _trained(x: NDArray[np.float32], bad: NDArray[np.int8], threads: int) -> Booster:
    import lightgbm as lgb

    settings = {**SETTINGS, **shared_settings(threads, SEED)}
    return train_booster(settings, lgb.Dataset(x, bad), TREES)


def _explained(booster: Booster, x: NDArray[np.float32], threads: int) -> Floats:
    # The last column is the expected value. It belongs to no feature.
    return np.asarray(booster.predict(x, pred_contrib=True, num_threads=threads))[:, :-1]
