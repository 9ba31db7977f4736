"""A small world for decisions online: raw tables, a bundle, a snapshot, a store."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from creditloom.decision.bundle import write_manifest
from creditloom.serving.applicant.online.persons.loading import load
from creditloom.serving.applicant.online.persons.store import StoredPersons
from creditloom.serving.score import score
from creditloom.serving.whole.network_snapshot import make_snapshot
from creditloom.storage.contract.contract import check_tables
from creditloom.storage.files.store import read_table
from tests.features.raw import Raw, random_raw, write_raw
from tests.registry.small import write_bundle
from tests.score.test_events import REAL

AS_OF = dt.datetime(2024, 6, 20, 9)
# Own events, transfers, the graph of the month and people met, in place of the small bundle's.
READ = (
    "pay_peer_main_share_12m",
    "pay_out_amount_cny_3m",
    "soc_graph_pagerank_ratio_ever",
    "bur_enquiry_soft_count_1m",
)


def with_ages(raw: Raw) -> Raw:
    """Applications whose counts lie in the ranges that a decision may rest on."""
    people = raw["applications"].to_pandas().assign(age_years=30, months_on_book=12)
    schema = raw["applications"].schema
    return {**raw, "applications": pa.Table.from_pandas(people, schema, preserve_index=False)}


def with_devices(raw: Raw, people: int, seed: int) -> Raw:
    """As many devices and addresses as people: a few share one, as in a large world."""
    rng = np.random.default_rng(seed)
    logins = raw["logins"].to_pandas()
    for name in ("device_id", "ip_id"):
        # Of each person one in a hundred is somebody else's.
        other = rng.integers(0, people, len(logins))
        is_own = rng.random(len(logins)) < 0.99
        values = np.where(is_own, logins["applicant_id"], other)
        logins[name] = pd.Series(values, dtype="Int64").mask(logins[name].isna())
    schema = raw["logins"].schema
    return {**raw, "logins": pa.Table.from_pandas(logins, schema, preserve_index=False)}


def clean(raw: Raw, scratch: Path) -> Raw:
    """The rows that keep the contract."""
    write_raw(raw, scratch / "given")
    given = scratch / "given"
    checked = check_tables(given, scratch / "bad", scratch / "kept", max_bad_share=1.0)
    return {
        name: pa.concat_tables([read_table(file, raw[name].schema.names) for file in files])
        .unify_dictionaries()
        .cast(raw[name].schema)
        for name, files in checked.files.items()
    }


def bundle_of(place: Path, names: tuple[str, ...] = READ) -> Path:
    """The small bundle, which reads these features."""
    bundle = write_bundle(place)
    for file in bundle.iterdir():
        text = file.read_text()
        for small, real in zip(REAL, names, strict=True):
            text = text.replace(small, real)
        file.write_text(text)
    write_manifest(bundle)
    return bundle


@dataclass(frozen=True)
class World:
    """The folders of one world, below `root`; each store of it is one of its own."""

    root: Path
    raw: Raw

    @property
    def bundle(self) -> Path:
        return self.root / "model"

    @property
    def network(self) -> Path:
        return self.root / "network"

    @property
    def folder(self) -> Path:
        return self.root / "raw"

    @classmethod
    def made(
        cls, root: Path, people: int, seed: int, *, is_clean: bool = False, is_spread: bool = False
    ) -> World:
        raw = with_ages(random_raw(people, seed))
        raw = with_devices(raw, people, seed) if is_spread else raw
        raw = clean(raw, root / "scratch") if is_clean else raw
        write_raw(raw, root / "raw", parts=2)
        bundle_of(root / "model")
        make_snapshot(root / "raw", AS_OF, root / "network", max_bad_share=1.0)
        store = StoredPersons.at(root / "store", is_new_allowed=True)
        load(store, root / "raw")
        store.close()
        return cls(root, raw)

    def batch(self, name: str, **options: Any) -> tuple[dict[int, Any], dict[int, Any]]:
        """Everybody decided by a batch: decisions, and rows set aside, by application."""
        place = self.root / name
        # table: the options of the batch
        score(
            place, events=self.folder, bundle=self.bundle, as_of=AS_OF, max_bad_share=1.0,
            accept_drift="small world", today=AS_OF.date(), **options,
        )  # fmt: skip
        found = []
        for kind in ("decisions", "quarantine"):
            files = sorted((place / kind).glob("*.parquet"))
            rows = [row for file in files for row in read_table(file).to_pylist()]
            found.append({row["application_id"]: row for row in rows})
        return found[0], found[1]


def rows_of(raw: Raw, part: int, parts: int) -> Raw:
    """Every `parts`-th row of each raw table that a store takes."""
    left = ("loans", "loan_performance")
    return {
        name: rows.filter(pa.array(np.arange(len(rows)) % parts == part))
        for name, rows in raw.items()
        if name not in left
    }
