"""A headless Chromium that cannot reach any network.

It gives screenshots, and the page as it stands after its script has run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

# The page is drawn as for a reader who prefers dark.
DARK = "--blink-settings=preferredColorScheme=0"
NAMES = ("chromium", "chromium-browser", "google-chrome")
ALONE = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run", "--hide-scrollbars",
    "--disable-dev-shm-usage", "--proxy-server=127.0.0.1:9",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip


class Browser:
    """One Chromium with a profile of its own in `folder`."""

    def __init__(self, command: str, folder: Path) -> None:
        self.command = command
        self.folder = folder

    def dom(self, html: str, width: int = 1280, *more: str) -> str:
        """The page's HTML after its script has run."""
        return self._run(html, f"--window-size={width},900", *more, "--dump-dom")

    def screenshot(self, html: str, width: int, height: int, *more: str) -> Path:
        """A PNG of the top of the page."""
        image = self.folder / f"{width}.png"
        self._run(html, f"--window-size={width},{height}", *more, f"--screenshot={image}")
        return image

    def printed(self, html: str) -> bytes:
        """The page as it prints, a PDF."""
        file = self.folder / "page.pdf"
        self._run(html, "--no-pdf-header-footer", f"--print-to-pdf={file}")
        return file.read_bytes()

    def _run(self, html: str, *asked: str) -> str:
        page = self.folder / "page.html"
        page.write_text(html, encoding="utf-8")
        home = {
            "HOME": str(self.folder),
            "XDG_CONFIG_HOME": str(self.folder),
            "XDG_CACHE_HOME": str(self.folder),
        }
        command = [
            self.command,
            *ALONE,
            f"--user-data-dir={self.folder / 'profile'}",
            *asked,
            page.as_uri(),
        ]
        return subprocess.run(
            command,
            env={**os.environ, **home},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        ).stdout


def browser(folder: Path) -> Browser:
    """The machine's Chromium; skips the test where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no Chromium on this machine (looked for {', '.join(NAMES)})")
    return Browser(found, folder)
