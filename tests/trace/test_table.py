"""All rules of the sources are accounted for, and the page says so."""

from __future__ import annotations

from collections import Counter

import pytest

from creditloom.pipeline.proof.trace.page import PAGE, Trace, page
from tests.architecture.source import ROOT
from tests.trace.wrong_readings import wrong_readings

RULES_OF_SOURCE = {"S1": 75, "S2": 54, "S3": 56, "S4": 54, "S5": 58}  # domain 1.6


@pytest.fixture(scope="module")
def trace() -> Trace:
    return Trace.of(ROOT)


def test_every_rule_is_listed_once(trace: Trace) -> None:
    ids = [f"{source}-R{k:02d}" for source, n in RULES_OF_SOURCE.items() for k in range(1, n + 1)]
    assert [rule.id for rule in trace.rules] == ids
    assert [rule.id for rule in trace.contradictions] == [f"C{k:02d}" for k in range(1, 31)]


def test_every_rule_in_scope_is_implemented_and_tested(trace: Trace) -> None:
    assert trace.missing == ()


def test_no_unknown_rule_is_cited(trace: Trace) -> None:
    assert trace.unknown == ()


def test_out_of_scope_gives_a_reason(trace: Trace) -> None:
    out = Counter(bool(rule.out) for rule in trace.rules if rule.out is not None)
    assert out[False] == 0
    # Of 297 rules at least 245 decide something.
    assert out[True] <= 52


def test_each_rule_names_the_situation_that_its_wrong_reading_changes(trace: Trace) -> None:
    lines = {line.split(" | ")[0].removeprefix("| "): line for line in page(trace).splitlines()}
    of_rule = {wrong.rule: wrong.changes for wrong in wrong_readings()}
    for rule in trace.rules:
        assert lines[rule.id].endswith(f" | {of_rule[rule.id] if rule.out is None else '-'} |")


def test_the_page_is_up_to_date(trace: Trace) -> None:
    """Else run `creditloom trace`."""
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(trace)
