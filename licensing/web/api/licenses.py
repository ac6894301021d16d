"""`/v1/licenses`: what sales do with licenses. What somebody pays for comes first."""

from __future__ import annotations

from flask import Blueprint, Response
from marshmallow import Schema

from licensing.core.callers import Caller, Permission
from licensing.core.ledger import Kind
from licensing.core.licenses import MAX_SEATS, Edition
from licensing.core.standings import Standing
from licensing.services.deeds import Done
from licensing.services.idempotency import Rendered
from licensing.services.licenses import Shown
from licensing.storage.ledger import Issuance
from licensing.web import fields
from licensing.web.access import deed, reading
from licensing.web.api.presenting import answer, moment, rendered
from licensing.web.api.shapes import (
    COUNT,
    CURRENCY,
    FSID,
    ID,
    LICENSE_FILE,
    LIMIT,
    MINOR,
    MOMENT,
    TEXT,
    many,
    maybe,
    members,
    thing,
    word_of,
)
from licensing.web.api.speaking import speaks
from licensing.web.api.terms import OrderSchema, SaleSchema, read_purchase, read_term
from licensing.web.requests import house, page_of, parse, query_id

blueprint = Blueprint("api_licenses", __name__, url_prefix="/v1/licenses")

MAX_REASON = 500


class FirstSaleSchema(SaleSchema):
    organization_id = fields.Text(32, required=True)


class SeatsSchema(OrderSchema):
    """`order_number` and `currency` are needed for more seats only."""

    seats = fields.WholeNumber(1, MAX_SEATS, load_default=None)
    np_seats = fields.WholeNumber(0, MAX_SEATS, load_default=None)
    order_number = fields.Text(80, load_default=None)
    currency = fields.Currency(load_default=None)


class ReasonSchema(Schema):
    reason = fields.Text(MAX_REASON, required=True)


class TransferSchema(ReasonSchema):
    organization_id = fields.Text(32, required=True)


LICENSE = thing(
    "License",
    license_id=ID,
    organization_id=ID,
    edition=word_of(Edition),
    tier=TEXT,
    support=TEXT,
    seats=COUNT,
    np_seats=COUNT,
    status=TEXT,
    seq=COUNT,
    issuance=TEXT,
    relay_kid=maybe(TEXT),
    starts_at=MOMENT,
    expires_at=maybe(MOMENT),
)
ISSUANCE = thing(
    "Issuance",
    serial=TEXT,
    kind=word_of(Kind),
    tier=maybe(TEXT),
    seats=maybe(COUNT),
    support=maybe(TEXT),
    order_number=maybe(TEXT),
    amount_minor=maybe(MINOR),
    currency=maybe(CURRENCY),
    salesperson=maybe(TEXT),
    quote_id=maybe(ID),
    refers_to=maybe(TEXT),
    effective_at=maybe(MOMENT),
    recorded_at=MOMENT,
)
HOLDER = thing(
    "Holder", fsid=FSID, name=TEXT, dcc_version=TEXT, used=COUNT, granted=COUNT, last_seen_at=MOMENT, expires_at=MOMENT
)
LICENSE_WITH_DEEDS = thing(
    "LicenseWithDeeds", **LICENSE.members, organization=TEXT, issuances=many(ISSUANCE), clusters=many(HOLDER)
)
CHARGE = thing("Charge", order_number=TEXT, amount_minor=MINOR, currency=CURRENCY, quote_id=maybe(ID))
DONE = thing("Done", serial=TEXT, license=maybe(LICENSE), charge=maybe(CHARGE), warnings=many(TEXT))


@blueprint.get("")
@reading(Permission.LICENSES_READ)
@speaks(members(licenses=many(LICENSE)), query={"after": ID, "limit": LIMIT, "organization": ID})
def list_licenses(caller: Caller) -> Response:
    """Licenses by id; of one organisation, or of all."""
    after, limit = page_of("after")
    page = house().licenses.page(caller, after, limit, query_id("organization"))
    return answer({"licenses": [license_members(standing) for standing in page]})


@blueprint.post("")
@deed(Permission.LICENSES_WRITE)
@speaks(DONE, 201, body=FirstSaleSchema)
def sell(caller: Caller) -> Rendered:
    """Sells a new license."""
    data = parse(FirstSaleSchema())
    term = read_term(caller, data, house().system.now())
    return present(house().sales.sell(caller, data["organization_id"], term, read_purchase(data)), 201)


@blueprint.get("/<id:license_id>")
@reading(Permission.LICENSES_READ)
@speaks(LICENSE_WITH_DEEDS)
def show(caller: Caller, license_id: str) -> Response:
    """A license with its deeds and clusters."""
    return answer(_document(house().licenses.show(caller, license_id)))


@blueprint.get("/<id:license_id>/file")
@reading(Permission.LICENSES_READ)
@speaks(LICENSE_FILE)
def file(caller: Caller, license_id: str) -> Response:
    """The license file."""
    return answer(house().licenses.file(caller, license_id))


@blueprint.post("/<id:license_id>/conversion")
@deed(Permission.LICENSES_WRITE)
@speaks(DONE, body=FirstSaleSchema)
def convert(caller: Caller, license_id: str) -> Rendered:
    """The trial becomes a paid license; the organisation must be the trial's."""
    data = parse(FirstSaleSchema())
    term = read_term(caller, data, house().system.now())
    return present(house().sales.convert(caller, license_id, data["organization_id"], term, read_purchase(data)))


