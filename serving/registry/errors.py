"""Define the one exception of the registry."""

from __future__ import annotations

from creditloom.storage.files.errors import StatedError


class RegistryError(StatedError):
    """The registry cannot do what was asked."""
