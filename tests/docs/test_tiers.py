"""Every command of the documents has a tier, exists with its options, and is run where it says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from creditloom.pipeline import cli
from tests.checkout import ROOT
from tests.docs.documented import TIERS, Block, all_blocks, blocks, documents
from tests.docs.places import PLACES
from tests.docs.shown import differs

BLOCKS = all_blocks()
# A command in a sentence, between backticks.
_INLINE = re.compile(r"`creditloom ([^`]+)`")
# Names that pages on what has moved give, and the command that a recipe of CONTRIBUTING.md adds.
GONE = (*cli.RENAMED, "laws")
CI = (".ci/run", ".ci/versions", "Makefile")


def _wrong_tier(block: Block) -> str:
    """Return what is wrong with the tier of a block; "" where nothing is."""
    tier = block.tier
    if tier is None:
        return "no tier"
    if tier.name not in TIERS:
        return f"no tier is called {tier.name}"
    if tier.place:
        return "" if tier.place in PLACES else f"no place is called {tier.place}"
    return "" if tier.by else "neither `in PLACE` nor `by FILE`"


def test_every_block_of_commands_has_a_tier() -> None:
    wrong = {block.where: _wrong_tier(block) for block in BLOCKS}
    assert {where: why for where, why in wrong.items() if why} == {}


def test_a_file_that_runs_commands_names_each_of_them() -> None:
    """`by FILE`: the file is there, in the right tier, and has every command of the block."""
    wrong = [
        f"{block.where}: {block.tier.by}: {missing}"
        for block in BLOCKS
        if block.tier is not None and block.tier.by
        for missing in _not_named(block)
    ]
    assert wrong == []


def _not_named(block: Block) -> Iterator[str]:
    assert block.tier is not None
    files = [ROOT / name for name in block.tier.by.split(",")]
    absent = [file.name for file in files if not file.is_file()]
    if absent:
        yield f"no such file {absent}"
        return
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    if block.tier.name == "proof" and "mark.slow" not in text:
        yield "has no slow test"
    if block.tier.name == "ci" and not _is_of_ci(block.tier.by):
        yield "is not run by make consumer or .ci/run"
    if Path(block.file).name in text and block.file.endswith(".ipynb"):
        # It runs the notebook as it stands.
        return
    for command in block.commands:
        for word in _key_words(command.text):
            if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text):
                yield f"does not name `{word}`"


def _is_of_ci(by: str) -> bool:
    consumer = (ROOT / "Makefile").read_text(encoding="utf-8").partition("CONSUMER :=")[2]
    listed = re.findall(r"tests/[\w./]+", consumer.partition("\n# ")[0])
    return all(name in CI or any(name.startswith(one) for one in listed) for name in by.split(","))


def _key_words(text: str) -> Iterator[str]:
    """Yield the words by which a file must know a command: that of creditloom, or its program."""
    for words in _simple(text):
        if words[0] == "creditloom":
            yield words[1] if len(words) > 1 else "creditloom"
        elif words[0] in ("make", "dvc", "pip"):
            yield words[1].rstrip("/")
        elif words[:2] == ["python", "-m"]:
            yield words[2].rpartition(".")[2]


def _simple(text: str) -> Iterator[list[str]]:
    """Yield the commands of a line that `&&`, `;` and `|` join, as words without comments."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set(";&|"):
            if words:
                yield words
            words = []
        elif words or "=" not in word:
            words.append(word)


@cache
def _command(name: str) -> Any:
    """Return a command as typer knows it: with options, or with commands of its own."""
    group = typer.main.get_command(cli.build([name]))
    return group.commands[name]  # type: ignore[attr-defined]


def _unknown(words: list[str]) -> list[str]:
    """Return what creditloom does not know of a command: its name, or an option."""
    if words[1].startswith("-"):
        return []
    if words[1] in GONE:
        return []
    if words[1] not in cli.COMMANDS:
        return [words[1]]
    command = _command(words[1])
    inner = getattr(command, "commands", {})
    named = [inner[word] for word in words[2:3] if word in inner]
    # `creditloom bench kernel` names a table: the command is one that the group fills in.
    asked = named or list(inner.values()) or [command]
    known = {
        name
        for one in asked
        for option in one.params
        for name in (*option.opts, *option.secondary_opts)
    }
    options = {word.partition("=")[0] for word in words if re.match("--[a-z]", word)}
    return sorted(options - known - {"--help"})


def _entered() -> Iterator[tuple[str, list[str]]]:
    """Yield every command of ours in a block: where it stands, and its words."""
    for block in BLOCKS:
        for command in block.commands:
            for words in _simple(command.text):
                if words[0] == "creditloom" and len(words) > 1:
                    yield block.where, words


def test_every_documented_command_exists_with_its_options() -> None:
    unknown = [(where, words[1], _unknown(words)) for where, words in _entered()]
    assert [one for one in unknown if one[-1]] == []


@pytest.mark.parametrize("document", documents(), ids=str)
def test_every_command_in_a_sentence_exists_with_its_options(document: Path) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = [" ".join(found.split()) for found in _INLINE.findall(text)]
    split = [["creditloom", *re.sub(r"[\[\]()'\"]", " ", one).split()] for one in named]
    assert [words for words in split if words[1:] and _unknown(words)] == []


def test_a_command_without_a_tier_is_found() -> None:
    """What the check is to catch, so that it is known to be able to fail."""
    (bare,) = blocks("```\ncreditloom status\n```\n", "a.md")
    (typo,) = blocks("<!-- tier: tset in world -->\n```\ncreditloom status\n```\n", "a.md")
    (far,) = blocks("<!-- tier: ci by tests/scorer/x.py -->\n```\nmake test\n```\n", "a.md")
    assert [_wrong_tier(bare), _wrong_tier(typo)] == ["no tier", "no tier is called tset"]
    assert list(_not_named(far)) == ["no such file ['x.py']"]
    assert _unknown(["creditloom", "quote", "--amuont", "1"]) == ["--amuont"]


def test_output_that_has_changed_is_found() -> None:
    told = "read 900 rows in 2.4 s\nAUC 0.791\nnext: creditloom open fitted\n"
    assert differs(("read 900 rows in 7 s", "..."), told) == ""
    assert differs(("AUC 0.7...", "next: creditloom open fitted"), told) == ""
    assert differs(("read 900 rows in 7 s", "AUC 0.812"), told) == "AUC 0.812"
