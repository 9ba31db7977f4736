"""The page asked by axe-core: no serious finding in either language, light, dark, wide or narrow.

All that is folded is unfolded first: axe says nothing of what is hidden.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html import unescape
from importlib import resources

import pytest

from tests.report.browser import DARK, Browser

pytestmark = pytest.mark.slow

LANGUAGES = {"en", "zh-Hans"}
GRAVE = {"serious", "critical"}
# CSS pixels. Chromium makes no window narrower than 500.
WIDE = 1280
PHONE = 500
# The clock of the page runs ahead of ours, and Chromium waits for it: axe answers by a promise.
WAITS = "--virtual-time-budget=600000"
ASK = """<script>{axe}</script><script>(async () => {{
    const found = [];
    document.querySelectorAll('details').forEach(each => each.open = true);
    for (let turn = 0; turn < 2; turn += 1) {{
        const result = await axe.run(document, {{resultTypes: ['violations']}});
        const language = document.documentElement.lang;
        result.violations.forEach(each => each.nodes.forEach(node =>
            found.push([language, each.impact, each.id, node.target.join(' ')])));
        found.push([language, 'rules', String(result.passes.length), '']);
        document.getElementById('language').click();
    }}
    document.body.dataset.found = JSON.stringify(found);
}})();</script></body>"""


@dataclass(frozen=True)
class Finding:
    """What axe says of one element. `impact` is "rules" where it counts the rules that passed."""

    language: str
    impact: str
    rule: str
    element: str


def findings(chromium: Browser, html: str, width: int, *more: str) -> list[Finding]:
    """What axe finds in the page in both languages."""
    script = resources.files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    before, _, after = html.rpartition("</body>")
    dom = chromium.dom(before + ASK.format(axe=script) + after, width, WAITS, *more)
    answer = re.search(r'data-found="([^"]*)"', dom)
    assert answer, "axe did not end"
    return [Finding(*each) for each in json.loads(unescape(answer[1]))]


@pytest.mark.parametrize("width", [WIDE, PHONE])
@pytest.mark.parametrize("scheme", [(), (DARK,)], ids=["light", "dark"])
def test_axe_finds_nothing_grave(
    chromium: Browser, html: str, scheme: tuple[str, ...], width: int
) -> None:
    found = findings(chromium, html, width, *scheme)
    asked = {each.language: int(each.rule) for each in found if each.impact == "rules"}
    assert set(asked) == LANGUAGES and min(asked.values()) > 0
    assert [each for each in found if each.impact in GRAVE] == []


def test_axe_finds_pale_words_and_a_button_without_a_name(chromium: Browser, html: str) -> None:
    """The two faults are planted; each is found in each language."""
    faults = '<p style="color:#999;background:#aaa">pale</p><button id="mute"></button></main>'
    before, _, after = html.rpartition("</main>")
    found = findings(chromium, before + faults + after, WIDE)
    grave = {(each.language, each.rule) for each in found if each.impact in GRAVE}
    rules = ("color-contrast", "button-name")
    assert grave == {(language, rule) for language in LANGUAGES for rule in rules}
