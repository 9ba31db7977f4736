"""Writes the table of all rules as Markdown: what each says, where it is implemented and tested.

It names the situation whose outcome is another one when the rule is read wrongly, too. For a rule
that is out of scope the page gives the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from creditloom.pipeline.proof.trace.citations import (
    Citations,
    citations_of_code,
    citations_of_tests,
)
from creditloom.pipeline.proof.trace.source_rules import (
    SOURCES,
    Contradiction,
    SourceRule,
    all_contradictions,
    all_rules,
)
from creditloom.pipeline.proof.trace.wrong_changes import wrong_changes

RULES = Path("docs/rules")
PAGE = Path("docs/traceability.md")
HEADS = ("rule", "what it says", "implemented", "tested", "wrong reading changes")
SHOWN = 4  # files named per cell; the rest is counted


@dataclass(frozen=True)
class Trace:
    """The rules of the sources with the files and tests that cite each.

    `changes` gives per rule the situation that its wrong reading changes.
    """

    rules: tuple[SourceRule, ...]
    contradictions: tuple[Contradiction, ...]
    implemented: Citations
    tested: Citations
    changes: Mapping[str, str]

    @classmethod
    def of(cls, house: Path) -> Trace:
        """Read a checkout."""
        folder = house / RULES
        return cls(
            all_rules(folder),
            all_contradictions(folder),
            citations_of_code(house),
            citations_of_tests(house),
            wrong_changes(house),
        )

    @property
    def missing(self) -> tuple[str, ...]:
        """The rules in scope that no code or no test cites."""
        wanted = [rule.id for rule in self.rules if rule.out is None]
        wanted += [rule.id for rule in self.contradictions]
        return tuple(id_ for id_ in wanted if id_ not in self.implemented or id_ not in self.tested)

    @property
    def unknown(self) -> tuple[str, ...]:
        """The ids that are cited but are in no list of docs/rules."""
        known = {rule.id for rule in self.rules} | {rule.id for rule in self.contradictions}
        return tuple(sorted((set(self.implemented) | set(self.tested)) - known))


def page(trace: Trace) -> str:
    """Return the whole page in Markdown."""
    return "\n".join(_lines(trace)) + "\n"


def _lines(trace: Trace) -> Iterator[str]:
    rules = len(trace.rules)
    out = sum(rule.out is not None for rule in trace.rules)
    yield "# Which rule is kept where"
    yield ""
    yield (
        f"{rules} rules of five sources: {rules - out} implemented, "
        f"{out} out of scope with the reason."
    )
    yield (
        "Written by `creditloom trace` from docs/rules and from the ids that code and tests cite; "
        "do not edit."
    )
    yield (
        "The last column names the situation (kind: name) whose outcome is another one when the "
        "rule is read wrongly (tests/trace/wrong)."
    )
    for source in SOURCES:
        yield from _table(source, HEADS)
        # Keep the order of docs/rules, which is the order of the source.
        yield from (_row(rule, trace) for rule in trace.rules if rule.id.startswith(source))
    yield from _table("Contradictions", ("id", "between", "choice", "where", "tested"))
    yield from (_contradiction_row(rule, trace) for rule in trace.contradictions)


def _table(title: str, heads: Sequence[str]) -> Iterator[str]:
    """Yield the heading of a section and the head of its table."""
    yield from ("", f"## {title}", "", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|")


def _row(rule: SourceRule, trace: Trace) -> str:
    if rule.out is not None:
        return f"| {rule.id} | {rule.what} | out of scope: {rule.out} | - | - |"
    implemented = _files(trace.implemented, rule.id)
    tested = _files(trace.tested, rule.id)
    # A bar would end the cell.
    changed = trace.changes.get(rule.id, "**nothing**").replace("|", "\\|")
    return f"| {rule.id} | {rule.what} | {implemented} | {tested} | {changed} |"


def _contradiction_row(rule: Contradiction, trace: Trace) -> str:
    implemented = _files(trace.implemented, rule.id)
    tested = _files(trace.tested, rule.id)
    return f"| {rule.id} | {rule.what} | {rule.choice} | {implemented} | {tested} |"


def _files(citations: Citations, rule: str) -> str:
    # A rule that is cited in many files would fill the page. Name some files and count the rest.
    files = citations.get(rule, ())
    more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    return ", ".join(f"`{name}`" for name in files[:SHOWN]) + more if files else "**nowhere**"
