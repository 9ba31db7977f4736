"""The page: complete, self-contained, escaped, the same twice; every part may be missing."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import fields, replace
from html.parser import HTMLParser

import pytest

from creditloom.report.page.render import render
from creditloom.report.page.sections import ORDER, chapters, sections
from creditloom.report.parts.blocks import Cards, PageTable, Section
from creditloom.report.parts.data import ReportData
from tests.report.sample import NASTY, bare, example, full

FETCHING = {
    ("script", "src"),
    ("link", "href"),
    ("img", "src"),
    ("iframe", "src"),
    ("use", "href"),
    ("image", "href"),
    ("a", "href"),
}
VOID = {"meta", "link", "img", "br", "input", "hr"}


class Page(HTMLParser):
    """Tags, ids and addresses of a page; `open` is empty at the end when every tag is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.images_without_text = 0
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        given = dict(attrs)
        self.ids += [str(given["id"])] if "id" in given else []
        self.addresses += [str(value) for name, value in attrs if (tag, name) in FETCHING]
        self.images_without_text += tag == "img" and not given.get("alt")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another tag"


@pytest.fixture(scope="module")
def html() -> str:
    return render(full())


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_nothing_is_fetched(html: str, page: Page) -> None:
    assert not re.search(r"https?://|//cdn|@import|url\((?!#)", html)
    assert all(address.startswith(("#", "data:")) for address in page.addresses)
    # One script of ours; the others hold data.
    assert page.tags["script"] - html.count('<script type="application/json"') == 1


def test_every_value_is_escaped(html: str) -> None:
    assert NASTY not in html
    assert "&lt;script&gt;alert(&#34;x&#34;)&lt;/script&gt;" in html


def test_every_tag_is_closed_and_every_id_is_its_own(page: Page) -> None:
    assert page.open == []
    assert [name for name, n in Counter(page.ids).items() if n > 1] == []


def test_every_link_inside_the_page_has_its_target(page: Page) -> None:
    assert {a[1:] for a in page.addresses if a.startswith("#")} <= set(page.ids)


def test_readable_without_eyes(html: str, page: Page) -> None:
    assert page.images_without_text == 0
    assert page.tags["caption"] == page.tags["table"]
    # A drawing says what it is by its caption; a curve in a cell is hidden from who listens.
    drawn = html.count('role="img" aria-labelledby=')
    assert page.tags["svg"] == drawn + html.count('<svg class="spark"')


def test_same_data_same_page(html: str) -> None:
    assert render(full()) == html


def test_every_part_shows_when_all_is_there() -> None:
    assert len(sections(full())) == len(ORDER)


def test_a_page_of_a_title_only() -> None:
    text = render(bare())
    assert Page(text).open == []
    assert [section.id for section in sections(bare())] == ["glossary"]


@pytest.mark.parametrize("name", [f.name for f in fields(ReportData) if f.default in (None, ())])
def test_each_part_stands_alone(name: str) -> None:
    alone = replace(bare(), **{name: getattr(full(), name)})
    assert Page(render(alone)).open == []
    # These say more about other parts, or stand in the head: they are no section themselves.
    no_section = {"facts", "verdict", "limits", "beyond_rows", "asked_reasons", "cutoff_segments"}
    assert len(sections(alone)) == 1 + (name not in no_section)


def test_columns_beyond_the_drawn_ones_may_be_missing() -> None:
    data = full()
    assert data.tiers is not None and data.vintages is not None and data.families is not None
    tiers = data.tiers[["tier", "share", "mean_pd"]]
    vintages = data.vintages[["vintage", "mean_pd"]]
    text = render(
        replace(bare(), tiers=tiers, vintages=vintages, families=data.families[["family", "share"]])
    )
    assert "mean PD" in text
    assert "daily rate" not in text


def test_without_truth_the_page_says_so() -> None:
    text = render(replace(bare(), power=full().power, families=full().families))
    assert "Oracle and reachable: not available for real data." in text
    assert "R² of latent states: not available for real data." in text


def of_id(data: ReportData, name: str) -> Section:
    """The section with an id."""
    return next(section for section in sections(data) if section.id == name)


def test_the_first_chapter_says_who_wins_by_how_much_and_how_surely() -> None:
    assert chapters(full())[0].id == "decision"
    duels = of_id(full(), "duels")
    assert duels.title.zh == "谁胜出"
    cards = duels.blocks[0]
    assert isinstance(cards, Cards)
    told = [(card.label.en, card.label.zh, card.value, card.state) for card in cards.cards]
    assert told == [
        ("ahead: tuned ridge", "领先：调优岭回归", "+1.2 %", "pass"),
        ("behind: incumbent scorecard", "落后：现行评分卡", "−2.1 %", "fail"),
    ]
    assert cards.cards[0].note == "of reachable · 95 %: +0.9 % to +1.6 %"


def test_without_truth_the_difference_is_one_of_aucs() -> None:
    data = full()
    assert data.duels is not None
    own = data.duels.drop(columns=["share_low", "share_high"]).assign(share_delta=None)
    cards = of_id(replace(data, duels=own), "duels").blocks[0]
    assert isinstance(cards, Cards)
    assert (cards.cards[0].value, cards.cards[0].note) == (
        "+0.008",
        "AUC · 95 %: +0.003 to +0.013",
    )


def test_a_group_whose_pd_is_wrong_is_marked() -> None:
    (calibration,) = [one for one in sections(full()) if one.id == "calibration"]
    groups = calibration.blocks[-1]
    assert isinstance(groups, PageTable)
    states = [[cell.state for cell in row] for row in groups.rows]
    assert states[0].count("fail") == 2 and "fail" not in states[1]


def test_a_missed_bar_is_named_first() -> None:
    bars = full().bars
    assert "Missed: Approval rate." in render(replace(bare(), bars=bars))
    assert f"All {len(bars) - 2} judged bars are met." in render(
        replace(bare(), bars=tuple(b for b in bars if b.passed is not False))
    )


def test_a_bar_without_a_value_is_not_judged() -> None:
    text = render(replace(bare(), bars=full().bars[-1:]))
    assert "No bar could be judged here." in text
    assert "not available for real data" in text and "≤ 1.3 %" in text


def test_the_page_stays_small(html: str) -> None:
    assert len(html.encode()) < 1_000_000


def test_points_of_an_example_add_up() -> None:
    for decision in ("approve", "decline"):
        assert abs(example(decision, 7).gap) < 1e-9
