"""`/console/outbox`: mails on their way, those that left, and those that were given up."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from licensing.core.callers import Caller, Permission
from licensing.core.errors import InvalidFields, NotFound
from licensing.core.mail_html import as_html
from licensing.storage.outbox import Listed, MailState
from licensing.web.api.tables import Format
from licensing.web.console.csv_tables import fields_csv
from licensing.web.forms import NEW, Form
from licensing.web.pages.rendering import deed_for, done, page, page_for
from licensing.web.requests import house, query_id

blueprint = Blueprint("console_outbox", __name__, url_prefix="/console/outbox")

ROWS, CSV_ROWS = 100, 10_000
COLUMNS = tuple(name for name in Listed.__slots__ if name != "recipient")
"""What a file says of mails; whom they went to leaves the server by two people alone (services.exports)."""


@blueprint.get("")
@page_for(Permission.STAFF_MANAGE)
def every(caller: Caller) -> Response:
    state, after = _state(), query_id("after") or ""
    if request.args.get("format") == Format.CSV:
        return fields_csv("outbox", COLUMNS, house().outbox.page(state, after, CSV_ROWS))
    found = house().outbox.page(state, after, ROWS)
    return page(
        "console/outbox.html",
        caller=caller,
        mails=found,
        state="" if state is None else state.value,
        more=url_for(".every", after=found[-1].id, state=state) if len(found) == ROWS else "",
        csv=url_for(".every", after=after or None, state=state, format=Format.CSV.value),
    )


@blueprint.get("/<id:mail_id>")
@page_for(Permission.STAFF_MANAGE)
def show(caller: Caller, mail_id: str, form: Form = NEW) -> Response:
    mail, text = house().outbox.show(mail_id)
    # What a mail says may open somebody's license: it is shown where nobody's is.
    shown = None if house().settings.in_production else text
    return page("console/mail.html", caller=caller, mail=mail, text=shown, form=form)


@blueprint.get("/<id:mail_id>/preview")
@page_for(Permission.STAFF_MANAGE)
def preview(_: Caller, mail_id: str) -> Response:
    mail, text = house().outbox.show(mail_id)
    if house().settings.in_production:
        raise NotFound("Mails are shown in development only.")
    response = Response(as_html(mail.subject, text))
    # As mail programs show it: its own looks, and nothing else.
    response.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return response


@blueprint.post("/<id:mail_id>/retry")
@deed_for(Permission.STAFF_MANAGE, on=show)
def retry(caller: Caller, mail_id: str) -> str:
    house().outbox.retry(caller, mail_id)
    return done(".show", "mail-retried", mail_id=mail_id)


def _state() -> MailState | None:
    text = request.args.get("state", "")
    if text and text not in list(MailState):
        raise InvalidFields({"state": [f"Must be one of {', '.join(MailState)}."]})
    return MailState(text) if text else None
