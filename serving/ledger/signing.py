"""Sign what must not be rewritten, and check a signature: Ed25519, by the library `cryptography`.

A signature is made over a document in canonical form together with its purpose, so that what was
signed as one thing is never taken for another. A key is an Ed25519 key in PEM, as `creditloom key
new` or openssl writes it. Private keys lie where their owner keeps them; nothing here stores one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from creditloom.storage.files.errors import DataError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

# What is signed, and in whose sense: part of every signed message.
Purpose = Literal["batch", "receipt", "log", "bundle", "alias"]
# Names a private key where no option does.
SIGN_ENVIRONMENT = "CREDITLOOM_SIGN"
# The key under which a document carries its signature.
SIGNATURE = "signature"
# Digits of a key's name: enough to tell keys apart; the check uses the whole key.
KEY_DIGITS = 16
# Read and written by the owner alone.
PRIVATE_MODE = 0o600
OPENSSL = "openssl genpkey -algorithm ed25519 -out key.pem"


class SigningError(DataError):
    """A key that cannot be used, or a signature that does not fit."""


@dataclass(frozen=True)
class PublicKey:
    """The key that checks signatures; `name` is the start of the sha256 of its 32 bytes."""

    name: str
    key: Ed25519PublicKey

    @classmethod
    def read(cls, path: Path) -> PublicKey:
        """Read a public key in PEM; that of a private key is as good. SigningError otherwise."""
        text = _pem(path)
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        if b"PRIVATE KEY" in text:
            return PrivateKey.read(path).public
        try:
            key = serialization.load_pem_public_key(text)
        except ValueError as error:
            raise _no_key(path, "a public Ed25519 key in PEM", str(error)) from error
        if not isinstance(key, Ed25519PublicKey):
            raise _no_key(path, "a public Ed25519 key in PEM", type(key).__name__)
        return cls(key_name(key), key)

    def fault(self, document: Mapping[str, Any], purpose: Purpose) -> str | None:
        """Return what is wrong with the document's signature by this key; None where it fits."""
        from cryptography.exceptions import InvalidSignature

        signature = document.get(SIGNATURE)
        if not isinstance(signature, Mapping):
            return "it is not signed"
        if signature.get("key") != self.name:
            return f"it is signed by another key ({str(signature.get('key'))[:KEY_DIGITS]})"
        try:
            value = base64.b64decode(str(signature.get("value")), validate=True)
            self.key.verify(value, message(document, purpose))
        # binascii.Error, of text that is no base64, is a ValueError.
        except (InvalidSignature, ValueError):
            return "its signature does not fit its content"
        return None

    def check(self, document: Mapping[str, Any], purpose: Purpose, where: object) -> None:
        """Raise SigningError unless the document is signed by this key for this purpose."""
        fault = self.fault(document, purpose)
        if fault is not None:
            raise SigningError.of(
                "The signature does not hold",
                where=where,
                expected=f"a signature by the key {self.name}",
                got=fault,
                next_step="do not use it; ask whoever wrote it, or restore it from its copy",
            )


@dataclass(frozen=True)
class PrivateKey:
    """The key that signs, and the public one that belongs to it."""

    public: PublicKey
    key: Ed25519PrivateKey

    @classmethod
    def read(cls, path: Path) -> PrivateKey:
        """Read an unencrypted private key in PEM; SigningError for anything else."""
        text = _pem(path)
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        try:
            key = serialization.load_pem_private_key(text, password=None)
        # TypeError: the key asks for a password.
        except (ValueError, TypeError) as error:
            raise _no_key(path, "a private Ed25519 key in PEM", str(error)) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise _no_key(path, "a private Ed25519 key in PEM", type(key).__name__)
        public = key.public_key()
        return cls(PublicKey(key_name(public), public), key)

    def signed(self, document: Mapping[str, Any], purpose: Purpose) -> dict[str, Any]:
        """Return the document with `signature`: the key's name and the signature in base64.

        Ed25519 is deterministic: the same document gets the same signature.
        """
        value = self.key.sign(message(document, purpose))
        signature = {"key": self.public.name, "value": base64.b64encode(value).decode()}
        return {**document, SIGNATURE: signature}


def message(document: Mapping[str, Any], purpose: Purpose) -> bytes:
    """Return the bytes that are signed: purpose, and the document without its signature."""
    bare = {name: value for name, value in document.items() if name != SIGNATURE}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"creditloom {purpose}\n{text}".encode()


def signed_by(
    key: PrivateKey | None, document: Mapping[str, Any], purpose: Purpose
) -> dict[str, Any]:
    """Return the document signed, or as it is where no key is used."""
    return dict(document) if key is None else key.signed(document, purpose)


def private_key(given: Path | str | None = None) -> PrivateKey | None:
    """Return the key of an option, or else of the environment (CREDITLOOM_SIGN), or None."""
    path = given or os.environ.get(SIGN_ENVIRONMENT)
    return PrivateKey.read(Path(path)) if path else None


def key_name(key: Ed25519PublicKey) -> str:
    """Return the first 16 digits of the sha256 of a public key's 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:KEY_DIGITS]


def new_key(private: Path, public: Path) -> PrivateKey:
    """Make a pair of keys and write both in PEM; SigningError where a file is there already."""
    _require_library(private)
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    for file in (private, public):
        if file.exists():
            raise SigningError.of(
                "A key is never written over",
                where=file,
                expected="a new file",
                got="a file that is there",
                next_step="choose another name; what the old key signed needs the old key",
            )
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # Closed to others before the first byte is in it.
    private.touch(mode=PRIVATE_MODE, exist_ok=False)
    private.write_bytes(pem)
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, kind))
    return PrivateKey.read(private)


def _pem(path: Path) -> bytes:
    _require_library(path)
    if not path.is_file():
        raise _no_key(path, "a key in PEM", "a folder" if path.is_dir() else "no file")
    return path.read_bytes()


def _require_library(where: Path) -> None:
    try:
        import cryptography  # noqa: F401
    except ModuleNotFoundError as error:
        raise SigningError.of(
            "Signing needs a library that is not installed",
            where=where,
            expected="cryptography",
            got="none",
            next_step="pip install 'creditloom[sign]'",
        ) from error


def _no_key(path: Path, expected: str, got: str) -> SigningError:
    return SigningError.of(
        "No key that can be used",
        where=path,
        expected=expected,
        got=got.splitlines()[0] if got else "something else",
        next_step=f"creditloom key new, or {OPENSSL}",
    )
