"""`licensing verify`: what a license file is worth, without any server."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from licensing.cli import output
from licensing.core.errors import Malformed
from licensing.storage import keyfiles
from licensing.system import now
from licensing.verifier import TRUSTED_ROOTS, Code, Unauthentic, evaluate, open_license_file

NOT_VALID = 3


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--nodes", type=click.IntRange(min=0), default=0, help="Storage nodes in use.")
@click.option("--fsid", help="The Ceph cluster's UUID.")
@click.option("--at", metavar="TIME", help="Judge at this RFC 3339 time instead of now.")
@click.option(
    "--root", "roots", multiple=True, type=click.Path(path_type=Path), help="Trust this root key file (JWK), too."
)
@output.json_option
def verify(file: Path, nodes: int, fsid: str | None, at: str | None, roots: tuple[Path, ...], as_json: bool) -> None:
    """Verify the license FILE and say what it is worth. Exit code 3 when that is not VALID."""
    trusted = [*TRUSTED_ROOTS, *map(keyfiles.read_root_file, roots)]
    try:
        opened = open_license_file(file.read_bytes(), trusted)
    except OSError as error:
        raise Malformed(f"The file {file} can't be read: {error.strerror}.") from error
    except Unauthentic as error:
        raise Malformed(f"{error.reason}: {error.detail}") from error
    known = opened.circumstances(fsid.lower() if fsid else None)
    verdict = evaluate(opened.license, None, nodes, _moment(at) if at else now(), known)
    license = opened.license
    output.show(
        {
            "code": verdict.code,
            "restricted": verdict.restricted,
            "warnings": list(verdict.warnings),
            "message": verdict.message,
            "remedy": verdict.remedy or None,
            "license_id": license.lid,
            "issuance": license.jti,
            "organization": license.org or None,
            "edition": license.edition,
            "tier": license.tier,
            "seats": license.seats,
            "issued_at": output.seconds(license.iat),
            "expires_at": output.seconds(license.exp),
        },
        as_json=as_json,
    )
    if verdict.code is not Code.VALID:
        sys.exit(NOT_VALID)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--at: {text!r} is no RFC 3339 time, such as 2026-01-31T12:00:00Z.") from error
    if moment.tzinfo is None:
        raise click.UsageError("--at needs a time zone: end it with Z for UTC.")
    return moment
