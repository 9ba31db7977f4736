"""One shared world of 2,000 applicants: its truth, its events, and the decisions on all of them.

`truth of S2` is the world with that table of family shares; `events` are the raw tables;
`weilidai@S2 by contact_network` features all events, fits a model on the features of that concept
(or family), and decides on everyone under the product. A matrix or a world that the wrong reading
cannot reach is taken from the right reading.
"""

from __future__ import annotations

import json
import os
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather

from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.declare.registry import catalogue
from creditloom.features.engine.engine import build
from creditloom.features.feature_params import FeatureParams, LabelParams
from creditloom.features.label import labels
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.products.product_folder import every_product
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.merge_communities import everyone
from creditloom.world.simulate import simulate
from creditloom.world.world import Setting, solve_coefficients
from tests.trace.outcomes.small_model import decisions
from tests.trace.outcomes.tables import column_digests

SEED = 11
SIZE = 2_000
# Enough bads for a model of one concept.
BASE_RATE = 0.12
# The level of the world is solved on so many people: coarser than the real one, and quicker.
PROBE = 20_000
TRUTH = "truth of "
EVENTS = "events"
# What only the world, or the world and the features, can change.
MAKES_WORLD = ("world/",)
MAKES_MATRIX = ("world/", "features/", "storage/")


def names() -> set[str]:
    """Return the truth of each profile, the events, and each product by concept or family."""
    words = catalogue([table.name for table in EVENT_TABLES])
    concepts = {part for c in words["concepts"] for part in (c["id"], c["family"])}
    truths = {f"{TRUTH}{profile}" for profile in document(WorldConfig, paths.WORLD).profiles}
    products = {product.id for product in every_product()}
    return {EVENTS, *truths, *(f"{p} by {concept}" for p in products for concept in concepts)}


def run(name: str) -> dict[str, Any]:
    """Return digests by column, and for decisions the number of each kind beside them."""
    if name == EVENTS:
        return _events(_world())
    if name.startswith(TRUTH):
        return _truth(name.removeprefix(TRUTH))
    return decided(name, _matrix())


def decided(name: str, matrix: pd.DataFrame) -> dict[str, Any]:
    """Return the decisions of `product by concept` on a matrix: counts, and digests by column."""
    product, _, concept = name.partition(" by ")
    label = feather.read_table(kept() / "labels.arrow").to_pandas()
    found = decisions(matrix, label, product, concept)
    counts = {str(key): int(n) for key, n in found["decision"].value_counts().items()}
    return {"counts": counts, "columns": column_digests(found)}


def kept() -> Path:
    """Return the folder of the right world, made at the first call."""
    folder = Path(os.environ.setdefault("TRACE_WORLD", mkdtemp()))
    if not (folder / "labels.arrow").exists():
        _write_world(folder)
        raw = raw_files(folder)
        matrix = pa.concat_tables(build(raw, section("features", FeatureParams, paths.DEFAULTS)))
        feather.write_feather(matrix, folder / "matrix.arrow")
        label = labels(raw, section("label", LabelParams, paths.DEFAULTS))
        feather.write_feather(label, folder / "labels.arrow")
    return folder


def _world() -> Path:
    if not _can_change(MAKES_WORLD):
        return kept()
    folder = Path(mkdtemp())
    _write_world(folder)
    return folder


def _matrix() -> pd.DataFrame:
    if not _can_change(MAKES_MATRIX):
        return feather.read_table(kept() / "matrix.arrow").to_pandas()
    raw = raw_files(_world())
    return pa.concat_tables(
        build(raw, section("features", FeatureParams, paths.DEFAULTS))
    ).to_pandas()


def _can_change(rooms: tuple[str, ...]) -> bool:
    """Return whether the file that is read wrongly lies in one of these rooms."""
    return os.environ.get("TRACE_BROKEN", "").startswith(rooms)


def raw_files(folder: Path) -> dict[str, list[str]]:
    """Return the Parquet files of each raw table of a world."""
    tables = sorted((folder / "raw").iterdir())
    return {table.name: sorted(map(str, table.glob("**/*.parquet"))) for table in tables}


def _write_world(folder: Path) -> None:
    params, nature, calendar = settings("S2")
    simulate(params, nature, calendar, folder / "raw", folder / "truth", seed=SEED)


def settings(profile: str) -> tuple[WorldParams, WorldConfig, Calendar]:
    """Return size, numbers and months of the shared world, under a table of family shares."""
    committed = section("world", WorldParams, paths.DEFAULTS)
    params = replace(committed, applicants=SIZE, base_rate=BASE_RATE, processes=1, profile=profile)
    nature = document(WorldConfig, paths.WORLD)
    nature = replace(nature, effects=replace(nature.effects, probe_applicants=PROBE))
    return params, nature, section("calendar", Calendar, paths.DEFAULTS)


def _events(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for table, files in raw_files(folder).items():
        rows = pd.concat([pd.read_parquet(path) for path in files])
        found[table] = {"rows": len(rows), **column_digests(rows)}
    return found


def _truth(profile: str) -> dict[str, Any]:
    """Return the truth of everyone, an array a number: its sum to ten digits."""
    world = everyone(setting := Setting.of(*settings(profile), SEED), solve_coefficients(setting))
    by_family = world.contributions.std(axis=0)
    return {
        "contributions": [float(f"{value:.9g}") for value in by_family],
        "people": _sums(world.people),
        "file": _sums(world.file),
        "terms": _sums(world.terms),
        "booking": _sums(world.booking),
        "outcome": _sums(world.outcome),
    }


def _sums(record: Any) -> dict[str, Any]:
    """Return the sum of each array of a record, nine digits."""
    found: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if is_dataclass(value):
            found[field.name] = _sums(value)
        elif isinstance(value, np.ndarray) and value.dtype.kind in "bif":
            found[field.name] = f"{np.nansum(value, dtype=np.float64):.9g}"
        elif np.isscalar(value):
            found[field.name] = json.loads(json.dumps(value, default=str))
    return found
