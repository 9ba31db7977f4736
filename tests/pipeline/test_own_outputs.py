"""Only what is ours is replaced: foreign files and folders at an output stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from creditloom.pipeline.base import paths
from creditloom.pipeline.base.params import document, section
from creditloom.pipeline.cli import build
from creditloom.pipeline.commands.own_outputs import require_page, write_kind
from creditloom.pipeline.commands.portfolio import review
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.store import write_json
from creditloom.world.config.config_types import Calendar, WorldParams
from creditloom.world.config.world_config import WorldConfig
from creditloom.world.simulate import simulate


def _link(place: Path) -> None:
    (place.parent / "elsewhere").write_text("theirs")
    place.symlink_to(place.parent / "elsewhere")


def _folder(place: Path) -> None:
    (place / "inside").mkdir(parents=True)
    (place / "inside" / "letter.txt").write_text("dear")


# What somebody may have at the place of an output.
# table: name -> who makes it there
LAYOUTS: dict[str, Callable[[Path], object]] = {
    "text": lambda place: place.write_text("theirs\n"),
    "empty file": lambda place: place.write_bytes(b""),
    "bytes": lambda place: place.write_bytes(b"\xff\x00PAR1"),
    "json": lambda place: place.write_text('{"theirs": 1, "rows": []}'),
    "torn json": lambda place: place.write_text('{"theirs"'),
    "json list": lambda place: place.write_text("[1]"),
    "parquet": lambda place: pq.write_table(pa.table({"theirs": [1]}), place),
    "parquet of another kind": lambda place: write_kind(pa.table({"a": [1]}), place, "another"),
    "folder": _folder,
    "link": _link,
    "dangling link": lambda place: place.symlink_to(place.parent / "nowhere"),
    "hidden and visible": lambda place: [place.write_text("a"), _folder(place.parent / ".x.new")],
}
# table: words of a command -> its output below the current folder
COMMANDS = {
    ("fit", "--data", "t.parquet", "--label", "bad", "--out", "out"): "out",
    ("simulate", "--applicants", "100", "--out", "out"): "out",
    ("decide", "--application", "1", "--output", "out.parquet"): "out.parquet",
    ("keep", "--out", "out.json"): "out.json",
    ("tune", "--out", "out"): "out/figures.json",
    ("backtest", "--out", "out.json"): "out.json",
    ("evidence", "--out", "out"): "out/evidence.json",
    ("rejects", "--out", "out"): "out/figures.json",
    ("retrain", "--as-of", "2026-01", "--out", "out"): "out",
    ("claims", "--out", "out"): "out/claims.json",
    ("scale", "--out", "out.json"): "out.json",
    ("share-recovery", "--out", "out.json"): "out.json",
    ("bench", "kernel", "--output", "out.json"): "out.json",
    ("params", "--path", "out.yaml", "--set", "world.applicants=9"): "out.yaml",
    ("compare",): "data/reports/compare/figures.json",
    ("optimise",): "data/reports/optimum/figures.json",
    ("forward",): "data/reports/forward/figures.json",
    ("compare", "--law", "cn_2023"): "data/reports/compare/products.png",
    ("optimise", "--json"): "data/reports/optimum/policies.png",
    ("forward", "--json"): "data/reports/forward/book.png",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "params.yaml").write_text(paths.DEFAULTS.read_text(encoding="utf-8"))
    pq.write_table(pa.table({"bad": [0, 1]}), tmp_path / "t.parquet")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _state(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield every name below a folder with what it holds."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            held = str(path.readlink())
        else:
            held = "" if path.is_dir() else path.read_bytes().hex()
        yield path.relative_to(folder).as_posix(), held


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_a_command_leaves_what_is_not_ours(home: Path, words: tuple[str, ...], layout: str) -> None:
    place = home / COMMANDS[words]
    place.parent.mkdir(parents=True, exist_ok=True)
    LAYOUTS[layout](place)
    before = list(_state(home))
    end = CliRunner().invoke(build([words[0], "register"], is_main=True), list(words))
    assert list(_state(home)) == before
    assert end.exit_code == 2, end.output
    # params.yaml is its own input: it is refused as one.
    assert words[0] == "params" or "replace something else" in end.output


FRAME = pd.DataFrame({"account": [1]})


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", review.WRITTEN)
def test_a_review_writes_all_its_tables_or_none(home: Path, name: str, layout: str) -> None:
    output = home / "review"
    output.mkdir()
    LAYOUTS[layout](output / f"{name}.parquet")
    before = list(_state(home))
    with pytest.raises(DataError, match="replace something else"):
        review._write(output, (FRAME, FRAME, FRAME))
    assert list(_state(home)) == before


def test_a_review_replaces_its_own_and_those_of_an_earlier_release(home: Path) -> None:
    for name in review.WRITTEN:
        # Without a note, as 0.2.0 wrote it.
        pq.write_table(pa.table({"account": [7]}), home / f"{name}.parquet")
    for frame in (FRAME, FRAME.assign(account=2)):
        review._write(home, (frame, frame, frame))
        found = [pq.read_table(home / f"{name}.parquet").to_pandas() for name in review.WRITTEN]
        assert all(one.equals(frame) for one in found)


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "hidden and visible"])
def test_a_page_of_somebody_else_stays(home: Path, layout: str) -> None:
    """Of `creditloom dictionary` and `creditloom trace`."""
    page = home / "features.md"
    LAYOUTS[layout](page)
    before = list(_state(home))
    with pytest.raises(DataError, match="replace something else"):
        require_page(page, "# Features\n\n2 features\n")
    assert list(_state(home)) == before


def test_a_page_of_ours_is_replaced(home: Path) -> None:
    (home / "features.md").write_text("# Features\n\n1 feature\n")
    require_page(home / "features.md", "# Features\n\n2 features\n")


def test_figures_of_ours_are_replaced(home: Path) -> None:
    from creditloom.pipeline.commands.own_outputs import require_comparison, require_figures

    write_json({"bads": 1, "sizes": []}, home / "keeping.json")
    require_figures(home / "keeping.json", "bads", "sizes")
    write_json({"house@v1": {"refusals": {}}}, home / "figures.json")
    (home / "products.png").write_bytes(b"a picture")
    require_comparison(home, ["products.png"])


@pytest.mark.parametrize("place", ["raw/bookings.csv", "raw/loans/mine.parquet", "truth/notes.txt"])
def test_a_world_is_not_made_over_data_of_somebody(home: Path, place: str) -> None:
    """The stage `simulate` run by hand in a folder where a lender's own tables lie."""
    (home / place).parent.mkdir(parents=True)
    (home / place).write_text("theirs")
    before = list(_state(home))
    with pytest.raises(DataError, match="replace something else"):
        simulate(
            section("world", WorldParams, paths.DEFAULTS),
            document(WorldConfig, paths.WORLD),
            section("calendar", Calendar, paths.DEFAULTS),
            home / "raw",
            home / "truth",
            seed=1,
        )
    assert list(_state(home)) == before
