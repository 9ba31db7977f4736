"""What a library or the system raises inside a command is a message, an exit code, and JSON.

A bug of ours keeps its traceback.
"""

from __future__ import annotations

import errno
import json
import os
import pwd
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import ANY

import duckdb
import pyarrow as pa
import pytest
import requests
import sqlalchemy.exc
import urllib3.exceptions
from mlflow.exceptions import MlflowException
from typer.testing import CliRunner

from creditloom.pipeline import cli
from creditloom.pipeline.base import paths
from creditloom.pipeline.base.ending import PIPE_CLOSED, STOPPED, ending
from creditloom.storage.files.errors import DataError
from creditloom.storage.files.foreign import NO_ROOM, NUMBERS, TRY_LATER, NotReachableError
from creditloom.storage.reach import PATIENCE, be_impatient, require_answer, some_home


def wrapped(error: Exception, cause: Exception) -> Exception:
    """An exception of a library that hands on another one."""
    error.__cause__ = cause
    return error


def numbered(number: int) -> OSError:
    return OSError(number, os.strerror(number), "some.parquet")


SQL = ("select 1", None)
REFUSED_BY_HOST = requests.exceptions.ConnectionError("HTTPConnectionPool: refused")

# table: an exception of others -> exit code
FOREIGN: list[tuple[Exception, int]] = [
    (pa.ArrowInvalid("Integer value 9 out of bounds"), 2),
    (pa.ArrowKeyError("no field"), 2),
    (pa.ArrowTypeError("expected bytes"), 2),
    (pa.ArrowNotImplementedError("no cast"), 2),
    (pa.ArrowMemoryError("malloc of size 9 failed"), 2),
    (pa.ArrowIndexError("9"), 2),
    (OSError("Couldn't deserialize thrift: TProtocolException"), 2),
    (duckdb.ConversionException("Conversion Error: year 99999"), 2),
    (duckdb.IOException("IO Error: No space left on device"), NO_ROOM),
    (duckdb.OutOfMemoryException("Out of Memory Error: 200 MB"), NO_ROOM),
    (MlflowException("no such experiment"), 2),
    (wrapped(MlflowException("API request failed"), REFUSED_BY_HOST), TRY_LATER),
    (MlflowException("API request failed with error code 503 != 200"), TRY_LATER),
    (sqlalchemy.exc.OperationalError(*SQL, Exception("no such table: runs")), 2),
    (sqlalchemy.exc.OperationalError(*SQL, Exception("database is locked")), TRY_LATER),
    (sqlalchemy.exc.OperationalError(*SQL, Exception("Connection refused")), TRY_LATER),
    (sqlalchemy.exc.OperationalError(*SQL, Exception("database or disk is full")), NO_ROOM),
    (sqlite3.DatabaseError("file is not a database"), 2),
    (sqlite3.OperationalError("attempt to write a readonly database"), NO_ROOM),
    (requests.exceptions.HTTPError("404"), 2),
    (requests.exceptions.ReadTimeout("no answer"), TRY_LATER),
    (REFUSED_BY_HOST, TRY_LATER),
    (urllib3.exceptions.NewConnectionError(ANY, "refused"), TRY_LATER),
    (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), TRY_LATER),
    (TimeoutError("timed out"), TRY_LATER),
    (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), TRY_LATER),
    (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed"), 2),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), 2),
    (MemoryError(), NO_ROOM),
    (ModuleNotFoundError("No module named 'pyspark'", name="pyspark"), 2),
    (subprocess.CalledProcessError(3, ["dvc"]), 2),
    *((numbered(number), family.exit_code) for number, family in NUMBERS.items()),
]


