"""Tables of words that several kinds of one thing share: `[kind]` stands for a word of the kind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ...declare.declarations import FeatureWording

TEXTS = ("measure", "en", "zh", "say_en", "say_zh")


def filled(
    wordings: Iterable[FeatureWording], words: Mapping[str, str]
) -> tuple[FeatureWording, ...]:
    """Return the wordings with the words of one kind in the place of their names.

    >>> shared = FeatureWording("count", "", ("[name]",), "number of [many]", "", "", "")
    >>> filled([shared], {"name": "login", "many": "logins"})[0].en
    'number of logins'
    """
    return tuple(_filled(one, words) for one in wordings)


def _filled(one: FeatureWording, words: Mapping[str, str]) -> FeatureWording:
    texts = {name: _put(getattr(one, name), words) for name in TEXTS}
    return replace(one, slices=tuple(_put(name, words) for name in one.slices), **texts)


def _put(text: str, words: Mapping[str, str]) -> str:
    for name, word in words.items():
        text = text.replace(f"[{name}]", word)
    return text
