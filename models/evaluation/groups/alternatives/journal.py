"""The journal of a search: one line of JSON for each alternative that was judged.

A search that is stopped goes on after the last whole line. A search whose choice was judged on the
truth is closed: to go on after that would choose by the truth.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from creditloom.models.evaluation.groups.alternatives.change import ModelChange
from creditloom.models.evaluation.groups.alternatives.judging import TrialFigures
from creditloom.models.evaluation.groups.alternatives.proposals import JudgedChange
from creditloom.models.sample.errors import ModelError

FORMAT = "creditloom alternatives 1"


@dataclass
class AlternativeJournal:
    """The judged alternatives of one search by number, in a file of ours.

    digest: of rows, columns and settings; a journal of others is refused.
    """

    file: Path
    digest: str
    judged: dict[int, JudgedChange] = field(default_factory=dict)

    @classmethod
    def open(cls, file: Path, digest: str) -> AlternativeJournal:
        """Read what the file holds, or begin it; half of a last line is taken away.

        Raise ModelError for a file that is no journal, or one of another search.
        """
        journal = cls(file, digest)
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            journal._write({"format": FORMAT, "digest": digest})
            return journal
        text = file.read_text("utf-8")
        whole = text[: text.rfind("\n") + 1]
        lines = whole.splitlines()
        journal._require_ours(lines)
        if len(whole) < len(text):
            file.write_text(whole, "utf-8")
        for line in lines[1:]:
            journal._keep(json.loads(line))
        return journal

    def add(self, one: JudgedChange) -> None:
        """Write an alternative that was judged."""
        self._write(
            {
                "ordinal": one.ordinal,
                "change": one.change.to_json(),
                "figures": one.figures.to_json(),
            }
        )
        self.judged[one.ordinal] = one

    @property
    def in_order(self) -> list[JudgedChange]:
        """Return all judged alternatives by number."""
        return [self.judged[ordinal] for ordinal in sorted(self.judged)]

    def _require_ours(self, lines: list[str]) -> None:
        head: Mapping[str, Any] = {}
        with suppress(json.JSONDecodeError):
            head = json.loads(lines[0]) if lines else {}
        if not isinstance(head, dict) or head.get("format") != FORMAT:
            raise ModelError(
                f"{self.file}: expected a journal of `creditloom alternatives`, got another file. "
                "Give --out another folder."
            )
        if head.get("digest") != self.digest:
            raise ModelError(
                f"{self.file}: expected the journal of these rows, columns and options "
                f"({self.digest}), got that of another search ({head.get('digest')}). "
                "Give --out another folder."
            )

    def _keep(self, told: Mapping[str, Any]) -> None:
        change = ModelChange.from_json(told["change"])
        figures = TrialFigures(**told["figures"])
        ordinal = int(told["ordinal"])
        self.judged[ordinal] = JudgedChange(ordinal, change, figures)

    def _write(self, content: Mapping[str, Any]) -> None:
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(content, allow_nan=False) + "\n")
