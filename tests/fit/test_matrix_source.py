"""`source.kind: matrix`: a finished feature table goes through the pipeline's own stages.

Up to the decisions, and back: the bundle decides the next table of the same layout.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from creditloom.decision.decide import Decider
from creditloom.pipeline import stage_runner
from creditloom.pipeline.base import paths
from creditloom.pipeline.cli import build
from creditloom.serving.applicant.direct.scorer import DirectScorer
from creditloom.serving.score import score
from creditloom.serving.verify import verify
from creditloom.storage.files.store import read_frame, read_json, read_table
from tests.fit.conftest import loans

CHANGES = {
    "source.kind": "matrix", "source.path": "loans.parquet", "source.label": "bad",
    "source.id": "loan", "source.time": "day", "source.protected": ["sex"],
    "policy.product": None,
    "policy.tier_edges": [0.05, 0.08, 0.12, 0.17, 0.22, 0.3, 0.4, 0.5, 0.7],
    "train.booster.max_trees": 100, "train.booster.min_trees": 50,
}  # fmt: skip


@pytest.mark.slow
def test_a_finished_table_goes_through_the_stages_and_scores_its_own_layout(
    tmp_path: Path,
) -> None:
    """Ids of text come back from every door, and the same row has the same PD at each."""
    frame = loans(1_400).assign(home=lambda f: f["home"].astype(object))
    frame["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(1_400) / 2, "D")
    frame["opened"] = frame["day"] - pd.to_timedelta(np.arange(1_400) % 600, "D")
    frame.loc[3, "income"] = np.inf
    frame.loc[[8, 30], "home"] = None
    stage_runner.prepare(tmp_path, CHANGES, paths.DEFAULTS)
    frame.to_parquet(tmp_path / "loans.parquet", index=False)
    stage_runner.run(tmp_path, stage_runner.TO_DECISIONS)
    decisions = read_frame(tmp_path / paths.DECISIONS)
    good = frame.drop(index=3)
    assert decisions["application_id"].tolist() == good["loan"].tolist()
    assert set(decisions["decision"]) <= {"approve", "refer", "decline"}
    assert decisions.loc[decisions["decision"] == "decline", "reasons"].map(len).min() >= 1
    concepts = {concept["id"] for concept in read_json(tmp_path / paths.CATALOGUE)["concepts"]}
    assert concepts == {"income", "debt", "home", "branch", "opened"}
    _check_doors(tmp_path, good, decisions)
    _check_beyond(tmp_path / paths.MODEL, good)


def _check_doors(place: Path, good: pd.DataFrame, decisions: pd.DataFrame) -> None:
    """By a frame, by a batch of Parquet and of CSV, which are verified and replayed."""
    bundle = place / paths.MODEL
    pds = decisions["pd"].tolist()
    assert Decider.load(bundle).decide(good)["pd"].tolist() == pds
    direct = DirectScorer(bundle)
    sent = good.drop(columns="bad").head(40).to_dict("records")
    assert [direct.decide(row)["pd"] for row in sent] == pds[:40]
    ids = [one["application_id"] for one in direct.decide_many(sent)]
    assert ids == good["loan"].tolist()[:40]
    good.drop(columns="bad").to_parquet(place / "next.parquet")
    good.to_csv(place / "next.csv", index=False)
    for kind in ("parquet", "csv"):
        out = place / kind
        source = place / f"next.{kind}"
        accepted = "a test: the rows of training"
        done = score(out, source=source, bundle=bundle, accept_drift=accepted, part_rows=500)
        assert done.manifest["beyond_training"]["beyond"] == 0
        batch = read_table(out / "decisions").to_pandas()
        assert batch["application_id"].tolist() == good["loan"].tolist()
        assert batch["pd"].tolist() == pds
        assert verify(out) == []
        words = ["replay", str(out), "--bundle", str(bundle), "--json"]
        told = json.loads(CliRunner().invoke(build(["replay"]), words).stdout)
        assert (told["replayed"], told["mismatches"], told["missing"]) == (len(good), 0, 0)


def _check_beyond(bundle: Path, good: pd.DataFrame) -> None:
    """An unseen level is not safer than the average one, and nobody is approved on a guess."""
    decider = Decider.load(bundle)
    rows = good.head(200)
    levels = [decider.margins(rows.assign(home=level)) for level in ("own", "rent", "free")]
    shares = good["home"].value_counts(normalize=True).reindex(["own", "rent", "free"])
    unseen = decider.decide(rows.assign(home="houseboat"))
    margin = decider.margins(rows.assign(home="houseboat"))
    assert (margin >= shares.to_numpy() @ np.stack(levels) - 1e-9).all()
    assert "approve" not in set(unseen["decision"])
    null = decider.decide(rows.assign(debt=np.nan))
    assert "approve" not in set(null["decision"])
