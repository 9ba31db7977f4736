"""A document is signed for one purpose by one key, and any change of it shows."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from creditloom.serving.ledger.signing import (
    SIGN_ENVIRONMENT,
    PrivateKey,
    PublicKey,
    SigningError,
    new_key,
    private_key,
    signed_by,
)
from tests.ledger.conftest import Command

DOCUMENT = {"root": "ab", "size": 3}


@pytest.fixture
def key(tmp_path: Path) -> PrivateKey:
    return new_key(tmp_path / "key.pem", tmp_path / "key.pub")


def test_what_was_signed_is_accepted_by_the_public_key(key: PrivateKey, tmp_path: Path) -> None:
    document = key.signed(DOCUMENT, "batch")
    public = PublicKey.read(tmp_path / "key.pub")
    assert public.fault(document, "batch") is None
    # The order of keys is no content, and neither is signing twice.
    assert public.fault(dict(reversed(document.items())), "batch") is None
    assert key.signed(document, "batch") == document


# table: a change a row
@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"size": 4}, "does not fit"),
        ({"more": 1}, "does not fit"),
        ({"signature": {}}, "another key"),
        ({"signature": None}, "not signed"),
    ],
)
def test_any_change_shows(key: PrivateKey, change: dict[str, object], told: str) -> None:
    fault = key.public.fault({**key.signed(DOCUMENT, "batch"), **change}, "batch")
    assert fault is not None and told in fault


def test_a_signature_of_another_purpose_or_key_does_not_count(
    key: PrivateKey, tmp_path: Path
) -> None:
    document = key.signed(DOCUMENT, "batch")
    other = new_key(tmp_path / "other.pem", tmp_path / "other.pub")
    assert key.public.fault(document, "log") is not None
    # Who names the right key without holding it does not pass either.
    forged = other.signed(DOCUMENT, "batch")
    forged["signature"]["key"] = key.public.name
    assert key.public.fault(forged, "batch") is not None
    with pytest.raises(SigningError, match="does not hold"):
        other.public.check(document, "batch", "manifest.json")


def test_a_private_key_is_closed_to_others_and_never_written_over(
    key: PrivateKey, tmp_path: Path
) -> None:
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    with pytest.raises(SigningError, match="never written over"):
        new_key(tmp_path / "key.pem", tmp_path / "another.pub")
    assert PrivateKey.read(tmp_path / "key.pem").public.name == key.public.name


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_key_is_refused_with_a_next_step(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "key.pem").write_bytes(content)
    for read in (PrivateKey.read, PublicKey.read):
        with pytest.raises(SigningError, match="creditloom key new"):
            read(tmp_path / "key.pem")


def test_a_key_of_openssl_is_as_good(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed here; keys of `creditloom key new` are tested above")
    words = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(tmp_path / "key.pem")]
    subprocess.run(words, check=True, capture_output=True)
    key = PrivateKey.read(tmp_path / "key.pem")
    assert key.public.fault(key.signed(DOCUMENT, "alias"), "alias") is None


def test_the_key_is_that_of_the_option_or_else_of_the_environment(
    key: PrivateKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SIGN_ENVIRONMENT, raising=False)
    assert private_key() is None and signed_by(None, DOCUMENT, "batch") == DOCUMENT
    monkeypatch.setenv(SIGN_ENVIRONMENT, str(tmp_path / "key.pem"))
    named = private_key()
    assert named is not None and named.public.name == key.public.name


def test_the_command_makes_a_pair_that_fits(
    creditloom: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert creditloom("key", "new", "night.pem").exit_code == 0
    document = PrivateKey.read(tmp_path / "night.pem").signed(DOCUMENT, "log")
    assert PublicKey.read(tmp_path / "night.pub").fault(document, "log") is None
    with pytest.raises(SystemExit):
        creditloom("key", "new", "night.pem")
    assert "never written over" in capsys.readouterr().err
