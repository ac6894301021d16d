"""Words of the command line as values: addresses, days, terms and orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click
from email_validator import EmailNotValidError, validate_email

from licensing.core.sales import Purchase, Term
from licensing.services.dual_control import Agreement, Person

Command = TypeVar("Command", bound=Callable[..., object])


class Day(click.ParamType[datetime]):
    """A day, `2026-01-31`: its first moment, UTC."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            self.fail(f"{value!r} is no day such as 2026-01-31", param, ctx)


class Address(click.ParamType[str]):
    """An e-mail address, normalised; its domain in ASCII."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            checked = validate_email(value, check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            self.fail(str(error), param, ctx)
        return f"{checked.local_part}@{checked.ascii_domain}"


class Country(click.ParamType[str]):
    """A country's two letters (ISO 3166-1), in capitals; nothing for one that is not known."""

    name = "country"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        code = str(value).upper()
        if code and not (len(code) == 2 and code.isascii() and code.isalpha()):
            self.fail(f"{value!r} is no country code of two letters", param, ctx)
        return code


DAY, ADDRESS, COUNTRY = Day(), Address(), Country()

_TERM = (
    click.option("--months", type=int, help="Length of the term; 12 where nothing else is said."),
    click.option("--until", type=DAY, help="End of the term instead of its length (UTC)."),
    click.option("--co-term", metavar="LICENSE", help="End with this other license."),
    click.option("--start", type=DAY, help="First day (UTC), if not the natural one."),
    click.option("--from-old-end", is_flag=True, help="Start where the old term ended, even when that is past."),
    click.option("--bind", multiple=True, metavar="FSID", help="Only for this Ceph cluster; may be repeated."),
    click.option("--np-seats", type=int, help="Seats for non-production clusters."),
    click.option("--support", help="Support level, if not the tier's own."),
)
_ORDER = (
    click.option("--order", "order_number", help="The order's number; without one nothing is charged."),
    click.option("--currency", default="EUR", show_default=True, help="Three letters (ISO 4217)."),
    click.option("--discount", type=click.IntRange(0, 100), default=0, help="Percent off the list price."),
)
_AGREEMENT = (
    click.option("--agreed-by", "emails", multiple=True, metavar="EMAIL", help="Who agrees; in production two must."),
    click.option(
        "--break-glass", metavar="REASON", help="One person alone; every admin is told, and the record says why."
    ),
)


def term_options(command: Command) -> Command:
    """The options of a term."""
    for option in reversed(_TERM):
        command = option(command)
    return command


def order_options(command: Command) -> Command:
    """The options of an order."""
    for option in reversed(_ORDER):
        command = option(command)
    return command


def agreement_options(command: Command) -> Command:
    """The options of what two people must agree to: `emails` and `break_glass`."""
    for option in reversed(_AGREEMENT):
        command = option(command)
    return command


def agreement(emails: Sequence[str], break_glass: str | None) -> Agreement:
    """The agreement that the options describe; what the people show is asked for at the terminal."""
    if break_glass is not None and (emails or not break_glass.strip()):
        raise click.UsageError("--break-glass needs a reason, and stands alone.")
    return Agreement(shown_by(emails), break_glass)


def term(
    seats: int,
    *,
    months: int | None,
    until: datetime | None,
    start: datetime | None,
    from_old_end: bool,
    bind: tuple[str, ...],
    np_seats: int | None,
    support: str | None,
) -> Term:
    """The term that the options describe."""
    if months is None and until is None:
        months = 12
    return Term(seats, months, start, bind or None, until, from_old_end, np_seats, support)


def order(order_number: str | None, currency: str, discount: int) -> Purchase | None:
    """The order that the options describe; None without a number."""
    return None if order_number is None else Purchase(order_number, currency.upper(), discount)


def shown_by(emails: Sequence[str]) -> list[Person]:
    """What each of the people shows, asked for at the terminal."""
    return [
        Person(
            email,
            click.prompt(f"Password of {email}", hide_input=True, err=True),
            click.prompt(f"Code of {email}", err=True),
        )
        for email in emails
    ]
