"""Measures how family shares move between trainings on drawn loans: for family_spread.yaml.

Run it in the folder of a run whose stages up to `train` are done, as of `make repro`:

    python -m creditloom.pipeline.proof.claims.family_spread --draws 10

Each draw takes the labelled training loans with replacement and fits the booster of params.yaml
with its largest number of trees on the selected features. Its shares are those of out-of-time
applicants, as in `evaluate`. Trees, penalty and stack are not chosen anew: this makes a draw ten
times cheaper, and what it leaves out is small beside the luck of the labels.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
import typer

from creditloom.decision.base.catalogue import Catalogue
from creditloom.decision.score.tree_model import Margin
from creditloom.models.calibration.group_calibration import drawn_counts
from creditloom.models.learners.booster import BoosterParams, boost, signs_of
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.metrics import by_family, covariance_shares
from creditloom.models.sample.split import SplitParams
from creditloom.models.training.training import TrainParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import section

# Out-of-time applicants whose contributions are taken: the shares hardly move with more.
EXPLAINED = 4_000
# Decimals of what is printed: a spread of ten draws is known to a fifth of itself.
DECIMALS = 4

DrawsOption = Annotated[int, typer.Option(help="trainings on drawn loans", min=2)]
SeedOption = Annotated[int, typer.Option(help="seed of the draws")]


def main(draws: DrawsOption = 10, seed: SeedOption = 1) -> None:
    """Print the block of family_spread.yaml for the run in this folder."""
    split = section("split", SplitParams)
    params = section("train", TrainParams).booster
    catalogue = Catalogue.from_json(paths.MODEL_CATALOGUE.read_bytes())
    applications = everyone(split)
    loans = dataset(applications.training(), catalogue.names)
    shown = dataset(applications.out_of_time().at_most(EXPLAINED), catalogue.names)
    shares = share_draws(loans, shown.features, catalogue, params, draws, seed)
    families = tuple(dict.fromkeys(concept.family for concept in catalogue.concepts))
    sd = np.std(shares, axis=0, ddof=1).round(DECIMALS).tolist()
    typer.echo(f"bads: {int(loans.label.sum())}\ndraws: {draws}\nsd:")
    for family, one in zip(families, sd, strict=True):
        typer.echo(f"  {family}: {one}")


def share_draws(
    loans: Dataset,
    features: Floats,
    catalogue: Catalogue,
    params: BoosterParams,
    draws: int,
    seed: int,
) -> Floats:
    """Return the family shares on `features` of boosters on drawn loans, shape (draws, families).

    Families are in the order in which the concepts of the catalogue name them.
    """
    families = tuple(dict.fromkeys(concept.family for concept in catalogue.concepts))
    family_of = [feature.family for feature in catalogue.features]
    signs = signs_of(catalogue, loans.names)
    out = []
    for counts in drawn_counts(len(loans.label), draws, seed):
        rows = np.repeat(np.arange(len(counts)), counts.astype(np.intp))
        drawn = loans.where(rows)
        text = boost(drawn, signs, params, params.max_trees).model_to_string()
        _, contributions = Margin(text, catalogue.names, params.threads).contributions(features)
        out.append(covariance_shares(by_family(contributions, family_of, families)))
    return np.stack(out)


if __name__ == "__main__":
    typer.run(main)
