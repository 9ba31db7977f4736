"""Gather what a letter speaks of: the row, its reasons in one language, product, law and quotation.

Each is a plain document with a name, so that a number of the letter can name its field.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from creditloom.decision.base.catalogue import Catalogue
from creditloom.decision.base.strict_json import plain
from creditloom.decision.quote.quote import quote
from creditloom.decision.quote.request import Request
from creditloom.decision.reasons.hints import hints
from creditloom.decision.reasons.text import Language
from creditloom.decision.rulebook.law import Law, day_of
from creditloom.decision.rulebook.policy import Policy
from creditloom.decision.rulebook.product import Product
from creditloom.decision.score.tiers import Tiers
from creditloom.serving.applicant.letters.letter_types import CodeBook, Rights
from creditloom.serving.applicant.letters.marks import LetterError, is_absent

# A law profile for arithmetic: nobody may be written to under it.
ARITHMETIC = "off"


@dataclass(frozen=True)
class LetterData:
    """What all letters share: the words of the codes, and the rights by law profile."""

    codes: CodeBook
    rights: tuple[Rights, ...]

    def rights_of(self, law: str | None) -> Rights:
        """Return the rights under a law profile; those of the house where none was in force.

        Raises LetterError for a profile whose rights nobody wrote down.
        """
        for one in self.rights:
            if (law is None and one.is_default) or law in one.laws:
                return one
        raise LetterError.of(
            "Nobody wrote down the rights under this law profile",
            where="products/law/rights",
            expected="a file that names it in `laws`",
            got=str(law),
            next_step="add the profile to a file there, with the rights that it gives",
        )

    @cached_property
    def words(self) -> dict[str, dict[str, Any]]:
        """The words of each code."""
        return {entry.code: plain(entry) for entry in self.codes.codes}


@dataclass(frozen=True)
class LetterRules:
    """The rules that a decision stands under, and the words of its concepts."""

    policy: Policy
    tiers: Tiers
    catalogue: Catalogue

    def policy_of(self, row: Mapping[str, Any]) -> Policy:
        """Return the rule book for product and law of a decision row."""
        law = "" if is_absent(row["law_profile"]) else str(row["law_profile"])
        product = "" if self.policy.product is None else str(row["product"])
        return self.policy.choose(product, law)

    def terms(self, row: Mapping[str, Any]) -> tuple[Product | None, Law | None]:
        """Return product and law of a decision row; no law where none was in force.

        A bundle of a table of one's own has neither: its tiers decide, and nothing is offered.
        """
        law = None if is_absent(row["law_profile"]) else str(row["law_profile"])
        if self.policy.product is None:
            return None, None
        chosen = self.policy_of(row)
        return chosen.product, chosen.laws[0] if law else None


def documents_of(
    row: Mapping[str, Any],
    said: Sequence[Mapping[str, Any]],
    rules: LetterRules,
    data: LetterData,
    language: Language,
    recourse: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the documents of one decision, by name.

    row: the decision as recorded. said: its reasons in `language`, of the same decision made again.
    recourse: what `creditloom recourse` worked out; None where it was not.
    """
    product, law = rules.terms(row)
    if law is not None and law.id == ARITHMETIC:
        raise LetterError.of(
            "Nobody is written to under a law for arithmetic",
            where=f"decision {row['decision_id']}",
            expected="a law profile of a place",
            got=law.id,
            next_step="decide the application under the law of its day",
        )
    offer = None
    if row["decision"] == "approve" and product is not None and law is not None:
        offer = quotation(row, product, law, rules.tiers)
    terms = {
        "law": {"protected_attributes": []} if law is None else plain(law),
        "rights": plain(data.rights_of(None if law is None else law.id)),
        "quote": offer,
    }
    steps = {
        "hints": hints(rules.catalogue, said, language),
        "action_codes": action_codes(row["actions"]),
        "recourse": recourse,
    }
    return {**plain_documents(row, said, rules, data), **terms, **steps}


def plain_documents(
    row: Mapping[str, Any],
    said: Sequence[Mapping[str, Any]],
    rules: LetterRules,
    data: LetterData,
) -> dict[str, Any]:
    """Return the documents that every decision has: row, day, reasons, words of codes, product.

    `applied` is the day where the law holds, null where the table has no days; `utc_offset` its
    hours ahead of UTC: people are told no other day.
    """
    chosen = rules.policy_of(row)
    product = chosen.product
    own = {} if product is None else {"product": plain(product)}
    has_law = not is_absent(row["law_profile"]) and bool(chosen.laws)
    offset = chosen.laws[0].utc_offset.value if has_law else 0.0
    # A table of one's own may have no days: such a decision is of no day.
    has_day = not is_absent(row["as_of"])
    return {
        "row": dict(row),
        "applied": local_day(row["as_of"], offset).isoformat() if has_day else None,
        "utc_offset": offset,
        "said": [dict(reason) for reason in said],
        "codes": data.words,
        **own,
    }


def quotation(row: Mapping[str, Any], product: Product, law: Law, tiers: Tiers) -> dict[str, Any]:
    """Return the quotation of the whole limit of an approval, paid out on its day."""
    start = local_day(row["as_of"], law.utc_offset.value)
    request = Request(
        product=product.id,
        amount=float(row["limit_cny"]),
        start=start,
        law=law.id,
        tier=str(row["tier"]),
    )
    return quote(product, law, tiers, request)


def local_day(moment: Any, utc_offset: float) -> dt.date:
    """Return the day of a moment (UTC) where the clock is `utc_offset` hours ahead.

    >>> local_day("2026-07-15 20:00:00+00:00", 8.0)
    datetime.date(2026, 7, 16)
    """
    # The moments are UTC, and numpy takes no zone.
    text = str(moment).removesuffix("+00:00").replace(" ", "T")
    day: dt.date = day_of(np.array([np.datetime64(text)]), utc_offset)[0].astype(dt.date)
    return day


def action_codes(actions: Any) -> list[str]:
    """Return the codes of what the filters do to the account.

    >>> action_codes("FR04 second verification of the device; FR10 refer")
    ['FR04', 'FR10']
    """
    if is_absent(actions):
        return []
    return [part.split(" ", 1)[0] for part in str(actions).split("; ")]
