"""Every how-to page has a Chinese twin with the same commands, and is in both lists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.docs.documented import blocks

HOW_TO = ROOT / "docs" / "how_to"
PAGES = sorted(file.name for file in HOW_TO.glob("*.md"))
# Characters of Chinese that a page has at least, beside its commands.
LEAST_CHINESE = 80
# A picture of README: a page that is read on a phone, too.
MOST_BYTES = 300_000


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_a_chinese_twin_with_the_same_commands(name: str) -> None:
    pages = [(folder / name).read_text(encoding="utf-8") for folder in (HOW_TO, HOW_TO / "zh")]
    english, chinese = ([block.commands for block in blocks(text, name)] for text in pages)
    assert english == chinese
    assert len(re.findall(r"[\u4e00-\u9fff]", pages[1])) > LEAST_CHINESE


def test_readme_has_a_chinese_twin_with_the_same_commands() -> None:
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.zh.md")]
    english, chinese = ([block.commands for block in blocks(text, "")] for text in texts)
    assert [[_bare(one.text) for one in block] for block in english] == [
        [_bare(one.text) for one in block] for block in chinese
    ]


def _bare(command: str) -> str:
    """Return a command without its remark, which is in the language of the page."""
    return command.partition(" #")[0].strip()


@pytest.mark.parametrize("folder", [HOW_TO, HOW_TO / "zh"], ids=["en", "zh"])
def test_the_list_names_every_page(folder: Path) -> None:
    listed = re.findall(r"\]\((\w+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == [name for name in PAGES if name != "README.md"]


@pytest.mark.parametrize("file", [*HOW_TO.rglob("*.md"), ROOT / "docs" / "guide.md"], ids=str)
def test_every_link_leads_somewhere(file: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8"))
    assert [link for link in links if not (file.parent / link).exists()] == []


def test_the_pictures_of_readme_are_there_and_small() -> None:
    """`make pictures` takes them out of the last run."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = [ROOT / link for link in re.findall(r"!\[[^]]*\]\(([^)]+)\)", readme)]
    assert len(pictures) == 2
    assert [file for file in pictures if not 0 < file.stat().st_size < MOST_BYTES] == []


@pytest.mark.parametrize("folder", [HOW_TO, HOW_TO / "zh"], ids=["en", "zh"])
def test_the_exit_codes_of_a_night_are_those_of_the_batch_page(folder: Path) -> None:
    """A how-to page names no code that the page on batches does not have, and skips none to 7."""
    codes = [
        re.findall(r"^\| (\d) \|", page.read_text(encoding="utf-8"), re.MULTILINE)
        for page in (folder / "night_batch.md", ROOT / "docs" / "batch.md")
    ]
    assert codes[0] == [code for code in codes[1] if int(code) <= 7]
