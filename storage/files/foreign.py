"""Word the exceptions of libraries and of the system, in one place.

A library's exception inside a command is no bug of ours: a file is damaged, a disk is full, a
server does not answer. `Worded` turns it into a ForeignError, which says what, where and what to do
next, and has an exit code. An exception that no library and no system raised passes through: it is
a bug, and keeps its traceback.

A family is recognised by the package that defines the exception or one of its bases. So no library
is imported to compare with.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType

from creditloom.storage.files.errors import REFUSED, StatedError

# Exit codes (docs/batch.md): the disk or the memory does not take it; another computer, or a lock
# of another program, is in the way for now.
NO_ROOM = 4
TRY_LATER = 7
# Largest number of characters that a message shows of a library's own words. A longer text, as the
# SQL of a statement, would hide the next step.
SHOWN_CHARACTERS = 400

MEND = "read the message; the same command will fail again until it is mended"
ROOM = "make room, or mend the disk; then run the same command again"
LATER = "try again later: run the same command; check address, network and the other program"


class ForeignError(StatedError):
    """A library or the system refused; `exit_code` says whether trying later can help."""

    exit_code = REFUSED


class NotReachableError(StatedError):
    """A server does not answer; trying later can help."""

    exit_code = TRY_LATER


@dataclass(frozen=True)
class Wording:
    """What is said of one kind of exception."""

    what: str
    expected: str
    next_step: str = MEND
    exit_code: int = REFUSED


FULL = Wording("No room", "a disk and memory with room", ROOM, NO_ROOM)
READ_ONLY = Wording("The file system takes no files", "a place that can be written", ROOM, NO_ROOM)
BROKEN_DISK = Wording("The disk does not answer", "a disk that reads and writes", ROOM, NO_ROOM)
UNREACHABLE = Wording("Not reachable", "an answer", LATER, TRY_LATER)
SYSTEM = Wording("A file cannot be read or written", "a file that the system opens")
ENCODING = Wording(
    "Text that is not UTF-8",
    "names, paths and text in UTF-8",
    "rename or convert it; where the terminal is the cause, set PYTHONUTF8=1",
)
MISSING = Wording(
    "A library is missing",
    "the library that this command needs",
    "install it, or the extra that holds it, as pip install 'creditloom[spark]'",
)
MEMORY = Wording("Not enough memory", "memory for the whole of it", ROOM, NO_ROOM)
PROGRAM = Wording("A program that was started failed", "exit code 0 in time")

# table: the package that defines an exception -> what is said of it
FAMILIES: Mapping[str, Wording] = {
    "pyarrow": Wording(
        "Arrow cannot read or write this", "Parquet files and columns that it knows"
    ),
    "duckdb": Wording("DuckDB cannot answer", "files and columns that it can read"),
    "mlflow": Wording("MLflow refused", "a model, version or run that the store has"),
    "sqlalchemy": Wording("The database of the store refused", "a database that MLflow can use"),
    "alembic": Wording("The database of the store refused", "a database that MLflow can upgrade"),
    "sqlite3": Wording("The database of the store refused", "a sqlite file of MLflow"),
    "psycopg2": Wording("The database of the store refused", "a database that MLflow can use"),
    "pymysql": Wording("The database of the store refused", "a database that MLflow can use"),
    "requests": Wording("The server refused", "an answer without an error"),
    "urllib3": Wording("The server refused", "an answer without an error"),
    "http": Wording("The server refused", "an answer in HTTP"),
    "ssl": Wording("No secure connection", "a certificate that this machine trusts"),
    "botocore": Wording("The object store refused", "credentials and an address that it knows"),
    "lightgbm": Wording("LightGBM refused", "a model and rows that it can read"),
    "optuna": Wording("Optuna refused", "a study that it can go on with"),
    "pyspark": Wording("Spark refused", "a session that can run the task"),
    "py4j": Wording("Spark refused", "a session that can run the task"),
    "subprocess": PROGRAM,
}
# Packages whose compiled part has a name of its own.
COMPILED = {"_duckdb": "duckdb"}

# table: number of the system's error -> what is said of it
NUMBERS: Mapping[int, Wording] = {
    errno.ENOSPC: FULL,
    errno.EDQUOT: FULL,
    errno.EFBIG: FULL,
    errno.ENOMEM: MEMORY,
    errno.EROFS: READ_ONLY,
    errno.EIO: BROKEN_DISK,
    errno.ENOENT: Wording("No such file or folder", "a path that exists", "check the path"),
    errno.EEXIST: Wording("Already there", "a name that is free", "choose another name"),
    errno.EACCES: Wording("Not allowed", "a file that this user may use", "ask its owner"),
    errno.EPERM: Wording("Not allowed", "a file that this user may use", "ask its owner"),
    errno.EISDIR: Wording("A folder", "a file", "check the path"),
    errno.ENOTDIR: Wording("Not a folder", "a folder", "check the path"),
    errno.ENAMETOOLONG: Wording("A name too long", "a shorter name", "choose another name"),
    errno.ELOOP: Wording("A link that leads to itself", "a file or folder", "mend the link"),
    errno.EMFILE: Wording("Too many open files", "fewer at a time", "raise `ulimit -n`"),
    errno.ECONNREFUSED: UNREACHABLE,
    errno.ECONNRESET: UNREACHABLE,
    errno.ECONNABORTED: UNREACHABLE,
    errno.ETIMEDOUT: UNREACHABLE,
    errno.EHOSTUNREACH: UNREACHABLE,
    errno.EHOSTDOWN: UNREACHABLE,
    errno.ENETUNREACH: UNREACHABLE,
    errno.ENETDOWN: UNREACHABLE,
    errno.ESTALE: UNREACHABLE,
    errno.ENOLCK: UNREACHABLE,
    errno.EAGAIN: UNREACHABLE,
}

# Classes that say: nobody answered. By name, with or without the libraries that define them.
SILENT = frozenset(
    {
        "requests.ConnectionError",
        "requests.Timeout",
        "urllib3.HTTPError",
        "http.HTTPException",
        "botocore.EndpointConnectionError",
        "builtins.ConnectionError",
        "builtins.TimeoutError",
        "socket.gaierror",
    }
)
# What libraries write who pass on the system's error without its number, and databases that are
# busy or away.
# table: words of a message, in small letters -> what is said of it
WORDS: Mapping[str, Wording] = {
    "no space left on device": FULL,
    "disk quota exceeded": FULL,
    "database or disk is full": FULL,
    "out of memory": MEMORY,
    "read-only file system": READ_ONLY,
    "readonly database": READ_ONLY,
    "input/output error": BROKEN_DISK,
    "database is locked": UNREACHABLE,
    "connection refused": UNREACHABLE,
    "could not connect": UNREACHABLE,
    "can't connect": UNREACHABLE,
    "connection timed out": UNREACHABLE,
    "timeout expired": UNREACHABLE,
    "could not translate host name": UNREACHABLE,
    "temporarily_unavailable": UNREACHABLE,
    "request_limit_exceeded": UNREACHABLE,
    "failed with error code 5": UNREACHABLE,
    "failed with error code 429": UNREACHABLE,
}


class Worded:
    """Raise a ForeignError in place of a library's or the system's exception in the block.

    `where` is what the message names where the exception has no file of its own.
    """

    def __init__(self, where: object) -> None:
        self._where = where

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            said = of(error, self._where)
            if said is not None:
                raise said from error


def of(error: BaseException, where: object) -> ForeignError | None:
    """Return what is said of a library's or the system's exception; None for any other.

    A closed pipe is none of them: whoever reads the output has seen enough.
    """
    if isinstance(error, StatedError | BrokenPipeError):
        return None
    family = _family(error)
    if family is None:
        return None
    # The cause decides where it is known: MLflow wraps what HTTP and SQL say.
    cause = _cause(error)
    said = cause or family
    what = said.what if said is family else f"{family.what}: {said.what[0].lower()}{said.what[1:]}"
    stated = ForeignError.of(
        what,
        where=getattr(error, "filename", None) or where,
        expected=said.expected,
        got=_shown(error),
        next_step=said.next_step,
    )
    stated.exit_code = said.exit_code
    return stated


def _family(error: BaseException) -> Wording | None:
    """Return the family of an exception; None where it is a bug of ours, or no error."""
    if isinstance(error, ImportError):
        # A module of ours that is not there is a bug.
        is_ours = (error.name or "creditloom").partition(".")[0] == "creditloom"
        return None if is_ours else MISSING
    # The library's own name before the system's: an exception of `requests` is an OSError too.
    of_package = [FAMILIES[package] for package in _packages(error) if package in FAMILIES]
    if of_package:
        return of_package[0]
    if isinstance(error, OSError):
        return NUMBERS.get(error.errno or 0, SYSTEM)
    if isinstance(error, UnicodeError):
        return ENCODING
    return MEMORY if isinstance(error, MemoryError) else None


def _cause(error: BaseException) -> Wording | None:
    """Return why it could not work, where any exception of the chain tells; None otherwise."""
    for one in _chain(error):
        number = one.errno if isinstance(one, OSError) else None
        if number is not None and number in NUMBERS:
            return NUMBERS[number]
        if not SILENT.isdisjoint(_names(one)):
            return UNREACHABLE
        text = str(one).lower()
        said = next((family for words, family in WORDS.items() if words in text), None)
        if said is not None:
            return said
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those that it came from, nearest first."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__


def _packages(error: BaseException) -> Iterator[str]:
    for base in type(error).__mro__:
        package = base.__module__.partition(".")[0]
        yield COMPILED.get(package, package)


def _names(error: BaseException) -> set[str]:
    pairs = zip(_packages(error), type(error).__mro__, strict=True)
    return {f"{package}.{base.__name__}" for package, base in pairs}


def _shown(error: BaseException) -> str:
    """Return the words of an exception in one line, shortened, with the name of its class."""
    text = " ".join(str(error).split())
    if len(text) > SHOWN_CHARACTERS:
        text = text[: SHOWN_CHARACTERS - 3] + "..."
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
