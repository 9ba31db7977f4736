"""Names for the array types that the modelling code uses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# float64 of any shape. Where the shape is not (n,), the docstring says it.
Floats = NDArray[np.float64]
# One truth value per row.
Mask = NDArray[np.bool_]
