"""`licensing licenses`, where somebody pays: issue (one or a file of many), resize, void, refund, share by a relay."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from licensing.bootstrap import House
from licensing.cli import inputs, output
from licensing.cli.houses import open_current_house
from licensing.cli.imports import FILE, problems_told, read
from licensing.cli.licenses import licenses as licenses
from licensing.cli.licenses import out_option, reason_option, tell
from licensing.cli.sellers import as_option, seller
from licensing.core.callers import OPERATOR, Caller, Permission
from licensing.core.sales import Purchase, Term
from licensing.services.batches import CHUNK
from licensing.services.deeds import Done
from licensing.services.organizations import Person
from licensing.storage import keyfiles


@licenses.command()
@click.option("--organization", help="The buyer's company name: a new customer.")
@click.option("--email", type=inputs.ADDRESS, help="Whom the license file is mailed to: a new customer's contact.")
@click.option("--name", default="", help="The contact's name.")
@click.option("--country", type=inputs.COUNTRY, default="", help="Two letters.")
@click.option("--customer", metavar="ID", help="Sell to this organisation, which is known already.")
@click.option("--convert", "trial", metavar="LICENSE", help="Convert this trial.")
@click.option("--renew", "paid", metavar="LICENSE", help="Renew this paid license.")
@click.option("--batch", type=FILE, help="A CSV file: one new customer and license a line.")
@click.option("--chunk", default=CHUNK, show_default=True, type=click.IntRange(1, 10_000), help="Lines a transaction.")
@click.option("--seats", type=int, help="Storage nodes.")
@inputs.term_options
@inputs.order_options
@as_option
@out_option
@output.json_option
def issue(
    organization: str | None,
    email: str | None,
    name: str,
    country: str,
    customer: str | None,
    trial: str | None,
    paid: str | None,
    batch: Path | None,
    chunk: int,
    seats: int | None,
    co_term: str | None,
    order_number: str | None,
    currency: str,
    discount: int,
    seller_email: str | None,
    out: Path | None,
    as_json: bool,
    **term_words: Any,
) -> None:
    """Issue a paid license: to a customer, for a trial (--convert), for another term (--renew), or many (--batch)."""
    if sum(choice is not None for choice in (organization, customer, trial, paid, batch)) != 1:
        raise click.UsageError("Say one of --organization, --customer, --convert, --renew and --batch.")
    if batch is not None:
        _require_alone(("batch", "chunk", "seller_email", "as_json"))
        house = open_current_house()
        _issue_batch(house, seller(house, seller_email, Permission.LICENSES_WRITE), batch, chunk, as_json=as_json)
        return
    if seats is None:
        raise click.UsageError("Say how many --seats.")
    term, order = inputs.term(seats, **term_words), inputs.order(order_number, currency, discount)
    house = open_current_house()
    caller = seller(house, seller_email, Permission.LICENSES_WRITE)
    if co_term is not None:
        term = term.until(house.licenses.show(OPERATOR, co_term).standing.ends_at)
    if paid is not None:
        done = house.sales.renew(caller, paid, term, order)
    elif trial is not None:
        organization_id = house.licenses.show(OPERATOR, trial).standing.organization_id
        done = house.sales.convert(caller, trial, organization_id, term, order)
    elif customer is not None:
        done = house.sales.sell(caller, customer, term, order)
    else:
        if organization is None or email is None:
            raise click.UsageError("A new customer needs --organization and --email.")
        done = _sell_to_new(house, caller, organization, country, Person(email, name or organization), term, order)
    tell(house, done, out, as_json=as_json)


@licenses.command()
@click.argument("license_id")
@click.option("--seats", type=int, help="Storage nodes.")
@click.option("--np-seats", type=int, help="Seats for non-production clusters.")
@inputs.order_options
@as_option
@out_option
@output.json_option
def resize(
    license_id: str,
    seats: int | None,
    np_seats: int | None,
    order_number: str | None,
    currency: str,
    discount: int,
    seller_email: str | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Give a paid license more or fewer seats within its term."""
    house = open_current_house()
    caller = seller(house, seller_email, Permission.LICENSES_WRITE)
    order = inputs.order(order_number, currency, discount)
    tell(house, house.sales.resize(caller, license_id, seats, np_seats, order), out, as_json=as_json)


@licenses.command()
@click.argument("serial")
@reason_option
@as_option
@output.json_option
def void(serial: str, reason: str, seller_email: str | None, as_json: bool) -> None:
    """Void the sale SERIAL: the license goes back to what it was before.

    One that was nothing before is revoked; on a production server somebody else must have suspended it before.
    """
    house = open_current_house()
    caller = seller(house, seller_email, Permission.SALES_UNDO)
    tell(house, house.sales.void(caller, serial, reason), as_json=as_json)


@licenses.command()
@click.argument("serial")
@click.option("--amount-minor", type=int, required=True, help="What is paid back, in minor units (cents).")
@reason_option
@output.json_option
def refund(serial: str, amount_minor: int, reason: str, as_json: bool) -> None:
    """Pay back part or all of the sale SERIAL; the license stays."""
    house = open_current_house()
    tell(house, house.sales.refund(OPERATOR, serial, amount_minor, reason), as_json=as_json)


@licenses.command("relay")
@click.argument("license_id")
@click.option("--key", type=FILE, help="The public key file that `licensing relay key` made.")
@click.option("--remove", is_flag=True, help="The license names no relay any more.")
@reason_option
@out_option
@output.json_option
def name_relay(license_id: str, key: Path | None, remove: bool, reason: str, out: Path | None, as_json: bool) -> None:
    """Name the relay that may share a paid license's seats inside the customer's site."""
    if (key is None) != remove:
        raise click.UsageError("Say one of --key FILE and --remove.")
    named = None if key is None else keyfiles.read_relay_file(key)
    house = open_current_house()
    tell(house, house.relays.name(OPERATOR, license_id, named, reason), out, as_json=as_json)


def _sell_to_new(
    house: House, caller: Caller, organization: str, country: str, person: Person, term: Term, order: Purchase | None
) -> Done:
    """The customer and the sale are one deed: without the one there is not the other."""
    with house.database.joined():
        buyer = house.organizations.create(caller, organization, country, None, person)
        return house.sales.sell(caller, buyer.id, term, order)


def _require_alone(batch_allows: tuple[str, ...]) -> None:
    """A batch file says all there is to say: no other option may seem to count for it."""
    context = click.get_current_context()
    for option in context.command.params:
        name = option.name or ""
        if name not in batch_allows and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{option.opts[0]} does not go with --batch; the file's columns say it.")


def _issue_batch(house: House, caller: Caller, file: Path, chunk: int, *, as_json: bool) -> None:
    """What an earlier run of the same file issued is not issued again."""
    with problems_told(), output.progress("Issuing") as bar:
        finished = house.batches.run(caller, read(file), chunk, _telling(bar))
    if finished.issued == 0:
        click.echo("Every line of this file was issued before; nothing was done.", err=True)
    document = {
        "issued": finished.issued,
        "lines": finished.batch.rows_total,
        "started_at": output.moment(finished.batch.started_at),
        "finished_at": output.moment(finished.batch.finished_at),
    }
    output.show(document, as_json=as_json)


def _telling(bar: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """Moves the bar, and says the same in a line where nobody watches a terminal."""

    def tell_both(done: int, total: int) -> None:
        bar(done, total)
        if not sys.stderr.isatty():
            click.echo(f"{done} of {total} lines issued", err=True)

    return tell_both
