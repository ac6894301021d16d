"""`licensing licenses`: issue, show, list, revoke."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from email_validator import EmailNotValidError, validate_email

from licensing.cli import output
from licensing.cli.houses import open_current_house
from licensing.core.licenses import ANY_CLUSTER
from licensing.core.sales import Term
from licensing.core.standings import Standing
from licensing.services.license_files import as_text
from licensing.services.licenses import Buyer, Shown

ACTOR = "operator"
COLUMNS = ("license_id", "edition", "tier", "seats", "status", "expires_at")
_months = click.option("--months", type=int, default=12, show_default=True, help="Length of the term.")
_starts = click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First day (UTC), if not the natural one.")
_out = click.option("--out", type=click.Path(path_type=Path), help="Write the license file here, too.")


@click.group()
def licenses() -> None:
    """Licenses and their deeds."""


@licenses.command()
@click.option("--organization", help="The buyer's company name (a new customer).")
@click.option("--email", help="Whom the license file is mailed to.")
@click.option("--name", default="", help="The contact's name.")
@click.option("--country", default="", help="Two letters.")
@click.option("--convert", "trial", metavar="LICENSE", help="Convert this trial instead of selling to a new customer.")
@click.option("--renew", "paid", metavar="LICENSE", help="Renew this paid license instead.")
@click.option("--seats", type=int, required=True, help="Storage nodes.")
@click.option("--bind", multiple=True, metavar="FSID", help="Only for this Ceph cluster; may be repeated.")
@_months
@_starts
@_out
@output.json_option
def issue(
    organization: str | None,
    email: str | None,
    name: str,
    country: str,
    trial: str | None,
    paid: str | None,
    seats: int,
    bind: tuple[str, ...],
    months: int,
    start: datetime | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Issue a paid license: to a new customer, for a trial (--convert), or for another term (--renew)."""
    term = Term(seats, months, start.replace(tzinfo=UTC) if start else None, bind or (ANY_CLUSTER,))
    if sum(choice is not None for choice in (organization, trial, paid)) != 1:
        raise click.UsageError("Say one of --organization, --convert and --renew.")
    house = open_current_house()
    if trial is not None:
        standing = house.licenses.convert(trial, term, ACTOR)
    elif paid is not None:
        standing = house.licenses.renew(paid, term, ACTOR)
    else:
        if organization is None or email is None:
            raise click.UsageError("A new customer needs --organization and --email.")
        standing = house.licenses.sell(
            Buyer(organization, country.upper()[:2], _address(email), name or organization), term, ACTOR
        )
    if out is not None:
        out.write_text(as_text(house.licenses.file(standing.license_id)), "utf-8")
    output.show(_row(standing), as_json=as_json)


@licenses.command()
@click.argument("license_id")
@click.option("--seats", type=int, required=True)
@output.json_option
def resize(license_id: str, seats: int, as_json: bool) -> None:
    """Give a paid license more or fewer seats within its term."""
    output.show(_row(open_current_house().licenses.resize(license_id, seats, ACTOR)), as_json=as_json)


@licenses.command()
@click.argument("license_id")
@click.option("--reason", required=True)
@_out
@output.json_option
def reissue(license_id: str, reason: str, out: Path | None, as_json: bool) -> None:
    """Sign the same license anew, under the key that is active now."""
    house = open_current_house()
    standing = house.licenses.reissue(license_id, reason, ACTOR)
    if out is not None:
        out.write_text(as_text(house.licenses.file(standing.license_id)), "utf-8")
    output.show(_row(standing), as_json=as_json)


@licenses.command()
@click.argument("license_id")
@_out
@output.json_option
def show(license_id: str, out: Path | None, as_json: bool) -> None:
    """Show a license, its deeds and its clusters; --out writes its file."""
    house = open_current_house()
    shown = house.licenses.show(license_id)
    if out is not None:
        out.write_text(as_text(house.licenses.file(license_id)), "utf-8")
    if as_json:
        output.show(_document(shown), as_json=True)
        return
    output.show({"organization": shown.organization, **_row(shown.standing)}, as_json=False)
    click.echo()
    output.show_list("issuances", ("recorded_at", "kind", "seats", "tier", "serial"), _deeds(shown), as_json=False)
    click.echo()
    output.show_list("clusters", ("fsid", "name", "used", "granted", "last_seen_at"), _clusters(shown), as_json=False)


@licenses.command("list")
@click.option("--after", default="", metavar="LICENSE", help="Go on after this license id.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@output.json_option
def list_licenses(after: str, limit: int, as_json: bool) -> None:
    """List licenses by id."""
    output.show_list("licenses", COLUMNS, map(_row, open_current_house().licenses.page(after, limit)), as_json=as_json)


@licenses.command()
@click.argument("license_id")
@click.option("--reason", required=True, help="Kept in the private record.")
@output.json_option
def revoke(license_id: str, reason: str, as_json: bool) -> None:
    """Revoke a license: it stands no longer, here at once and elsewhere with the next revoked list."""
    output.show(_row(open_current_house().licenses.revoke(license_id, reason, ACTOR)), as_json=as_json)


def _address(email: str) -> str:
    try:
        checked = validate_email(email, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise click.UsageError(f"--email: {error}") from error
    return f"{checked.local_part}@{checked.ascii_domain}"


def _row(standing: Standing) -> dict[str, object]:
    return {
        "license_id": standing.license_id,
        "edition": standing.edition,
        "tier": standing.tier,
        "seats": standing.seats,
        "status": standing.status,
        "seq": standing.seq,
        "issuance": standing.jti,
        "expires_at": output.moment(standing.ends_at),
    }


def _document(shown: Shown) -> dict[str, object]:
    return {
        "organization": shown.organization,
        **_row(shown.standing),
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
            "serial": issuance.serial,
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
