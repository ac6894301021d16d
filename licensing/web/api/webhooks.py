"""`/v1/webhooks`: programs that are told of each deed. A secret is in the answer to its making, and nowhere else."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, ValidationError
from marshmallow import fields as marshmallow_fields

from licensing.core.callers import Caller, Permission
from licensing.core.ledger import Kind
from licensing.core.webhooks import MAX_URL, TEST_TYPE, TYPES, DeliveryState
from licensing.services.idempotency import Rendered
from licensing.services.webhooks import NewSecret
from licensing.storage.ledger import Issuance
from licensing.storage.webhooks import Delivery, Webhook
from licensing.web import fields
from licensing.web.access import deed, reading
from licensing.web.api.presenting import answer, moment, rendered
from licensing.web.api.shapes import COUNT, ID, MAX_EXACT, MOMENT, TEXT, many, maybe, members, thing, word_of
from licensing.web.api.speaking import speaks
from licensing.web.requests import DEFAULT_PAGE, MAX_PAGE, NothingSchema, house, parse, parse_query

blueprint = Blueprint("api_webhooks", __name__, url_prefix="/v1/webhooks")

TYPE = {"type": "string", "enum": [*TYPES.values(), TEST_TYPE]}
_KINDS = {name: kind for kind, name in TYPES.items()}


class TypeField(fields.Text):
    """A type of message, by name: the kind of deed that it tells of."""

    def __init__(self, **options: Any) -> None:
        super().__init__(40, **options)

    def _deserialize(self, value: Any, *arguments: Any, **options: Any) -> Any:
        text = super()._deserialize(value, *arguments, **options)
        if text not in _KINDS:
            raise ValidationError(f"Must be one of {', '.join(_KINDS)}.")
        return _KINDS[text]

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(_KINDS)}


class WebhookSchema(Schema):
    url = fields.Text(MAX_URL, required=True)
    types = marshmallow_fields.List(TypeField(), load_default=list, attribute="kinds")
    first_leaf = fields.WholeNumber(0, MAX_EXACT, load_default=None)


class ReplaySchema(Schema):
    first_leaf = fields.WholeNumber(0, MAX_EXACT, required=True)


class DeliveriesSchema(Schema):
    state = fields.Choice(DeliveryState, load_default=None)
    before = fields.Digits(0, MAX_EXACT, load_default=None)
    limit = fields.Digits(1, MAX_PAGE, load_default=DEFAULT_PAGE)


WEBHOOK = thing(
    "Webhook",
    webhook_id=ID,
    url=TEXT,
    types=many({"type": "string", "enum": list(TYPES.values())}),
    next_leaf=COUNT,
    rotated_at=maybe(MOMENT),
    created_by=TEXT,
    created_at=MOMENT,
    revoked_at=maybe(MOMENT),
)
NEW_WEBHOOK = thing("NewWebhook", **WEBHOOK.members, secret=TEXT)
DELIVERY = thing(
    "Delivery",
    leaf=maybe(COUNT),
    type=TYPE,
    serial=maybe(ID),
    state=word_of(DeliveryState),
    tries=COUNT,
    due_at=maybe(MOMENT),
    delivered_at=maybe(MOMENT),
    dead_at=maybe(MOMENT),
    last_error=maybe(TEXT),
)


@blueprint.get("")
@reading(Permission.STAFF_MANAGE)
@speaks(members(webhooks=many(WEBHOOK)))
def list_webhooks(_: Caller) -> Response:
    """All webhooks."""
    return answer({"webhooks": [webhook_members(each) for each in house().webhooks.every()]})


@blueprint.post("")
@deed(Permission.STAFF_MANAGE)
@speaks(NEW_WEBHOOK, 201, body=WebhookSchema)
def create(caller: Caller) -> Rendered:
    """A new webhook; its secret is shown once, and blank in a replay."""
    return _with_secret(house().webhooks.create(caller, **parse(WebhookSchema())), 201)


@blueprint.get("/<id:webhook_id>")
@reading(Permission.STAFF_MANAGE)
@speaks(WEBHOOK)
def show(_: Caller, webhook_id: str) -> Response:
    """One webhook."""
    return answer(webhook_members(house().webhooks.show(webhook_id)))


@blueprint.get("/<id:webhook_id>/deliveries")
@reading(Permission.STAFF_MANAGE)
@speaks(members(deliveries=many(DELIVERY), next=maybe(COUNT)), query=DeliveriesSchema)
def deliveries(_: Caller, webhook_id: str) -> Response:
    """Its messages of the last 30 days, the newest deeds first; `next` goes on as `before`."""
    asked = parse_query(DeliveriesSchema())
    found = house().webhooks.deliveries(webhook_id, **asked)
    last = found[-1][0].leaf_idx if len(found) == asked["limit"] else -1
    listed = [delivery_members(*each) for each in found]
    return answer({"deliveries": listed, "next": last if last > 0 else None})


@blueprint.post("/<id:webhook_id>/secret")
@deed(Permission.STAFF_MANAGE)
@speaks(NEW_WEBHOOK, body=NothingSchema)
def rotate(caller: Caller, webhook_id: str) -> Rendered:
    """A new secret, shown once; the old one signs beside it for a day."""
    parse(NothingSchema())
    return _with_secret(house().webhooks.rotate(caller, webhook_id), 200)


@blueprint.post("/<id:webhook_id>/test")
@deed(Permission.STAFF_MANAGE)
@speaks(WEBHOOK, 202, body=NothingSchema)
def test(caller: Caller, webhook_id: str) -> Rendered:
    """Sends a message about nothing; how it fares is among its deliveries."""
    parse(NothingSchema())
    house().webhooks.test(caller, webhook_id)
    return rendered(webhook_members(house().webhooks.show(webhook_id)), 202)


@blueprint.post("/<id:webhook_id>/replay")
@deed(Permission.STAFF_MANAGE)
@speaks(WEBHOOK, 202, body=ReplaySchema)
def replay(caller: Caller, webhook_id: str) -> Rendered:
    """Tells everything from a leaf on again."""
    return rendered(webhook_members(house().webhooks.replay(caller, webhook_id, **parse(ReplaySchema()))), 202)


@blueprint.post("/<id:webhook_id>/retry")
@deed(Permission.STAFF_MANAGE)
@speaks(members(messages=COUNT), 202, body=NothingSchema)
def retry(caller: Caller, webhook_id: str) -> Rendered:
    """Sends again what was given up; how many messages that are."""
    parse(NothingSchema())
    return rendered({"messages": house().webhooks.retry(caller, webhook_id)}, 202)


@blueprint.post("/<id:webhook_id>/revocation")
@deed(Permission.STAFF_MANAGE)
@speaks(WEBHOOK, body=NothingSchema)
def revoke(caller: Caller, webhook_id: str) -> Rendered:
    """Nothing is sent to it any more."""
    parse(NothingSchema())
    return rendered(webhook_members(house().webhooks.revoke(caller, webhook_id)))


def webhook_members(webhook: Webhook) -> dict[str, object]:
    """All that a listing tells of a webhook; no `types` are all of them."""
    return {
        "webhook_id": webhook.id,
        "url": webhook.url,
        "types": [TYPES[Kind(kind)] for kind in webhook.types],
        "next_leaf": webhook.next_leaf,
        "rotated_at": moment(webhook.rotated_at),
        "created_by": webhook.created_by,
        "created_at": moment(webhook.created_at),
        "revoked_at": moment(webhook.revoked_at),
    }


def delivery_members(delivery: Delivery, issuance: Issuance | None) -> dict[str, object]:
    """A message and how it fares; a test has no leaf."""
    return {
        "leaf": None if issuance is None else delivery.leaf_idx,
        "type": TEST_TYPE if issuance is None else TYPES[issuance.kind],
        "serial": None if issuance is None else issuance.serial,
        "state": delivery.state,
        "tries": delivery.tries,
        "due_at": moment(delivery.due_at),
        "delivered_at": moment(delivery.delivered_at),
        "dead_at": moment(delivery.dead_at),
        "last_error": delivery.last_error,
    }


def _with_secret(made: NewSecret, status: int) -> Rendered:
    return rendered({**webhook_members(made.webhook), "secret": made.secret}, status, secret="secret")  # noqa: S106
