"""Sizes of the world stand in world.yaml and book.yaml, with unit and source, and not in code.

What stays in code is listed here with its reason: methods of computing, codes, formats, units.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError, document
from creditloom.world.book.book_config import BookConfig
from creditloom.world.config.world_config import WorldConfig
from tests.architecture.surface import ROOT

ROOMS = ("events", "loans", "people", "risk", "book")
CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")
# table: numbers that stay in code, each with the reason
IN_CODE = {
    "a unit": {"DAY_US", "FEN_PER_CNY", "HOUR_US", "MINUTE_US", "PDO", "SECOND_US",
        "MONTHS_PER_YEAR", "YEAR_DAYS"},
    "a code of a raw table or of a stream": {
        "EVERYDAY", "FACE", "HARD", "IN", "KIND_GROUP", "LCT", "LOST", "LQT", "NO_SCORECARD",
        "NO_SHOCK", "N_KINDS", "OUT",
        "PAY_SLIP", "SOFT", "WITHOUT_SCORE",
    },
    "the place of a segment in world.yaml": {"BLUE_COLLAR", "STUDENT"},
    "how ids and sort keys are made": {
        "BETWEEN_SCHEMES_US", "BLOCK_WIDTH", "EVENT_OFFSET", "FIRST_APPLICATION",
        "FIRST_CARRIER_ID",
        "FIRST_DESK_ID", "FIRST_EARLIER", "FORMER_PHONE",
        "FIRST_SHARED_ID", "HOME_ADDRESSES", "IDS_PER_PERSON", "IDS_PER_RING", "ID_STEP",
        "KEY_BITS", "LOANS_PER_CUSTOMER", "NEVER_US",
        "SECOND_KEY_LIMIT", "TAG_BITS",
    },
    "the key of a stream of random numbers": {
        "DRAWDOWN_LUCK", "LASTING", "MONTH_LUCK", "N_LUCK", "N_UNIFORM", "PANEL_LUCK",
        "PREPAYMENT_LUCK", "RECOVERY_LUCK", "STREAM",
    },
    "how many decimals a column has": {"RATE_DECIMALS", "SCORE_DECIMALS", "SHARE_DECIMALS"},
    "the length of an array: the window of history or of performance": {
        "BINS", "MAX_MONTHS", "MONTHS", "MONTHS_AFTER", "MONTHS_AFTER_VINTAGES", "MONTHS_BEFORE",
        "MONTHS_BEFORE_VINTAGES", "N_WEEKS", "QUARTER", "WINDOW_DAYS", "YEARS_BEFORE",
    },
    "a definition: bad, arrears, night, the vintage of a loan": {
        "BAD_DPD", "BIN_DAYS",
        "DUE_DAYS", "INSTALMENTS", "LAST_HOUR_US", "MIN_MONTHS", "NEVER_REPAID_FACTOR",
        "NIGHT_END_HOUR", "NIGHT_SECONDS", "NIGHT_START", "OFFSET_DAYS", "ONSET_TO_BAD",
    },
    "a constant of compiled code, which is kept per content of its file": {
        "LOOKUP_SIZE", "PRICE_ENDINGS",
    },
    "how finely something is computed": {
        "HERMITE_NODES", "HIGHEST_ALPHA", "KNOTS", "LOWEST_ALPHA", "MAX_NEWTON_STEPS", "MAX_STEPS",
        "MAX_SUMMED_COUNT", "MAX_SUMMED_RATE", "NEARLY_ZERO_SHARE", "NEWTON_TOLERANCE",
        "N_BISECTIONS", "N_QUANTILES", "N_VIEWS", "RIDGE", "SHARE_TOLERANCE", "WIDEST",
    },
}  # fmt: skip
DECLARED = {"world.yaml": (WorldConfig, paths.WORLD), "book.yaml": (BookConfig, paths.BOOK)}


def numeric_constants(source: str) -> set[str]:
    """Return the names of a module's constants whose value holds a number."""
    found = set()
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign):
            continue
        holds_number = any(
            isinstance(part, ast.Constant) and isinstance(part.value, int | float)
            for part in ast.walk(node.value)
        )
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        found |= {name for name in names if holds_number and CONSTANT.fullmatch(name)}
    return found


def test_a_size_of_the_world_stands_in_no_module() -> None:
    """A new size belongs in world.yaml; what is none is listed above with its reason."""
    in_code = set().union(*IN_CODE.values())
    files = [file for room in ROOMS for file in sorted((ROOT / "world" / room).glob("*.py"))]
    found = {name for file in files for name in numeric_constants(file.read_text("utf-8"))}
    assert sorted(found - in_code) == []
    assert "RENT_SHARE" in numeric_constants("RENT_SHARE = 0.25")
    assert "SCHEMES" in numeric_constants("SCHEMES = (0.16, 0.10)")


# table: a case a row
@pytest.mark.parametrize(
    ("file", "written", "changed", "named"),
    [
        ("world.yaml", "rent_share: 0.25", 'rent_share: "0.25"', "payments.rent_share"),
        ("world.yaml", "burst_days: 10.0", "burst_day: 10.0", "bureau.burst_day"),
        ("world.yaml", "max_tries: 20", "max_tries: 20.5", "identity.max_tries"),
        ("world.yaml", "score_range: [300, 850]", "score_range: [300]", "bureau.score_range"),
        ("world.yaml", "max_spell_chance: 0.5", "max_spell_chance: half", "max_spell_chance"),
        ("book.yaml", "slip_share: 0.03", "slip_share: few", "risk.slip_share"),
    ],
)
def test_a_number_is_read_strictly(
    file: str, written: str, changed: str, named: str, tmp_path: Path
) -> None:
    kind, path = DECLARED[file]
    text = path.read_text(encoding="utf-8")
    assert written in text
    copy = tmp_path / file
    copy.write_text(text.replace(written, changed), encoding="utf-8")
    with pytest.raises(ParamsError, match=named):
        document(kind, copy)
