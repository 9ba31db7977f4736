"""The direct path: a bundle that is opened once, and decides one or few applications as dicts.

It is the door of a service that asks for one person at a time. A batch of many rows is
`creditloom score`.
"""

from __future__ import annotations

import datetime as dt
import gc
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from creditloom.decision.decide import Decider
from creditloom.decision.frames.records.direct import DirectDecider
from creditloom.decision.reasons.reasons import Explain
from creditloom.decision.reasons.text import Language


class DirectScorer:
    """A bundle that decides dicts: the answers of the batch, to the bit.

    bundle: its folder, or a `Decider` that holds it. explain, language, product, law: as of
    `Decider.decide`, for every call. Whatever hangs on the bundle alone is made here, once. Raises
    `DecisionError` as `Decider.load`, and for an unknown product or law.
    """

    def __init__(
        self,
        bundle: Path | str | Decider,
        *,
        explain: Explain = "adverse",
        language: Language = "en",
        product: str = "",
        law: str = "",
    ) -> None:
        decider = bundle if isinstance(bundle, Decider) else Decider.load(Path(bundle), threads=1)
        decider.terms(product, law)
        decider.warm()
        # Sentences are made of texts that hang on the bundle alone.
        decider.bundle.sentence_book(language).warm()
        # What is loaded by now is kept out of full collections, as `_load_pyfunc` does.
        gc.freeze()
        self.decider = decider
        self._direct = DirectDecider(decider)
        self._options = {"explain": explain, "language": language, "product": product, "law": law}

    def decide(
        self, application: Mapping[str, Any], *, today: dt.date | None = None
    ) -> dict[str, Any]:
        """Return the answer to one application: a decision, or the rule that it breaks.

        application: values as JSON or Python has them, by the names of a frame's columns; None and
        NaN are null. today: the last day on which an as_of may lie; None is today in UTC. The
        answer has the columns of a decision and `refused_rule`, `refused_column`, `refused_reason`,
        None where nothing is to be said. Raises `DecisionError` for a name that is missing or
        banned (R7).
        """
        return self.decide_many([application], today=today)[0]

    def decide_many(
        self, applications: Sequence[Mapping[str, Any]], *, today: dt.date | None = None
    ) -> list[dict[str, Any]]:
        """Return the answers to few applications, in their order; see `decide`.

        They are read as the rows of one frame: a name that one of them lacks is null there, and an
        id that stands twice is refused in both. Raises `DecisionError` for ids of which some are
        whole numbers and some text.
        """
        return self._direct.answers(applications, today, **self._options)
