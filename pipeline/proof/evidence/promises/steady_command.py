"""`creditloom steadiness`: whether another draw of loans would have given the same first reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.table import Table

from creditloom.decision.base.catalogue import Catalogue
from creditloom.decision.bundle import Bundle
from creditloom.decision.decide import Decider
from creditloom.decision.reasons.reasons import TOP
from creditloom.models.evaluation.reasons.true_losses import cited_places
from creditloom.models.learners.booster import signs_of
from creditloom.models.sample.arrays import Floats
from creditloom.models.sample.dataset import Dataset
from creditloom.models.sample.split import SplitParams
from creditloom.models.stacking.refits import Recipe
from creditloom.models.stacking.stack import Stack
from creditloom.models.training.training import TrainParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.matrix_reader import dataset, everyone
from creditloom.pipeline.base.params import section
from creditloom.pipeline.proof.claims.seed_folder import code_digest
from creditloom.pipeline.proof.evidence.promises.steady import (
    KeptRefits,
    SteadyReasons,
    cited_by,
    steady_reasons,
)
from creditloom.storage.files.formats import RESULTS, read_document, write_document
from creditloom.storage.files.store import read_frame

FIGURES = "figures.json"
# The options of the command, each with its help.
RefitsOption = Annotated[int, typer.Option(min=2, help="refits on drawn loans")]
DeclinesOption = Annotated[int, typer.Option(min=1, help="out-of-time declines asked, at most")]
SeedOption = Annotated[int, typer.Option(help="of the draws")]
OutOption = Annotated[Path, typer.Option(help="folder of the refits, which are kept")]


@dataclass(frozen=True)
class _Asked:
    """The declines asked, the approved beside them, and the first reason of each decline."""

    declined: Dataset
    approved: Dataset
    own: NDArray[np.int64]


def steadiness(
    refits: RefitsOption = 10,
    declines: DeclinesOption = 1_000,
    seed: SeedOption = 1,
    out: OutOption = paths.REPORTS / "steadiness",
) -> None:
    """Say how many declines keep their first reason when the model learns from other loans.

    Runs in the folder of a run whose stages have run, and refits the stack with its features,
    complexities and weights (half a minute each). Each refit is kept: a second run adds what is
    missing. The bars are .75 for the same first reason, .25 for the commonest one.
    """
    split = section("split", SplitParams)
    bundle = Decider.load(paths.MODEL).bundle
    catalogue = bundle.scorer.catalogue
    applications = everyone(split)
    asked = _asked(applications, catalogue, declines)
    # table: what a kept refit hangs on
    lock = {
        "bundle": bundle.version,
        "declines": len(asked.own),
        "first_decline": int(asked.declined.application_id[0]),
        "seed": seed,
        "code": code_digest(("models",)),
    }
    kept = KeptRefits(out, lock)
    kept.open()
    training = applications.training(split.indeterminate_weight)
    found = _figures(kept, bundle, training, asked, refits, seed)
    write_document({**found.record(), "lock": lock}, out / FIGURES, RESULTS)
    _show(found)
    Console().print(f"figures: {out / FIGURES}; more refits: --refits {2 * refits}")


def _asked(applications: Dataset, catalogue: Catalogue, most: int) -> _Asked:
    """Return the out-of-time declines at even steps, and as many approved ones."""
    decided = read_frame(paths.DECISIONS, ["application_id", "decision", "reasons"])
    rows = applications.out_of_time()
    decided = decided.set_index("application_id").reindex(rows.application_id)
    is_declined = (decided["decision"] == "decline").to_numpy()
    places = [
        _even(np.flatnonzero(one), most)
        for one in (is_declined, (decided["decision"] == "approve").to_numpy())
    ]
    reasons = decided["reasons"].iloc[places[0]].tolist()
    return _Asked(
        declined=dataset(rows.where(places[0]), catalogue.names),
        approved=dataset(rows.where(places[1]), catalogue.names),
        own=cited_places(reasons, catalogue.concept_ids)[:, 0],
    )


def _even(places: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """Return at most `most` of the places; even steps need no seed."""
    steps = np.linspace(0, len(places) - 1, min(most, len(places))).astype(np.int64)
    return places[np.unique(steps)]


def _figures(
    kept: KeptRefits, bundle: Bundle, training: Dataset, asked: _Asked, refits: int, seed: int
) -> SteadyReasons:
    catalogue = bundle.scorer.catalogue
    concepts = catalogue.concept_ids
    own = np.array([feature.concept for feature in catalogue.features])
    members = (own[:, None] == np.array(concepts)).astype(float)
    errors = bundle.reference.error_multiple * bundle.reference.errors(catalogue)
    errors = errors / bundle.scorer.calibration.factor
    found: list[NDArray[np.int64]] = []
    recipe: list[Recipe] = []

    def again(rng: np.random.Generator) -> tuple[Floats, Floats]:
        # Read where the first refit asks for it: a run that only reads what is kept needs no rows.
        if not recipe:
            recipe.append(_recipe(training, catalogue))
        [one] = recipe
        both = np.concatenate([asked.declined.features, asked.approved.features])
        phi = one.refit(rng).contributions(both)
        return phi[: len(asked.own)], phi[len(asked.own) :]

    for losses in _said(kept.losses(concepts, members, refits, seed, again), refits):
        found.append(cited_by(losses, errors, TOP))
    return steady_reasons(concepts, asked.own, found)


def _said(losses: Iterator[Floats], refits: int) -> Iterator[Floats]:
    """Yield the losses, and say which refit is done."""
    for k, one in enumerate(losses, start=1):
        Console(stderr=True).print(f"refit {k} of {refits}")
        yield one


def _recipe(training: Dataset, catalogue: Catalogue) -> Recipe:
    """Return what the training of the run has chosen, with its rows."""
    record = read_document(paths.TRAINING, RESULTS)
    weights = record["stack"]
    # table: fields of the recipe
    return Recipe(
        rows=dataset(training, catalogue.names),
        signs=tuple(signs_of(catalogue, catalogue.names)),
        learners=section("train", TrainParams).named_learners(),
        steps={name: one["step"] for name, one in record["learners"].items()},
        stack=Stack(tuple(weights), tuple(weights.values()), 0.0),
    )


def _show(found: SteadyReasons) -> None:
    table = Table(
        "first reason", "by the model", "by the refits", title=f"{found.declines:,} declines"
    )
    # The most frequent first; of equal ones by name.
    order: Sequence[tuple[str, tuple[float, float]]] = sorted(
        found.by_concept.items(), key=lambda one: (-one[1][0], one[0])
    )
    for name, (own, again) in order:
        table.add_row(name, f"{own:.1%}", f"{again:.1%}")
    console = Console()
    console.print(table)
    same = f"the same first reason by two refits {found.same_first or 0:.3f} (bar .75)"
    beside = f"by a refit and the model {found.same_as_model or 0:.3f}"
    cited = f"of four concepts the same {found.same_four or 0:.3f}"
    share = f"{found.first_share or 0:.3f} (bar .25)"
    common = f"commonest first reason {found.first_concept} {share}"
    console.print(f"{same}, {beside}; {cited}; {common}")
