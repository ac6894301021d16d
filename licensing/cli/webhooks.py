"""`licensing webhooks`: programs that are told of each deed."""

from __future__ import annotations

import click

from licensing.cli import output
from licensing.cli.houses import open_current_house
from licensing.core.callers import OPERATOR
from licensing.core.ledger import Kind
from licensing.core.webhooks import TEST_TYPE, TYPES, DeliveryState
from licensing.services.webhooks import NewSecret
from licensing.storage.ledger import Issuance
from licensing.storage.webhooks import Delivery, Webhook

COLUMNS = ("webhook_id", "url", "types", "next_leaf", "created_at", "revoked_at")
DELIVERY_COLUMNS = ("leaf", "type", "state", "tries", "due_at", "delivered_at", "last_error")
MOST = 1_000
_KINDS = {name: kind for kind, name in TYPES.items()}


@click.group()
def webhooks() -> None:
    """Programs that are told of each deed (docs/webhooks.md)."""


@webhooks.command()
@click.argument("url")
@click.option("--type", "types", multiple=True, type=click.Choice(list(_KINDS)), help="May be repeated; else all.")
@click.option("--from-leaf", type=click.IntRange(0), help="Tell the ledger's past from this leaf on, too.")
@output.json_option
def new(url: str, types: tuple[str, ...], from_leaf: int | None, as_json: bool) -> None:
    """Tell URL of each deed. The secret is shown now and never again."""
    kinds = {_KINDS[each] for each in types}
    _show_secret(open_current_house().webhooks.create(OPERATOR, url, kinds, from_leaf), as_json)


@webhooks.command("list")
@output.json_option
def list_webhooks(as_json: bool) -> None:
    """List all webhooks, the newest first."""
    output.show_list("webhooks", COLUMNS, map(_row, open_current_house().webhooks.every()), as_json=as_json)


@webhooks.command()
@click.argument("webhook_id")
@click.option("--state", type=click.Choice([*DeliveryState]), help="Only these.")
@click.option("--limit", type=click.IntRange(1, MOST), default=100, show_default=True)
@output.json_option
def deliveries(webhook_id: str, state: str | None, limit: int, as_json: bool) -> None:
    """List its messages, the newest deeds first."""
    wanted = None if state is None else DeliveryState(state)
    found = open_current_house().webhooks.deliveries(webhook_id, wanted, None, limit)
    output.show_list("deliveries", DELIVERY_COLUMNS, (_delivery(*each) for each in found), as_json=as_json)


@webhooks.command()
@click.argument("webhook_id")
@output.json_option
def rotate(webhook_id: str, as_json: bool) -> None:
    """Make a new secret; the old one signs beside it for a day."""
    _show_secret(open_current_house().webhooks.rotate(OPERATOR, webhook_id), as_json)


@webhooks.command()
@click.argument("webhook_id")
def test(webhook_id: str) -> None:
    """Send a message about nothing."""
    open_current_house().webhooks.test(OPERATOR, webhook_id)
    click.echo(f"A message is on its way; look at: licensing webhooks deliveries {webhook_id}")


@webhooks.command()
@click.argument("webhook_id")
@click.option("--from-leaf", type=click.IntRange(0), required=True)
@output.json_option
def replay(webhook_id: str, from_leaf: int, as_json: bool) -> None:
    """Tell everything from a leaf on again."""
    output.show(_row(open_current_house().webhooks.replay(OPERATOR, webhook_id, from_leaf)), as_json=as_json)


@webhooks.command()
@click.argument("webhook_id")
def retry(webhook_id: str) -> None:
    """Send again what was given up."""
    click.echo(f"{open_current_house().webhooks.retry(OPERATOR, webhook_id)} messages are due again.")


@webhooks.command()
@click.argument("webhook_id")
@output.json_option
def revoke(webhook_id: str, as_json: bool) -> None:
    """Send nothing more to it."""
    output.show(_row(open_current_house().webhooks.revoke(OPERATOR, webhook_id)), as_json=as_json)


def _show_secret(made: NewSecret, as_json: bool) -> None:
    output.show({**_row(made.webhook), "secret": made.secret}, as_json=as_json)


def _row(webhook: Webhook) -> dict[str, object]:
    return {
        "webhook_id": webhook.id,
        "url": webhook.url,
        "types": [TYPES[Kind(kind)] for kind in webhook.types] or "all",
        "next_leaf": webhook.next_leaf,
        "rotated_at": output.moment(webhook.rotated_at),
        "created_by": webhook.created_by,
        "created_at": output.moment(webhook.created_at),
        "revoked_at": output.moment(webhook.revoked_at),
    }


def _delivery(delivery: Delivery, issuance: Issuance | None) -> dict[str, object]:
    return {
        "leaf": None if issuance is None else delivery.leaf_idx,
        "type": TEST_TYPE if issuance is None else TYPES[issuance.kind],
        "serial": None if issuance is None else issuance.serial,
        "state": delivery.state,
        "tries": delivery.tries,
        "due_at": output.moment(delivery.due_at),
        "delivered_at": output.moment(delivery.delivered_at),
        "dead_at": output.moment(delivery.dead_at),
        "last_error": delivery.last_error,
    }
