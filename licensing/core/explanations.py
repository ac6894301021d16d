"""Explanations: the rows behind a figure, page by page."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NamedTuple

from licensing.core.errors import CursorRefused

_CURSOR = re.compile(r"([0-9]{1,11})-([ -~]{1,330})")


class Cursor(NamedTuple):
    """The row after which a page goes on: its moment, and its key."""

    at: datetime
    key: str

    def text(self) -> str:
        """As `next` says it."""
        return f"{int(self.at.timestamp())}-{self.key}"


def cursor(text: str) -> Cursor:
    """What `Cursor.text` says; raises CursorRefused."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise CursorRefused("Pages go on with what `next` says, and with nothing else.")
    return Cursor(datetime.fromtimestamp(int(found[1]), UTC), found[2])


class ReportedCustomer(NamedTuple):
    """One customer of a funnel or cohort (core.journeys.Journey). `trial` and `purchase` are serials of issuances."""

    customer: str
    organization: str
    registered_at: datetime
    confirmed_at: datetime | None
    activated_at: datetime | None
    full_at: datetime | None
    over_at: datetime | None
    quoted_at: datetime | None
    converted_at: datetime | None
    direct_at: datetime | None
    tier: str
    country: str
    source: str
    salesperson_id: str
    trial: str | None
    purchase: str | None

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.registered_at, self.customer)


class ReportedMovement(NamedTuple):
    """One movement (core.movements.Movement), by the issuance `serial`."""

    serial: str
    what: str
    at: datetime
    customer: str
    organization: str
    tier: str
    seats: int
    amount_minor: int
    currency: str
    salesperson_id: str
    license_id: str | None

    @property
    def cursor(self) -> Cursor:
        return Cursor(self.at, self.serial)


class MovedSeats(NamedTuple):
    """A customer's live seats when a span starts, how many of those are kept, and those after it."""

    customer: str
    organization: str
    seats: int
    kept: int
    after: int

    @property
    def cursor(self) -> Cursor:
        return Cursor(datetime.fromtimestamp(0, UTC), self.customer)
