"""`licensing activate`: the license file for a cluster that can't reach the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from marshmallow import ValidationError

from licensing.cli import output
from licensing.cli.houses import open_current_house
from licensing.core.activations import ActivationRequest
from licensing.core.callers import OPERATOR
from licensing.core.encoding import read_body_json
from licensing.core.errors import Malformed
from licensing.services.license_files import as_text
from licensing.web.api.activations import RequestSchema


@click.command()
@click.argument("request", type=click.Path(path_type=Path))
@click.option("--license", "license_id", help="The license, where the request names none.")
@click.option("--out", "-o", required=True, type=click.Path(path_type=Path), help="Write the license file here.")
@output.json_option
def activate(request: Path, license_id: str | None, out: Path, as_json: bool) -> None:
    """Answer the REQUEST file of a cluster without a connection, and write the license file to carry to it."""
    asked = _read(request)
    wanted = license_id or asked.license_id
    if wanted is None:
        raise Malformed("The request names no license; say which with --license.")
    activated = open_current_house().activations.by_caller(OPERATOR, wanted, asked)
    out.write_text(as_text(activated.license_file), "utf-8")
    output.show(
        {
            "code": activated.verdict.code,
            "message": activated.verdict.message,
            "fsid": asked.fsid,
            "nodes": asked.nodes,
            "peak": asked.peak,
            "request_code": asked.code,
            "license_code": activated.code,
            "written_to": str(out),
        },
        as_json=as_json,
    )


def _read(path: Path) -> ActivationRequest:
    try:
        document: Any = read_body_json(path.read_bytes())
        request: ActivationRequest = RequestSchema().load(document)
    except OSError as error:
        raise Malformed(f"The file {path} can't be read: {error.strerror}.") from error
    except (ValueError, ValidationError) as error:
        raise Malformed(f"The file {path} is no request: {error}") from error
    return request
