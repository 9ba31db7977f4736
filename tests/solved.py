"""Coefficients of simulated worlds, solved once in a session for all tests that ask for the same.

Solving takes seconds of a 100,000 people probe; a small world is then drawn in a tenth of a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from creditloom.pipeline.book import book_world
from creditloom.world import simulate
from creditloom.world.risk.shares import Coefficients
from creditloom.world.world import Setting, solve_coefficients

_SOLVED: dict[str, Coefficients] = {}


def solved(setting: Setting) -> Coefficients:
    """Return what `solve_coefficients` returns for a setting."""
    # The probe has its own size: how many people are drawn later, and how, it does not know.
    probe = replace(
        setting.params,
        applicants=0,
        activity_scale=0.0,
        processes=0,
        chunk_applicants=0,
        community_applicants=0,
    )
    key = repr((probe, setting.nature, setting.calendar, setting.seed))
    if key not in _SOLVED:
        _SOLVED[key] = solve_coefficients(setting)
    return _SOLVED[key]


@contextmanager
def solved_once() -> Iterator[None]:
    """Let whoever simulates a world or runs a book in this process use kept coefficients."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (simulate, book_world):
            patch.setattr(module, "solve_coefficients", solved)
        yield
