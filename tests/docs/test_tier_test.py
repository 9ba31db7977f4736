"""What documents show of the tier `test`: each command runs, and shows what stands there."""

from __future__ import annotations

import pytest

from tests.docs.conftest import At, by_document
from tests.docs.run_block import failures

DOCUMENTS = by_document("test")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_commands_of_a_document_run(name: str, at: At) -> None:
    place = at(name.rpartition(" in ")[2])
    assert failures(DOCUMENTS[name], place) == []
