"""A lake gives the features of the plain folder of the same rows, to the bit."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from creditloom.storage.lake.change import compact, reshard
from tests.lake.conftest import WORK, Deliveries, matrix


@pytest.fixture(scope="module")
def wanted(deliveries: Deliveries, tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    return matrix(deliveries.plain, tmp_path_factory.mktemp("plain"))


def test_months_added_compacted_and_cut_anew_give_the_features_of_one_folder(
    deliveries: Deliveries, wanted: pa.Table, tmp_path: Path
) -> None:
    lake = deliveries.lake(tmp_path / "lake")
    assert matrix(lake, tmp_path / "added").equals(wanted)
    compact(lake, WORK)
    assert matrix(lake, tmp_path / "compacted").equals(wanted)
    reshard(lake, 2, WORK)
    assert matrix(lake, tmp_path / "resharded").equals(wanted)
