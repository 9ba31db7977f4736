"""Say within seconds that a tracking server cannot be reached, in words and with an exit code.

MLflow tries again for minutes. Its bounds are set to seconds here, unless the user has set them.
"""

from __future__ import annotations

import os
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from creditloom.serving.registry.errors import RegistryError

# Seconds that a server may take to accept a connection.
PATIENCE = 5.0
# The ports of stores that name none in their address.
PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
# How often MLflow tries again, and how many seconds it waits for an answer; of the user where set.
BOUNDS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
# In the texts of MLflow's and SQLAlchemy's errors where no server has answered.
SIGNS_OF_ABSENCE = (
    "Max retries exceeded",
    "Connection refused",
    "ConnectionError",
    "timed out",
    "could not connect",
    "Name or service not known",
    "failed with exception",
    "error code 503",
    "error code 502",
    "error code 504",
)


class AwayError(RegistryError):
    """The registry cannot be reached now; the same command may work later."""

    exit_code = 7


def check_reachable(uri: str) -> None:
    """Raise AwayError unless the host of a tracking URI accepts a connection.

    Files, and hosts behind a proxy, are not asked.
    """
    parts = urlsplit(uri)
    scheme = parts.scheme.partition("+")[0]
    host = parts.hostname
    if scheme not in PORTS or host is None or _is_behind_proxy(scheme, host):
        return
    address = (host, parts.port or PORTS[scheme])
    try:
        socket.create_connection(address, PATIENCE).close()
    except OSError as error:
        raise _away(uri, str(error)) from error


@contextmanager
def worded(uri: str) -> Iterator[None]:
    """Turn MLflow's exceptions of the block into ours; one that tells of no answer into AwayError.

    Passwords in an address are not repeated.
    """
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        text = str(error)
        if any(sign in text for sign in SIGNS_OF_ABSENCE):
            raise _away(uri, _first_line(text)) from error
        raise RegistryError.of(
            "MLflow refused",
            where=shown(uri),
            expected="a store that takes the request",
            got=_first_line(text),
            next_step="mend what MLflow names, and run the same command again",
        ) from error


def bound_waiting() -> None:
    """Bound how long MLflow waits for a server; to be called before it is imported."""
    for name, value in BOUNDS.items():
        os.environ.setdefault(name, value)


def shown(uri: str) -> str:
    """Return an address without its password.

    >>> shown("postgresql://me:secret@db/mlflow")
    'postgresql://me@db/mlflow'
    """
    secret = urlsplit(uri).password
    return uri if secret is None else uri.replace(f":{secret}@", "@", 1)


def _is_behind_proxy(scheme: str, host: str) -> bool:
    return scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host)


def _away(uri: str, got: str) -> AwayError:
    return AwayError.of(
        "The registry cannot be reached",
        where=shown(uri),
        expected=f"an answer within {PATIENCE:g} s",
        got=got,
        next_step="run the same command later, or correct MLFLOW_TRACKING_URI",
    )


def _first_line(text: str) -> str:
    # The rest is a trace of the server, or pages of advice.
    return (text.splitlines() or ["no message"])[0][:500]
