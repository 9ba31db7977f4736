"""Recourse, held against the raw tables: applied there, it reaches what it promised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from creditloom.features.contract.tables import APPLICATIONS
from creditloom.features.engine.engine import Buckets
from creditloom.features.engine.raw_reader import RawFiles, applications, connect
from creditloom.features.feature_params import FeatureParams
from creditloom.features.network.graph import others
from creditloom.serving.applicant.recourse.actionable import Actionable
from creditloom.serving.applicant.recourse.answer import RecourseAnswer
from creditloom.serving.applicant.recourse.person import Person, RawPeople
from creditloom.serving.applicant.recourse.recourse import Recourse
from creditloom.serving.applicant.recourse.row_actions import Change, OwnRows, changed_application

from .decided import DecidedFolder


@dataclass(frozen=True)
class Asked:
    """The recourse of a sample, with the seconds (wall, CPU) of each, raw rows read included."""

    people: tuple[Person, ...]
    answers: tuple[RecourseAnswer, ...]
    wall: np.ndarray
    cpu: np.ndarray


def asked(folder: DecidedFolder, actionable: Actionable, ids: Sequence[int]) -> Asked:
    """Return the recourse of applications of the matrix, in the order of their ids."""
    rows = folder.rows(ids)
    recourse = Recourse(folder.decider, actionable, tuple(rows.column_names))
    reader = RawPeople(folder.sources, recourse.engine, actionable)
    order = rows["application_id"].to_pylist()
    stated = reader.stated(order)
    people = []
    answers = []
    seconds = []
    for one, block in zip(order, recourse.blocks(rows), strict=True):
        began = (perf_counter(), process_time())
        people.append(reader.person(block, stated[one]))
        answers.append(recourse.of(people[-1]))
        seconds.append((perf_counter() - began[0], process_time() - began[1]))
    wall, cpu = np.array(seconds).T
    return Asked(tuple(people), tuple(answers), wall, cpu)


def changes_of(answer: RecourseAnswer, actionable: Actionable) -> list[Change]:
    """Return the changes of an answer as the list of what people can change has them."""
    found = []
    for one in answer.changes:
        quantity = actionable.by_id[one.quantity]
        steps = [s for s in quantity.steps if (s.to, s.months) == (one.to, one.months)]
        found.append((quantity, steps[0]))
    return found


def unmet(
    folder: DecidedFolder, actionable: Actionable, sample: Asked, work: Path
) -> list[tuple[int, str, float, float]]:
    """Apply every recourse that was found in the raw tables, and decide again from raw events.

    Return (application, decision, limit promised, limit got) of each promise that is not met.
    The network is built from the changed tables of everyone, so others' changes reach it too.
    work: an empty folder for the changed files.
    """
    found = {one.application_id: one for one in sample.answers if one.is_found}
    people = {one.application_id: one for one in sample.people}
    changes = {one: changes_of(found[one], actionable) for one in found}
    sources = _changed_sources(folder.sources, people, changes, work)
    block = _features(sources, sorted(found))
    decided = folder.decider.decide(block.to_pandas(ignore_metadata=True), explain="none")
    wrong = []
    for row in decided[["application_id", "decision", "limit_cny"]].to_dict("records"):
        application = int(row["application_id"])
        promised = found[application].after
        assert promised is not None
        limit = promised.limit_cny or 0.0
        got = float(row["limit_cny"])
        if row["decision"] != promised.decision or got != limit:
            wrong.append((application, str(row["decision"]), limit, got))
    return wrong


def _features(sources: RawFiles, ids: Sequence[int]) -> pa.Table:
    """Return the matrix of a few applications, all raw tables present (the row-local law)."""
    params = FeatureParams()
    con = connect(params)
    everyone = applications(con, sources)
    chosen = everyone.filter(pc.is_in(everyone["application_id"], pa.array(ids)))
    graph = others(con, sources, chosen)
    con.close()
    return pa.concat_tables(Buckets(sources, chosen, params).blocks(graph))


def _changed_sources(
    sources: RawFiles,
    people: Mapping[int, Person],
    changes: Mapping[int, Sequence[Change]],
    work: Path,
) -> dict[str, list[str]]:
    """Write the files that hold a changed person again; return all files by table."""
    changed: dict[str, list[str]] = {name: list(files) for name, files in sources.items()}
    by_table: dict[str, list[int]] = {}
    for one, own in changes.items():
        for table in {quantity.table for quantity, _ in own}:
            by_table.setdefault(table, []).append(one)
    for table, ids in by_table.items():
        key = "application_id" if table == APPLICATIONS.name else "applicant_id"
        keys = {people[one].stated[key]: one for one in ids}
        written: set[int] = set()
        for k, file in enumerate(sources[table]):
            rows = pq.read_table(file)
            there = set(pc.unique(rows[key]).to_pylist()) & set(keys)
            if k == len(sources[table]) - 1:
                # Whose first row of the table is an added one lies in no file yet.
                there |= set(keys) - written
            if there:
                mine = [(keys[one], one) for one in sorted(there)]
                target = work / f"{table}-{k}.parquet"
                pq.write_table(_with_changes(rows, table, key, mine, people, changes), target)
                changed[table][k] = str(target)
                written |= there
    return changed


def _with_changes(
    rows: pa.Table,
    table: str,
    key: str,
    mine: Sequence[tuple[int, int]],
    people: Mapping[int, Person],
    changes: Mapping[int, Sequence[Change]],
) -> pa.Table:
    """Return the rows of a file with the changes of some people."""
    schema = rows.schema
    is_mine = pc.is_in(rows[key], pa.array([value for _, value in mine], schema.field(key).type))
    parts = [rows.filter(pc.invert(is_mine))]
    for one, value in mine:
        own = rows.filter(pc.equal(rows[key], value))
        asked_for = [change for change in changes[one] if change[0].table == table]
        if table == APPLICATIONS.name:
            parts.append(_application(own, asked_for))
            continue
        rows_of = OwnRows(own, people[one].as_of)
        done = rows_of.copies([[rows_of.edit(change) for change in asked_for]])
        place = schema.get_field_index(key)
        number = pa.array(np.full(len(done), value)).cast(schema.field(place).type)
        parts.append(done.set_column(place, schema.field(place), number).cast(schema))
    return pa.concat_tables(parts, promote_options="permissive").sort_by(key)


def _application(row: pa.Table, changes: Sequence[Change]) -> pa.Table:
    after = changed_application(row.to_pylist()[0], changes)
    assert after is not None
    for quantity, _ in changes:
        place = row.schema.get_field_index(quantity.column)
        kind = row.schema.field(place).type
        cell = pa.array([after[quantity.column]]).cast(kind)
        row = row.set_column(place, row.schema.field(place), cell)
    return row
