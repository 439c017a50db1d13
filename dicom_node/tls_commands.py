"""The commands `llmcxr tls …`: a key with its certificate request, a test certificate, what is in use."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from llmcxr_ws.cli import chosen_home

app = typer.Typer(no_args_is_help=True)

Names = Annotated[
    list[str],
    typer.Option("--name", help="Host name or address of this machine as peers reach it; may be repeated."),
]
Organization = Annotated[str, typer.Option(help="Organization in the certificate.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the files; without it `keys` in the home.")]


@app.command("request")
def request(names: Names, organization: Organization = "", out: Out = None) -> None:
    """Make a private key and a certificate request (PKCS #10) for the hospital's certificate authority."""
    from dicom_node.certificates import make_request

    key, made = make_request(_folder(out), names, organization)
    typer.echo(
        f"Key: {key}\nRequest: {made}\nGive the request to the certificate authority; keep the key here. Then name "
        "the key and the certificate that comes back in llmcxr.toml: tls_private_key, tls_certificate."
    )


@app.command("self-signed")
def self_signed(
    names: Names,
    organization: Organization = "",
    days: Annotated[int, typer.Option(help="How long it is valid.", min=1, max=3650)] = 365,
    out: Out = None,
) -> None:
    """Make a private key and a certificate signed by itself, for tests: each peer must be told to trust it."""
    from dicom_node.certificates import make_self_signed

    key, made = make_self_signed(_folder(out), names, organization, days=days)
    typer.echo(
        f"Key: {key}\nCertificate: {made}\nName both in llmcxr.toml: tls_private_key, tls_certificate; and add the "
        "certificate to what each peer trusts."
    )


@app.command("show")
def show(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """List this node's certificate and those it trusts, with their ends and fingerprints."""
    from dicom_node.certificates import described
    from llmcxr_ws.commands import table
    from llmcxr_ws.config import load_config
    from llmcxr_ws.home import resolve_home

    home = resolve_home(chosen_home())
    rows = described(load_config(home), home)
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    heads = ("use", "name", "issuer", "until", "sha256")
    table(heads, [tuple(row[head] for head in heads) for row in rows])


def _folder(out: Path | None) -> Path:
    from llmcxr_ws.home import resolve_home
    from llmcxr_ws.secret_files import KEYS_FOLDER

    return out if out is not None else resolve_home(chosen_home()) / KEYS_FOLDER
