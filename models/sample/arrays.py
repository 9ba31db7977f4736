"""Names for the array types that the modelling code uses, and one thread for their products."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# float64 of any shape. Where the shape is not (n,), the docstring says it.
Floats = NDArray[np.float64]
# One truth value per row.
Mask = NDArray[np.bool_]


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
