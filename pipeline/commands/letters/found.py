"""Finds one decision, in a batch or among those of the stages, and makes it again.

A batch has a ledger: row, product and law are held against the decision's entry. The decisions of
the stages have none: they are held against the bundle by its versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from creditloom.decision.decide import Decider
from creditloom.decision.reasons.text import Language
from creditloom.pipeline.base import paths
from creditloom.pipeline.commands.letters.first_decision import Decided, first_of
from creditloom.serving.applicant.letters.documents import LetterRules
from creditloom.serving.batch.deciding_model import PARAMS, DecidingModel
from creditloom.serving.batch.output import BatchFolder
from creditloom.serving.inputs import columns
from creditloom.serving.ledger import replay_one
from creditloom.serving.ledger.entries import NO_LAW, PIECES
from creditloom.serving.ledger.hashing import decision_hashes
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import iter_tables, open_parquet

ID = "decision_id"
APPLICATION = "application_id"
# Rows of the matrix that are read at a time when a row is looked for.
SEARCHED_ROWS = 20_000


@dataclass(frozen=True)
class FoundDecision:
    """One decision with the input that it was made of.

    `decision` has one row. `differing` names what is not as the ledger noted it; `where` is the
    place it was found in, `params` are the options that it was made with.
    """

    decision: pa.Table
    source: pa.Table
    deciding: DecidingModel
    params: Mapping[str, str]
    differing: tuple[str, ...]
    where: Path
    has_ledger: bool

    @cached_property
    def row(self) -> dict[str, Any]:
        """The decision as recorded."""
        row: dict[str, Any] = self.decision.to_pylist()[0]
        return row

    @cached_property
    def decider(self) -> Decider:
        """The bundle of the decision, by the code of today: for rules, words and points."""
        return Decider.load(self.deciding.bundle, threads=1)

    @property
    def is_own(self) -> bool:
        """Whether it is of a table of one's own: its tiers decide, and nothing is offered."""
        return self.rules.policy.product is None

    @cached_property
    def rules(self) -> LetterRules:
        """The rules that the decision stands under."""
        bundle = self.decider.bundle
        return LetterRules(bundle.policy, bundle.tiers, bundle.scorer.catalogue)

    def said(self, language: Language) -> list[dict[str, Any]]:
        """Return the reasons in a language: those of the same decision, made again.

        Raises DataError where the decision that is made again is another one.
        """
        made = self.deciding.decide({**self.params, "language": language})(self.source)
        again = made.select(self.decision.schema.names).cast(self.decision.schema)
        if decision_hashes(again)[0] != decision_hashes(self.decision)[0]:
            names = [
                n for n in again.schema.names if n != "reasons" and again[n] != self.decision[n]
            ]
            raise DataError.of(
                "The decision that is made again is another one",
                where=f"{self.where}, decision {self.row[ID]}",
                expected="the recorded decision",
                got=f"another {', '.join(names) or 'reasons'}",
                next_step="nothing was written; `creditloom replay` compares the whole batch",
            )
        reasons: list[dict[str, Any]] = again["reasons"].to_pylist()[0] or []
        return reasons


def find(
    decision_id: str | None,
    application: str | None,
    batch: Path | None,
    bundle: Path | None,
    source: Path | None = None,
    first: Decided | None = None,
) -> FoundDecision:
    """Return the decision with this id, or of this application, or the first with an outcome.

    batch: a folder of `creditloom score`; None takes the decisions of the stages. bundle: the one
    that decided, where no registry knows it. source: a copy of the input row, where the input is
    not in its place any more. Raises DataError where the decision is not there.
    """
    if [decision_id, application, first].count(None) != 2:
        raise DataError.of(
            "Which decision is not said",
            where="the options",
            expected="one of a decision id, --application and --first",
            got="none or more than one",
            next_step="name one; `creditloom refer list` and the decisions table show ids",
        )
    if first is not None:
        decision_id, _ = first_of(first, batch)
    if batch is not None:
        return _of_batch(BatchFolder(batch), decision_id, application, bundle, source)
    return _of_stages(decision_id, application, bundle or paths.MODEL)


def _of_batch(
    batch: BatchFolder,
    decision_id: str | None,
    application: str | None,
    bundle: Path | None,
    source: Path | None,
) -> FoundDecision:
    request = replay_one.asked(batch)
    deciding = replay_one.model_of(request, bundle, paths.REGISTRY)
    read = columns(deciding.bundle, request["columns"])
    wanted = decision_id or replay_one.id_of(batch, str(application))
    decision, entry, row = replay_one.located(batch, wanted, source, read, deciding.bundle)
    params = {name: value for name, value in request["options"].items() if name in PARAMS}
    versions = deciding.versions(params.get("product", ""))
    law = decision["law_profile"][0].as_py() or NO_LAW
    pieces = {**versions.as_dict(), "law": versions.laws.get(law, "")}
    differing = [name for name in (*PIECES, "law") if entry[name] != pieces[name]]
    if entry["decision_hash"] != decision_hashes(decision)[0]:
        differing.append("decision")
    return FoundDecision(
        decision, row, deciding, params, tuple(differing), batch.root, has_ledger=True
    )


def _of_stages(decision_id: str | None, application: str | None, bundle: Path) -> FoundDecision:
    name, wanted = (ID, decision_id) if decision_id else (APPLICATION, application)
    decision = _row(paths.DECISIONS, name, str(wanted), None)
    deciding = DecidingModel.of_bundle(bundle)
    decider: Decider = deciding.runtime.decider
    own = {
        "model_version": decider.bundle.version,
        "policy_version": decider.bundle.policy_version,
    }
    differing = tuple(name for name, value in own.items() if decision[name][0].as_py() != value)
    with open_parquet(paths.MATRIX) as matrix:
        read = decider.columns(set(matrix.schema_arrow.names))
    source = _row(paths.MATRIX, APPLICATION, str(decision[APPLICATION][0].as_py()), read)
    return FoundDecision(
        decision, source, deciding, {}, differing, paths.DECISIONS, has_ledger=False
    )


def _row(path: Path, name: str, wanted: str, read: list[str] | None) -> pa.Table:
    """Return the one row of a table whose column `name` is `wanted` as text."""
    for block in iter_tables(path, read, SEARCHED_ROWS):
        # As text: an application id is a whole number or a text, and an option is a text.
        rows = block.filter(pc.equal(block[name].cast(pa.string()), wanted))
        if len(rows):
            return rows.slice(0, 1).combine_chunks()
    raise DataError.of(
        "No such decision",
        where=path,
        expected=f"a row with {name} {wanted}",
        got="none",
        next_step="name its batch with --batch FOLDER, or run `dvc repro` first",
    )
