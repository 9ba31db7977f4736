"""`creditloom key`: makes a pair of keys that sign batches, bundles and alias changes.

The private key stays where its owner keeps secrets; whoever checks needs the public one alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from creditloom.pipeline.base.console import Console
from creditloom.serving.ledger.signing import SIGN_ENVIRONMENT, new_key

app = typer.Typer(help="Make a pair of keys for signatures (Ed25519).", no_args_is_help=True)
_err = Console(stderr=True, soft_wrap=True, highlight=False)

PrivateArgument = Annotated[
    Path, typer.Argument(help="the new file of the private key, PEM; the public one is <name>.pub")
]


@app.callback()
def _keys() -> None:
    """Make a pair of keys for signatures (Ed25519)."""


@app.command("new")
def new(private: PrivateArgument = Path("creditloom.pem")) -> None:
    """Write a private key, readable by you alone, and its public key; nothing is written over."""
    public = private.with_suffix(".pub")
    key = new_key(private, public)
    _err.print(f"key {key.public.name}: {private} signs, {public} checks")
    _err.print(f"sign with --sign {private}, or with {SIGN_ENVIRONMENT}={private}")
