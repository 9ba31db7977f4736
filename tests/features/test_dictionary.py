"""The data dictionary in docs/ is what the declarations say."""

from __future__ import annotations

from creditloom.features.contract.tables import EVENT_TABLES
from creditloom.features.declare.registry import plan
from creditloom.pipeline.commands.model.dictionary import DOCS, documents
from tests.checkout import needs_checkout


@needs_checkout
def test_the_pages_are_up_to_date() -> None:
    stale = [
        name
        for name, text in documents().items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != text
    ]
    assert stale == [], "run `creditloom dictionary` and commit docs/"


def test_every_feature_stands_on_a_page() -> None:
    pages = "\n".join(documents().values())
    stems = {
        spec.name.removesuffix(f"_{spec.window}")
        for spec in plan([table.name for table in EVENT_TABLES]).specs
    }
    assert [stem for stem in stems if f"`{stem}_" not in pages] == []
