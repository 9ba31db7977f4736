"""Credit decisions woven from raw events: explained, priced, replayable.

The names below are the public API. Each is loaded when it is first used, so that
`import creditloom` waits for no library.

    creditloom.CreditScorer().fit(X, y).predict_proba(X)
    creditloom.Decider.load("data/model").decide(frame)
    creditloom.score("night", source="rows.parquet", bundle="data/model")
    creditloom.verify("night")

The first is a classifier of scikit-learn. The second decides a frame: one row out per row in. The
third decides a batch with ledger, receipts and quarantine. The fourth returns [] while every byte
of the batch is as it was sealed.

What else lies in the package (`creditloom.<room>...`) may change between minor releases. A public
name is not taken away at once: for one minor release at least it works and warns
(`DeprecationWarning`, with what to use instead).
"""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from creditloom.decision.decide import Decider
    from creditloom.pipeline.api import fit, quote, simulate
    from creditloom.pipeline.scorer.credit_scorer import CreditScorer
    from creditloom.serving.applicant.online.online import Online
    from creditloom.serving.from_events import from_events
    from creditloom.serving.score import Scored, score
    from creditloom.serving.verify import verify

__version__ = "0.2.0"
__all__ = [
    "CreditScorer",
    "Decider",
    "Online",
    "Scored",
    "__version__",
    "fit",
    "from_events",
    "quote",
    "score",
    "simulate",
    "verify",
]

# Public name -> the module that holds it.
_PUBLIC = {
    "CreditScorer": "creditloom.pipeline.scorer.credit_scorer",
    "Decider": "creditloom.decision.decide",
    "Online": "creditloom.serving.applicant.online.online",
    "Scored": "creditloom.serving.score",
    "fit": "creditloom.pipeline.api",
    "from_events": "creditloom.serving.from_events",
    "quote": "creditloom.pipeline.api",
    "score": "creditloom.serving.score",
    "simulate": "creditloom.pipeline.api",
    "verify": "creditloom.serving.verify",
}
# Old name -> (the public name that takes its place, the release that takes the old one away).
_DEPRECATED: dict[str, tuple[str, str]] = {}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used. Raises AttributeError for any other name."""
    if name in _DEPRECATED:
        instead, gone = _DEPRECATED[name]
        message = f"creditloom.{name} goes in {gone}: use creditloom.{instead}"
        # Level 2: the warning names the line that used the old name, not this one.
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        name = instead
    if name not in _PUBLIC:
        known = ", ".join(sorted(_PUBLIC))
        raise AttributeError(
            f"module 'creditloom' has no attribute {name!r}; its names are {known}"
        )
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
