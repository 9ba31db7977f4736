"""Ask whether a server answers at all, before a library waits for it in silence.

Libraries repeat a request for minutes before they give up. So the port is tried first, with a
message at once where nothing answers.
"""

from __future__ import annotations

import functools
import os
import socket
import urllib.request
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from creditloom.storage.files.foreign import NotReachableError

# Seconds to wait for a connection: a few times what a connection across the world takes.
CONNECT_SECONDS = 5.0
# table: scheme of a store's URI -> the port where none is written
PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
# What a system gives to users without a home.
NO_HOME = "/nonexistent"
# What MLflow waits, where the environment does not say: without, it repeats a request for minutes.
# A large artifact needs less than these seconds between two pieces of it.
# table: variable -> value
PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "PGCONNECT_TIMEOUT": "5",
}


def be_impatient(environ: MutableMapping[str, str] = os.environ) -> None:
    """Set MLflow's waiting times in the environment, where it does not set them itself."""
    for name, value in PATIENCE.items():
        environ.setdefault(name, value)


@functools.cache
def require_answer(uri: str) -> None:
    """Raise NotReachableError where nothing accepts a connection at the URI's host and port.

    A URI without a host (a file), of an unknown scheme or behind a proxy is not asked.
    """
    parts = urlsplit(uri)
    scheme = parts.scheme.partition("+")[0]
    if not parts.hostname or scheme not in PORTS or _is_behind_proxy(scheme, parts.hostname):
        return
    address = (parts.hostname, parts.port or PORTS[scheme])
    try:
        socket.create_connection(address, timeout=CONNECT_SECONDS).close()
    except OSError as error:
        raise NotReachableError.of(
            "Not reachable",
            # Without user and password, which a URI may hold.
            where=f"{scheme}://{address[0]}:{address[1]}",
            expected=f"a server that accepts a connection within {CONNECT_SECONDS:g} seconds",
            got=str(error) or type(error).__name__,
            next_step="start it, or check MLFLOW_TRACKING_URI; then run the same command again",
        ) from error


@contextmanager
def some_home(environ: MutableMapping[str, str] = os.environ) -> Iterator[None]:
    """Give a user without name and home a HOME for a while: MLflow asks for one at its import.

    It is a folder that does not exist, so that nothing is read there.
    """
    try:
        Path.home()
        is_homeless = False
    except RuntimeError:
        is_homeless = True
        environ["HOME"] = NO_HOME
    try:
        yield
    finally:
        if is_homeless:
            environ.pop("HOME", None)


def _is_behind_proxy(scheme: str, host: str) -> bool:
    return scheme in urllib.request.getproxies() and not urllib.request.proxy_bypass(host)
