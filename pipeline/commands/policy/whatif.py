"""`creditloom whatif`: decides a batch again under another policy, and says who moves and why."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import typer
from rich.progress import Progress

from creditloom.decision.pricing.profit import FEN_PER_CNY
from creditloom.decision.rulebook.economics import Economics
from creditloom.decision.rules.again import DecidedAgain, RuleBook
from creditloom.models.evaluation.evaluate_params import EvaluateParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.pipeline.base.params import section
from creditloom.pipeline.commands.own_outputs import FIGURES, require_report
from creditloom.pipeline.commands.policy.policy_source import GivenPolicy, policy_at
from creditloom.pipeline.commands.policy.whatif_shown import changes_of, show
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.portfolio.whatif.causes import MoveKey, moved, words_by_code
from creditloom.portfolio.whatif.segments import segments_of
from creditloom.portfolio.whatif.sums import INTERVAL, Accounts, LevelShift, Totals, block_columns
from creditloom.report.whatif_page import whatif_page
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.ledger import replay_one
from creditloom.serving.ledger.rows.facts import RecordedFacts, RecordedRows, recorded_facts
from creditloom.serving.registry.mlflow_store import Store
from creditloom.serving.registry.resolve import resolve
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import write_json, write_text

PAGE = "index.html"
# What is read of the recorded decisions: the PD, and what must come out again.
PD = "pd"
COMPARED = ("decision", "tier", "limit_cny", "daily_rate")
DIFFERS = 6  # exit code: the record is not what today's code decides by the recorded policy
_err = Console(stderr=True, soft_wrap=True, highlight=False)

# The options of the command, each with its help.
PolicyOption = Annotated[
    Path,
    typer.Option(
        help="the other policy: a bundle, or a YAML file with a block `policy` as params.yaml; "
        "a draft will do"
    ),
]
DecisionsOption = Annotated[
    Path, typer.Option(help="the folder of a batch, as `creditloom score` wrote it")
]
ProductsOption = Annotated[
    Path | None,
    typer.Option(help="folder of products and laws; default: products/ beside the YAML file"),
]
ProductOption = Annotated[str, typer.Option(help="a product of the other policy")]
LawOption = Annotated[str, typer.Option(help="a law profile of the other policy")]
InputOption = Annotated[
    Path | None,
    typer.Option("--input", help="the batch's input, where it no longer lies in its old place"),
]
BundleOption = Annotated[
    Path | None, typer.Option(help="the bundle that decided, where no registry knows it")
]
OutOption = Annotated[Path, typer.Option("--output", help="folder for the figures and the page")]
ThreadsOption = Annotated[int, typer.Option(min=1, help="threads that hash the input")]
JsonOption = Annotated[bool, typer.Option("--json", help="the figures as JSON on standard output")]


def whatif(
    policy: PolicyOption,
    decisions: DecisionsOption,
    products: ProductsOption = None,
    product: ProductOption = "",
    law: LawOption = "",
    source: InputOption = None,
    bundle: BundleOption = None,
    output: OutOption = paths.WHATIF,
    threads: ThreadsOption = 2,
    as_json: JsonOption = False,
) -> None:
    """Decide recorded decisions again under another policy: who moves, why, profit and loss.

    Nothing is scored: rules, limits and prices are applied to the recorded PDs and facts by the
    code that decides. Nothing is published. Exit code 6: today's code does not decide the recorded
    policy as it is recorded; the figures then compare with today's code.
    """
    require_report(output, [PAGE], "policy", "moves", "segments")
    given = policy_at(policy, products)
    batch = BatchFolder(decisions)
    asked = replay_one.asked(batch)
    folder = bundle or _bundle_of(asked["options"]["model"])
    with recorded_facts(batch, folder, threads, source) as facts:
        _require_same_model(facts, asked, given)
        options = {name: asked["options"].get(name, "") for name in ("product", "law")}
        chosen = {"product": product or options["product"], "law": law or options["law"]}
        comparison = Comparison.of(facts, given, options, chosen)
        comparison.run(facts)
    figures = comparison.figures(given, facts)
    _write(figures, output, as_json=as_json)
    _err.print(f"page: {output / PAGE}; nothing was published; `creditloom policy` takes it on")
    if comparison.differing:
        _err.print(
            f"{comparison.differing:,} recorded decisions come out otherwise by today's code: "
            "run `creditloom replay`"
        )
        raise SystemExit(DIFFERS)


def _write(figures: dict[str, Any], output: Path, *, as_json: bool) -> None:
    write_json(figures, output / FIGURES)
    write_text(whatif_page(figures), output / PAGE)
    if as_json:
        sys.stdout.write(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    else:
        show(figures)


@dataclass
class Comparison:
    """Two policies over the blocks of one batch, and what they sum to."""

    before: RuleBook
    after: RuleBook
    consents: dict[str, str] | None
    level: LevelShift
    terms: tuple[Any, Any]
    totals: Totals = field(default_factory=Totals)
    moves: Counter[MoveKey] = field(default_factory=Counter)
    profits: Counter[MoveKey] = field(default_factory=Counter)
    codes: tuple[Counter[str], Counter[str]] = field(default_factory=lambda: (Counter(), Counter()))
    words: dict[str, str] = field(default_factory=dict)
    differing: int = 0

    @classmethod
    def of(
        cls,
        facts: RecordedFacts,
        given: GivenPolicy,
        recorded: Mapping[str, str],
        chosen: Mapping[str, str],
    ) -> Comparison:
        """Price both policies; product and law by name, as they were asked for."""
        bundle = facts.bundle
        features = bundle.scorer.catalogue.features
        families = tuple(dict.fromkeys(feature.family for feature in features))
        other = given.policy
        before = RuleBook.of(bundle.policy, bundle.tiers, families, **recorded)
        after = RuleBook.of(other, given.tiers, families, **chosen)
        terms = (_terms(before), _terms(after))
        return cls(before, after, other.consents, _level(facts.folder), terms)

    def run(self, facts: RecordedFacts) -> None:
        """Decide every block under both policies, and add it."""
        with Progress(console=_err, disable=not sys.stderr.isatty(), transient=True) as progress:
            task = progress.add_task("what if", total=facts.recorded.expected)
            for rows in facts.blocks((PD, *COMPARED)):
                self._add(facts, rows)
                progress.advance(task, len(rows))

    def _add(self, facts: RecordedFacts, rows: RecordedRows) -> None:
        frames = (
            facts.frame(rows.block, facts.bundle.policy.consents),
            facts.frame(rows.block, self.consents),
        )
        pd = rows.decisions[PD].to_numpy().astype(np.float64)
        has_reason = partial(facts.has_reason, rows)
        before = self.before.decide(frames[0], pd, rows.is_beyond, has_reason)
        self.differing += int(_differs(before, rows.decisions).sum())
        # A law that lets more people be scored asks for a PD that nobody recorded.
        lacks = np.isnan(pd) & ~self.after.unscored(frames[1])
        if lacks.any():
            pd = np.where(lacks, facts.scored(rows, lacks), pd)
        after = self.after.decide(frames[1], pd, rows.is_beyond, has_reason)
        names = (self.before.tiers.names, self.after.tiers.names)
        found = moved(before, after, names)
        is_moved = np.zeros(len(rows), dtype=bool)
        is_moved[found.rows] = True
        accounts = [
            Accounts.of(decided, terms, self.level)
            for decided, terms in zip((before, after), self.terms, strict=True)
        ]
        columns = block_columns(accounts[0], accounts[1], is_moved)
        self.totals.add(columns, segments_of(frames[0], before, names[0]))
        change = columns["profit_fen_after"] - columns["profit_fen_before"]
        sums = np.bincount(found.which, change[found.rows], len(found.keys))
        counts = np.bincount(found.which, minlength=len(found.keys))
        for key, count, profit in zip(found.keys, counts.tolist(), sums.tolist(), strict=True):
            self.moves[key] += count
            self.profits[key] += int(profit)
        for counted, decided in zip(self.codes, (before, after), strict=True):
            counted.update(_counted_codes(decided))
        self.words = {**words_by_code((before, after)), **self.words}

    def _move(self, key: MoveKey) -> dict[str, Any]:
        # table: one kind of move
        return {
            "before": key.before,
            "after": key.after,
            "way": key.way,
            "causes": list(key.causes),
            "grades": list(key.grades) if key.grades else None,
            "applications": self.moves[key],
            "profit_change_cny": self.profits[key] / FEN_PER_CNY,
        }

    def figures(self, given: GivenPolicy, facts: RecordedFacts) -> dict[str, Any]:
        """Return what JSON and page show; amounts in CNY, rates as fractions."""
        # The commonest move first; of equal ones by their names.
        ranked = sorted(self.moves, key=lambda key: (-self.moves[key], str(key)))
        moves = [self._move(key) for key in ranked]
        said = {code for key in self.moves for code in key.causes}
        # table: the figures
        return {
            "policy": given.name,
            "batch": str(facts.batch.root),
            "decisions": facts.recorded.expected,
            "differing": self.differing,
            "changes": changes_of(self.before, self.after),
            "moves": moves,
            "causes": {code: self.words.get(code, code) for code in sorted(said)},
            "refusals": {
                "before": dict(sorted(self.codes[0].items())),
                "after": dict(sorted(self.codes[1].items())),
            },
            "interval": INTERVAL,
            "level": {"low": self.level.low, "high": self.level.high},
            "segments": self.totals.rows(),
        }


def _terms(book: RuleBook) -> Any:
    product = book.policy.product
    if product is None:
        return None
    cost = section("evaluate", EvaluateParams, paths.params_file()).account_cost_cny
    return ProductFolder.of().only("economics", Economics).terms_of(product, cost)


def _level(folder: Path) -> LevelShift:
    """Return the forecast level of a bundle; none where it has none."""
    said = json.loads((folder / "calibration.json").read_bytes()).get("level")
    return LevelShift.of(said["rate"], said["low"], said["high"]) if said else LevelShift()


def _bundle_of(name: str) -> Path:
    """Return the folder of the bundle that batch.json names: a folder, or a registered version."""
    if name.startswith(replay_one.REGISTERED):
        return Path(resolve(name, Store.at(paths.REGISTRY)).bundle)
    return Path(name)


def _require_same_model(facts: RecordedFacts, asked: Mapping[str, Any], given: GivenPolicy) -> None:
    """Raise DataError for another bundle, and for a policy that asks for what nobody recorded."""
    wanted = asked["versions"]["bundle"]
    if facts.bundle.version != wanted:
        raise DataError.of(
            "This is not the bundle that decided",
            where=facts.folder,
            expected=f"bundle {wanted[:12]}",
            got=f"bundle {facts.bundle.version[:12]}",
            next_step="name the bundle that decided with --bundle",
        )
    old = facts.bundle.policy
    new = given.policy
    if set(new.inputs) != set(old.inputs):
        other = ", ".join(sorted(set(new.inputs) ^ set(old.inputs)))
        raise _needs_scoring("inputs", "the inputs of the recorded policy", f"others: {other}")
    treatments = [
        None if one.beyond_training is None else one.beyond_training.treatment for one in (old, new)
    ]
    if treatments[0] != treatments[1]:
        raise _needs_scoring("beyond_training", str(treatments[0]), str(treatments[1]))


def _needs_scoring(where: str, expected: str, got: str) -> DataError:
    return DataError.of(
        "The record does not hold what this policy asks for",
        where=where,
        expected=expected,
        got=got,
        next_step="keep it as recorded, or score the input anew by a bundle with this policy",
    )


def _differs(decided: DecidedAgain, recorded: pa.Table) -> np.ndarray:
    """Return which decisions of today's code are not the recorded ones."""
    differs = np.zeros(len(recorded), dtype=bool)
    for name in COMPARED:
        again = decided.columns[name]
        kept = recorded[name].combine_chunks()
        if isinstance(again, np.ndarray):
            before = kept.to_numpy(zero_copy_only=False).astype(np.float64)
            differs |= ~((again == before) | (np.isnan(again) & np.isnan(before)))
        else:
            texts = [one.cast(pa.string()).fill_null("") for one in (again, kept)]
            differs |= ~np.asarray(pa.compute.equal(*texts).to_numpy(zero_copy_only=False), bool)
    return differs


def _counted_codes(decided: DecidedAgain) -> Counter[str]:
    """Return how many applications each refusing rule refuses."""
    counted: Counter[str] = Counter()
    masks: dict[str, np.ndarray] = {}
    for hits in decided.verdicts.fired:
        if hits.outcome == "refuse" and hits.is_found:
            masks[hits.code] = masks.get(hits.code, False) | hits.mask
    counted.update({code: int(mask.sum()) for code, mask in masks.items()})
    return counted
