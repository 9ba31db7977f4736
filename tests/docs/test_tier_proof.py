"""The commands of the tier `proof`: they take minutes, and `make proof` runs them."""

from __future__ import annotations

import pytest

from tests.docs.conftest import At, by_document
from tests.docs.run_block import failures

DOCUMENTS = by_document("proof")


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_commands_of_a_document_run(name: str, at: At) -> None:
    place = at(name.rpartition(" in ")[2])
    assert failures(DOCUMENTS[name], place) == []
