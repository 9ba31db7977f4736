"""What `creditloom bench` prints and writes: ratios of one run, with the commands behind them."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import typer

from creditloom.pipeline.proof.bench import command, events, fit_rows
from creditloom.pipeline.proof.bench.row import compare
from creditloom.pipeline.proof.usage import Usage
from creditloom.storage.files.errors import DataError


def test_a_ratio_is_of_medians_and_its_spread_of_single_rounds() -> None:
    row = compare(
        "t", "w", ("a", "b"), "s", [(1.0, 10.0), (2.0, 10.0), (4.0, 8.0)], bar=0.25, aim=0.1
    )
    assert (row.ours, row.theirs, row.ratio) == (2.0, 10.0, 0.2)
    assert (row.low, row.high, row.rounds) == (0.1, 0.5, 3)


def test_rows_are_written_with_machine_and_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        compare("t", what, ("a", "b"), "s", [(ours, 10.0)], bar=0.25, aim=0.1)
        for what, ours in (("holds", 2.0), ("falls short", 5.0))
    ]
    monkeypatch.setitem(
        sys.modules,
        "creditloom.pipeline.proof.bench.kernel",
        SimpleNamespace(run=lambda _quick: rows),
    )
    command.bench(["kernel"], quick=True, output=tmp_path / "bench.json")
    told = json.loads((tmp_path / "bench.json").read_text())
    assert told["quick"] is True
    assert {"processor", "cores", "versions"} <= set(told["machine"])
    assert [
        (row["what"], row["times"], row["holds"], row["our_command"]) for row in told["rows"]
    ] == [
        ("holds", 5.0, True, "a"),
        ("falls short", 2.0, False, "a"),
    ]


@pytest.mark.parametrize("name", command.TABLES)
def test_the_module_of_a_table_can_be_run(name: str) -> None:
    assert callable(import_module(command.TABLES[name]).run)


def test_an_unknown_table_is_refused_with_those_there_are(tmp_path: Path) -> None:
    expected = "expected one of kernel, latency, job, features, events, lake, fit_rows, direct"
    with pytest.raises(typer.BadParameter, match=expected):
        command.bench(["speed"], output=tmp_path / "bench.json")


@pytest.mark.parametrize("module", fit_rows.COMMAND_LINES)
def test_a_fit_is_measured_in_turns_with_that_of_an_earlier_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    """The old command line had no package round it; theirs is told after ours in each round."""
    ran: list[tuple[str, Path]] = []

    def measured(module: str, *options: str, folder: Path, threads: int) -> Usage:
        assert pd.read_parquet(options[2]).shape == (50, 11)
        ran.append((module, folder))
        cpu = 10.0 if folder == tmp_path else 15.0 * len(ran)
        return Usage(seconds=100.0 + len(ran), cpu=cpu, peak_mb=1.0, said="")

    monkeypatch.setattr(fit_rows, "ROWS", 50)
    monkeypatch.setattr(fit_rows, "measure", measured)
    place = tmp_path / f"{module.replace('.', '/')}.py"
    with pytest.raises(DataError, match="No checkout to compare with"):
        fit_rows.run(False, tmp_path)
    place.parent.mkdir(parents=True)
    place.touch()
    seconds, cpu = fit_rows.run(False, tmp_path)
    assert ran == [(fit_rows.COMMAND_LINES[0], Path()), (module, tmp_path)] * 2
    assert (seconds.ours, seconds.bar) == (102.0, fit_rows.SECONDS_BAR)
    assert (cpu.ours, cpu.theirs, cpu.ratio, cpu.bar) == (30.0, 10.0, 3.0, fit_rows.CPU_BAR)


def test_a_score_of_events_is_measured_in_turns_with_and_without_a_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    cost = {"make": 2.0, "score": 4.0, "snapshot": 3.0, "lake": 1.0, "earlier": 8.0}

    def measured(
        _module: str, *words: str, folder: Path, threads: int, env: dict[str, str]
    ) -> Usage:
        what = "snapshot" if "--snapshot" in words else words[0]
        what = "lake" if Path(words[-1]) == folder / events.LAKE else what
        what = "make" if words[1] == "make" else "earlier" if env else what
        made = words[words.index("--out") + 1] if what == "make" else "december"
        (folder / made).mkdir()
        ran.append(what)
        return Usage(seconds=1.0, cpu=cost[what], peak_mb=1.0, said="")

    monkeypatch.setattr(events, "measure", measured)
    monkeypatch.setattr(events, "add", lambda *_given, **_named: None)
    monkeypatch.setattr(events, "applications_there", lambda: (1_000, "2025-12-28T00:00:00"))
    with pytest.raises(DataError, match="No checkout to compare with"):
        events.run(False, tmp_path)
    cli = tmp_path / "creditloom" / "pipeline" / "cli.py"
    cli.parent.mkdir(parents=True)
    cli.touch()
    plain, read, of_lake, made = events.run(False, tmp_path)
    turn = ["score", "snapshot", "lake", "earlier"]
    assert ran == ["make", "make", "score", "earlier", *turn * events.ROUNDS]
    assert (plain.ratio, read.ratio, of_lake.ratio, made.ours) == (0.5, 0.375, 0.125, 2.0)
    assert (plain.bar, read.aim, made.bar) == (events.BAR, events.AIM, None)


def test_nothing_is_measured_before_what_waits_for_a_model_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(
        sys.modules,
        "creditloom.pipeline.proof.bench.kernel",
        SimpleNamespace(run=lambda _quick: pytest.fail("measured")),
    )
    with pytest.raises(
        typer.BadParameter,
        match=r"job and events and direct and spark measure the model of this folder.*repro",
    ):
        command.bench(None, output=tmp_path / "bench.json")
