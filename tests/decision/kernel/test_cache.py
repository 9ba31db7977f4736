"""Compiled code is read through pickle: only from where nobody else can put any."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from creditloom.decision.score.contributions import compiled as kernel
from creditloom.decision.score.contributions.compiled import is_owner_only
from creditloom.features import compiled as loops


def test_a_cache_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert is_owner_only(tmp_path)
    tmp_path.chmod(0o770)
    assert not is_owner_only(tmp_path)
    tmp_path.chmod(stat.S_IRWXU)
    (tmp_path / "link").symlink_to(tmp_path)
    assert not is_owner_only(tmp_path / "link")


WAYS = pytest.mark.parametrize("is_safe", [kernel.is_way_safe, loops.is_way_safe])


@WAYS
def test_a_cache_below_a_folder_that_others_may_change_is_not_used(
    tmp_path: Path, is_safe: Callable[[Path], bool]
) -> None:
    """Whoever may rename a folder above the cache can put one of theirs in its place."""
    cache = tmp_path / "home" / ".cache" / "creditloom"
    cache.mkdir(parents=True, mode=0o700)
    assert is_safe(cache / "leaf")
    for above in (cache, cache.parent, cache.parent.parent):
        for mode in (0o777, 0o770, 0o722):
            above.chmod(mode)
            assert not is_safe(cache / "leaf")
        # As /tmp: everyone may write, each removes only what is theirs.
        above.chmod(0o1777)
        assert is_safe(cache / "leaf")
        above.chmod(0o700)


@WAYS
def test_a_cache_behind_a_link_into_an_open_folder_is_not_used(
    tmp_path: Path, is_safe: Callable[[Path], bool]
) -> None:
    real = tmp_path / "open" / "cache"
    real.mkdir(parents=True)
    (tmp_path / "link").symlink_to(real)
    real.parent.chmod(0o777)
    assert not is_safe(tmp_path / "link" / "leaf")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
@WAYS
def test_a_cache_in_the_home_of_another_user_is_not_used(
    tmp_path: Path, is_safe: Callable[[Path], bool]
) -> None:
    """`sudo` keeps HOME: the other user's compiled code would run as root."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    os.chown(home, 12345, 12345)
    assert not is_safe(home / ".cache" / "creditloom" / "leaf")


def test_a_user_without_name_and_home_compiles_without_a_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nobody() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    assert kernel._folder() is None and loops._cache_folder(Path(kernel.__file__)) is None
    assert loops.jit(lambda number: number + 1)(1) == 2


def test_the_same_source_elsewhere_is_not_compiled_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another checkout, and the copy that a registered model brings, use what was kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir(mode=0o700)
    hits = []
    for place, content in (("one", "number + 1"), ("two", "number + 1"), ("three", "number + 2")):
        source = tmp_path / place / "loops.py"
        source.parent.mkdir()
        source.write_text(f"def after(number):\n    return {content}\n")
        found: dict[str, Callable[[int], int]] = {}
        exec(compile(source.read_text(), str(source), "exec"), found)
        after = loops.jit(found["after"])
        assert after(1) == int(content[-1]) + 1
        hits.append(sum(after.stats.cache_hits.values()))
    assert hits == [0, 1, 0]
