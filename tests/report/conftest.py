"""A browser and the whole page of the sample, for each file of tests that asks it there."""

from __future__ import annotations

import pytest

from creditloom.report.page.render import render
from tests.report.browser import Browser, browser
from tests.report.sample import full


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return browser(tmp_path_factory.mktemp("chromium"))


@pytest.fixture(scope="module")
def html() -> str:
    return render(full())
