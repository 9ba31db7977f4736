"""The policy as a person writes it: compiled to what decides, and the record of who approved it.

A person writes the block `policy` of params.yaml and the files of `products/`. The record is
products/approvals.yaml, to which steps are only added.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from creditloom.decision.base.strict_json import plain
from creditloom.decision.rulebook.approval import (
    APPROVED,
    DRAFT,
    REVIEW,
    STATES,
    Approvals,
    PolicyStep,
    State,
)
from creditloom.decision.rulebook.law import Law
from creditloom.decision.rulebook.policy import (
    DataSources,
    Filters,
    compile_policy,
    tiers_only_policy,
    with_beyond,
)
from creditloom.decision.score.tiers import Tiers
from creditloom.models.policy.bundle_policy import PolicyParams
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import ParamsError, document
from creditloom.pipeline.products.product_folder import ProductFolder
from creditloom.storage.files.store import write_text


def tiers_of(params: PolicyParams) -> Tiers:
    """Return the PD bands of a policy."""
    return Tiers.from_edges(params.edges)


def rules_of(params: PolicyParams, folder: ProductFolder | None = None) -> dict[str, Any]:
    """Return the content of policy.json: the default product with its laws first, then all others.

    `folder` holds products and laws, the shipped ones by default. Without a default product the
    tiers alone decide. Raises ParamsError for a product or a law that is not there.
    """
    if params.product is None:
        return tiers_only_policy(beyond_training=params.beyond_training)
    # The bundle holds every product and law, so that another one can be named when deciding. The
    # default comes first, with the laws that params.yaml lists.
    folder = ProductFolder.of() if folder is None else folder
    default = folder.product(params.product)
    others = tuple(product for product in folder.products() if product.id != default.id)
    other_laws = [name for name in folder.ids("law") if name not in params.law_profiles]
    rules = compile_policy(
        default,
        _laws(folder, params.law_profiles),
        products=others,
        other_laws=_laws(folder, other_laws),
        filters=folder.only("filters", Filters),
        sources=folder.only("sources", DataSources),
        validation=params.validation,
        horizon_days=params.horizon_days,
    )
    return with_beyond(rules, params.beyond_training)


def _laws(folder: ProductFolder, names: Iterable[str]) -> tuple[Law, ...]:
    return tuple(folder.law(name) for name in names)


# The record of approvals.

HEAD = """\
# Who approved the policy: written by `creditloom policy`, one step after the other, never edited.
# A change goes from draft to review to approved. An article is known by the sha256 of its content;
# roles are roles and no persons. docs/policy.md
approvals:
"""


@dataclass(frozen=True)
class ApprovalRecord:
    """The file as it is written: no version, which only a bundle's copy has."""

    approvals: tuple[PolicyStep, ...]


def recorded_approvals(path: Path = paths.APPROVALS) -> Approvals:
    """Return the record; an empty one where there is no file.

    Raises ParamsError for a file that is no record, and `DecisionError` for one that contradicts
    itself.
    """
    if not path.is_file():
        return Approvals()
    return Approvals(document(ApprovalRecord, path).approvals)


def drafted(
    record: Approvals, articles: dict[str, str], role: str, why: str, date: dt.date
) -> Approvals:
    """Return the record with a draft of every article that is not approved.

    Raises ParamsError where all are approved.
    """
    lacking = record.unapproved(articles)
    if not lacking:
        raise ParamsError(
            "creditloom policy draft: expected a policy that differs from the approved one, got "
            "the approved one; change params.yaml or products/ first"
        )
    changes = max((step.change for step in record.approvals), default=0)
    changed = {name: articles[name] for name in lacking}
    return _with(record, PolicyStep(changes + 1, DRAFT, role, date, why, "", changed))


def moved_on(
    record: Approvals,
    state: State,
    articles: dict[str, str],
    role: str,
    why: str,
    date: dt.date,
) -> Approvals:
    """Return the record with the next step of the last change: its review, or its approval.

    `articles` are those of the policy as it is now. Raises ParamsError where there is no such
    change, or where the policy was changed since it was drafted; `DecisionError` for a step that is
    skipped, and for the role that drafted.
    """
    before = STATES[STATES.index(state) - 1]
    last = record.approvals[-1] if record.approvals else None
    if last is None or last.state != before:
        got = "no change" if last is None else f"change {last.change} in state {last.state}"
        raise ParamsError(
            f"creditloom policy: expected a change in state {before} to take to {state}, "
            f"got {got}; {_NEXT[before]}"
        )
    draft = next(s for s in record.approvals if s.change == last.change and s.articles)
    stale = [name for name, sha in draft.articles.items() if articles.get(name) != sha]
    if stale:
        raise ParamsError(
            f"creditloom policy: expected the policy that was drafted as change {last.change}, got "
            f"another {', '.join(stale)}; draft it again"
        )
    return _with(record, PolicyStep(last.change, state, role, date, why, ""))


# table: state that a change must be in -> how it gets there
_NEXT = {
    DRAFT: "run `creditloom policy draft` first",
    REVIEW: "run `creditloom policy review` first: no step is skipped",
    APPROVED: "",
}


def _with(record: Approvals, step: PolicyStep) -> Approvals:
    previous = record.approvals[-1].link if record.approvals else ""
    return Approvals((*record.approvals, replace(step, previous=previous)))


def write_record(record: Approvals, path: Path = paths.APPROVALS) -> None:
    """Write the record as YAML, one value a line."""
    write_text(HEAD + "".join(map(_text, record.approvals)), path)


def _text(step: PolicyStep) -> str:
    content = plain(step)
    articles = content.pop("articles")
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in content.items()]
    if articles:
        lines += ["articles:", *(f'  "{name}": "{sha}"' for name, sha in articles.items())]
    return "  - " + "\n    ".join(lines) + "\n"
