"""Reads the words of the codes and the rights by law, and lists every code that can be emitted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from creditloom.decision.frames.row_rules import EXPECTED
from creditloom.decision.reasons.significance import REFERRALS
from creditloom.decision.rules.beyond import CODE as BEYOND
from creditloom.decision.rules.filters import FILTERS
from creditloom.decision.rules.limit import CAP_TEXTS, CAPS
from creditloom.decision.rules.rules import GATES, RULES
from creditloom.pipeline.products.product_folder import ProductFolder, every_product
from creditloom.portfolio.book.review_reasons import REASONS
from creditloom.serving.applicant.letters.documents import LetterData
from creditloom.serving.applicant.letters.letter_types import CodeBook, Rights

# Codes that refuse data as a whole, before there is a row that could carry them.
WHOLE = {
    "R7": ("refuses the input", "data that may not be processed at all", "含法律禁止处理的数据"),
    "R9": ("refuses the answer", "an adverse decision without a reason", "不利决定缺少具体理由"),
    "R12": ("stops the batch", "a batch unlike the training data", "批次与训练数据差异过大"),
}
BEYOND_WORDS = (
    "a value, or a missing one, that training never saw",
    "训练数据中未出现过的取值或缺失",
)


@dataclass(frozen=True)
class Emitted:
    """One use of a code: what kind it is, what follows, its short words, and where it is set."""

    code: str
    kind: str
    follows: str
    en: str
    zh: str
    where: str
    action: str = ""


@cache
def letter_data() -> LetterData:
    """Return the words of the codes and the rights, from products/.

    Raises ParamsError for a file that cannot be used.
    """
    folder = ProductFolder.of()
    rights = tuple(file.read(Rights) for file in folder.files if file.kind == "rights")
    return LetterData(folder.only("codes", CodeBook), rights)


@cache
def emitted_codes() -> tuple[Emitted, ...]:
    """Return every code that a rule, filter, cap, product, input or review can emit."""
    return (*_rules(), *_filters(), *_caps(), *_criteria(), *_reviews(), *_whole(), *_row_rules())


def _rules() -> Iterator[Emitted]:
    for rule in (*GATES, *RULES):
        yield Emitted(rule.code, "rule", rule.outcome, rule.text_en, rule.text_zh, "every product")
    yield Emitted(BEYOND, "rule", "refer", *BEYOND_WORDS, "every product")
    for code, words in REFERRALS.items():
        yield Emitted(code, "rule", "refer", *words, "every product")


def _filters() -> Iterator[Emitted]:
    for one in FILTERS:
        follows = one.outcome or "changes no decision"
        yield Emitted(
            one.code, "filter", follows, one.text_en, one.text_zh, "every product", one.action
        )


def _caps() -> Iterator[Emitted]:
    for cap in CAPS:
        en, zh = CAP_TEXTS[cap]
        yield Emitted(f"limit_{cap}", "cap", "holds the limit", en, zh, "every product")


def _criteria() -> Iterator[Emitted]:
    for product in every_product():
        for criterion in product.admission:
            is_soft = criterion.soft_points is not None
            follows = "counts in points" if is_soft else "refuse"
            yield Emitted(
                criterion.code,
                "criterion",
                f"{follows}; not known: {criterion.if_unknown}",
                criterion.text_en,
                criterion.text_zh,
                product.id,
            )


def _reviews() -> Iterator[Emitted]:
    for code, reason in REASONS.items():
        follows = "against the person" if reason.is_adverse else "for the person"
        yield Emitted(code, "review", follows, reason.en, reason.zh, "the monthly review")


def _whole() -> Iterator[Emitted]:
    for code, (follows, en, zh) in WHOLE.items():
        yield Emitted(code, "whole input", follows, en, zh, "every input")


def _row_rules() -> Iterator[Emitted]:
    words = {entry.code: entry for entry in letter_data().codes.codes}
    for code, expected in EXPECTED.items():
        zh = words[code].zh if code in words else ""
        yield Emitted(code, "row", "set aside", f"expected: {expected}", zh, "every input")