@blueprint.post("/<id:license_id>/renewals")
@deed(Permission.LICENSES_WRITE)
@speaks(DONE, body=SaleSchema)
def renew(caller: Caller, license_id: str) -> Rendered:
    """A further term."""
    data = parse(SaleSchema())
    term = read_term(caller, data, house().system.now())
    return present(house().sales.renew(caller, license_id, term, read_purchase(data)))


@blueprint.post("/<id:license_id>/seats")
@deed(Permission.LICENSES_WRITE)
@speaks(DONE, body=SeatsSchema)
def resize(caller: Caller, license_id: str) -> Rendered:
    """More or fewer seats within the term."""
    data = parse(SeatsSchema())
    ordered = data["order_number"] is not None and data["currency"] is not None
    order = read_purchase(data) if ordered else None
    return present(house().sales.resize(caller, license_id, data["seats"], data["np_seats"], order))


@blueprint.post("/<id:license_id>/suspension")
@deed(Permission.LICENSES_WRITE)
@speaks(DONE, body=ReasonSchema)
def suspend(caller: Caller, license_id: str) -> Rendered:
    """Lets a license rest."""
    return present(house().licenses.suspend(caller, license_id, parse(ReasonSchema())["reason"]))


@blueprint.post("/<id:license_id>/reinstatement")
@deed(Permission.LICENSES_WRITE)
@speaks(DONE, body=ReasonSchema)
def reinstate(caller: Caller, license_id: str) -> Rendered:
    """Lets it stand again."""
    return present(house().licenses.reinstate(caller, license_id, parse(ReasonSchema())["reason"]))


@blueprint.post("/<id:license_id>/revocation")
@deed(Permission.LICENSES_WRITE)
@speaks(DONE, body=ReasonSchema)
def revoke(caller: Caller, license_id: str) -> Rendered:
    """Ends a license."""
    return present(house().licenses.revoke(caller, license_id, parse(ReasonSchema())["reason"]))


@blueprint.post("/<id:license_id>/reissue")
@deed(Permission.LICENSES_WRITE)
@speaks(DONE, body=ReasonSchema)
def reissue(caller: Caller, license_id: str) -> Rendered:
    """Signs a license anew."""
    return present(house().licenses.reissue(caller, license_id, parse(ReasonSchema())["reason"]))


@blueprint.post("/<id:license_id>/transfer")
@deed(Permission.LICENSES_WRITE)
@speaks(DONE, body=TransferSchema)
def transfer(caller: Caller, license_id: str) -> Rendered:
    """Another organisation has the license from now on."""
    data = parse(TransferSchema())
    return present(house().licenses.transfer(caller, license_id, data["organization_id"], data["reason"]))


def present(done: Done, status: int = 200) -> Rendered:
    """The answer to a deed: the license as it stands now, what was charged, and what the salesperson should know."""
    charge = done.charge
    document: dict[str, object] = {
        "serial": done.serial,
        "license": None if done.standing is None else license_members(done.standing),
        "charge": None
        if charge is None
        else {
            "order_number": charge.order_number,
            "amount_minor": charge.amount_minor,
            "currency": charge.currency,
            "quote_id": charge.quote_id,
        },
        "warnings": list(done.warnings),
    }
    return rendered(document, status)


def license_members(standing: Standing) -> dict[str, object]:
    """A license as it stands."""
    return {
        "license_id": standing.license_id,
        "organization_id": standing.organization_id,
        "edition": standing.edition,
        "tier": standing.tier,
        "support": standing.support,
        "seats": standing.seats,
        "np_seats": standing.np_seats,
        "status": standing.status,
        "seq": standing.seq,
        "issuance": standing.jti,
        "relay_kid": standing.relay_kid,
        "starts_at": moment(standing.starts_at),
        "expires_at": moment(standing.ends_at),
    }


def issuance_members(issuance: Issuance) -> dict[str, object]:
    """A deed as everybody who may read licenses sees it."""
    return {
        "serial": issuance.serial,
        "kind": issuance.kind,
        "tier": issuance.tier,
        "seats": issuance.seats,
        "support": issuance.support,
        "order_number": issuance.order_number,
        "amount_minor": issuance.amount_minor,
        "currency": issuance.currency,
        "salesperson": issuance.salesperson_id,
        "quote_id": issuance.quote_id,
        "refers_to": issuance.refers_to,
        "effective_at": moment(issuance.effective_at),
        "recorded_at": moment(issuance.recorded_at),
    }


def _document(shown: Shown) -> dict[str, object]:
    clusters = [
        {
            "fsid": cluster.fsid,
            "name": cluster.name,
            "dcc_version": cluster.dcc_version,
            "used": cluster.used,
            "granted": cluster.granted,
            "last_seen_at": moment(cluster.last_seen_at),
            "expires_at": moment(cluster.expires_at),
        }
        for cluster in shown.clusters
    ]
    return {
        **license_members(shown.standing),
        "organization": shown.organization,
        "issuances": [issuance_members(issuance) for issuance in shown.issuances],
        "clusters": clusters,
    }
