"""Reads a finished page as its readers do: tables, figures and words, in one language."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = frozenset({"meta", "link", "img", "br", "input", "hr"})
OTHER = {"en": "zh", "zh": "en"}
# Words of an English text: two letters or more.
LETTERS = re.compile(r"[A-Za-z]{2,}")


@dataclass
class ReadTable:
    """One table: names of its columns, headings, and rows of texts."""

    columns: list[str]
    chapter: str
    heads: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def column(self, name: str) -> list[str]:
        """The texts of a column."""
        return [row[self.columns.index(name)] for row in self.rows]


class PageReader(HTMLParser):
    """A page in one language: what the other one says, scripts and styles are left out."""

    def __init__(self, page: str, language: str) -> None:
        super().__init__()
        self.language = language
        self.tables: dict[str, ReadTable] = {}
        self.figures: dict[str, str] = {}
        self.words: dict[str, str] = {}
        self.applicants: dict[str, Any] = {}
        self.texts: list[str] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self._cell: list[str] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in VOID:
            return
        self._open.append((tag, given))
        if "data-columns" in given:
            columns = given["data-columns"].split()
            self.tables[given["data-table"]] = ReadTable(columns, self._near("data-section"))
        if tag in ("td", "th") and self._table():
            self._cell = []
        if tag == "tr" and self._table() and any(name == "tbody" for name, _ in self._open):
            self.tables[self._near("data-table")].rows.append([])

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            table = self.tables[self._near("data-table")]
            text = re.sub(r"\s+", " ", "".join(self._cell)).strip()
            is_body = any(name == "tbody" for name, _ in self._open)
            (table.rows[-1] if is_body else table.heads).append(text)
            self._cell = None
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tag, given = self._open[-1] if self._open else ("", {})
        if tag == "script":
            self._script(data, given)
            return
        if tag == "style" or self._is_other():
            return
        if self._cell is not None:
            self._cell.append(data)
        text = re.sub(r"\s+", " ", data).strip()
        if not text:
            return
        figure = self._near("data-figure")
        if figure:
            self.figures[figure] = text
        self.texts.append(text)
        chapter = self._near("data-section")
        self.words[chapter] = f"{self.words.get(chapter, '')} {text}"

    def _script(self, data: str, given: dict[str, str]) -> None:
        if given.get("id") == "applicant-data":
            self.applicants = json.loads(data)
        elif given.get("class") == "later":
            rows = [[self._said(cell) for cell in row] for row in json.loads(data)]
            self.tables[self._near("data-table")].rows += rows
            self.texts += [text for row in rows for text in row]

    def _said(self, cell: Any) -> str:
        if isinstance(cell, str):
            return cell
        return str(cell[1] or cell[0]) if self.language == "zh" else str(cell[0])

    def _near(self, name: str) -> str:
        return next((given[name] for _, given in reversed(self._open) if name in given), "")

    def _table(self) -> bool:
        return self._near("data-table") in self.tables and bool(self._near("data-table"))

    def _is_other(self) -> bool:
        other = OTHER[self.language]
        return any(
            other in given.get("class", "").split()
            or (given.get("lang") == other and tag != "html")
            or tag == "title"
            for tag, given in self._open
        )
