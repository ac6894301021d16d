"""What an import asks of the book: who is a customer already, and which orders are known."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from licensing.core.imports import customer_key
from licensing.storage.ledger import IssuanceRow
from licensing.storage.organizations import OrganizationRow

_AT_ONCE = 500
"""Values in one query: databases bound their number."""


def customers(session: Session, countries: Collection[str]) -> dict[tuple[str, str], str]:
    """The id of each customer in these countries by its key; of several the one that was first."""
    head = func.coalesce(OrganizationRow.merged_into, OrganizationRow.id)
    rows = session.execute(
        select(head, OrganizationRow.name, OrganizationRow.country)
        .where(OrganizationRow.country.in_(sorted(countries)))
        .order_by(OrganizationRow.id.desc())
    )
    return {customer_key(name, country): id for id, name, country in rows}


def known_orders(session: Session, order_numbers: Collection[str]) -> set[str]:
    """Those of the order numbers that the ledger has."""
    known: set[str] = set()
    for some in _slices(sorted(order_numbers)):
        found = select(IssuanceRow.order_number).where(IssuanceRow.order_number.in_(some))
        known.update(number for number in session.scalars(found) if number is not None)
    return known


def _slices(values: list[str]) -> Iterator[list[str]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
