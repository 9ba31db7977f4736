"""Every citation resolves: each id that code, YAML, tests and docs cite can be looked up.

An id has exactly one anchor in docs/domain or docs/formulas.md. An anchor is a heading that begins
with the number of a section (`## 7.4 Raw events`), or a row of a table whose first cell is the id
(`| F18 | ...`). How ids are written is explained in docs/domain/README.md.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.architecture.source import ROOMS, ROOT
from tests.pricing.test_vectors import VECTORS, Vector

DOCUMENTS = (*sorted((ROOT / "docs/domain").glob("*.md")), ROOT / "docs/formulas.md")
FOLDERS = (*ROOMS, "products", "tests", "docs", "examples", ".github")
KINDS = (".py", ".yaml", ".yml", ".md", ".jinja", ".html", ".js", ".css", ".toml", ".cff")
FROZEN = ("tests/formats/v1/",)  # bundles of an earlier version: no text of today is in them
# These two files hold ids on purpose that no document knows.
EXAMPLES = ("tests/architecture/test_citations.py", "tests/trace/test_citations.py")

# How often code, products and parameters cite a rule of an article or a contradiction; a range
# counts each of its members. A change that moves a rule may not lose its citation, and one that
# adds citations may raise this number.
RULES_CITED = 1308


class Citation(NamedTuple):
    """An id, and where it is cited."""

    id: str
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.id}"


# What a citation looks like. Rules of articles are blanked out before the others are looked for,
# because the second half of such an id looks like a refusal (R4).
_RULE = re.compile(r"\b(S[1-5])-R(\d\d)(?:\.\.(?:\1-)?R?(\d\d))?((?:, R\d\d\b)*)")
_SECTION = r"\d(?:\.\d{1,2})?(?![\d.]*\w)"
_DOMAIN = re.compile(
    rf"\b[Dd]omain\s+(?:#\s+)?({_SECTION}(?:(?:,\s+(?:#\s+)?|\s+and\s+|-){_SECTION})*)"
)
_DESIGN = re.compile(r"\b[Dd]esign\s+(\d+)\b")
_CODE = re.compile(r"\b(FR|[CFNRT])(\d{1,2})(?:(?:-|\.\.)\1?(\d{1,2}))?\b(?!\.\d)")
_OWN_CODE = re.compile(r"\b(?:H1|L1|P0|T0)\b")
# A section number without the word `domain`: at the start of parentheses, or at the end of a quoted
# list of sources.
_BARE = re.compile(r'(?:\((?:see )?|"(?:(?:S[1-5]-R\d\d|C\d\d), )*)(7\.(?:1[01]|[1-9]))(?=[):;,"])')
_DIGITS = {"FR": 2, "C": 2, "N": 2, "T": 2, "F": 1, "R": 1}  # digits that an id has at least

# Documents that are not in the repository, and places in them that nobody can look up.
_ABSENT = re.compile(
    r"\bissue #?\d+|\.\./shared|\b(?:domain|house|style|measurements)\.md\b"
    r"|\bThe plan (?:asked|named|solved)|\b(?:from|of) the plan\b(?!\.\w)|\bthe specification\b"
    r"|\bnotes from which\b|\bS[1-5] ln \d+|\b(?:the|this) brief\b"
)

_HEADING = re.compile(r"^#+ (Design )?(\d+(?:\.\d+)?) ", re.MULTILINE)
_ROW = re.compile(r"^\| (S[1-5]-R\d\d|FR\d\d|[CNT]\d\d|[FRHLPTM]\d{1,2}) \|", re.MULTILINE)


def anchors_in(text: str) -> Iterator[str]:
    """Ids for which a document has an anchor, in its order."""
    for design, number in _HEADING.findall(text):
        yield f"{'design' if design else 'domain'} {number}"
    yield from _ROW.findall(text)


def cited_in(text: str) -> Iterator[tuple[str, int]]:
    """Ids cited in a text with the position of the citation; a range yields all of its members."""
    for found in _RULE.finditer(text):
        source, first, last, more = found.groups()
        for rule in range(int(first), int(last or first) + 1):
            yield f"{source}-R{rule:02d}", found.start()
        for rule in re.findall(r"\d\d", more):
            yield f"{source}-R{rule}", found.start()
    rest = _RULE.sub(lambda found: " " * len(found.group()), text)
    for found in _DOMAIN.finditer(rest):
        for section in _sections(found.group(1)):
            yield f"domain {section}", found.start()
    for found in _BARE.finditer(text):
        yield f"domain {found.group(1)}", found.start(1)
    for found in _DESIGN.finditer(rest):
        yield f"design {found.group(1)}", found.start()
    for found in _CODE.finditer(rest):
        letter, first, last = found.groups()
        if len(first) < _DIGITS[letter]:
            continue
        for number in range(int(first), int(last or first) + 1):
            yield f"{letter}{number:0{_DIGITS[letter]}d}", found.start()
    for found in _OWN_CODE.finditer(rest):
        yield found.group(), found.start()


def _sections(listed: str) -> Iterator[str]:
    """Sections of `7.2-7.4, 0.6 and 6`: a range is spelled out."""
    for part in re.split(r",\s+(?:#\s+)?|\s+and\s+", listed):
        first, _, last = part.partition("-")
        chapter, _, low = first.partition(".")
        if not last:
            yield first
            continue
        high = last.partition(".")[2]
        yield from (f"{chapter}.{section}" for section in range(int(low), int(high) + 1))


@cache
def _files() -> tuple[str, ...]:
    """Files of code, YAML, tests and docs, relative to the root."""
    inside = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    paths = [path for path in [*ROOT.iterdir(), *inside] if path.is_file()]
    names = [path.relative_to(ROOT).as_posix() for path in paths if path.suffix in KINDS]
    return tuple(
        sorted(name for name in names if name not in EXAMPLES and not name.startswith(FROZEN))
    )


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def citations_of(name: str, text: str) -> list[Citation]:
    """Citations of one file."""
    return [Citation(id_, name, _line(text, position)) for id_, position in cited_in(text)]


@cache
def _citations() -> tuple[Citation, ...]:
    return tuple(found for name in _files() for found in citations_of(name, _text(name)))


@cache
def _anchors() -> Counter[str]:
    return Counter(
        id_ for path in DOCUMENTS for id_ in anchors_in(path.read_text(encoding="utf-8"))
    )


def unresolved(citations: tuple[Citation, ...], anchors: Counter[str]) -> list[str]:
    """Citations, as file:line: id, whose id has no anchor."""
    return [str(citation) for citation in citations if citation.id not in anchors]


def absent_documents(name: str, text: str) -> list[str]:
    """Mentions of documents that are not in the repository, as file:line: words."""
    return [
        f"{name}:{_line(text, found.start())}: {found.group()}" for found in _ABSENT.finditer(text)
    ]


def test_every_citation_resolves() -> None:
    assert unresolved(_citations(), _anchors()) == []


def test_no_id_has_two_anchors() -> None:
    assert [id_ for id_, count in _anchors().items() if count > 1] == []


def test_documents_outside_the_repository_are_not_cited() -> None:
    assert [line for name in _files() for line in absent_documents(name, _text(name))] == []


def test_citations_of_rules_do_not_become_fewer() -> None:
    """Citations of the articles' rules and of contradictions, by what implements them."""
    places = (*(f"{room}/" for room in (*ROOMS, "products")), "params.yaml")
    trace = "pipeline/proof/trace/"  # holds the grammar of ids, and no rule
    rule = re.compile(r"S[1-5]-R\d\d|C\d\d")
    count = sum(
        bool(rule.fullmatch(found.id))
        for found in _citations()
        if found.file.startswith(places) and not found.file.startswith(trace)
    )
    assert count >= RULES_CITED


