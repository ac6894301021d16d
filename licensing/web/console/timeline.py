"""A customer's timeline: what the ledger, the quotes and the trail say, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from licensing.core import money
from licensing.core.ledger import Kind
from licensing.services.organizations import Customer
from licensing.services.quotes import Printed
from licensing.storage.ledger import Issuance

DEEDS = {
    Kind.TRIAL: "Free trial",
    Kind.SOLD: "Pro Bundle sold",
    Kind.CONVERTED: "Trial converted to Pro Bundle",
    Kind.RENEWED: "License renewed",
    Kind.EXPANDED: "More seats",
    Kind.REDUCED: "Fewer seats",
    Kind.REISSUED: "License issued anew",
    Kind.TRANSFERRED: "License transferred",
    Kind.SUSPENDED: "License suspended",
    Kind.REINSTATED: "License reinstated",
    Kind.REVOKED: "License revoked",
    Kind.IMPORTED: "Sale of before this server",
    Kind.VOIDED: "Sale voided",
    Kind.REFUNDED: "Refund",
    Kind.ERASED: "Person erased",
}
"""What each kind of deed is called on pages."""


class Moment(NamedTuple):
    """Something that happened. `path` leads to more, if it is not empty."""

    at: datetime
    what: str
    more: str
    path: str
    actor: str


def timeline(customer: Customer, quotes: Sequence[Printed]) -> list[Moment]:
    """All that is known, the newest first."""
    moments = [_of_issuance(each) for each in customer.issuances]
    moments += [
        Moment(
            printed.quote.created_at,
            f"Quote {printed.quote.number}",
            f"{printed.quote.term.seats} seats, "
            f"{money.spelled(printed.quote.amount.total_minor, printed.quote.amount.currency)}, {printed.state}",
            f"/console/quotes/{printed.quote.id}",
            printed.quote.created_by,
        )
        for printed in quotes
    ]
    moments += [
        Moment(event.at, event.action.replace(".", " ").replace("_", " ").capitalize(), "", "", event.actor)
        for event in customer.events
    ]
    return sorted(moments, key=lambda each: each.at, reverse=True)


def _of_issuance(issuance: Issuance) -> Moment:
    told = [] if issuance.seats is None else [f"{issuance.seats} seats"]
    if issuance.amount_minor is not None and issuance.currency is not None:
        told.append(money.spelled(issuance.amount_minor, issuance.currency))
    if issuance.order_number is not None:
        told.append(f"order {issuance.order_number}")
    path = f"/console/licenses/{issuance.license_id}" if issuance.license_id else ""
    what = DEEDS.get(issuance.kind, issuance.kind.value)
    return Moment(issuance.effective_at, what, ", ".join(told), path, issuance.salesperson_id or "")
