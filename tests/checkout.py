"""Whether the tests lie in a checkout, or alone beside an installed package.

Some claims are about the repository itself.
"""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
IN_CHECKOUT = (ROOT / "dvc.yaml").is_file()
ABOUT_IT = (
    "architecture",
    "docs",
    "examples",
    "trace",
)  # folders of tests that read nothing but the repository

needs_checkout = pytest.mark.skipif(
    not IN_CHECKOUT, reason="this claim is about the repository, and the tests lie outside of one"
)
