"""Whose sale a command is: hers who signs in at the terminal, within her role and limits, or the operator's.

On a production server the operator gives no discount and approves none: who has the machine is not who answers for
prices.
"""

from __future__ import annotations

from dataclasses import replace

import click

from licensing.bootstrap import House
from licensing.core.callers import OPERATOR, Caller, Permission
from licensing.services.dual_control import FROM_THE_COMMAND_LINE

as_option = click.option(
    "--as", "seller_email", metavar="EMAIL", help="Whose deed it is: she signs in, and her limits count."
)


def seller(house: House, email: str | None, permission: Permission) -> Caller:
    """Who sells or decides. Raises SignInRefused, SignInIncomplete, TooManyTries, and Forbidden for who may not."""
    caller = _operator(house) if email is None else _signed_in(house, email)
    caller.require(permission)
    return caller


def _operator(house: House) -> Caller:
    if not house.settings.in_production:
        return OPERATOR
    return replace(OPERATOR, discount_limit=0, permissions=OPERATOR.permissions - {Permission.QUOTES_APPROVE})


def _signed_in(house: House, email: str) -> Caller:
    password = click.prompt(f"Password of {email}", hide_input=True, err=True)
    code = click.prompt(f"Code of {email}", default="", show_default=False, err=True)
    opened = house.sign_in.sign_in(email, password, code or None, FROM_THE_COMMAND_LINE)
    try:
        return house.sign_in.caller(opened.secret)
    finally:
        house.sign_in.sign_out(opened.secret)
