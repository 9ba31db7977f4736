"""`creditloom codes`: what every code of a decision, filter, limit and review means, in words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Annotated

import typer
from rich.table import Table

from creditloom.decision.reasons.text import Language
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.console import Console
from creditloom.storage.files.errors import DataError

PAGE = paths.CHECKOUT / "docs" / "codes.md"
HEAD = "# Codes"
# table: kind of code -> its heading on the page, in English and Chinese
KINDS = {
    "rule": ("Rules of law, product and model", "法规、产品与模型规则"),
    "criterion": ("Admission criteria of the products", "产品准入条件"),
    "filter": ("Risk filters and their actions", "风险过滤器及其措施"),
    "cap": ("What holds a limit", "额度上限"),
    "review": ("Changes of a running account", "账户月度审查"),
    "row": ("Applications that could not be read", "无法读取的申请"),
    "whole input": ("Inputs that are refused as a whole", "整体拒收的数据"),
}
CodeArgument = Annotated[str | None, typer.Argument(help="as R5, FR09, limit_exposure; none: all")]
LanguageOption = Annotated[Language, typer.Option("--lang", "--language", help="en or zh")]
WriteOption = Annotated[
    bool,
    typer.Option("--write", help="write docs/codes.md, at the root of a checkout"),
]


def codes(
    code: CodeArgument = None, language: LanguageOption = "en", write: WriteOption = False
) -> None:
    """Say what a code means, what follows, what a person can do, and where it is set."""
    console = Console(soft_wrap=True, highlight=False)
    if write:
        from creditloom.pipeline.commands.own_outputs import require_page
        from creditloom.storage.files.store import write_text

        text = page()
        require_page(PAGE, text)
        write_text(text, PAGE)
        console.print(f"written: {PAGE}")
        return
    if code is None:
        console.print(_table(language))
        console.print("`creditloom codes R5` says more of one.")
        return
    for line in described(code, language):
        console.print(line)


def described(code: str, language: Language) -> list[str]:
    """Return what is known of a code, a line each; DataError for one that does not exist."""
    import difflib

    from creditloom.pipeline.commands.letters.letter_data import emitted_codes, letter_data

    words = {entry.code.lower(): entry for entry in letter_data().codes.codes}
    entry = words.get(code.lower()) or words.get(f"limit_{code.lower()}")
    if entry is None:
        near = difflib.get_close_matches(code.lower(), words, n=3)
        raise DataError.of(
            "No such code",
            where="creditloom codes",
            expected="a code of a decision, filter, limit or review",
            got=code,
            next_step=f"nearest: {', '.join(words[name].code for name in near) or 'none'}; "
            "`creditloom codes` lists all",
        )
    is_zh = language == "zh"
    lines = [f"{entry.code}: {entry.zh if is_zh else entry.en}"]
    step = entry.next_zh if is_zh else entry.next_en
    if step:
        lines.append(f"您可以：{step}" if is_zh else f"What the person can do: {step}")
    for use in emitted_codes():
        if use.code == entry.code:
            action = entry.action_zh if is_zh else use.action
            does = f"; {action}" if action else ""
            lines.append(f"- {use.where}, {use.follows}: {use.zh if is_zh else use.en}{does}")
    return [*lines, f"{'来源' if is_zh else 'Source'}: {entry.source}"]


def _table(language: Language) -> Table:
    from creditloom.pipeline.commands.letters.letter_data import letter_data

    table = Table("code", "meaning" if language == "en" else "含义")
    for entry in letter_data().codes.codes:
        table.add_row(entry.code, entry.zh if language == "zh" else entry.en)
    return table


def page() -> str:
    """Return docs/codes.md: every code with its words in both languages, by kind."""
    return "\n".join(_page_lines()) + "\n"


def _page_lines() -> Iterator[str]:
    from creditloom.pipeline.commands.letters.letter_data import emitted_codes, letter_data

    words = {entry.code: entry for entry in letter_data().codes.codes}
    yield HEAD
    yield ""
    yield (
        "Every code that a decision, a filter, a limit or a review can carry. Written by "
        "`creditloom codes --write` from products/codes.yaml, the products and the rules; a test "
        "compares."
    )
    uses = sorted(emitted_codes(), key=lambda use: [*KINDS].index(use.kind))
    for kind, group in groupby(uses, key=lambda use: use.kind):
        yield from ("", f"## {KINDS[kind][0]} / {KINDS[kind][1]}", "")
        yield "| code | what follows | short words | meaning, and what the person can do |"
        yield "|---|---|---|---|"
        by_code: dict[str, list[tuple[str, str]]] = {}
        for use in group:
            by_code.setdefault(use.code, []).append((use.follows, f"{use.en} / {use.zh}"))
            if use.action:
                by_code[use.code].append((use.action, words[use.code].action_zh))
        for code, said in by_code.items():
            entry = words[code]
            follows = "; ".join(dict.fromkeys(one[0] for one in said))
            short = "; ".join(dict.fromkeys(one[1] for one in said if one[1]))
            meaning = f"{entry.en} {entry.next_en}".strip()
            yield f"| {code} | {follows} | {short} | {meaning}<br>{entry.zh}{entry.next_zh} |"
