"""A registered run as a person meets it in MLflow: named, told, its example is an offer."""

from __future__ import annotations

import json
import logging
import shutil
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from creditloom.decision.loader import _load_pyfunc
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.headline import HEADLINE, measured
from creditloom.pipeline.commands.retrain.run_notes import run_notes
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.model_registry import ModelRegistry
from creditloom.serving.registry.runtime import RUNTIME
from creditloom.serving.registry.signature import input_example
from tests.decision import small as priced
from tests.registry.conftest import GOOD, PARAMS, House

# A warning of one call is read, not scrolled.
MOST_CHARACTERS = 1_000
# More columns than a matrix has that the model leaves out.
EXTRA_COLUMNS = 2_300
METRICS = {
    **GOOD,
    "discrimination": {"auc_oot": 0.76, "ks_oot": 0.4, "share_of_reachable_gini": 0.91},
    "calibration": {"slope": 1.0, "mean_pd": 0.03},
    "final": {"approve_rate": 0.65, "bad_rate_true": 0.01},
    "portfolio": {"expected_profit_cny": 5_100_000.0},
}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder after its last stage: parameters, figures, a page and a matrix."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(paths.DEFAULTS, paths.PARAMS)
    for file, text in ((paths.REPORT, "<p>page"), (paths.MATRIX, "rows"), (paths.METRICS, "{}")):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


@pytest.mark.slow
def test_a_run_has_a_name_parameters_eight_figures_the_report_and_where_it_is_from(
    home: Path, house: House
) -> None:
    store = Store.at(home / "registry", {})
    ledger = ModelRegistry(PARAMS, store, home / "aliases.jsonl")
    about = run_notes(PARAMS.name, METRICS)
    version, _, _ = ledger.register(house.bundle, RUNTIME, METRICS, run=about)
    client = store.client()
    told = client.get_model_version(PARAMS.name, str(version.version))
    run = client.get_run(told.run_id)
    assert run.info.run_name == about.name and about.name.startswith(f"{PARAMS.name} 20")
    assert {figure.name for figure in HEADLINE} <= set(run.data.metrics)
    assert run.data.params["seed"] == "1" and len(run.data.params) > 100
    assert [one.path for one in client.list_artifacts(told.run_id)] == ["params.yaml", "report"]
    assert len(run.data.tags["dataset_sha256"]) == 64
    assert "AUC, out of time" in told.description == run.data.tags["mlflow.note.content"]


def test_a_figure_that_was_not_measured_is_left_out() -> None:
    assert measured({"calibration": {"slope": None}, "discrimination": {"auc_oot": 0.7}}) == {
        "auc_oot": 0.7
    }


def test_the_answer_to_the_example_is_an_offer(tmp_path: Path) -> None:
    """It was a row of zeros of a person of no age, who is refused."""
    bundle = priced.write_bundle(tmp_path / "bundle")
    offer, bare = _load_pyfunc(str(bundle)).predict(input_example(bundle)).to_dict("records")
    assert offer["decision"] == "approve" and offer["limit_cny"] > 0 and offer["daily_rate"] > 0
    # Without a consent of the bureau nobody is decided (R6): the second row shows nulls.
    assert bare["decision"] == "refuse"


def test_columns_that_the_model_does_not_read_cost_one_short_warning(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    model = mlflow.pyfunc.load_model(str(house.versions[0].location))
    names = [f"pay_out_amount_cny_{k}" for k in range(EXTRA_COLUMNS)]
    extra = pd.DataFrame(np.zeros((len(house.frame), EXTRA_COLUMNS)), columns=names)
    with caplog.at_level(logging.WARNING, "mlflow.models.utils"):
        model.predict(pd.concat([house.frame, extra], axis=1))
    said = "\n".join(caplog.messages)
    assert "extra inputs" in said and "more characters" in said
    assert len(said) < MOST_CHARACTERS < len(json.dumps(names))
