"""What other people's rows say of each application: the graph, transfers, and shared devices and addresses.

Made once for all applications before the buckets, on the driver of either engine; the kernel itself never looks beyond one application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from .graph import snapshots
from .meetings import meetings
from .reader import Sources
from .shared import applicants_per_identifier
from .transfers import transfers

if TYPE_CHECKING:
    from .reader import Connection


def others(con: Connection, sources: Sources, applications: pa.Table) -> dict[str, np.ndarray]:
    """Values per application, in the order given, by name of the feature or fact; what its table is not there for is left out."""
    made = (snapshots, transfers, meetings, applicants_per_identifier)
    return {name: values for make in made for name, values in make(con, sources, applications).items()}
