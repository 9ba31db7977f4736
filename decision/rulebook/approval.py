"""Who approved a policy: its articles, the steps of each change, and what may decide.

A policy has articles: the PD bands, the frame (choice of product and laws, filters, sources,
validation), each product, each law. Each is known by the sha256 of its content. A change of some
articles goes from draft to review to approved; every step says role, date and why.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from ..base.errors import DecisionError
from ..base.strict_json import canonical, check_format, parse, plain

State = Literal["draft", "review", "approved"]
# In the order in which a change takes them; none may be left out.
STATES: tuple[State, ...] = ("draft", "review", "approved")
DRAFT, REVIEW, APPROVED = STATES
# The file of a bundle that holds the steps, and the version of its format.
FILE = "approval.json"
VERSION = 1
TIERS = "tiers"
FRAME = "frame"
# What the frame holds of policy.json. Left out is what the code itself compiles of products.
FRAME_KEYS = ("filters", "sources", "validation", "horizon_days", "beyond_training", "consents")


@dataclass(frozen=True)
class PolicyStep:
    """One step of a change.

    `change` counts changes from 1. `role` is who took the step, a role and no person's name.
    `articles` maps article to the sha256 of its content; only the draft has them. `previous` is the
    sha256 of the step before in the record, "" of the first.
    """

    change: int
    state: State
    role: str
    date: dt.date
    why: str
    previous: str
    articles: dict[str, str] = field(default_factory=dict)

    @property
    def link(self) -> str:
        """The sha256 of the step, which the next one names."""
        return _digest(plain(self))


@dataclass(frozen=True)
class Approvals:
    """The record of all steps, in the order in which they were taken.

    Raises `DecisionError` for a step that is skipped, a chain that is broken, and a role that
    reviews or approves what it drafted.
    """

    approvals: tuple[PolicyStep, ...] = ()
    version: int = VERSION

    def __post_init__(self) -> None:
        previous = ""
        taken: dict[int, list[PolicyStep]] = {}
        for step in self.approvals:
            if step.previous != previous:
                raise _refusal(step, f"previous {previous[:12] or 'nothing'}", step.previous[:12])
            before = taken.setdefault(step.change, [])
            _check_step(step, before, len(taken))
            before.append(step)
            previous = step.link

    @classmethod
    def from_json(cls, text: str | bytes) -> Approvals:
        """Read `approval.json`, strictly; DecisionError for a later format."""
        content = json.loads(text)
        check_format(content, VERSION, FILE, "version")
        return parse(cls, content, FILE)

    @cached_property
    def state_by_article(self) -> dict[tuple[str, str], State]:
        """The furthest state of each (article, sha256) that the record knows."""
        drafted = {step.change: step.articles for step in self.approvals if step.articles}
        found: dict[tuple[str, str], State] = {}
        for step in self.approvals:
            for article in drafted[step.change].items():
                known = found.get(article, DRAFT)
                found[article] = max(known, step.state, key=STATES.index)
        return found

    def state(self, article: str, sha256: str) -> State:
        """Return the state of an article with this content; what nobody recorded is a draft."""
        return self.state_by_article.get((article, sha256), DRAFT)

    def unapproved(self, articles: Mapping[str, str]) -> dict[str, State]:
        """Return those of the articles that nobody approved with this content, and their state."""
        states = {name: self.state(name, sha) for name, sha in articles.items()}
        return {name: state for name, state in states.items() if state != APPROVED}

    def require(self, articles: Mapping[str, str]) -> None:
        """Raise `DecisionError` unless every one of these articles is approved."""
        lacking = self.unapproved(articles)
        if lacking:
            raise DecisionError(
                "the policy is not approved, so it decides nothing",
                where=", ".join(f"{name} ({state})" for name, state in lacking.items()),
                expected="every article that decides approved with its present content",
                got=f"{len(lacking)} that are not",
                next_step="look at it with `creditloom whatif`; take it from draft to approved "
                "with `creditloom policy`, and run the bundle stage again",
            )


def articles_of(tiers: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, str]:
    """Return the sha256 of each article by its name, of the content of tiers.json and policy.json.

    A rule book without a product has none: the tier alone decides, and nothing is offered.
    """
    if rules["product"] is None:
        return {}
    frame = {name: rules[name] for name in FRAME_KEYS if name in rules}
    laws = rules["laws"]
    chosen = {"product": rules["product"]["id"], "laws": [law["id"] for law in laws]}
    # By name, so that a product that stands twice, as the default and in the list, is one article.
    products = [rules["product"], *rules["products"]]
    # table: the articles
    return {
        TIERS: _digest(tiers),
        FRAME: _digest({**frame, "chosen": chosen}),
        **{f"product {one['id']}": _digest(one) for one in products},
        **{f"law {one['id']}": _digest(one) for one in (*laws, *rules["other_laws"])},
    }


def deciding(articles: Mapping[str, str], product: str, laws: Iterable[str]) -> dict[str, str]:
    """Return the articles that decide about a product under some laws."""
    names = (TIERS, FRAME, f"product {product}", *(f"law {law}" for law in laws))
    return {name: articles[name] for name in names}


def _check_step(step: PolicyStep, before: list[PolicyStep], changes: int) -> None:
    """Raise `DecisionError` for a step that may not follow those of its change."""
    expected = STATES[len(before)] if len(before) < len(STATES) else "no further step"
    if step.state != expected or (step.change != changes and not before):
        raise _refusal(step, f"{expected}", step.state)
    if bool(step.articles) != (step.state == DRAFT):
        raise _refusal(step, "articles in the draft, and only there", "otherwise")
    if not step.role.strip() or not step.why.strip():
        raise _refusal(step, "a role and a reason", "none")
    if before and same_role(step.role, before[0].role):
        raise _refusal(
            step, f"another role than the one that drafted ({before[0].role})", step.role
        )
    if before and step.date < before[-1].date:
        raise _refusal(step, f"a date from {before[-1].date} on", str(step.date))


def same_role(one: str, other: str) -> bool:
    """Return whether two roles are the same, however they are spaced and capitalised.

    >>> same_role("Model  risk", "model risk")
    True
    """
    return one.casefold().split() == other.casefold().split()


def _digest(content: Any) -> str:
    return hashlib.sha256(canonical(content)).hexdigest()


def _refusal(step: PolicyStep, expected: str, got: str) -> DecisionError:
    return DecisionError(
        "the record of approvals contradicts itself",
        where=f"change {step.change}, {step.state}",
        expected=expected,
        got=got or "nothing",
        next_step="restore the record; steps are only added, by `creditloom policy`",
    )
