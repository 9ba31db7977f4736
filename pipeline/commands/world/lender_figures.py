"""Measures a simulated lender: the figures of its page, its card and its JSON documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from creditloom.features.contract.tables import TABLES
from creditloom.models.evaluation.world_claims import claims
from creditloom.models.evaluation.world_claims.claims import Claims
from creditloom.models.evaluation.world_claims.delinquency_figures import PROBATION_MONTHS
from creditloom.models.evaluation.world_claims.loan_path import BAD_DPD
from creditloom.models.evaluation.world_figures import source_figures
from creditloom.models.evaluation.world_figures.loan_tally import LoanTally
from creditloom.models.evaluation.world_figures.published import PublishedFact, PublishedFacts
from creditloom.models.evaluation.world_figures.truth_tally import TruthTally
from creditloom.pipeline.commands.world.lender_reader import (
    event_sample,
    loan_tally,
    raw_columns,
    write_oracle,
)
from creditloom.pipeline.commands.world.lender_switches import SwitchNote, notes_of, past_oracle
from creditloom.report.parts.blocks import DASH, show
from creditloom.report.world_page.world_page import WorldPage
from creditloom.storage.files.formats import RESULTS, read_document

# How a figure beside a published one is written, by its unit.
KIND_OF_UNIT = {"% of balances a year": "rate", "AUC": "number", "ratio": "decimal"}
# Tenths of the incumbent's score that are a fifth.
FIFTH = 2


@dataclass(frozen=True)
class LenderFigures:
    """Everything that is measured on a simulated lender.

    `rows`: rows by raw table. `columns`: the names of the columns, likewise. `people`: applicants
    whose raw events were read. `claims`: the table of claims. `sources` and `incumbent`: as
    `source_figures` returns them.
    """

    rows: Mapping[str, int]
    columns: Mapping[str, frozenset[str]]
    meta: Mapping[str, Any]
    loans: LoanTally
    truth: TruthTally
    people: int
    claims: pd.DataFrame
    sources: pd.DataFrame
    incumbent: pd.DataFrame
    incumbent_auc: float

    @property
    def ceilings(self) -> dict[str, float | int]:
        """The highest Ginis that a score of this lender can have."""
        return self.truth.ceilings()

    @property
    def switches(self) -> tuple[SwitchNote, ...]:
        """The switches of the world that are on."""
        return notes_of(self.meta.get("switches", {}))

    def beside(self) -> dict[str, float | None]:
        """Return the figures that published facts may name in `beside`."""
        bands = self.incumbent["mean_pd"].to_numpy()
        of_source = {f"auc_{row['source']}": row["auc"] for row in self.sources.to_dict("records")}
        # table: id of a figure -> the figure
        return {
            "late_30": self.loans.late_rate,
            "late_90": self.loans.default_rate,
            "incumbent_quintiles": float(bands[:FIFTH].mean() / bands[-FIFTH:].mean()),
            "bad_days": float(BAD_DPD),
            "probation_months": float(PROBATION_MONTHS),
            # A Gini is twice the AUC less one.
            "auc_ceiling": (1.0 + float(self.ceilings["gini_ceiling"])) / 2.0,
            **of_source,
        }


# What each figure beside a published one is measured on.
MEASURED = {
    "late_30": "booked loans ever 30 or more days past due in twelve months",
    "late_90": "booked loans in default within twelve months",
    "incumbent_quintiles": "mean true PD, by fifths of the incumbent's score",
    "bad_days": "definition of bad",
    "probation_months": "restructured accounts",
    "auc_ceiling": "a score that knows every latent state",
}


def measure(
    folder: Path, rows: Mapping[str, int], declared: Claims, start: np.datetime64, vintages: int
) -> LenderFigures:
    """Measure the lender in `folder`, and write truth/oracle.parquet on the way.

    `start` is the month of the first vintage.
    """
    raw = folder / "raw"
    truth = folder / "truth"
    meta = read_document(truth / "meta.json", RESULTS)
    truth_counts = write_oracle(truth)
    loans = loan_tally(raw, start, vintages)
    sample = event_sample(raw, truth, meta)
    # table: the parts of the figures
    return LenderFigures(
        rows=rows,
        columns=raw_columns(raw, rows),
        meta=meta,
        loans=loans,
        truth=truth_counts,
        people=len(sample.people),
        claims=claims.table(declared, sample),
        sources=source_figures.auc_by_source(sample),
        incumbent=source_figures.incumbent_bands(sample),
        incumbent_auc=source_figures.incumbent_auc(sample),
    )


def claims_document(figures: LenderFigures, declared: Claims) -> dict[str, Any]:
    """Return what claims.json holds: version, applicants read, and each claim with its figure."""
    return {
        "version": declared.version,
        "applicants": figures.people,
        "claims": claims.summary(figures.claims),
    }


def figures_document(figures: LenderFigures) -> dict[str, Any]:
    """Return what figures.json holds: the figures of the page. A figure is null where none is."""
    frames = {
        "roll_rates": figures.loans.roll_rates(),
        "vintage_curves": figures.loans.vintage_curves(),
        "timing": figures.truth.timing(),
        "by_decision": figures.truth.by_decision(),
        "auc_by_source": figures.sources,
        "incumbent_bands": figures.incumbent,
    }
    # table: what figures.json holds
    return {
        "rows": dict(figures.rows),
        "ceilings": figures.ceilings,
        "incumbent_auc": figures.incumbent_auc,
        "mean_rates": figures.loans.mean_rates(),
        "beside_published": figures.beside(),
        **{name: _records(frame) for name, frame in frames.items()},
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in plain.to_dict("records")
    ]


def _plain(value: Any) -> Any:
    """Return a number of numpy as one of Python, which JSON can hold."""
    return value.item() if isinstance(value, np.generic) else value


def page_of(
    figures: LenderFigures,
    published: PublishedFacts,
    title: str,
    facts: Sequence[tuple[str, str]],
) -> WorldPage:
    """Return what the page shows."""
    # table: the parts of the page
    return WorldPage(
        title=title,
        facts=tuple(facts),
        cards=_cards(figures),
        volumes=_volumes(figures.rows),
        rolls=figures.loans.roll_rates(),
        curves=figures.loans.vintage_curves(),
        sources=figures.sources,
        pds=figures.truth.pd_histogram(),
        timing=figures.truth.timing(),
        decisions=figures.truth.by_decision(),
        incumbent=figures.incumbent,
        published=published_rows(figures, published),
        published_auc=_published_auc(published),
        claims=figures.claims,
        notes=_notes(figures),
    )


def _cards(figures: LenderFigures) -> tuple[tuple[str, str, str, str], ...]:
    counts = figures.claims["verdict"].value_counts()
    applicants = int(figures.truth.applicants.sum())
    met = int(counts.get(claims.MET, 0))
    judged = met + int(counts.get(claims.MISSED, 0))
    ceilings = figures.ceilings
    bad_rate = figures.truth.defaults.sum() / applicants
    unknown = past_oracle(figures.switches)
    limit = f"without {', '.join(unknown)}" if unknown else "no score of these data can be better"
    # table: name, Chinese name, figure, note
    return (
        ("applicants", "申请人", show(applicants, "count"), f"{sum(figures.rows.values()):,} rows"),
        ("defaulted", "违约率", show(bad_rate, "rate"), "of all applicants, booked or not"),
        (
            "defaulted, booked",
            "已放款违约率",
            show(figures.loans.default_rate, "rate"),
            "within twelve months",
        ),
        (
            "Gini ceiling",
            "基尼上限",
            show(ceilings["gini_ceiling"], "number"),
            limit,
        ),
        (
            "incumbent's AUC",
            "原有评分 AUC",
            show(figures.incumbent_auc, "number"),
            "through the door, for the true PD",
        ),
        ("claims met", "达标声明", f"{met} of {judged}", "of those that this run can measure"),
    )


def _volumes(rows: Mapping[str, int]) -> pd.DataFrame:
    names = list(rows)
    families = [TABLES[name].family for name in names]
    return pd.DataFrame({"table": names, "family": families, "rows": list(rows.values())})


def published_rows(figures: LenderFigures, published: PublishedFacts) -> pd.DataFrame:
    """Return one row per published fact: what, figure, unit, here, measured, source, year, caution.

    `here` is a dash where this world has no such figure.
    """
    beside = figures.beside()
    return pd.DataFrame([_published_row(fact, beside) for fact in published.facts])


def _published_row(fact: PublishedFact, beside: Mapping[str, float | None]) -> dict[str, Any]:
    one = f"{fact.low:g}"
    here = show(beside.get(fact.beside), KIND_OF_UNIT.get(fact.unit, "count"))
    signal = "best plain signal of the source" if fact.beside in beside else DASH
    # table: one row of the table
    return {
        "what": fact.what,
        "figure": one if fact.low == fact.high else f"{one} to {fact.high:g}",
        "unit": fact.unit,
        "here": here,
        "measured": MEASURED.get(fact.beside, signal),
        "source": fact.source,
        "year": fact.year,
        "caution": fact.caution,
    }


def _published_auc(published: PublishedFacts) -> pd.DataFrame:
    """Return source and value of the published AUCs that stand beside one source."""
    rows = [
        (fact.beside.removeprefix("auc_"), (fact.low + fact.high) / 2.0)
        for fact in published.facts
        if fact.unit == "AUC"
    ]
    return pd.DataFrame(rows, columns=["source", "value"])


def _notes(figures: LenderFigures) -> dict[str, str]:
    people = f"{figures.people:,}"
    loans = f"{int(figures.loans.booked.sum()):,}"
    ceilings = figures.ceilings
    # table: section of the page -> how to read it
    return {
        "summary": "Made by one seed: the same seed and version give the same bytes.",
        "published": "A published figure is shown and judges nothing: country, product and year "
        "differ. What this world is held to are the claims below.",
        "arrears": f"Measured on all {loans} booked twelve-month loans, at month ends. Default is "
        "90 days past due or a restructuring. Vintages are months of application.",
        "risk": "The outcome of everyone, booked or not, lies in truth/oracle.parquet: of the "
        "declined too, which no lender ever sees.",
        "sources": f"Measured for the true PD, on the first {people} applicants. A plain signal is "
        "what anybody would count first; a model of many features ranks better.",
        "ceiling": f"A score that knew every latent state and the month would have a Gini of "
        f"{ceilings['gini_ceiling']:.3f}; the true PD itself, luck and fraud included, has "
        f"{ceilings['gini_true_pd']:.3f} (first {ceilings['n']:,} applicants).",
    }
