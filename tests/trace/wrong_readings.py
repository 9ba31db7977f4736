"""Wrong readings of the rules: one place of the code or of a YAML file, read plausibly wrong.

Each file of `wrong/` holds those of one source. A wrong reading must change the outcome of the
situation that it names; a rule whose wrong reading changes nothing decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from tests.trace import fragments

FOLDER = Path(__file__).parent / "wrong"


@dataclass(frozen=True)
class WrongReading:
    """`find` in `file` becomes `put`; the outcome of `changes` must then be another.

    `wrong` says in words what is read. In Python code `scope` (`in` of the YAML file) names the
    function that holds `find`. `changes` is `kind: name` of a situation (`outcomes.KINDS`).
    """

    rule: str
    wrong: str
    file: str
    scope: str | None
    find: str
    put: str
    changes: str

    def applied(self, text: str) -> str:
        """Return the text of `file` with the wrong reading in it; LookupError where not once."""
        return fragments.broken(text, self.find, self.put, self.scope)


@cache
def wrong_readings() -> tuple[WrongReading, ...]:
    """Return all of them, in the order of files and rows."""
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        for entry in yaml.safe_load(path.read_text(encoding="utf-8")) or ():
            found.append(WrongReading(scope=entry.pop("in", None), **entry))
    return tuple(found)