def test_tables_of_rules_repeat_docs_rules() -> None:
    """The third column of docs/domain/S1.md and its like is the text of docs/rules, in order."""
    for source in ("S1", "S2", "S3", "S4", "S5"):
        rules = yaml.safe_load(_text(f"docs/rules/{source}.yaml"))["rules"]
        rows = re.findall(
            r"^\| (S\d-R\d\d) \| (\w+) \| (.*?) \| ",
            _text(f"docs/domain/{source}.md"),
            re.MULTILINE,
        )
        assert rows == [(rule["id"], rule["kind"], rule["what"]) for rule in rules]


def test_the_table_of_contradictions_repeats_docs_rules() -> None:
    """Its columns 1, 3 and 4 are id, what and choice of docs/rules/contradictions.yaml."""
    rules = yaml.safe_load(_text("docs/rules/contradictions.yaml"))["rules"]
    rows = re.findall(
        r"^\| (C\d\d) \| [^|]* \| (.*?) \| (.*?) \| ",
        _text("docs/domain/contradictions.md"),
        re.MULTILINE,
    )
    assert rows == [(rule["id"], rule["what"], rule["choice"]) for rule in rules]


@pytest.mark.parametrize("vector", VECTORS, ids=[vector.id for vector in VECTORS])
def test_a_worked_value_prints_what_its_test_expects(vector: Vector) -> None:
    """Each number that tests/pricing expects stands in the row of its id in docs/formulas.md."""
    row = re.search(rf"^\| {vector.id} \|.*$", _text("docs/formulas.md"), re.MULTILINE)
    assert row is not None
    without_commas = re.sub(r"(?<=\d),(?=\d{3})", "", row.group())
    printed = re.findall(r"\d+(?:\.\d+)?", without_commas)
    wanted = re.findall(r"\d+(?:\.\d+)?", vector.expected)
    assert [number for number in wanted if number not in printed] == []


