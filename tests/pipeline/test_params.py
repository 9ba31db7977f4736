"""What params.yaml may hold.

Every block, key and value as declared; anything else is refused with its path and the nearest key.
"""

from __future__ import annotations

import ast
import copy
import datetime
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import (
    SECTIONS,
    ParamsError,
    changed_text,
    document,
    mapping,
    parse_value,
    section,
)
from creditloom.pipeline.commands.model.params import TYPES, type_of
from tests.architecture.source import modules, room_of, tree_of
from tests.checkout import needs_checkout

COMMITTED = yaml.safe_load((paths.DEFAULTS).read_text(encoding="utf-8"))


def _leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _leaves(below, (*path, key))
    else:
        yield path


def _changed(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """The committed parameters with one leaf replaced."""
    whole = copy.deepcopy(COMMITTED)
    at = whole
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return whole


def _file(folder: Path, whole: Any) -> Path:
    path = folder / "params.yaml"
    path.write_text(whole if isinstance(whole, str) else yaml.safe_dump(whole), encoding="utf-8")
    return path


def test_every_block_has_a_type_and_every_type_a_block() -> None:
    assert set(SECTIONS) == set(TYPES) == set(COMMITTED)


@pytest.mark.parametrize("name", SECTIONS)
def test_the_committed_params_are_as_declared(name: str) -> None:
    section(name, type_of(name), paths.DEFAULTS)


@pytest.mark.parametrize("leaf", list(_leaves(COMMITTED)), ids=".".join)
def test_a_value_of_the_wrong_type_is_refused_with_its_path(
    leaf: tuple[str, ...], tmp_path: Path
) -> None:
    """A mapping is no number, no text, no flag and no list.

    Each leaf of the committed file refuses it.
    """
    # The one block alone: a section is read without the others, and the whole file takes long.
    block = {leaf[0]: _changed(leaf, {"no_such_key": 1})[leaf[0]]}
    with pytest.raises(ParamsError, match=rf"params\.yaml: {leaf[0]}"):
        section(leaf[0], type_of(leaf[0]), _file(tmp_path, block))


@pytest.mark.parametrize("name", [name for name in SECTIONS if isinstance(COMMITTED[name], dict)])
def test_an_unknown_key_is_refused_with_the_nearest(name: str, tmp_path: Path) -> None:
    known = next(iter(COMMITTED[name]))
    with pytest.raises(ParamsError, match=rf"{name}\.{known}s: unknown key.*did you mean"):
        section(name, type_of(name), _file(tmp_path, _changed((name, known + "s"), 1)))


def test_a_parameter_that_was_taken_out_is_refused_with_what_took_its_place(
    tmp_path: Path,
) -> None:
    old = _file(tmp_path, _changed(("evaluate", "macro_sd"), 0.18))
    with pytest.raises(ParamsError, match=r"evaluate\.macro_sd: no longer a parameter.*calib"):
        section("evaluate", type_of("evaluate"), old)
    with pytest.raises(ParamsError, match="no longer a parameter"):
        changed_text({"evaluate.macro_sd": 0.18}, old)


@pytest.mark.parametrize("name", [name for name in SECTIONS if isinstance(COMMITTED[name], dict)])
def test_types_are_frozen(name: str) -> None:
    kind = type_of(name)
    assert is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert get_type_hints(kind) and fields(kind)


# table: a case a row
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seed: 1\nseeds: 2\n", "unknown section `seeds` .did you mean `seed`"),
        ("calendar: {}\n", "section `seed` is missing"),
        ("seed: '1'\n", "seed: expected: .*integer, got str '1'"),
        ("seed: 1.0e+0\n", "seed: expected: .*integer, got float"),
        ("seed: true\n", "seed: expected: .*integer, got bool"),
        ("seed: 1\nseed: 2\n", "line 1: key written twice: seed"),
        ("- seed\n", "expected a mapping"),
        ("seed: [1\n", "not YAML"),
        ("seed: !!python/object/apply:os.getcwd []\n", "not YAML"),
        ("", "expected a mapping of keys to values, got NoneType"),
    ],
)
def test_what_is_refused(text: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=expected):
        section("seed", int, _file(tmp_path, text))


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="run from the root of the repository"):
        section("seed", int, tmp_path / "params.yaml")


def test_a_number_that_yaml_reads_as_text_says_how_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"as 1\.0e-3"):
        section("seed", float, _file(tmp_path, "seed: 1e-3\n"))


def test_an_integer_may_stand_for_a_float_and_a_quoted_day_for_a_date(tmp_path: Path) -> None:
    assert section("seed", float, _file(tmp_path, "seed: 2\n")) == 2.0
    assert document(dict[str, datetime.date], _file(tmp_path, "seed: '2024-01-31'\n")) == {
        "seed": datetime.date(2024, 1, 31)
    }


@needs_checkout
def test_a_stage_reads_a_block_as_the_type_that_is_checked() -> None:
    """`creditloom params` checks each block as the very type with which the stages read it."""
    nodes = [
        node
        for module in modules()
        if room_of(module) == "pipeline"
        for node in ast.walk(tree_of(module))
    ]
    calls = [
        node
        for node in nodes
        if isinstance(node, ast.Call)
        and len(node.args) == 2
        and isinstance(node.args[0], ast.Constant)
    ]
    reading = [call for call in calls if ast.unparse(call.func).rpartition(".")[2] == "section"]
    read = {
        (str(ast.literal_eval(call.args[0])), ast.unparse(call.args[1]).rpartition(".")[2])
        for call in reading
    }
    assert read
    # The report shows a block as it stands; who uses its values reads it by its type.
    typed = [(name, kind) for name, kind in read if kind != "dict[str, Any]"]
    assert [(name, kind) for name, kind in typed if TYPES[name].rpartition(":")[2] != kind] == []


LAST_LEAVES = {leaf[0]: leaf for leaf in _leaves(COMMITTED)}


@pytest.mark.parametrize("leaf", LAST_LEAVES.values(), ids=".".join)
def test_no_value_is_nan(leaf: tuple[str, ...], tmp_path: Path) -> None:
    path = _file(tmp_path, _changed(leaf, float("nan")))
    with pytest.raises(ParamsError, match=re.escape(".".join(leaf))):
        section(leaf[0], type_of(leaf[0]), path)


def test_no_bar_is_infinite(tmp_path: Path) -> None:
    """`min_auc: -.inf` would let every model pass."""
    path = _file(tmp_path, _changed(("registry", "gate", "min_auc"), float("-inf")))
    with pytest.raises(ParamsError, match=r"registry\.gate\.min_auc: expected: a finite number"):
        section("registry", type_of("registry"), path)


def test_a_number_in_a_list_must_be_finite_too(tmp_path: Path) -> None:
    path = _file(tmp_path, _changed(("policy", "tier_edges"), [0.01, float("nan")]))
    with pytest.raises(ParamsError, match=r"policy\.tier_edges\.1: expected: a finite number"):
        section("policy", type_of("policy"), path)


@pytest.mark.parametrize("word", ["off", "on", "yes", "no"])
def test_a_word_stays_a_word_in_the_file_and_on_the_command_line(word: str, tmp_path: Path) -> None:
    """YAML 1.1 reads them as truth values: `world.scenario=off` would then be refused."""
    file = tmp_path / "params.yaml"
    file.write_text(f"word: {word}\n")
    assert mapping(file) == {"word": word}
    assert parse_value(word) == word
