"""What `make bench` compares is the same work.

Polars, pandas and the engine make the same features of the same payments.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from creditloom.features.engine.engine import build
from creditloom.pipeline.proof.bench import rivals
from tests.features.raw import PARAMS, random_raw, write_raw


@pytest.mark.parametrize(
    "rival", [rivals.with_polars, rivals.with_pandas], ids=["polars", "pandas"]
)
def test_a_rival_makes_the_same_features(rival: object, tmp_path: Path) -> None:
    raw = random_raw()
    sources = write_raw({name: raw[name] for name in ("applications", "payments")}, tmp_path)
    here = pa.concat_tables(build(sources, PARAMS)).to_pandas()
    found = rival(sources["payments"], sources["applications"])  # type: ignore[operator]
    names = [spec.name for spec, _ in rivals.compared_features()]
    assert len(names) > 100
    assert [str(name) for name in found.columns] == ["application_id", *names]
    for name in names:
        np.testing.assert_allclose(
            found[name].to_numpy().astype(float), here[name].to_numpy(), rtol=1e-9, err_msg=name
        )