def written(text: str) -> str:
    """A text with the ids of rules as they are cited: `creditloom trace` would count plain ones."""
    return re.sub(r"\b(S\d)_(R\d\d)", r"\1-\2", text)


def test_citations_are_found_as_they_are_written() -> None:
    text = written(
        "S4_R33..R35, S5_R30, R31; domain 7.2-7.4, 0.6 and 6 profit; (domain 7.4,\n# 7.9); "
        'design 5; R1-R3, FR09, T24, N07; "S3_R15, 7.4"; (7.5: x)'
    )
    rules = written("S4_R33 S4_R34 S4_R35 S5_R30 S5_R31 S3_R15").split()
    sections = ["7.2", "7.3", "7.4", "0.6", "6", "7.4", "7.9", "7.4", "7.5"]
    codes = ["design 5", "R1", "R2", "R3", "FR09", "T24", "N07"]
    assert [id_ for id_, _ in cited_in(text)] == [
        *rules,
        *(f"domain {section}" for section in sections),
        *codes,
    ]


def test_an_unknown_id_is_found_with_its_place() -> None:
    text = written("S1_R04\nnot there: S1_R99, C77, domain 9.3\n(design 2, F99, R77)\n")
    found = unresolved(tuple(citations_of("room/file.py", text)), _anchors())
    assert found == [
        written("room/file.py:2: S1_R99"),
        "room/file.py:2: domain 9.3",
        "room/file.py:3: design 2",
        "room/file.py:2: C77",
        "room/file.py:3: F99",
        "room/file.py:3: R77",
    ]


def test_a_document_outside_the_repository_is_found() -> None:
    text = "first\nsee issue 5 and ../shared/domain.md\nThe plan named rates.\n"
    assert absent_documents("docs/a.md", text) == [
        "docs/a.md:2: issue 5",
        "docs/a.md:2: ../shared",
        "docs/a.md:2: domain.md",
        "docs/a.md:3: The plan named",
    ]


def test_every_anchor_lies_in_a_small_file() -> None:
    """A reader opens a document whole: none is larger than 200 kB."""
    assert [path.name for path in DOCUMENTS if path.stat().st_size > 200_000] == []


def test_links_of_the_documents_lead_somewhere() -> None:
    broken = [
        f"{path.name}: {target}"
        for path in DOCUMENTS
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))
        if not (Path(path).parent / target).exists()
    ]
    assert broken == []
