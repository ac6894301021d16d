"""`licensing quotes` and `licensing prices`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from licensing.cli import inputs, output
from licensing.cli.houses import open_current_house
from licensing.cli.licenses import tell
from licensing.cli.sellers import as_option, seller
from licensing.core import money
from licensing.core.callers import OPERATOR, Permission
from licensing.core.prices import Price, VolumeDiscount
from licensing.core.quotes import DEFAULT_LIFE_DAYS, MAX_LIFE_DAYS
from licensing.services.quotes import Printed, Wish

COLUMNS = ("quote_id", "number", "state", "organization", "kind", "seats", "total", "valid_until")


@click.group()
def quotes() -> None:
    """Quotes: make, decide, accept."""


@quotes.command()
@click.argument("organization_id")
@click.option("--license", "license_id", help="Convert or renew this license instead of a new one.")
@click.option("--expand", is_flag=True, help="More seats within the license's present term.")
@click.option("--seats", type=int, required=True, help="Storage nodes.")
@inputs.term_options
@click.option("--currency", default="EUR", show_default=True, help="Three letters (ISO 4217).")
@click.option("--discount", type=click.IntRange(0, 100), default=0, help="Percent off the list price.")
@click.option("--valid-days", type=click.IntRange(1, MAX_LIFE_DAYS), default=DEFAULT_LIFE_DAYS, show_default=True)
@as_option
@output.json_option
def make(
    organization_id: str,
    license_id: str | None,
    expand: bool,
    seats: int,
    co_term: str | None,
    currency: str,
    discount: int,
    valid_days: int,
    seller_email: str | None,
    as_json: bool,
    **term_words: Any,
) -> None:
    """Quote a license, a conversion, a renewal or more seats to ORGANIZATION_ID."""
    term = inputs.term(seats, **term_words)
    house = open_current_house()
    if co_term is not None:
        term = term.until(house.licenses.show(OPERATOR, co_term).standing.ends_at)
    wish = Wish(organization_id, license_id, expand, term, currency.upper(), discount, valid_days)
    caller = seller(house, seller_email, Permission.QUOTES_WRITE)
    output.show(_row(house.quotes.make(caller, wish)), as_json=as_json)


@quotes.command("list")
@click.option("--organization", metavar="ID", help="Of this organisation only.")
@click.option("--before", default="", metavar="QUOTE", help="Older than this quote id.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1_000))
@output.json_option
def list_quotes(organization: str | None, before: str, limit: int, as_json: bool) -> None:
    """List quotes, the newest first."""
    page = open_current_house().quotes.page(OPERATOR, organization, before, limit)
    output.show_list("quotes", COLUMNS, map(_row, page), as_json=as_json)


@quotes.command()
@click.argument("quote_id")
@output.json_option
def show(quote_id: str, as_json: bool) -> None:
    """Show a quote and how its price came about."""
    output.show(_row(open_current_house().quotes.show(OPERATOR, quote_id)), as_json=as_json)


@quotes.command()
@click.argument("quote_id")
@as_option
@output.json_option
def approve(quote_id: str, seller_email: str | None, as_json: bool) -> None:
    """Approve a quote that is above its maker's limits."""
    house = open_current_house()
    caller = seller(house, seller_email, Permission.QUOTES_APPROVE)
    output.show(_row(house.quotes.approve(caller, quote_id)), as_json=as_json)


@quotes.command()
@click.argument("quote_id")
@as_option
@output.json_option
def refuse(quote_id: str, seller_email: str | None, as_json: bool) -> None:
    """Refuse a quote that is above its maker's limits."""
    house = open_current_house()
    caller = seller(house, seller_email, Permission.QUOTES_APPROVE)
    output.show(_row(house.quotes.refuse(caller, quote_id)), as_json=as_json)


@quotes.command()
@click.argument("quote_id")
@output.json_option
def withdraw(quote_id: str, as_json: bool) -> None:
    """Withdraw a quote: it can't be accepted any more."""
    output.show(_row(open_current_house().quotes.withdraw(OPERATOR, quote_id)), as_json=as_json)


@quotes.command()
@click.argument("quote_id")
@click.option("--order", "order_number", required=True, help="The order's number.")
@as_option
@output.json_option
def accept(quote_id: str, order_number: str, seller_email: str | None, as_json: bool) -> None:
    """Turn a quote into the license it offers."""
    house = open_current_house()
    caller = seller(house, seller_email, Permission.LICENSES_WRITE)
    tell(house, house.quotes.accept(caller, quote_id, order_number), as_json=as_json)


@click.group()
def prices() -> None:
    """The price list and the volume schedule."""


@prices.command("set")
@click.argument("currency")
@click.argument("node_year_minor", type=click.IntRange(1))
@click.option("--from", "valid_from", type=inputs.DAY, required=True, help="First day (UTC).")
def set_price(currency: str, node_year_minor: int, valid_from: datetime) -> None:
    """One node costs NODE_YEAR_MINOR minor units (cents) of CURRENCY a year."""
    open_current_house().prices.put(OPERATOR, Price(currency.upper(), node_year_minor, valid_from))
    click.echo(f"A node costs {money.spelled(node_year_minor, currency.upper())} a year from {valid_from.date()} on.")


@prices.command()
@click.argument("min_seats", type=click.IntRange(1))
@click.argument("percent", type=click.IntRange(0, 100))
@click.option("--from", "valid_from", type=inputs.DAY, required=True, help="First day (UTC).")
def volume(min_seats: int, percent: int, valid_from: datetime) -> None:
    """MIN_SEATS and more come with PERCENT off."""
    open_current_house().prices.put_step(OPERATOR, VolumeDiscount(min_seats, percent, valid_from))
    click.echo(f"{min_seats} seats and more come with {percent} percent off from {valid_from.date()} on.")


@prices.command("list")
@output.json_option
def list_prices(as_json: bool) -> None:
    """List every dated price and step, of the past and to come."""
    listed = open_current_house().prices.list()
    rows: list[dict[str, object]] = [
        {
            "valid_from": output.moment(price.valid_from),
            "what": f"a node and year in {price.currency}",
            "value": money.spelled(price.node_year_minor, price.currency),
        }
        for price in listed.prices
    ]
    rows += [
        {"valid_from": output.moment(step.valid_from), "what": f"{step.min_seats} seats", "value": f"{step.percent} %"}
        for step in listed.schedule
    ]
    output.show_list("rows", ("valid_from", "what", "value"), rows, as_json=as_json)


def _row(printed: Printed) -> dict[str, object]:
    quote, amount = printed.quote, printed.quote.amount
    return {
        "quote_id": quote.id,
        "number": quote.number,
        "state": printed.state,
        "organization": printed.organization.name,
        "license_id": quote.license_id,
        "kind": quote.kind,
        "seats": quote.term.seats,
        "charged": f"{amount.seats} seats for {amount.period}",
        "list": money.spelled(amount.list_minor, amount.currency),
        "volume_discount": f"{amount.volume_percent} %",
        "discount": f"{amount.discount_percent} %",
        "total": money.spelled(amount.total_minor, amount.currency),
        "valid_until": output.moment(quote.valid_until),
        "serial": quote.serial,
    }
