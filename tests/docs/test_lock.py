"""The lock says by which command it was made, and CONTRIBUTING.md gives the same one."""

from __future__ import annotations

from tests.checkout import ROOT
from tests.docs.documented import all_blocks


def test_the_documented_command_of_the_lock_is_that_which_made_it() -> None:
    (command,) = [
        command.text
        for block in all_blocks()
        for command in block.commands
        if command.text.startswith("uv pip compile")
    ]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    head = " ".join(lock.partition("\n\n")[0].replace("#", " ").replace("\\\n", " ").split())
    words = set(command.split()) - {"--no-emit-index-url"}
    assert [word for word in sorted(words) if word not in head] == []
