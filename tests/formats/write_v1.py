"""Write v1/ by the code of commit 613f9fa (release 0.1.0).

That is the last release that wrote no `format` into its documents.

A record of how the fixtures came about, not run by any test: it imports that commit's module
names. In a folder with its checkout:

    git archive 613f9fa | tar x -C old
    PYTHONPATH=old python write_v1.py /tmp/creditloom-v1 tests/formats/v1

Everything is made in the first folder, whose neutral name then stands in batch.json, and copied to
the second.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pandas as pd
import pyarrow as pa
from data.store import read_table, write_json, write_table
from models.book.bcard import BCard
from models.book.behaviour import NAMES
from models.book.monthly import to_frame
from models.decision.arrow import decisions_table
from models.decision.decide import Decider
from models.referral.queue import referred

from models.calibration import Calibration
from pipeline import behaviour, paths
from tests.book.books import book, standing
from tests.models.decision import small

KEPT = ("bundle", "in.parquet", "batch", "chosen.parquet", "aliases.jsonl", "overrides.jsonl",
        "registered.zip", "behaviour", "book.parquet", "standing.parquet")  # fmt: skip
METRICS = {"observable": {"auc_oot": 0.75, "weighted": {"calibration_in_the_large_p": 0.4}}}
ROWS = 60


def creditloom(*words: str) -> None:
    """The command line of that commit."""
    subprocess.run([sys.executable, "-m", "pipeline.cli", *words], check=True)


def bundle() -> None:
    """Write a bundle of ten features and forty trees.

    The house's product and another one, laws by date and one to be chosen.
    """
    other = small.document(small.Product, paths.PRODUCTS / "weilidai_S5.yaml")
    small.write_bundle(
        Path("bundle"), small.rules(products=(other,), other_laws=small.laws("eu_ccd2"))
    )


def applications() -> pd.DataFrame:
    """Sixty applications of all kinds, of which seven are bad rows: each breaks another rule."""
    frame = small.frame(ROWS, seed=5).assign(application_id=1_000 + np.arange(ROWS))
    frame.loc[[4, 41], "application_id"] = 1_004
    frame.loc[9, "wealth_fen"] = -1.0
    frame.loc[17, "as_of"] = pd.Timestamp("2031-01-01")
    frame.loc[26, "age_years"] = 900.0
    frame.loc[33, "f1"] = np.inf
    frame.loc[50, "consent_social"] = False
    frame.loc[50, "f1"] = 0.5
    return frame


def batch() -> None:
    """Decide the applications in three parts.

    And some of them by the product and law of choice, in Chinese.
    """
    creditloom(
        "score",
        "--input",
        "in.parquet",
        "--output",
        "batch",
        "--bundle",
        "bundle",
        "--explain",
        "all",
        "--today",
        "2026-01-01",
        "--part-rows",
        "25",
        "--threads",
        "1",
    )
    Path("batch/.lock").unlink()
    frame = pd.read_parquet("in.parquet")
    good = frame[
        frame["application_id"].isin(read_table("batch/decisions")["application_id"].to_pylist())
    ]
    chosen = Decider.load("bundle").decide(
        good.iloc[:20], product="weilidai@S5", law="eu_ccd2", language="zh"
    )
    write_table(decisions_table(chosen), "chosen.parquet")


def referrals() -> None:
    """Two people's decisions on what the batch referred."""
    queue = referred(read_table("batch/decisions"))
    write_table(queue, "queue.parquet")
    waiting = [row for row in queue.to_pylist() if row["limit_cny"]]
    for row, words in zip(waiting, (("approve", "--limit", "500"), ("decline",)), strict=False):
        creditloom(
            "refer",
            "override",
            row["decision_id"],
            "--outcome",
            *words,
            "--reason",
            "income confirmed by two pay slips",
            "--role",
            "senior underwriter",
            "--queue",
            "queue.parquet",
            "--record",
            "overrides.jsonl",
        )


def registry() -> None:
    """Register two versions of one bundle; champion goes to the second and back.

    The first one's artifacts are kept as they lay in the store.
    """
    shutil.copytree("bundle", paths.MODEL)
    shutil.copy(paths.HOUSE / "params.yaml", ".")
    write_json(METRICS, paths.METRICS)
    creditloom("register")
    (artifacts,) = (paths.REGISTRY / "artifacts" / "models").glob("*/artifacts")
    creditloom("register")
    creditloom("promote", "--version", "2", "--reason", "its code is newer")
    creditloom(
        "promote", "--version", "1", "--reason", "rolled back: refusals of 2 were not understood"
    )
    shutil.copy(paths.ALIASES, "aliases.jsonl")
    with zipfile.ZipFile("registered.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for file in sorted(
            path
            for path in artifacts.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        ):
            name = zipfile.ZipInfo(file.relative_to(artifacts).as_posix(), (2026, 11, 28, 0, 0, 0))
            packed.writestr(name, file.read_bytes(), zipfile.ZIP_DEFLATED)


def books() -> None:
    """A behaviour score with the PDs that it gave, and a standing."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, len(NAMES))).round(3)
    bad = rng.random(400) < 1 / (1 + np.exp(2 - x[:, 0] - x[:, 1]))
    settings = {
        "objective": "binary",
        "num_leaves": 4,
        "verbosity": -1,
        "num_threads": 1,
        "seed": 1,
    }
    text = lgb.train(settings, lgb.Dataset(x, bad, feature_name=list(NAMES)), 5).model_to_string()
    card = BCard(
        text, Calibration(0.9, -0.3, len(bad), int(bad.sum()), float(bad.mean()), 40.0, 40), 12
    )
    behaviour.write(card)
    shutil.copytree(paths.BEHAVIOUR, "behaviour")
    write_table(
        pa.table({**dict(zip(NAMES, x[:20].T, strict=True)), "pd": card.pd(x[:20])}), "book.parquet"
    )
    left = to_frame(standing(book(accounts=3), limit_fen=1_200_000, changed_month=9))
    write_table(pa.Table.from_pandas(left, preserve_index=False), "standing.parquet")


def main(home: Path, target: Path) -> None:
    """Make everything in `home`, and copy what is kept to `target`.

    `home` is the current folder from now on.
    """
    bundle()
    applications().to_parquet("in.parquet", index=False, row_group_size=16)
    batch()
    referrals()
    registry()
    books()
    for name in KEPT:
        (shutil.copytree if (home / name).is_dir() else shutil.copy)(home / name, target / name)


if __name__ == "__main__":
    place, kept = (Path(given).resolve() for given in sys.argv[1:])
    place.mkdir()
    kept.mkdir(parents=True, exist_ok=True)
    os.chdir(place)
    main(place, kept)
