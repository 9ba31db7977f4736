"""A letter says what would change a decision where the raw tables are at hand, else nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from creditloom.decision.frames.arrow import decisions_table
from creditloom.pipeline.base import paths
from creditloom.pipeline.commands.letters.change import OF_CASES, OF_LETTERS, change_of
from creditloom.pipeline.commands.letters.explain import documents_of_case, explained
from creditloom.pipeline.commands.letters.found import FoundDecision, find
from creditloom.pipeline.commands.letters.letter import compose, finished
from creditloom.pipeline.proof.evidence.promises.decided import DecidedFolder
from creditloom.pipeline.proof.evidence.promises.recourse_proof import Asked
from creditloom.serving.applicant.recourse.answer import RecourseAnswer
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import write_table

NEAREST = "The nearest way, as our records stand today:"
NOT_WORKED_OUT = "was not worked out for this letter"


@pytest.fixture
def home(folder: DecidedFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of the stages: bundle, matrix, decisions and raw tables where they leave them."""
    monkeypatch.chdir(tmp_path)
    for place, made in ((paths.MODEL, folder.bundle), (paths.RAW, folder.raw)):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(made)
    paths.MATRIX.parent.mkdir(parents=True)
    paths.MATRIX.symlink_to(folder.matrix)
    rows = folder.rows(folder.ids).to_pandas(ignore_metadata=True)
    write_table(decisions_table(folder.decider.decide(rows)), paths.DECISIONS)
    return tmp_path


def one(sample: Asked, chosen: Callable[[RecourseAnswer], bool]) -> RecourseAnswer:
    return next(answer for answer in sample.answers if chosen(answer))


def found(answer: RecourseAnswer) -> FoundDecision:
    return find(None, str(answer.application_id), None, None)


def recorded(case: FoundDecision, **cells: object) -> FoundDecision:
    """Return the case as if other cells had been recorded."""
    decision = case.decision
    for name, value in cells.items():
        place = decision.schema.get_field_index(name)
        decision = decision.set_column(place, name, pa.array([value]))
    return replace(case, decision=decision)


def text(case: FoundDecision, raw: Path | None = None) -> str:
    written = compose(case, "en", change_of(case, None, raw, OF_LETTERS))
    return " ".join(finished(written, "text").decode().split())


def test_who_has_the_raw_tables_is_told_the_changes_of_recourse(home: Path, sample: Asked) -> None:
    answer = one(sample, lambda a: a.is_found and a.decision in ("decline", "refuse"))
    said = text(found(answer))
    assert NEAREST in said
    assert all(change.text("en")[1:] in said for change in answer.changes)


def test_without_raw_tables_nothing_is_promised_and_the_way_is_said(
    home: Path, sample: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    case = found(one(sample, lambda a: a.is_found and a.decision == "decline"))
    paths.RAW.unlink()
    said = text(case)
    assert NOT_WORKED_OUT in said and NEAREST not in said
    assert "--raw FOLDER" in capsys.readouterr().err
    shown = explained(documents_of_case(case, "en", change_of(case, None, None, OF_CASES)), "en")
    assert "--raw FOLDER" in shown


def test_raw_tables_of_other_people_promise_nothing(
    home: Path, sample: Asked, folder: DecidedFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bills that say something else than the decision: by default a note, when named an error."""
    case = found(one(sample, lambda a: a.is_found and a.decision == "decline"))
    paths.RAW.unlink()
    shutil.copytree(folder.raw, paths.RAW)
    for table in ("bills", "bureau_snapshots"):
        for file in paths.RAW.glob(f"{table}*/*.parquet"):
            pq.write_table(pq.read_table(file).slice(0, 0), file)
        for file in paths.RAW.glob(f"{table}.parquet"):
            pq.write_table(pq.read_table(file).slice(0, 0), file)
    assert NOT_WORKED_OUT in text(case)
    assert "not those of the decision" in capsys.readouterr().err
    with pytest.raises(DataError, match="not those of the decision"):
        text(case, paths.RAW)


def test_a_recorded_decision_that_today_s_code_does_not_make_is_promised_nothing(
    home: Path, sample: Asked
) -> None:
    case = found(one(sample, lambda a: a.is_found and a.decision == "decline"))
    with pytest.raises(DataError, match="cannot be worked out"):
        change_of(recorded(case, pd=0.9), None, paths.RAW, OF_LETTERS)


def test_an_uncut_approval_and_the_letter_of_a_referral_ask_for_nothing(
    home: Path, sample: Asked, capsys: pytest.CaptureFixture[str]
) -> None:
    case = found(sample.answers[0])
    uncut = recorded(case, decision="approve", limiting_cap="product_max")
    assert change_of(uncut, None, None, OF_CASES) is None
    referred = recorded(case, decision="refer")
    assert change_of(referred, None, None, OF_LETTERS) is None
    assert "refer" in OF_CASES and capsys.readouterr().err == ""
