"""One thread of the matrix libraries: for sums whose last bit may not depend on the cores."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any


def one_thread() -> AbstractContextManager[Any]:
    """Return a context in which numpy's and scipy's matrix products use one thread."""
    return _matrix_libraries().limit(limits=1, user_api="blas")


@cache
def _matrix_libraries() -> Any:
    # Found once a process: the search goes through every loaded library and would take a tenth of
    # the time of a small fit. scipy loads a matrix library of its own; it is loaded before.
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
