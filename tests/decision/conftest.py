"""One small bundle for all tests of the runtime."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from creditloom.decision.decide import Decider
from tests.decision import small


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.write_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def decider(folder: Path) -> Decider:
    return Decider.load(folder, threads=1)


@pytest.fixture(scope="session")
def applications() -> pd.DataFrame:
    return small.frame(600)


@pytest.fixture(scope="session")
def decisions(decider: Decider, applications: pd.DataFrame) -> pd.DataFrame:
    return decider.decide(applications, explain="all")
