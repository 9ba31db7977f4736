"""Every rule that is implemented decides something: read wrongly, it changes a named outcome.

A sample runs with `make consumer`, all of them with `make proof`.
`python -m tests.trace.run_wrong S1` prints them.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

import pytest

from creditloom.pipeline.proof.trace.page import Trace
from tests.architecture.source import ROOT
from tests.trace.outcomes import KINDS, names, parts
from tests.trace.workshop import Workshop, workshop
from tests.trace.wrong_readings import WrongReading, wrong_readings

ALL = wrong_readings()
SOURCES = {"S1", "S2", "S3", "S4", "S5"}
QUICK_KINDS = ("decision", "quote", "review", "listing")


def sample() -> list[WrongReading]:
    """Return the middle decision of each source, and the middle one of each other quick kind."""
    kinds = {wrong: parts(wrong.changes)[0] for wrong in ALL}
    groups = [
        [wrong for wrong in ALL if kinds[wrong] == "decision" and wrong.rule.startswith(source)]
        for source in sorted(SOURCES)
    ]
    groups += [[wrong for wrong in ALL if kinds[wrong] == kind] for kind in QUICK_KINDS[1:]]
    return [group[len(group) // 2] for group in groups if group]


@pytest.fixture(scope="module")
def trace() -> Trace:
    # Not when the file is imported: it reads every file, and each worker imports all tests.
    return Trace.of(ROOT)


@pytest.fixture(scope="module")
def place() -> Iterator[Workshop]:
    with workshop() as made:
        yield made


def test_every_implemented_rule_has_one_wrong_reading(trace: Trace) -> None:
    rules = [rule for rule in trace.rules if rule.id.partition("-")[0] in SOURCES]
    counts = Counter(wrong.rule for wrong in ALL)
    assert {rule.id: counts[rule.id] for rule in rules} == {
        rule.id: int(rule.out is None) for rule in rules
    }
    assert all(count == 1 for count in counts.values())


def test_the_rules_that_stay_implemented_do_not_become_fewer(trace: Trace) -> None:
    """At least 245 of 297: what decides nothing is out of scope, with its reason."""
    assert sum(rule.out is None for rule in trace.rules) >= 245


@pytest.mark.parametrize("wrong", ALL, ids=lambda w: w.rule)
def test_what_is_read_wrongly_stands_there_once(wrong: WrongReading) -> None:
    """And broken code is still code: a syntax error would change any outcome."""
    is_python = wrong.file.endswith(".py")
    assert is_python == (wrong.scope is not None)
    sound = (ROOT / wrong.file).read_text(encoding="utf-8")
    broken = wrong.applied(sound)
    assert broken != sound and wrong.wrong
    if is_python:
        assert ast.dump(ast.parse(broken)) != ast.dump(ast.parse(sound))


@pytest.mark.parametrize("kind", KINDS)
def test_the_situations_that_are_named_exist(kind: str) -> None:
    named = {name for k, name in (parts(wrong.changes) for wrong in ALL) if k == kind}
    assert named <= names(kind), named - names(kind)


def test_every_kind_of_outcome_is_known() -> None:
    assert {parts(wrong.changes)[0] for wrong in ALL} <= set(KINDS)


def test_a_situation_that_nobody_names_is_not_kept() -> None:
    """The files of tests/trace/situations are there for wrong readings alone."""
    named = {wrong.changes for wrong in ALL}
    for kind in ("quote", "review", "frame"):
        unused = {name for name in names(kind) if f"{kind}: {name}" not in named}
        assert not unused, unused


@pytest.mark.slow
def test_the_right_reading_changes_nothing(place: Workshop) -> None:
    """Else every difference would be an accident of two runs."""
    first = next(wrong for wrong in sample() if wrong.changes.startswith("quote: "))
    same = WrongReading(
        rule=first.rule,
        wrong="the same",
        file="products/house_v1.yaml",
        scope=None,
        find="id: house@v1",
        put="id: house@v1 # the same",
        changes=first.changes,
    )
    assert place.differences(same) == []


@pytest.mark.slow
@pytest.mark.parametrize("wrong", sample(), ids=lambda w: w.rule)
def test_a_wrong_reading_changes_an_outcome(place: Workshop, wrong: WrongReading) -> None:
    assert place.differences(wrong)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ALL, ids=lambda w: w.rule)
def test_no_rule_is_hollow(place: Workshop, wrong: WrongReading) -> None:
    assert place.differences(wrong), f"{wrong.rule} read as `{wrong.wrong}` changes nothing"
