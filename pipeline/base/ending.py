"""Says how a command or a stage ends: a refusal is a message and an exit code, not a traceback.

- A ValueError of one of our rooms, and what a library or the system raises, is a message on
  standard error, and with `--json` an object on standard output.
- Ctrl-C and a closed pipe (`creditloom ... | head`) end the command as they end any program.
- Anything else is a bug, and keeps its traceback.
"""

from __future__ import annotations

import json
import math
import os
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from creditloom.storage.files.errors import StatedError, exit_code, is_ours, refusals
from creditloom.storage.files.foreign import ForeignError, Worded

# Exit codes of a program that a signal ends: 128 and the signal's number, as a shell tells it.
STOPPED = 130
PIPE_CLOSED = 141
# With this variable set, the traceback of a library's exception is written too.
TRACEBACK = "CREDITLOOM_TRACEBACK"


class OptionError(StatedError):
    """An option has a value that no command can use."""


def require_finite(name: str, options: Mapping[str, object]) -> None:
    """Raise OptionError for an option of the command `name` that is NaN or infinite.

    typer takes `nan` for a number, and no bound refuses it: every comparison with it is false.
    """
    for option, value in options.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise OptionError.of(
                "Not a number to count with",
                where=f"creditloom {name} --{option.replace('_', '-')}",
                expected="a finite number",
                got=value,
                next_step="write a finite number",
            )


@contextmanager
def ending(name: str, output: object = None, *, as_json: bool = False) -> Iterator[None]:
    """Run a block as the command or stage `name`, and end the process where it refuses.

    With `as_json` a refusal is an object on standard output too: `refused`, `exit_code` and, for a
    command with an output, `output`. The exception's exit code is that of the process.
    """
    try:
        with refusals(), _told(output, as_json=as_json), Worded(name):
            yield
            # Here and not at the interpreter's end, which reports a closed pipe as an error.
            sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("\ncreditloom: stopped; run the same command again\n")
        raise SystemExit(STOPPED) from None
    except BrokenPipeError:
        _leave_pipe()
        raise SystemExit(PIPE_CLOSED) from None
    except SystemExit as end:
        # rich and typer end with 1 where the pipe is closed, which no table of exit codes has.
        if isinstance(end.__context__, BrokenPipeError):
            _leave_pipe()
            raise SystemExit(PIPE_CLOSED) from None
        raise


@contextmanager
def _told(output: object, *, as_json: bool) -> Iterator[None]:
    """Write a refusal of the block as JSON where asked, and its traceback where asked."""
    try:
        yield
    except ValueError as error:
        if isinstance(error, ForeignError) and os.environ.get(TRACEBACK):
            sys.stderr.write("".join(traceback.format_exception(error.__cause__)))
        if as_json and is_ours(error):
            refusal = {"refused": str(error), "exit_code": exit_code(error)}
            if output is not None:
                refusal["output"] = str(output)
            sys.stdout.write(json.dumps(refusal, indent=1, sort_keys=True) + "\n")
            sys.stdout.flush()
        raise


def _leave_pipe() -> None:
    """Let standard output lead nowhere: what is still to be written is not wanted."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
