"""Callers: who asks, and what she may do. A role is a set of permissions; an API key has some of its own.

Staff sign in as persons; machines come with an API key; the operator is whoever runs the command line on the server.
A key may be confined to one organisation: of all others it sees nothing, not even that they exist.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from licensing.core.errors import Forbidden, NotFound, OwnRequest

WHOLE_DISCOUNT = 100
SEAT_LIMIT, MAX_SEAT_LIMIT = 1_000, 1_000_000
"""Seats that one person lets a customer grow to where nothing else is said of her, and the most that can be said."""


class Permission(StrEnum):
    """What may be asked for; the scopes of API keys have the same names."""

    CUSTOMERS_READ = "customers.read"
    CUSTOMERS_WRITE = "customers.write"
    CUSTOMERS_ERASE = "customers.erase"
    LICENSES_READ = "licenses.read"
    LICENSES_WRITE = "licenses.write"
    SALES_UNDO = "sales.undo"
    QUOTES_READ = "quotes.read"
    QUOTES_WRITE = "quotes.write"
    QUOTES_APPROVE = "quotes.approve"
    PRICES_READ = "prices.read"
    PRICES_WRITE = "prices.write"
    ENTITLEMENTS_READ = "entitlements.read"
    REPORTS_READ = "reports.read"
    MILESTONES_WRITE = "milestones.write"
    LEDGER_READ = "ledger.read"
    STAFF_MANAGE = "staff.manage"


class Role(StrEnum):
    """What a person of the staff is."""

    SALES = "sales"
    MANAGER = "manager"
    SUPPORT = "support"
    AUDITOR = "auditor"
    ADMIN = "admin"


_READS = frozenset(
    {
        Permission.CUSTOMERS_READ,
        Permission.LICENSES_READ,
        Permission.QUOTES_READ,
        Permission.PRICES_READ,
        Permission.ENTITLEMENTS_READ,
    }
)
_SELLS = _READS | {
    Permission.CUSTOMERS_WRITE,
    Permission.LICENSES_WRITE,
    Permission.QUOTES_WRITE,
    Permission.REPORTS_READ,
}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.SALES: _SELLS,
    Role.MANAGER: _SELLS
    | {
        Permission.QUOTES_APPROVE,
        Permission.SALES_UNDO,
        Permission.PRICES_WRITE,
        Permission.CUSTOMERS_ERASE,
        Permission.MILESTONES_WRITE,
    },
    Role.SUPPORT: frozenset({Permission.CUSTOMERS_READ, Permission.LICENSES_READ, Permission.ENTITLEMENTS_READ}),
    Role.AUDITOR: frozenset(
        {
            Permission.LICENSES_READ,
            Permission.QUOTES_READ,
            Permission.PRICES_READ,
            Permission.REPORTS_READ,
            Permission.LEDGER_READ,
        }
    ),
    Role.ADMIN: _READS | {Permission.LEDGER_READ, Permission.STAFF_MANAGE},
}
"""Who keeps the accounts does not sell, and who sells does not keep the accounts."""

NEEDS_SECOND_FACTOR = frozenset({Role.SALES, Role.MANAGER, Role.ADMIN})
"""Roles that issue, and the one that makes them."""

FOR_PERSONS_ONLY = frozenset(
    {
        Permission.QUOTES_APPROVE,
        Permission.SALES_UNDO,
        Permission.CUSTOMERS_ERASE,
        Permission.PRICES_WRITE,
        Permission.MILESTONES_WRITE,
        Permission.STAFF_MANAGE,
    }
)
"""What no API key may do."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `id` goes into the ledger's private records: it names an account, never a person.

    Without a second person she may take up to `discount_limit` percent off the list price, and let a customer grow to
    up to `seat_limit` seats. `organization_id` confines an API key to one organisation.
    """

    id: str
    permissions: frozenset[Permission]
    discount_limit: int = 0
    organization_id: str | None = None
    seat_limit: int = SEAT_LIMIT

    def require(self, permission: Permission) -> None:
        """Raises Forbidden."""
        if permission not in self.permissions:
            raise Forbidden(f"This needs the permission {permission}.")

    def require_other(self, first: str, why: str) -> None:
        """Raises OwnRequest, saying `why`, to the caller with the id `first`: it takes a second one."""
        if self.id == first:
            raise OwnRequest(why)

    def require_sees(self, organization_ids: Collection[str], what: str) -> None:
        """Raises NotFound, in the words for what does not exist, unless the caller may know of the organisation.

        `organization_ids` are those of one customer: the organisation itself and all that were merged with it.
        """
        if self.organization_id is not None and self.organization_id not in organization_ids:
            raise NotFound(what)


OPERATOR = Caller("operator", frozenset(Permission), WHOLE_DISCOUNT, seat_limit=sys.maxsize)
"""Whoever runs commands on the server: she could read its keys, so nothing is kept from her."""

SELLING_OPERATOR = Caller(OPERATOR.id, OPERATOR.permissions - {Permission.QUOTES_APPROVE})
"""The same on a production server: who has the machine gives no discount, approves none, and does alone what anybody
may do alone."""