@pytest.mark.parametrize(("error", "code"), FOREIGN, ids=lambda value: repr(value)[:60])
def test_an_exception_of_others_is_a_message_a_code_and_json(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end, ending("creditloom score", "out", as_json=True):
        raise error
    told = capsys.readouterr()
    refusal = json.loads(told.out)
    assert end.value.code == code == refusal["exit_code"] and refusal["output"] == "out"
    assert told.err == f"creditloom: {refusal['refused']}\n" and "Traceback" not in told.err
    lines = refusal["refused"].splitlines()
    assert [line.split(":")[0].strip() for line in lines[1:]] == [
        "where",
        "expected",
        "got",
        "next",
    ]


BUGS = [
    AssertionError("a"),
    KeyError("k"),
    TypeError("t"),
    ValueError("v"),
    IndexError("i"),
    RuntimeError("r"),
    ModuleNotFoundError("m", name="creditloom.nothing"),
]


@pytest.mark.parametrize("bug", BUGS, ids=repr)
def test_a_bug_keeps_its_traceback(bug: Exception, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(type(bug)) as raised, ending("creditloom score", as_json=True):
        raise bug
    assert raised.value is bug and capsys.readouterr().out == ""


def test_where_json_is_not_asked_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), ending("creditloom fit"):
        raise pa.ArrowInvalid("bad")
    told = capsys.readouterr()
    assert told.out == "" and "creditloom fit" in told.err


def test_the_traceback_can_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CREDITLOOM_TRACEBACK", "1")
    with pytest.raises(SystemExit), ending("creditloom fit"):
        raise pa.ArrowInvalid("bad")
    assert "Traceback" in capsys.readouterr().err


def test_the_command_line_tells_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Through typer, with the words of a command line."""
    from creditloom.pipeline.commands.decisions import score

    def full(*_given: object, **_options: object) -> None:
        raise numbered(errno.ENOSPC)

    monkeypatch.setattr(score, "score_batch", full)
    words = ["score", "--output", str(tmp_path / "out"), "--json"]
    end = CliRunner().invoke(cli.build(["score", "params"], is_main=True), words)
    assert end.exit_code == NO_ROOM and json.loads(end.stdout)["output"] == str(tmp_path / "out")


def test_ctrl_c_is_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end, ending("creditloom fit"):
        raise KeyboardInterrupt
    assert end.value.code == STOPPED and "same command again" in capsys.readouterr().err


def test_a_closed_pipe_ends_a_command_quietly() -> None:
    """`creditloom params --show | head -0`, whose reader is gone before the first word."""
    code = "import sys; from creditloom.pipeline.base.ending import ending\n"
    code += "with ending('x'): print('y' * 10)\n"
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-c", code],
        stdout=writer,
        stderr=subprocess.PIPE,
        cwd=paths.PACKAGE.parent,
        check=False,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (PIPE_CLOSED, b"")


def test_a_refusal_of_ours_keeps_its_own_code() -> None:
    class Busy(DataError):
        exit_code = 3

    Busy.__module__ = DataError.__module__
    with pytest.raises(SystemExit) as end, ending("creditloom score"):
        raise Busy("another job")
    assert end.value.code == 3


def test_a_server_that_is_down_is_told_at_once() -> None:
    """MLflow alone repeats its request for minutes; a database, for ten."""
    with socket.socket() as taken:
        # Bound and not listening: nothing accepts a connection there.
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        for scheme in ("http", "postgresql+psycopg2"):
            start = time.perf_counter()
            with pytest.raises(NotReachableError) as refused:
                require_answer(f"{scheme}://user:secret@127.0.0.1:{port}/db")
            assert time.perf_counter() - start < 2
            assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "uri", ["sqlite:////tmp/mlflow.db", "file:///tmp", "/tmp/store", "databricks"]
)
def test_a_store_without_a_host_is_not_asked(uri: str) -> None:
    require_answer(uri)


def test_waiting_times_of_the_environment_stay() -> None:
    environ = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "600"}
    be_impatient(environ)
    assert environ == {**PATIENCE, "MLFLOW_HTTP_REQUEST_TIMEOUT": "600"}


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
@pytest.mark.parametrize(
    "words",
    [
        ["score", "--output", "out", "--max-bad-share"],
        ["quote", "--amount"],
        ["quote", "--rate"],
    ],
    ids=" ".join,
)
def test_an_option_that_is_no_finite_number_is_refused(words: list[str], number: str) -> None:
    end = CliRunner().invoke(cli.build([words[0], "params"], is_main=True), [*words, number])
    assert end.exit_code == 2 and "a finite number" in end.output


def test_a_user_without_name_and_home_can_load_mlflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow asks for the home at its import, and only then: nothing is kept there."""
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", lambda _number: {}[_number])
    with pytest.raises(RuntimeError):
        Path.home()
    with some_home():
        assert not Path.home().exists()
    assert "HOME" not in os.environ
