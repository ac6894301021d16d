"""Cells of the files that customers' books come in: each is checked as the API would check its field.

All raise ValueError with a reason that names the column and never what stood there: it may be personal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from email_validator import EmailNotValidError, validate_email

from licensing.core.addresses import Address, fold

Cells = Mapping[str, str]
MAX_NAME, MAX_EMAIL, MAX_ORDER_NUMBER = 200, 254, 80
_COUNTRY = re.compile(r"[A-Z]{2}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def text(cells: Cells, column: str, longest: int, *, shortest: int = 0) -> str:
    """The cell as it stands, if it is of that length."""
    if not shortest <= len(cells[column]) <= longest:
        raise ValueError(f"{column} must have {shortest} to {longest} characters.")
    return cells[column]


def country(cells: Cells) -> str:
    """An ISO 3166-1 alpha-2 code; small letters are taken, too."""
    code = cells["country"].upper()
    if not _COUNTRY.fullmatch(code):
        raise ValueError("country must be a code of two letters.")
    return code


def number(cells: Cells, column: str) -> int:
    """A whole number of at most nine digits, without a sign."""
    if not _NUMBER.fullmatch(cells[column]):
        raise ValueError(f"{column} must be a whole number.")
    return int(cells[column])


def day(cells: Cells, column: str) -> datetime:
    """The first moment of a day such as 2026-01-31, UTC."""
    if not _DAY.fullmatch(cells[column]):
        raise ValueError(f"{column} must be a day such as 2026-01-31.")
    try:
        return datetime.fromisoformat(cells[column]).replace(tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"{column} must be a day that there is.") from error


def address(cells: Cells) -> Address:
    """An address that mail could reach (RFC 5321)."""
    typed = text(cells, "email", MAX_EMAIL)
    try:
        checked = validate_email(typed, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError("email must be an e-mail address.") from error
    return fold(f"{checked.local_part}@{checked.ascii_domain}")
