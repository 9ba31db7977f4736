"""CONTRIBUTING.md as data: its recipes, the places that each touches, and how to carry one out.

A recipe is a section `## Add ...`. A comment line before a fenced block says what it is for:

    <!-- new: products/acme.yaml -->                a new file with this content
    <!-- copy: products/house_v1.yaml to products/acme.yaml -->
                                                    a new file like another; `old -> new` a line
    <!-- after: "a line" in features/x.py -->       goes behind that line, which stands there once
    <!-- before: "a line" in features/x.py -->      goes before it
    <!-- replace: "a line" in features/x.py -->     stands in its place
    <!-- run -->                                    shell commands that must succeed in the copy

A quote inside the line is written as \\". To the left of `->` in a copy stands text of the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

LINE_KINDS = ("after", "before", "replace")
_BLOCK = re.compile(r"<!-- (?P<what>.*?) -->\n+```\w*\n(?P<text>.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Edit:
    """One place: `file`, and how it changes.

    `anchor` is a line for `after`, `before` and `replace`, a file for `copy`, "" for `new`.
    """

    kind: str
    file: str
    anchor: str
    text: str


@dataclass(frozen=True)
class Recipe:
    """One section: its title, the edits in their order, and the commands that show its effect."""

    title: str
    edits: tuple[Edit, ...]
    commands: tuple[str, ...]

    @property
    def places(self) -> set[str]:
        """The files it touches, tests left out. A package that it makes is one place."""
        made = [edit.file for edit in self.edits if edit.kind == "new"]
        packages = {
            file.removesuffix("__init__.py") for file in made if file.endswith("/__init__.py")
        }
        touched = [edit.file for edit in self.edits if not edit.file.startswith("tests/")]
        return {_package_of(file, packages) or file for file in touched}


def recipes(text: str) -> dict[str, Recipe]:
    """Return every `## Add ...` section of CONTRIBUTING.md by its title."""
    sections = re.split(r"^## (?=Add )", text, flags=re.MULTILINE)[1:]
    by_order = [_recipe(section) for section in sections]
    return {recipe.title: recipe for recipe in by_order}


def carry_out(recipe: Recipe, folder: Path) -> None:
    """Make the edits of a recipe in the copy of the repository that lies in `folder`."""
    for edit in recipe.edits:
        target = folder / edit.file
        if edit.kind in LINE_KINDS:
            _change_line(target, edit)
        else:
            assert not target.exists(), f"{recipe.title}: {edit.file} is there already"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_content(folder, edit), encoding="utf-8")


def _package_of(file: str, packages: set[str]) -> str:
    """Return the package among `packages` that holds a file; "" where none does."""
    return next((package for package in packages if file.startswith(package)), "")


def _recipe(section: str) -> Recipe:
    title, _, body = section.partition("\n")
    body = re.split(r"^## ", body, flags=re.MULTILINE)[0]
    edits: list[Edit] = []
    commands: list[str] = []
    for block in _BLOCK.finditer(body):
        if block["what"] == "run":
            # A backslash at the end of a line continues the command, as in a shell.
            text = re.sub(r"\\\n\s*", "", block["text"])
            commands += [line for line in text.splitlines() if line.strip()]
        else:
            edits.append(_edit(block["what"], block["text"]))
    return Recipe(title.strip(), tuple(edits), tuple(commands))


def _edit(what: str, text: str) -> Edit:
    if new := re.fullmatch(r"new: (\S+)", what):
        return Edit("new", new[1], "", text)
    if copied := re.fullmatch(r"copy: (\S+) to (\S+)", what):
        return Edit("copy", copied[2], copied[1], text)
    if line := re.fullmatch(rf'({"|".join(LINE_KINDS)}): "(.*)"\s+in (\S+)', what):
        return Edit(line[1], line[3], line[2].replace('\\"', '"'), text)
    raise AssertionError(f"CONTRIBUTING.md: no kind of block is called `{what}`")


def _content(folder: Path, edit: Edit) -> str:
    if edit.kind == "new":
        return edit.text
    content = (folder / edit.anchor).read_text(encoding="utf-8")
    for line in edit.text.splitlines():
        old, arrow, new = line.partition(" -> ")
        assert arrow and old in content, f"{edit.anchor}: no `{old}` to replace"
        content = content.replace(old, new)
    return content


def _change_line(target: Path, edit: Edit) -> None:
    lines = target.read_text(encoding="utf-8").splitlines(keepends=True)
    places = [place for place, line in enumerate(lines) if line.strip() == edit.anchor.strip()]
    assert len(places) == 1, f"{edit.file}: `{edit.anchor}` stands there {len(places)} times"
    first = places[0] + (edit.kind == "after")
    last = places[0] + (edit.kind != "before")
    lines[first:last] = [edit.text]
    target.write_text("".join(lines), encoding="utf-8")
