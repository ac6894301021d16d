"""`licensing organizations` and `licensing entitlements`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from licensing.cli import inputs, output
from licensing.cli.houses import open_current_house
from licensing.core import csv_files
from licensing.core.callers import OPERATOR
from licensing.services.organizations import Person
from licensing.storage.organizations import ContactLine, Organization

COLUMNS = ("organization_id", "name", "country", "domain", "created_at")


@click.group()
def organizations() -> None:
    """Customers and their contacts."""


@organizations.command()
@click.argument("name")
@click.option("--country", type=inputs.COUNTRY, required=True, help="Two letters.")
@click.option("--domain", help="The customer's mail domain.")
@click.option("--email", type=inputs.ADDRESS, help="A contact's address.")
@click.option("--contact", default="", help="The contact's name.")
@output.json_option
def add(name: str, country: str, domain: str | None, email: str | None, contact: str, as_json: bool) -> None:
    """Add a customer. Search first: there may be one already."""
    person = None if email is None else Person(email, contact or name)
    made = open_current_house().organizations.create(OPERATOR, name, country, domain, person)
    output.show(_row(made), as_json=as_json)


@organizations.command()
@click.argument("text")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 1_000))
@output.json_option
def search(text: str, limit: int, as_json: bool) -> None:
    """Find customers by name, domain or address; typos are forgiven."""
    found = open_current_house().organizations.search(OPERATOR, text, limit)
    output.show_list("organizations", COLUMNS, map(_row, found), as_json=as_json)


@organizations.command("list")
@click.option("--before", default="", metavar="ID", help="Older than this organisation.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1_000))
@output.json_option
def list_organizations(before: str, limit: int, as_json: bool) -> None:
    """List customers, the newest first."""
    page = open_current_house().organizations.page(OPERATOR, before, limit)
    output.show_list("organizations", COLUMNS, map(_row, page), as_json=as_json)


@organizations.command()
@click.argument("organization_id")
@output.json_option
def show(organization_id: str, as_json: bool) -> None:
    """Show a customer with contacts, licenses and history."""
    customer = open_current_house().organizations.show(OPERATOR, organization_id)
    contacts: list[dict[str, object]] = [
        {"contact_id": contact.id, "email": contact.email, "name": contact.name} for contact in customer.contacts
    ]
    held: list[dict[str, object]] = [
        {"license_id": each.license_id, "edition": each.edition, "seats": each.seats, "status": each.status}
        for each in customer.licenses
    ]
    if as_json:
        document = {**_row(customer.organization), "contacts": contacts, "licenses": held}
        output.show({**document, "merged": list(customer.merged)}, as_json=True)
        return
    output.show({**_row(customer.organization), "merged": list(customer.merged)}, as_json=False)
    click.echo()
    output.show_list("contacts", ("contact_id", "email", "name"), contacts, as_json=False)
    click.echo()
    output.show_list("licenses", ("license_id", "edition", "seats", "status"), held, as_json=False)


@organizations.command()
@click.argument("organization_id")
@click.option("--name")
@click.option("--country", type=inputs.COUNTRY, help="Two letters.")
@click.option("--domain")
@output.json_option
def change(organization_id: str, name: str | None, country: str | None, domain: str | None, as_json: bool) -> None:
    """Change a customer's name, country or mail domain."""
    said = {"name": name, "country": country, "domain": domain}
    values = {key: value for key, value in said.items() if value is not None}
    changed = open_current_house().organizations.change(OPERATOR, organization_id, **values)
    output.show(_row(changed), as_json=as_json)


@organizations.command()
@click.argument("organization_id")
@click.argument("email", type=inputs.ADDRESS)
@click.argument("name")
def contact(organization_id: str, email: str, name: str) -> None:
    """Add a contact: license files are mailed to the first."""
    click.echo(open_current_house().organizations.add_contact(OPERATOR, organization_id, Person(email, name)))


@organizations.command()
@click.argument("duplicate_id")
@click.argument("survivor_id")
@output.json_option
def merge(duplicate_id: str, survivor_id: str, as_json: bool) -> None:
    """Make DUPLICATE_ID part of SURVIVOR_ID; no history is rewritten."""
    merged = open_current_house().organizations.merge(OPERATOR, duplicate_id, survivor_id)
    output.show(_row(merged), as_json=as_json)


@organizations.command()
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new CSV file, for your eyes alone.")
@inputs.agreement_options
def export(out: Path, emails: tuple[str, ...], break_glass: str | None) -> None:
    """Write everybody we write to, with her company, to a file; on a production server two people agree to it."""
    with _new_file(out) as file:
        lines = open_current_house().exports.contacts(inputs.agreement(emails, break_glass))
        csv_files.write(file, ContactLine._fields, lines)
    click.echo(f"They are in {out}.")


@contextmanager
def _new_file(path: Path) -> Iterator[TextIO]:
    """A file that was not there, for its owner alone; it is gone again when the block raises."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise click.ClickException(f"{path} can't be made: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise


@organizations.command()
@click.argument("organization_id")
@click.argument("contact_id")
@click.option("--issuance", "serials", multiple=True, help="Erase this issuance's private record, too.")
@click.confirmation_option(prompt="A person is erased for ever. Go on?")
def erase(organization_id: str, contact_id: str, serials: tuple[str, ...]) -> None:
    """Erase a person: contact, registrations and mails; the ledger stays whole."""
    open_current_house().organizations.erase(OPERATOR, organization_id, contact_id, serials)
    click.echo("The person is erased.")


@click.command()
@click.option("--organization", metavar="ID")
@click.option("--email", type=inputs.ADDRESS)
@click.option("--license", "license_id", metavar="ID")
@output.json_option
def entitlements(organization: str | None, email: str | None, license_id: str | None, as_json: bool) -> None:
    """Tell what a customer may ask support for, and why."""
    if sum(way is not None for way in (organization, email, license_id)) != 1:
        raise click.UsageError("Say one of --organization, --email and --license.")
    house = open_current_house()
    if email is not None:
        entitled = house.entitlements.of_email(OPERATOR, email)
    elif license_id is not None:
        entitled = house.entitlements.of_license(OPERATOR, license_id)
    else:
        entitled = house.entitlements.of_organization(OPERATOR, organization or "")
    level = entitled.entitlement.level
    output.show(
        {
            "organization": entitled.organization.name,
            "support": level.name,
            "because": entitled.entitlement.because,
            "covers": list(level.covers),
        },
        as_json=as_json,
    )


def _row(organization: Organization) -> dict[str, object]:
    return {
        "organization_id": organization.id,
        "name": organization.name,
        "country": organization.country,
        "domain": organization.domain,
        "created_at": output.moment(organization.created_at),
    }
