"""Whose deed a command is: hers who signs in at the terminal, within her role and limits, or the operator's."""

from __future__ import annotations

import click

from licensing.bootstrap import House
from licensing.core.callers import OPERATOR, SELLING_OPERATOR, Caller, Permission
from licensing.services.dual_control import FROM_THE_COMMAND_LINE

as_option = click.option(
    "--as", "seller_email", metavar="EMAIL", help="Whose deed it is: she signs in, and her limits count."
)


def seller(house: House, email: str | None, permission: Permission) -> Caller:
    """Who sells or decides. Raises SignInRefused, SignInIncomplete, TooManyTries, and Forbidden for who may not."""
    operator = SELLING_OPERATOR if house.settings.in_production else OPERATOR
    caller = operator if email is None else _signed_in(house, email)
    caller.require(permission)
    return caller


def _signed_in(house: House, email: str) -> Caller:
    password = click.prompt(f"Password of {email}", hide_input=True, err=True)
    code = click.prompt(f"Code of {email}", default="", show_default=False, err=True)
    opened = house.sign_in.sign_in(email, password, code or None, FROM_THE_COMMAND_LINE)
    try:
        return house.sign_in.caller(opened.secret)
    finally:
        house.sign_in.sign_out(opened.secret)
