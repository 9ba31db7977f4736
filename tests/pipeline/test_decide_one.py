"""`creditloom decide`: one application as JSON in, one decision as JSON out.

The same as in a batch.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from creditloom.decision.base.strict_json import canonical
from creditloom.decision.decide import Decider
from creditloom.pipeline.base.params import ParamsError
from creditloom.pipeline.commands.decisions.decide import decide, from_json
from creditloom.storage.files.errors import DataError
from tests.decision import small


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small.write_bundle(tmp_path_factory.mktemp("bundle"))


def asked(folder: Path, text: str, *more: str) -> Any:
    app = typer.Typer()
    app.command()(decide)
    said = CliRunner().invoke(app, ["--bundle", str(folder), "--input", "-", *more], input=text)
    if said.exception and not isinstance(said.exception, SystemExit):
        raise said.exception
    return json.loads(said.stdout)


def test_one_application_gets_the_decision_that_it_gets_in_a_batch(folder: Path) -> None:
    rows = small.frame(60)
    batch = Decider.load(folder, 1).decide(rows)
    text = json.dumps(small.records(rows))
    found = asked(folder, text)
    assert [one["decision_id"] for one in found] == batch["decision_id"].tolist()
    assert [one["limit_cny"] for one in found if one["limit_cny"] is not None] == batch[
        "limit_cny"
    ].dropna().tolist()
    assert asked(folder, json.dumps(json.loads(text)[7])) == found[7]


def test_another_law_and_language(folder: Path) -> None:
    row = json.loads(
        small.frame(1).assign(age_years=15).to_json(orient="records", date_format="iso")
    )[0]
    found = asked(
        folder, json.dumps(row), "--law", "cn_2023", "--language", "zh", "--product", "house@v1"
    )
    assert found["pd"] is None and found["score"] is None
    assert found["reasons"][0]["text"] == "不具备完全民事行为能力"


def test_a_hint_is_told_beside_the_reason_that_it_helps_with(tmp_path: Path) -> None:
    """S1-R46, S1-R48, S1-R49; a concept without a hint, as contacts, gives none (S1-R47)."""
    words = small.catalogue()
    first = replace(words.concepts[0], hint_en="use the account", hint_zh="多使用账户")
    changed = replace(words, concepts=(first, *words.concepts[1:]))
    folder = small.write_bundle(tmp_path / "b")
    (folder / "catalogue.json").write_bytes(canonical(changed))
    small.write_manifest(folder)
    found = asked(folder, json.dumps(small.records(small.frame(60))), "--explain", "all")
    with_first = [one for one in found if any(r["concept"] == first.id for r in one["reasons"])]
    assert with_first
    assert all(
        one["hints"] == ([{"concept": first.id, "text": "use the account"}] * (one in with_first))
        for one in found
    )


def test_the_template_can_be_filled_in(folder: Path) -> None:
    app = typer.Typer()
    app.command()(decide)
    template = json.loads(CliRunner().invoke(app, ["--bundle", str(folder), "--template"]).stdout)
    found = asked(
        folder, json.dumps({**template, "application_id": 1, "as_of": "2025-11-03T10:00:00"})
    )
    assert found["decision"] == "refuse" and "R6" in found["refusal_codes"], (
        "nothing is known: it fails closed"
    )


@pytest.mark.parametrize("text", ["{", "3", "[]", '{"as_of": "yesterday"}'])
def test_what_is_no_application_is_refused(text: str) -> None:
    with pytest.raises(ParamsError, match="creditloom decide"):
        from_json(text)


def test_neither_or_both_sources_are_refused(folder: Path) -> None:
    with pytest.raises(ParamsError, match="one of --input, --application, --first, got more"):
        asked(folder, "{}", "--application", "3")


def test_a_table_without_a_row_is_refused(folder: Path, tmp_path: Path) -> None:
    """It ended with `[]` and exit code 0, as if it had decided all that it was given."""
    rows = small.frame(1).iloc[:0]
    table = tmp_path / "empty.csv"
    rows.to_csv(table, index=False)
    app = typer.Typer()
    app.command()(decide)
    said = CliRunner().invoke(app, ["--bundle", str(folder), "--input", str(table)])
    assert isinstance(said.exception, DataError) and "No application" in str(said.exception)
