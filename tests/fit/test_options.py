"""Options of `creditloom fit`: names of the file first, all faults at once and early."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from creditloom.pipeline.commands.model import fit as fit_command
from creditloom.pipeline.commands.model.fit_options import (
    RunChoices,
    codes_of,
    column_of,
    names_of,
    words_of,
)
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.source_params import ColumnWords, SourceParams
from tests.fit.conftest import Run, loans

THERE = ("sex ", "sex, code", "age", "a=b", "bureau", "net", "income")


# table: what is typed -> the columns that are meant
NAMES: dict[str, tuple[list[str], tuple[str, ...]]] = {
    "as the file spells it": (["sex "], ("sex ",)),
    "a comma in a name": (["sex, code"], ("sex, code",)),
    "a name with a comma in a list": (["age,sex, code,net"], ("age", "sex, code", "net")),
    "repeated": (["age", "net", "age"], ("age", "net")),
    "blanks aside": ([" age , net"], ("age", "net")),
    "not there": (["agee,net"], ("agee", "net")),
}


@pytest.mark.parametrize("case", NAMES)
def test_names_of_the_file_are_matched_first(case: str) -> None:
    typed, names = NAMES[case]
    assert names_of(typed, THERE) == names


def test_a_blank_that_nobody_sees_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert column_of("sex", THERE) == "sex "
    assert "'sex '" in capsys.readouterr().err


def test_codes_may_belong_to_a_column() -> None:
    assert codes_of(["-9,-8", "bureau=-1,-9", "a=b=5"], THERE) == (
        (-9.0, -8.0),
        {"bureau": (-1.0, -9.0), "a=b": (5.0,)},
    )
    for wrong in ("bureau=", "none", "bureau=inf", "-1,x"):
        with pytest.raises(DataError, match="no number"):
            codes_of([wrong], THERE)


def test_signs_are_options_or_a_file(tmp_path: Path) -> None:
    assert words_of(["income=-,net=+"], THERE) == {
        "income": ColumnWords(sign=-1),
        "net": ColumnWords(sign=1),
    }
    file = tmp_path / "signs.yaml"
    file.write_text("income: {sign: -1, concept: means, text_en: income a year, unit: EUR}\n")
    assert words_of([str(file)], THERE) == {
        "income": ColumnWords(-1, "means", "income a year", "", "EUR")
    }
    for text in ("income: {sign: up}\n", "income: {sings: 1}\n", "- income\n"):
        file.write_text(text)
        with pytest.raises(DataError, match=r"(?s)cannot be used.*signs\.yaml"):
            words_of([str(file)], THERE)
    with pytest.raises(DataError, match="A sign is none"):
        words_of(["income=down"], THERE)


def refused(fit: Run, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    with pytest.raises(SystemExit) as end:
        fit("--data", "t.parquet", "--out", "out", *options)
    assert end.value.code == 2
    return capsys.readouterr().err


# table: words of seven faults in one message
SEVEN = (
    "7 things", "no number", "--beyond", "--budget", "`gender` is missing", "A sign is none",
    "`wage` is missing", "--label bad",
)  # fmt: skip


def test_all_faults_of_the_options_are_told_at_once(
    fit: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loans().to_parquet(tmp_path / "t.parquet", index=False)
    options = (
        "--special-codes",
        "x",
        "--beyond",
        "guess",
        "--budget",
        "-1",
        "--protected",
        "gender",
    )
    told = refused(fit, capsys, *options, "--monotone", "income=up", "--drop", "wage")
    assert [words for words in SEVEN if words not in told] == []


def test_no_advice_repeats_what_was_typed(
    fit: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    loans().rename(columns={"bad": "target"}).to_parquet(tmp_path / "t.parquet", index=False)
    told = refused(fit, capsys, "--label", "target", "--time", "age")
    assert "`target`" not in told
    assert "name `--time" not in told


def test_options_of_a_table_are_refused_for_raw_tables(tmp_path: Path) -> None:
    source = SourceParams("tables", str(tmp_path), group="person", weight="w")
    told = [str(error) for error in fit_command.check_source_names(source)]
    assert [text.split(" has")[0] for text in told] == ["--group", "--weight"]


def test_a_wrong_option_is_told_before_a_library_that_learns_is_loaded(tmp_path: Path) -> None:
    loans().to_parquet(tmp_path / "t.parquet", index=False)
    script = (
        "import sys\n"
        "from creditloom.pipeline.commands.model.fit import read_options\n"
        "from pathlib import Path\n"
        "try:\n"
        "    read_options({'data': Path('t.parquet'), 'out': Path('out'), 'label': 'bda'})\n"
        "except ValueError as error:\n"
        "    assert 'bda' in str(error)\n"
        "heavy = ('lightgbm', 'sklearn', 'pandas', 'scipy', 'numba')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_command_hands_its_options_on(
    fit: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed: list[Any] = []
    monkeypatch.setattr(fit_command, "run", lambda *given: handed.extend(given))
    frame = loans().assign(person=1, w=1.0).rename(columns={"sex": "sex, code"})
    frame.to_parquet(tmp_path / "t.parquet", index=False)
    columns = ("--label", "bad", "--id", "loan", "--time", "day", "--group", "person")
    more = ("--weight", "w", "--drop", "sex, code", "--drop", "home", "--monotone", "income=-")
    run = ("--accept", "branch", "--beyond", "typical", "--budget", "5", "--keep", "branch")
    fit("--data", "t.parquet", "--out", "out", *columns, *more, *run)
    source, _, choices = handed
    assert (source.group, source.weight, source.drop) == ("person", "w", ("sex, code", "home"))
    assert source.columns == {"income": ColumnWords(sign=-1)}
    assert source.keep == ("branch",)
    assert isinstance(choices, RunChoices)
    assert (choices.accept, choices.beyond, choices.budget) == (("branch",), "typical", 5.0)
    assert choices.arguments["data"] == "t.parquet"
