"""Measures the claims about a product's own final decisions: who of the out-of-time people pass.

They are decided anew by the model under the product that claims.yaml names, from the first gate to
the limit. So what the sources say of approvals is held against approvals (S5-R06, S5-R07, S5-R36,
S5-R37).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from creditloom.decision.decide import Decider
from creditloom.models.evaluation.evaluate import Truth
from creditloom.models.evaluation.world_claims.claim_sample import ClaimFigure, ClaimSample
from creditloom.models.evaluation.world_claims.risk_figures import of_decisions
from creditloom.models.sample.split import OOT, SplitParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import frame
from creditloom.storage.files.store import open_parquet, read_frame

# The product whose decisions these claims of claims.yaml speak of.
PRODUCT = "weilidai@S5"
TABLE = "contributions"


def product_claims(truth: Truth, split: SplitParams) -> dict[str, ClaimFigure]:
    """Return figure and number of people by claim; nothing where the bundle lacks the product."""
    decider = Decider.load(paths.MODEL)
    if PRODUCT not in decider.bundle.policy.product_names:
        return {}
    with open_parquet(paths.MATRIX) as matrix:
        columns = decider.columns(set(matrix.schema_arrow.names))
    rows = frame(list(dict.fromkeys(["applicant_id", *columns])), split, [OOT])
    decided = decider.decide(rows[columns], explain="none", product=PRODUCT)
    decisions = pd.Series(decided["decision"].to_numpy(), index=rows["application_id"].to_numpy())
    as_of = rows.set_index("applicant_id")["as_of"]
    people = truth.applicants.set_index("applicant_id").join(as_of, how="inner")
    contributions = pd.concat(
        [
            read_frame(file, ["applicant_id", "kind", "known_time"])
            for file in sorted((paths.RAW / TABLE).glob("**/*.parquet"))
        ],
        ignore_index=True,
    )
    is_theirs = np.isin(contributions["applicant_id"], people.index)
    world = ClaimSample(people=people, raw={}, meta=truth.meta)
    return of_decisions(world, decisions, contributions[is_theirs])
