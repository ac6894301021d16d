"""`licensing licenses`: show, list, suspend, reinstate, revoke, sign anew and hand over; selling is in `cli.sales`."""

from __future__ import annotations

from pathlib import Path

import click

from licensing.bootstrap import House
from licensing.cli import output
from licensing.cli.houses import open_current_house
from licensing.cli.sellers import as_option, seller
from licensing.core import money
from licensing.core.callers import OPERATOR, Permission
from licensing.core.errors import Refusal
from licensing.core.standings import Standing
from licensing.services.deeds import Done
from licensing.services.license_files import as_text
from licensing.services.licenses import Shown
from licensing.storage.ledger import Issuance

COLUMNS = ("license_id", "edition", "tier", "seats", "status", "expires_at")
DEEDS = ("recorded_at", "kind", "seats", "tier", "order", "amount", "serial")
out_option = click.option("--out", type=click.Path(path_type=Path), help="Write the license file here, too.")
reason_option = click.option("--reason", required=True, help="Kept in the private record; name no person.")


@click.group()
def licenses() -> None:
    """Licenses and their deeds."""


@licenses.command()
@click.argument("license_id", required=False)
@click.option("--signed-by", metavar="KID", help="Every license whose newest token this key signed, after a theft.")
@reason_option
@out_option
@output.json_option
def reissue(license_id: str | None, signed_by: str | None, reason: str, out: Path | None, as_json: bool) -> None:
    """Sign the same license anew, under the key that is active now; or all that one key signed."""
    if (license_id is None) == (signed_by is None):
        raise click.UsageError("Say one license, or --signed-by KID.")
    house = open_current_house()
    if license_id is not None:
        tell(house, house.licenses.reissue(OPERATOR, license_id, reason), out, as_json=as_json)
        return
    refused = {
        id: done.detail
        for id, done in house.licenses.reissue_signed_by(OPERATOR, str(signed_by), reason)
        if isinstance(done, Refusal)
    }
    output.show({"refused": len(refused), **refused}, as_json=as_json)


@licenses.command()
@click.argument("license_id")
@click.argument("organization_id")
@reason_option
@out_option
@output.json_option
def transfer(license_id: str, organization_id: str, reason: str, out: Path | None, as_json: bool) -> None:
    """Hand a paid license over to another organisation, with its clusters."""
    house = open_current_house()
    tell(house, house.licenses.transfer(OPERATOR, license_id, organization_id, reason), out, as_json=as_json)


@licenses.command()
@click.argument("license_id")
@reason_option
@as_option
@output.json_option
def suspend(license_id: str, reason: str, seller_email: str | None, as_json: bool) -> None:
    """Let a license rest: clusters are told at their next check-in."""
    house = open_current_house()
    caller = seller(house, seller_email, Permission.LICENSES_WRITE)
    tell(house, house.licenses.suspend(caller, license_id, reason), as_json=as_json)


@licenses.command()
@click.argument("license_id")
@reason_option
@output.json_option
def reinstate(license_id: str, reason: str, as_json: bool) -> None:
    """Let a suspended license stand again."""
    house = open_current_house()
    tell(house, house.licenses.reinstate(OPERATOR, license_id, reason), as_json=as_json)


@licenses.command()
@click.argument("license_id")
@reason_option
@as_option
@output.json_option
def revoke(license_id: str, reason: str, seller_email: str | None, as_json: bool) -> None:
    """Revoke a license: it stands no longer, here at once and elsewhere with the next revoked list.

    On a production server somebody else must have suspended it before.
    """
    house = open_current_house()
    caller = seller(house, seller_email, Permission.LICENSES_WRITE)
    tell(house, house.licenses.revoke(caller, license_id, reason), as_json=as_json)


@licenses.command()
@click.argument("license_id")
@out_option
@output.json_option
def show(license_id: str, out: Path | None, as_json: bool) -> None:
    """Show a license, its deeds and its clusters; --out writes its file."""
    house = open_current_house()
    shown = house.licenses.show(OPERATOR, license_id)
    _write_file(house, license_id, out)
    if as_json:
        output.show(_document(shown), as_json=True)
        return
    output.show({"organization": shown.organization, **row(shown.standing)}, as_json=False)
    click.echo()
    output.show_list("issuances", DEEDS, _deeds(shown), as_json=False)
    click.echo()
    output.show_list("clusters", ("fsid", "name", "used", "granted", "last_seen_at"), _clusters(shown), as_json=False)


@licenses.command("list")
@click.option("--organization", metavar="ID", help="Of this organisation only.")
@click.option("--after", default="", metavar="LICENSE", help="Go on after this license id.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@output.json_option
def list_licenses(organization: str | None, after: str, limit: int, as_json: bool) -> None:
    """List licenses by id."""
    page = open_current_house().licenses.page(OPERATOR, after, limit, organization)
    output.show_list("licenses", COLUMNS, map(row, page), as_json=as_json)


def tell(house: House, done: Done, out: Path | None = None, *, as_json: bool) -> None:
    """Prints what a deed came to; warnings go to the error stream. `out` gets the license file."""
    charge = done.charge
    document: dict[str, object] = {} if done.standing is None else row(done.standing)
    document["serial"] = done.serial
    if charge is not None:
        document |= {"order": charge.order_number, "amount_minor": charge.amount_minor, "currency": charge.currency}
    if done.standing is not None:
        _write_file(house, done.standing.license_id, out)
    output.show(document, as_json=as_json)
    for warning in done.warnings:
        click.echo(f"warning: {warning}", err=True)


def row(standing: Standing) -> dict[str, object]:
    return {
        "license_id": standing.license_id,
        "organization_id": standing.organization_id,
        "edition": standing.edition,
        "tier": standing.tier,
        "seats": standing.seats,
        "status": standing.status,
        "seq": standing.seq,
        "issuance": standing.jti,
        "expires_at": output.moment(standing.ends_at),
    }


def _write_file(house: House, license_id: str, out: Path | None) -> None:
    if out is not None:
        out.write_text(as_text(house.licenses.file(OPERATOR, license_id)), "utf-8")


def _document(shown: Shown) -> dict[str, object]:
    return {
        "organization": shown.organization,
        **row(shown.standing),
        "issuances": _deeds(shown),
        "clusters": _clusters(shown),
    }


def _deeds(shown: Shown) -> list[dict[str, object]]:
    return [
        {
            "recorded_at": output.moment(issuance.recorded_at),
            "kind": issuance.kind,
            "seats": issuance.seats,
            "tier": issuance.tier,
            "support": issuance.support,
            "order": issuance.order_number,
            "amount": _amount(issuance),
            "serial": issuance.serial,
            "refers_to": issuance.refers_to,
        }
        for issuance in shown.issuances
    ]


def _clusters(shown: Shown) -> list[dict[str, object]]:
    return [
        {
            "fsid": cluster.fsid,
            "name": cluster.name,
            "used": cluster.used,
            "granted": cluster.granted,
            "last_seen_at": output.moment(cluster.last_seen_at),
            "nodes": list(cluster.nodes),
        }
        for cluster in shown.clusters
    ]


def _amount(issuance: Issuance) -> str | None:
    if issuance.amount_minor is None or issuance.currency is None:
        return None
    return money.spelled(issuance.amount_minor, issuance.currency)
