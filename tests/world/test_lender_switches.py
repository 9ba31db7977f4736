"""`creditloom simulate --switch`: what is on is written, and the card says what each owns."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import section
from creditloom.pipeline.cli import build
from creditloom.pipeline.commands.world.lender_switches import OPTIONS, notes_of, switches_of
from creditloom.storage.files.store import read_frame, read_json
from creditloom.world.config.config_types import WorldParams
from tests.world.lender import digests

# One world is made for all of them, which takes tens of seconds.
pytestmark = pytest.mark.slow

APPLICANTS = 400
COMMAND = f"simulate --applicants {APPLICANTS} --seed 11"
ON = "--switch challenger --switch alternative --switch drift=shift"


def _lender(place: Path, options: str) -> Path:
    words = f"{COMMAND} --processes 1 {options}".split()
    result = CliRunner().invoke(build(["simulate"]), [*words, "--out", str(place)])
    if result.exception:
        raise result.exception
    return place


@pytest.fixture(scope="module")
def switched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _lender(tmp_path_factory.mktemp("on") / "lender", ON)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _lender(tmp_path_factory.mktemp("off") / "lender", "")


def _card(lender: Path) -> str:
    return (lender / "CARD.md").read_text(encoding="utf-8")


def _note(card: str, column: str) -> str:
    """Return what the card says of a column of the applications."""
    (line,) = re.findall(rf"^\| `{column}` \|.*$", card, re.MULTILINE)
    return str(line)


def test_what_is_on_is_written_and_what_is_off_is_not(switched: Path, plain: Path) -> None:
    own = {"arm", "arm_chance", "area_arrears_index"}
    assert own <= set(read_frame(switched / "raw" / "applications").columns)
    assert not own & set(read_frame(plain / "raw" / "applications").columns)
    told = read_json(switched / "truth" / "meta.json")["switches"]
    assert told == {"challenger": True, "alternative": True, "drift": "shift"}
    assert "switches" not in read_json(plain / "truth" / "meta.json")
    people = read_frame(switched / "truth" / "applicants.parquet")
    assert people["is_drifted"].any() and people["is_protected"].any()


def test_the_card_says_what_is_on_and_what_each_owns(switched: Path, plain: Path) -> None:
    card = _card(switched)
    assert "| switches | challenger, alternative, drift=shift |" in card
    for note in notes_of({"challenger": True, "alternative": True, "drift": "shift"}):
        assert f"| `{note.option}` | {note.what} | {note.owns} |" in card
    assert "drift=segment" not in card
    assert f"creditloom {COMMAND} {ON} --out lender" in card
    assert "| switches | none |" in _card(plain)
    assert "Switches that are on" not in _card(plain)


def test_no_table_changes_that_the_card_does_not_name(switched: Path, plain: Path) -> None:
    on = digests(switched / "raw")
    off = digests(plain / "raw")
    changed = {f"raw/{name.partition('/')[0]}" for name in off if on[name] != off[name]}
    section_of_switches = _card(switched).partition("## Switches")[2].partition("\n## ")[0]
    assert on.keys() == off.keys()
    assert {"raw/applications", "raw/bureau_snapshots"} <= changed
    # In a world as small as this a table of outcomes may stay as it is.
    assert changed <= set(re.findall(r"raw/\w+", section_of_switches))


@pytest.mark.parametrize("column", ["arm", "arm_chance", "area_arrears_index"])
def test_a_column_is_told_absent_only_where_it_is(switched: Path, plain: Path, column: str) -> None:
    assert "not in these data" not in _note(_card(switched), column)
    assert "not in these data" in _note(_card(plain), column)


def test_the_card_tells_every_absent_column_of_the_applications(switched: Path) -> None:
    there = set(read_frame(switched / "raw" / "applications").columns)
    part = _card(switched).partition("### raw/applications\n")[2].partition("\n###")[0]
    told = re.findall(r"^\| `(\w+)` \|(.*)$", part, re.MULTILINE)
    assert {name for name, said in told if "not in these data" not in said} == there


def test_the_ceiling_holds_only_where_the_oracle_knows_all(switched: Path, plain: Path) -> None:
    promise = "no score of these data can be better"
    for name in ("CARD.md", "index.html"):
        assert promise in (plain / name).read_text(encoding="utf-8")
        assert promise not in (switched / name).read_text(encoding="utf-8")
    assert "It knows nothing of `alternative`, so" in _card(switched)


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_turns_its_switch_on_and_is_named_again(option: str) -> None:
    committed = section("world", WorldParams, paths.DEFAULTS).switches
    switches = replace(committed, **switches_of([option]))
    assert switches != committed
    assert [note.option for note in notes_of(asdict(switches))] == [option]


# table: what is given, and what the refusal names
@pytest.mark.parametrize(
    ("given", "named"),
    [
        (["drawdown"], "drawdown: expected one of challenger"),
        (["drift"], "drift=shift"),
        (["drift=off"], "drift=off: expected"),
        (["challenger=yes"], "challenger=yes: expected"),
        (["drift=shift", "drift=segment"], "one drift at a time, got segment and shift"),
    ],
)
def test_what_is_no_switch_of_the_command_is_refused(given: list[str], named: str) -> None:
    with pytest.raises(typer.BadParameter, match=named):
        switches_of(given)
