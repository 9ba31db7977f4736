"""Every code that anything can emit has its words in both languages, on the page and in data."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import creditloom
from creditloom.decision.rules.filters import FILTERS
from creditloom.pipeline.commands.letters.codes import described, page
from creditloom.pipeline.commands.letters.letter_data import emitted_codes, letter_data
from creditloom.serving.applicant.letters.letter_types import CodeWords
from creditloom.storage.files.errors import DataError
from tests.checkout import ROOT, needs_checkout

PACKAGE = Path(creditloom.__file__).parent
WORDS = {entry.code: entry for entry in letter_data().codes.codes}


def missing(words: dict[str, CodeWords]) -> set[str]:
    """The codes that something can emit and that have no words."""
    return {use.code for use in emitted_codes()} - set(words)


def test_every_code_has_words() -> None:
    assert missing(WORDS) == set()
    assert len(WORDS) == len(letter_data().codes.codes)


def test_a_code_without_words_is_found() -> None:
    """The fault that the test above catches: a rule, cap, criterion or review without words."""
    for code in ("R5", "FR09", "limit_exposure", "ADM_INVITED", "TIER_FALL", "no_consent"):
        assert missing({k: v for k, v in WORDS.items() if k != code}) == {code}


def test_no_words_speak_of_a_code_that_nothing_emits() -> None:
    assert set(WORDS) - {use.code for use in emitted_codes()} == set()


def test_every_code_literal_of_the_rules_is_listed() -> None:
    """The other way round: codes are searched in the source, and not only in its tables."""
    found = set()
    for folder in ("decision/rules", "decision/quote", "decision/rulebook"):
        for file in (PACKAGE / folder).glob("*.py"):
            text = file.read_text(encoding="utf-8")
            found |= set(re.findall(r'"((?:R|M|H|L|P|B|T|FR)\d{1,2})"', text))
    assert found and found <= set(WORDS)


def test_words_are_in_both_languages_and_a_step_in_both_or_none() -> None:
    for entry in WORDS.values():
        assert entry.en and entry.zh, entry.code
        assert bool(entry.next_en) == bool(entry.next_zh), entry.code
        assert re.search("[\u4e00-\u9fff]", entry.zh), entry.code


def test_every_action_of_a_filter_has_its_chinese_words() -> None:
    assert [one.code for one in FILTERS if not WORDS[one.code].action_zh] == []


@needs_checkout
def test_the_page_is_what_the_data_give() -> None:
    """`creditloom codes --write` writes it again."""
    assert (ROOT / "docs" / "codes.md").read_text(encoding="utf-8") == page()


def test_a_code_is_described_in_words_and_a_wrong_one_names_its_neighbours() -> None:
    said = "\n".join(described("r5", "en"))
    assert "study full-time" in said and "second repayment source not confirmed" in said
    assert "在校" in "\n".join(described("R5", "zh"))
    assert described("exposure", "en") == described("limit_exposure", "en")
    with pytest.raises(DataError, match="nearest"):
        described("FROG", "en")
