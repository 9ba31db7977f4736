"""For every test: one profile of hypothesis and a fixed number of threads.

hypothesis draws few examples, the same ones each run; threads do not compete for cores.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.checkout import ABOUT_IT, IN_CHECKOUT

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
# Two runs of one batch give the same bytes: the salts of rows are random otherwise.
os.environ.setdefault("CREDITLOOM_SALTS", "5a" * 32)

# The trees of the architecture tests and what the libraries define stay until the end. Python's
# default looks through objects after every 700 new ones, a fifth of the time of a session.
gc.set_threshold(50_000, 20, 50)

settings.register_profile(
    "house",
    derandomize=True,
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the one marker.

    It is declared here too, as pyproject.toml does not lie beside tests that were copied alone.
    """
    config.addinivalue_line("markers", "slow: minutes, not seconds; run by `make proof`")


@pytest.fixture(autouse=True, scope="session")
def _no_waiting_for_the_disk() -> Iterator[None]:
    """Leave out fsync: a test outlives no power cut, and thousands of waits take minutes.

    Processes that a test starts do wait.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(autouse=True, scope="module")
def _own_path() -> Iterator[None]:
    """Take back what a file of tests added to sys.path.

    A registered model that is loaded adds its folder of code, and a test of the guard puts a false
    lightgbm there: processes that later tests start would import it.
    """
    kept = list(sys.path)
    yield
    sys.path[:] = kept


@pytest.fixture(scope="session")
def _solved_once() -> Iterator[None]:
    """Solve the coefficients of equal worlds once in this session (tests/solved.py)."""
    # Loaded here: most files of tests know no world.
    from tests.solved import solved_once

    with solved_once():
        yield


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what is about the repository when the tests run outside a checkout.

    `pytest_report_header` says so.
    """
    is_left_out = (
        not IN_CHECKOUT
        and collection_path.name in ABOUT_IT
        and collection_path.parent.name == "tests"
    )
    return True if is_left_out else None


def pytest_report_header() -> str:
    return (
        ""
        if IN_CHECKOUT
        else f"no checkout here: {', '.join(f'tests/{name}' for name in ABOUT_IT)} are left out"
    )
