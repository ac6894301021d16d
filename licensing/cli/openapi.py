"""`licensing openapi`: the API's document, as the server serves it."""

from __future__ import annotations

import json

import click

from licensing.web.api.openapi import document
from licensing.web.app import routes_alone


@click.command()
def openapi() -> None:
    """Print the API's OpenAPI 3.1 document."""
    click.echo(json.dumps(document(routes_alone()), indent=2, ensure_ascii=False))
