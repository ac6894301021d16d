"""`/console/webhooks`: programs that are told of each deed, and how their messages fare. Secrets are shown once."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from licensing.core.callers import Caller, Permission
from licensing.core.webhooks import TYPES
from licensing.services.idempotency import Rendered
from licensing.services.webhooks import NewSecret
from licensing.web.api.tables import Format
from licensing.web.api.webhooks import (
    DeliveriesSchema,
    ReplaySchema,
    WebhookSchema,
    delivery_members,
    webhook_members,
)
from licensing.web.console.csv_tables import asked_table, members_csv
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, done, page, page_for, shown_once
from licensing.web.requests import house

blueprint = Blueprint("console_webhooks", __name__, url_prefix="/console/webhooks")

ROWS, CSV_ROWS = 100, 10_000


@blueprint.get("")
@page_for(Permission.STAFF_MANAGE)
def every(caller: Caller, form: Form = NEW) -> Response:
    found = [webhook_members(each) for each in house().webhooks.every()]
    if table := asked_table("webhooks"):
        return members_csv(table, found, "webhook_id")
    return page(
        "console/webhooks.html", caller=caller, webhooks=house().webhooks.every(), types=list(TYPES.values()), form=form
    )


@blueprint.post("")
@deed_for(Permission.STAFF_MANAGE, on=every)
def create(caller: Caller) -> Rendered:
    return _shown_once(caller, house().webhooks.create(caller, **read_form(WebhookSchema())))


@blueprint.get("/<id:webhook_id>")
@page_for(Permission.STAFF_MANAGE)
def show(caller: Caller, webhook_id: str, form: Form = NEW) -> Response:
    asked = read_form(DeliveriesSchema(only=("state", "before")), request.args)
    as_file = request.args.get("format") == Format.CSV
    found = house().webhooks.deliveries(webhook_id, **asked, limit=CSV_ROWS if as_file else ROWS)
    rows = [delivery_members(*each) for each in found]
    if as_file:
        return members_csv("deliveries", rows, "leaf")
    here = {"webhook_id": webhook_id, "state": asked["state"]}
    return page(
        "console/webhook.html",
        caller=caller,
        webhook=house().webhooks.show(webhook_id),
        names=TYPES,
        found=rows,
        state=asked["state"] or "",
        more=url_for(".show", **here, before=found[-1][0].leaf_idx) if len(found) == ROWS else "",
        csv=url_for(".show", **here, before=asked["before"], format=Format.CSV.value),
        form=form,
    )


@blueprint.post("/<id:webhook_id>/secret")
@deed_for(Permission.STAFF_MANAGE, on=show)
def rotate(caller: Caller, webhook_id: str) -> Rendered:
    return _shown_once(caller, house().webhooks.rotate(caller, webhook_id))


@blueprint.post("/<id:webhook_id>/test")
@deed_for(Permission.STAFF_MANAGE, on=show)
def test(caller: Caller, webhook_id: str) -> str:
    house().webhooks.test(caller, webhook_id)
    return done(".show", "webhook-tested", webhook_id=webhook_id)


@blueprint.post("/<id:webhook_id>/replay")
@deed_for(Permission.STAFF_MANAGE, on=show)
def replay(caller: Caller, webhook_id: str) -> str:
    house().webhooks.replay(caller, webhook_id, **read_form(ReplaySchema()))
    return done(".show", "webhook-replayed", webhook_id=webhook_id)


@blueprint.post("/<id:webhook_id>/retry")
@deed_for(Permission.STAFF_MANAGE, on=show)
def retry(caller: Caller, webhook_id: str) -> str:
    house().webhooks.retry(caller, webhook_id)
    return done(".show", "webhook-retried", webhook_id=webhook_id)


@blueprint.post("/<id:webhook_id>/revocation")
@deed_for(Permission.STAFF_MANAGE, on=show)
def revoke(caller: Caller, webhook_id: str) -> str:
    house().webhooks.revoke(caller, webhook_id)
    return done(".show", "webhook-revoked", webhook_id=webhook_id)


def _shown_once(caller: Caller, made: NewSecret) -> Rendered:
    return shown_once(
        "console/secret.html",
        made.secret,
        caller=caller,
        title="Secret of the webhook",
        what=f"What {made.webhook.url} proves our messages with. It is not kept here, and never shown again.",
        back=f"/console/webhooks/{made.webhook.id}",
    )
