"""Let one process at a time change the aliases of a registered model.

A store of files is locked by a file beside it, which the system frees when its holder dies. A
server has no such lock: there, making a registered model of one name is what only one can do.
"""

from __future__ import annotations

import fcntl
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from creditloom.serving.registry.errors import RegistryError

if TYPE_CHECKING:
    from mlflow import MlflowClient

# Seconds to wait for another holder: publishing takes up to half a minute.
PATIENCE = 300.0
PAUSE = 0.2  # seconds between two tries
# Seconds after which the lock of a server is taken for that of a dead process: a change of an alias
# takes a few requests.
STALE = 120.0
SINCE = "creditloom.lock.since"
HOLDER = "creditloom.lock.holder"


@contextmanager
def locked_file(path: Path) -> Iterator[None]:
    """Hold the lock of `path` during the block; RegistryError where another holds it too long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Opened anew by each holder: the lock belongs to the open file, so threads exclude each other
    # as processes do.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _retry(lambda: _has_flocked(descriptor), path)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def locked_server(client: MlflowClient, name: str) -> Iterator[None]:
    """Hold the lock of the registered model `name` on a server during the block."""
    lock = f"{name}_lock"
    holder = uuid.uuid4().hex
    _retry(lambda: _has_made(client, lock, holder), lock)
    try:
        yield
    finally:
        # Only what is still ours: a holder that took too long has lost it to another.
        if _tags(client, lock).get(HOLDER) == holder:
            client.delete_registered_model(lock)


def _has_flocked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _has_made(client: MlflowClient, lock: str, holder: str) -> bool:
    from mlflow.exceptions import MlflowException

    tags = {SINCE: repr(time.time()), HOLDER: holder}
    try:
        client.create_registered_model(lock, tags, "held while an alias is changed")
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        since = float(_tags(client, lock).get(SINCE, "inf"))
        if time.time() - since > STALE:
            with suppress(MlflowException):
                client.delete_registered_model(lock)
        return False
    return True


def _tags(client: MlflowClient, lock: str) -> dict[str, str]:
    from mlflow.exceptions import MlflowException

    try:
        return dict(client.get_registered_model(lock).tags)
    except MlflowException:
        return {}


def _retry(is_taken: Callable[[], bool], where: object) -> None:
    end = time.monotonic() + PATIENCE
    while not is_taken():
        if time.monotonic() > end:
            raise RegistryError.of(
                "Another process changes the registry",
                where=where,
                expected=f"its end within {PATIENCE:g} s",
                got="it still does",
                next_step="wait for it, and run the same command again",
            )
        time.sleep(PAUSE)
