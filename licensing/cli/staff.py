"""`licensing staff`: accounts of the people who run this server. One-time passwords are printed once."""

from __future__ import annotations

import click

from licensing.bootstrap import House
from licensing.cli import inputs, output
from licensing.cli.houses import open_current_house
from licensing.core.callers import MAX_SEAT_LIMIT, OPERATOR, SEAT_LIMIT, WHOLE_DISCOUNT, Role
from licensing.services.staff import Changes, LetIn
from licensing.storage.staff import StaffMember

COLUMNS = ("id", "email", "name", "role", "discount_limit", "seat_limit", "second_factor", "disabled_at")
ROLE = click.Choice([role.value for role in Role])
LIMIT = click.IntRange(0, WHOLE_DISCOUNT)
SEATS = click.IntRange(0, MAX_SEAT_LIMIT)
MAY_DISCOUNT = "Percent that she may take off the list price alone."
MAY_GROW = "Seats that she may let a customer grow to alone."
account_argument = click.argument("account", metavar="ID|EMAIL")


@click.group()
def staff() -> None:
    """The people who run this server."""


@staff.command()
@click.argument("email", type=inputs.ADDRESS)
@click.option("--role", required=True, type=ROLE)
@click.option("--name", default="", help="How to call her.")
@click.option("--discount-limit", default=0, type=LIMIT, show_default=True, help=MAY_DISCOUNT)
@click.option("--seat-limit", default=SEAT_LIMIT, type=SEATS, show_default=True, help=MAY_GROW)
@output.json_option
def add(email: str, role: str, name: str, discount_limit: int, seat_limit: int, as_json: bool) -> None:
    """Let a person in; prints her one-time password."""
    house = open_current_house()
    _tell(house.staff.add(OPERATOR, email, name, Role(role), discount_limit, seat_limit), as_json=as_json)


@staff.command("list")
@output.json_option
def list_staff(as_json: bool) -> None:
    """List the accounts by address."""
    output.show_list("staff", COLUMNS, map(_row, open_current_house().staff.list()), as_json=as_json)


@staff.command()
@account_argument
@click.option("--role", type=ROLE)
@click.option("--name", help="How to call her.")
@click.option("--discount-limit", type=LIMIT, help=MAY_DISCOUNT)
@click.option("--seat-limit", type=SEATS, help=MAY_GROW)
@output.json_option
def change(
    account: str,
    role: str | None,
    name: str | None,
    discount_limit: int | None,
    seat_limit: int | None,
    as_json: bool,
) -> None:
    """Change an account; another role signs the person out."""
    house = open_current_house()
    changes = Changes(name, None if role is None else Role(role), discount_limit, seat_limit)
    output.show(_row(house.staff.change(OPERATOR, _id(house, account), changes)), as_json=as_json)


@staff.command()
@account_argument
@output.json_option
def reset(account: str, as_json: bool) -> None:
    """Give a person another one-time password; forgets her second factor and signs her out."""
    house = open_current_house()
    _tell(house.staff.reset(OPERATOR, _id(house, account)), as_json=as_json)


@staff.command()
@account_argument
@output.json_option
def disable(account: str, as_json: bool) -> None:
    """Let a person in no longer; signs her out."""
    house = open_current_house()
    output.show(_row(house.staff.disable(OPERATOR, _id(house, account))), as_json=as_json)


@staff.command()
@account_argument
@output.json_option
def enable(account: str, as_json: bool) -> None:
    """Let a disabled person in again."""
    house = open_current_house()
    output.show(_row(house.staff.enable(OPERATOR, _id(house, account))), as_json=as_json)


def _id(house: House, account: str) -> str:
    return house.staff.find(account).id


def _tell(let_in: LetIn, *, as_json: bool) -> None:
    output.show({**_row(let_in.member), "one_time_password": let_in.one_time_password}, as_json=as_json)


def _row(member: StaffMember) -> dict[str, object]:
    return {
        "id": member.id,
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "discount_limit": member.discount_limit,
        "seat_limit": member.seat_limit,
        "must_change_password": member.must_change_password,
        "second_factor": member.has_second_factor,
        "created_at": output.moment(member.created_at),
        "disabled_at": output.moment(member.disabled_at),
    }
