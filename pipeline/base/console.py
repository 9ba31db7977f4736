"""Where commands and stages print: text as it is, never as markup.

An id, a reason or a path may hold `[/red]` or `:warning:`. rich would take them for markup, and end
with an error. So every console of ours is this one.
"""

from __future__ import annotations

from typing import Any

import rich.console


class Console(rich.console.Console):
    """rich's console, which shows every text as it stands; colour is given by `rich.text.Text`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)
