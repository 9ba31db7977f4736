"""Names of the array types that the modelling code passes round."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# float64 of any shape; a docstring says the shape where it is not (n,).
Floats = NDArray[np.float64]
# One truth value per row.
Mask = NDArray[np.bool_]
