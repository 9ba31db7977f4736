"""Every file of numbers is read strictly at every depth: no key ignored, no text as a number."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.policy import DataSources, Filters
from creditloom.decision.rulebook.product import Product
from creditloom.features.contract.raw_changes import RawChanges
from creditloom.models.evaluation.bars import Bars, FamilySpread
from creditloom.models.evaluation.groups.fairness_rules import FairnessRules
from creditloom.models.evaluation.groups.fairness_tests import LawTests
from creditloom.models.evaluation.groups.row_decisions import RowDecisions
from creditloom.models.evaluation.rivals.fitted import RivalParams
from creditloom.models.evaluation.world_figures.published import PublishedFacts
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError, document
from creditloom.portfolio.benchmarks import Benchmarks
from creditloom.portfolio.book.review_rules import ReviewRules
from creditloom.serving.applicant.letters.letter_types import CodeBook, Rights
from creditloom.world.book.book_config import BookConfig
from creditloom.world.config.world_config import WorldConfig

# table: type -> files of it
KINDS: dict[type, list[Path]] = {
    Product: sorted(paths.PRODUCTS.glob("*_[vS]*.yaml")),
    Rights: sorted((paths.LAW / "rights").glob("*.yaml")),
    CodeBook: [paths.PRODUCTS / "codes.yaml"],
    Law: sorted(set(paths.LAW.glob("*.yaml")) - {paths.LAW_TESTS}),
    LawTests: [paths.LAW_TESTS],
    RowDecisions: [paths.FAIRNESS_DECISIONS],
    FairnessRules: [paths.FAIRNESS],
    Filters: [paths.FILTERS],
    DataSources: [paths.SOURCES],
    Benchmarks: [paths.BENCHMARKS],
    ReviewRules: sorted(paths.REVIEW_RULES.glob("*.yaml")),
    WorldConfig: [paths.WORLD],
    BookConfig: [paths.BOOK],
    PublishedFacts: [paths.PUBLISHED],
    Bars: [paths.BARS, paths.EVIDENCE_BARS],
    FamilySpread: [paths.FAMILY_SPREAD],
    RivalParams: [paths.RIVALS],
    RawChanges: [paths.RAW_CHANGES],
}
FILES = [(kind, file) for kind, files in KINDS.items() for file in files]
At = tuple[Any, ...]


def records(node: Any, at: At = ()) -> Iterator[tuple[At, dict[str, Any]]]:
    """Every mapping of a document with the way to it."""
    if isinstance(node, dict):
        yield at, node
    children = node.items() if isinstance(node, dict) else enumerate(node)
    for key, child in children:
        if isinstance(child, dict | list):
            yield from records(child, (*at, key))


def shape(record: dict[str, Any]) -> At:
    """Records with the same keys are read as one type: one of them stands for all."""
    return tuple(sorted(map(str, record)))


def counted(record: dict[str, Any]) -> list[str]:
    """Keys whose value is a number; a flag is none."""
    numbers = {key: value for key, value in record.items() if isinstance(value, int | float)}
    return [key for key, value in numbers.items() if not isinstance(value, bool)]


def changed(whole: Any, at: At, key: str, value: Any) -> Any:
    """A copy of the document with one key of the mapping at `at` set."""
    copied = copy.deepcopy(whole)
    place = copied
    for step in at:
        place = place[step]
    place[key] = value
    return copied


def _written(whole: Any) -> str:
    # The compiled writer: these files are written hundreds of times.
    return yaml.dump(whole, Dumper=yaml.CSafeDumper, allow_unicode=True)


def is_refused(kind: type, whole: Any, file: Path) -> bool:
    file.write_text(_written(whole), encoding="utf-8")
    try:
        document(kind, file)
    except ParamsError:
        return True
    return False


@pytest.mark.parametrize(("kind", "file"), FILES, ids=lambda part: getattr(part, "stem", ""))
def test_a_key_that_nobody_reads_is_refused_wherever_it_stands(
    kind: type, file: Path, tmp_path: Path
) -> None:
    """One record of each kind; a mapping by free names takes any key and refuses its value."""
    whole = yaml.safe_load(file.read_text(encoding="utf-8"))
    shapes = {shape(record): at for at, record in records(whole)}
    taken = [
        at
        for at in list(shapes.values())[:25]
        if not is_refused(kind, changed(whole, at, "no_such_key", ["?"]), tmp_path / "x.yaml")
    ]
    assert taken == []


@pytest.mark.parametrize(("kind", "file"), FILES, ids=lambda part: getattr(part, "stem", ""))
def test_a_number_as_text_is_refused_wherever_it_stands(
    kind: type, file: Path, tmp_path: Path
) -> None:
    whole = yaml.safe_load(file.read_text(encoding="utf-8"))
    numbers = {
        (shape(record), key): (at, key) for at, record in records(whole) for key in counted(record)
    }
    places = list(numbers.values())[:25]
    copies = {(*at, key): changed(whole, at, key, "7") for at, key in places}
    scratch = tmp_path / "x.yaml"
    assert [place for place, copy_ in copies.items() if not is_refused(kind, copy_, scratch)] == []
