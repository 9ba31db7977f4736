"""The page in a real browser without a network.

It draws, fits a phone, changes language and theme, and its script raises no error.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tests.report.browser import DARK, Browser

# `make consumer` runs them: each starts a browser.
pytestmark = pytest.mark.slow

ASK = "<script>document.body.dataset.found = String({expression});</script></body>"


def asked(chromium: Browser, html: str, expression: str, width: int = 1280, *more: str) -> str:
    """What the page answers to a JavaScript expression."""
    dom = chromium.dom(html.replace("</body>", ASK.format(expression=expression)), width, *more)
    found = re.search(r'data-found="([^"]*)"', dom)
    assert found, "the page's script stopped before the question"
    return found[1]


def pixels(image: Path) -> np.ndarray:
    """Grey values of a PNG, 0 black to 1 white."""
    import matplotlib.image

    return matplotlib.image.imread(image)[:, :, :3].mean(axis=2)


def test_every_drawing_is_drawn(chromium: Browser, html: str) -> None:
    drawn = asked(
        chromium,
        html,
        "[...document.querySelectorAll('svg,img')]"
        ".filter(e => e.getBoundingClientRect().height > 0).length",
    )
    hidden_twins = 1  # the Chinese picture waits for its language
    assert int(drawn) == html.count("<svg") + html.count("<img") - hidden_twins


def test_nothing_but_the_page_itself_is_loaded(chromium: Browser, html: str) -> None:
    loaded = asked(
        chromium,
        html,
        "performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length",
    )
    assert loaded == "0"


@pytest.mark.parametrize("width", [500, 800, 1280])
def test_the_page_never_scrolls_sideways(chromium: Browser, html: str, width: int) -> None:
    assert (
        asked(
            chromium,
            html,
            "document.documentElement.scrollWidth - document.documentElement.clientWidth",
            width,
        )
        == "0"
    )


def test_the_button_changes_the_language(chromium: Browser, html: str) -> None:
    click = "(document.getElementById('language').click(), document.querySelector('h2').innerText)"
    assert asked(chromium, html, "document.querySelector('h2').innerText") == "Decision"
    assert asked(chromium, html, click) == "决策"


def test_light_is_light_and_dark_is_dark(chromium: Browser, html: str) -> None:
    light = pixels(chromium.screenshot(html, 1000, 700))
    dark = pixels(chromium.screenshot(html, 1000, 700, DARK))
    assert np.median(light) > 0.9 > 0.2 > np.median(dark)
    assert light.std() > 0.05 and dark.std() > 0.05  # something is written in both


def test_the_slider_shows_the_figures_of_its_row(chromium: Browser, html: str) -> None:
    """Moved to the last of twenty cuts, the workbench says what the table says there."""
    move = (
        "(document.getElementById('cut').value = 19,"
        " document.getElementById('cut').dispatchEvent(new Event('input')),"
        " document.querySelector('[data-cut=approval_rate]').textContent"
        " + '|' + document.getElementById('cut-shown').textContent + '|' + location.hash)"
    )
    assert asked(chromium, html, move) == "100.0 %|20.00 %|#&amp;cut=19"


def test_a_search_finds_a_row_beyond_those_shown(chromium: Browser, html: str) -> None:
    look = """(function(sheet) {
        const field = sheet.querySelector('input');
        field.value = 'pay_x_14';
        field.dispatchEvent(new Event('input'));
        const rows = [...sheet.querySelectorAll('tbody tr')].filter(row => !row.hidden);
        return rows.map(row => row.cells[0].textContent);
    })(document.querySelector('.sheet[data-table=selection]'))"""
    assert asked(chromium, html, look) == "pay_x_14"


def test_an_applicant_is_taken_apart(chromium: Browser, html: str) -> None:
    read = "document.querySelector('#applicant h4').textContent"
    count = "document.querySelectorAll('#applicant tbody tr').length"
    assert asked(chromium, html, read) == "Application 7"
    assert asked(chromium, html, count) == "3"


def test_it_prints_on_few_sheets(chromium: Browser, html: str) -> None:
    pages = chromium.printed(html).count(b"/Type /Page\n")
    assert 1 <= pages <= 15
