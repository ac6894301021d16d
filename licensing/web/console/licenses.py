"""`/console/licenses/<id>`: a license with its clusters, its deeds and what can be done with it."""

from __future__ import annotations

from flask import Blueprint, Response, request

from licensing.core.callers import Caller, Permission
from licensing.core.clusters import Pool
from licensing.core.ledger import Kind
from licensing.core.licenses import Edition
from licensing.core.mails import LICENSE_FILE_NAME
from licensing.core.portal import State, state_of
from licensing.services.license_files import as_text
from licensing.services.licenses import Shown
from licensing.services.sales import PAID
from licensing.web.api.licenses import ReasonSchema, TransferSchema, issuance_members
from licensing.web.console.actors import names_of
from licensing.web.console.csv_tables import asked_table, members_csv
from licensing.web.console.selling import licensed
from licensing.web.console.timeline import DEEDS
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, page, page_for
from licensing.web.requests import house

blueprint = Blueprint("console_licenses", __name__, url_prefix="/console/licenses")

CLUSTERS = 20
DEEDS_SHOWN = 50
"""So many stand on the license's own page."""
KINDS = {State.ACTIVE: "good", State.SUSPENDED: "bad", State.REVOKED: "bad", State.ENDED: "warn"}
"""How each state looks."""
EDITIONS = {Edition.TRIAL: "Free trial", Edition.PRO: "Pro Bundle"}


@blueprint.get("/<id:license_id>")
@page_for(Permission.LICENSES_READ)
def show(caller: Caller, license_id: str, form: Form = NEW) -> Response:
    shown, now = house().licenses.show(caller, license_id), house().system.now()
    if table := asked_table("deeds"):
        return members_csv(table, list(map(issuance_members, reversed(shown.issuances))), "serial")
    return page(
        "console/license.html",
        caller=caller,
        shown=shown,
        standing=shown.standing,
        state=state_of(shown.standing, now),
        kinds=KINDS,
        editions=EDITIONS,
        used={pool: _used(shown, pool) for pool in Pool},
        clusters=shown.clusters[:CLUSTERS],
        deeds=shown.issuances[: -DEEDS_SHOWN - 1 : -1],
        words=DEEDS,
        names=names_of(*(each.salesperson_id for each in shown.issuances)),
        sales=PAID,
        voided={each.refers_to for each in shown.issuances if each.kind is Kind.VOIDED},
        cautions=house().licenses.cautions(caller, license_id) if request.args.get("warned") else (),
        now=now,
        form=form,
    )


@blueprint.get("/<id:license_id>/file")
@page_for(Permission.LICENSES_READ)
def download(caller: Caller, license_id: str) -> Response:
    response = Response(as_text(house().licenses.file(caller, license_id)), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{LICENSE_FILE_NAME}"'
    return response


@blueprint.post("/<id:license_id>/suspension")
@deed_for(Permission.LICENSES_WRITE, on=show)
def suspend(caller: Caller, license_id: str) -> str:
    return licensed(house().licenses.suspend(caller, license_id, _reason()), "suspended")


@blueprint.post("/<id:license_id>/reinstatement")
@deed_for(Permission.LICENSES_WRITE, on=show)
def reinstate(caller: Caller, license_id: str) -> str:
    return licensed(house().licenses.reinstate(caller, license_id, _reason()), "reinstated")


@blueprint.post("/<id:license_id>/revocation")
@deed_for(Permission.LICENSES_WRITE, on=show)
def revoke(caller: Caller, license_id: str) -> str:
    return licensed(house().licenses.revoke(caller, license_id, _reason()), "revoked")


@blueprint.post("/<id:license_id>/reissue")
@deed_for(Permission.LICENSES_WRITE, on=show)
def reissue(caller: Caller, license_id: str) -> str:
    return licensed(house().licenses.reissue(caller, license_id, _reason()), "reissued")


@blueprint.post("/<id:license_id>/transfer")
@deed_for(Permission.LICENSES_WRITE, on=show)
def transfer(caller: Caller, license_id: str) -> str:
    data = read_form(TransferSchema())
    deed = house().licenses.transfer(caller, license_id, data["organization_id"], data["reason"])
    return licensed(deed, "transferred")


def _reason() -> str:
    return str(read_form(ReasonSchema())["reason"])


def _used(shown: Shown, pool: Pool) -> int:
    """How many nodes the license's live clusters have in the pool."""
    now = house().system.now()
    return sum(each.used for each in shown.clusters if each.pool is pool and each.expires_at > now)
