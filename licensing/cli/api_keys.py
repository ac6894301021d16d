"""`licensing api-keys`: keys for machines."""

from __future__ import annotations

import click

from licensing.cli import output
from licensing.cli.houses import open_current_house
from licensing.core.callers import OPERATOR
from licensing.services.api_keys import MAX_DAYS, SCOPES
from licensing.storage.api_keys import ApiKey

COLUMNS = ("api_key_id", "name", "scopes", "organization_id", "expires_at", "last_used_at", "revoked_at")
SCOPE = click.Choice(sorted(scope.value for scope in SCOPES))


@click.group("api-keys")
def api_keys() -> None:
    """Keys of machines, for the API."""


@api_keys.command()
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, type=SCOPE, help="May be repeated.")
@click.option("--days", type=click.IntRange(1, MAX_DAYS), required=True, help="The key expires after that many.")
@click.option("--organization", metavar="ID", help="The key sees this organisation only.")
@output.json_option
def new(name: str, scopes: tuple[str, ...], days: int, organization: str | None, as_json: bool) -> None:
    """Make a key called NAME. It is shown now and never again."""
    made = open_current_house().api_keys.create(OPERATOR, name, scopes, days, organization)
    output.show({**_row(made.api_key), "key": made.key}, as_json=as_json)


@api_keys.command("list")
@output.json_option
def list_api_keys(as_json: bool) -> None:
    """List all keys, the newest first."""
    keys = open_current_house().api_keys.list(OPERATOR)
    output.show_list("api_keys", COLUMNS, map(_row, keys), as_json=as_json)


@api_keys.command()
@click.argument("api_key_id")
@output.json_option
def revoke(api_key_id: str, as_json: bool) -> None:
    """Revoke a key: its next request is refused."""
    output.show(_row(open_current_house().api_keys.revoke(OPERATOR, api_key_id)), as_json=as_json)


def _row(key: ApiKey) -> dict[str, object]:
    return {
        "api_key_id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "organization_id": key.organization_id,
        "created_by": key.created_by,
        "created_at": output.moment(key.created_at),
        "expires_at": output.moment(key.expires_at),
        "last_used_at": output.moment(key.last_used_at),
        "revoked_at": output.moment(key.revoked_at),
    }
