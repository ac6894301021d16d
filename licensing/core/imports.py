"""What was sold before this server was: one line a sale, checked by itself and against the other lines of its file."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from licensing.core.addresses import Address
from licensing.core.ledger import Kind
from licensing.core.licenses import MAX_SEATS, MAX_TERM_DAYS
from licensing.core.money import digits
from licensing.core.sales import Charge

FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)
"""Before the first sale."""
KINDS = (Kind.SOLD, Kind.RENEWED)
_AMOUNT = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,3}))?")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class PastSale:
    """One line: `starts_at` and `ends_at` bound the term [start, end), `number` is that of the line."""

    number: int
    company: str
    country: str
    address: Address
    contact: str
    seats: int
    starts_at: datetime
    ends_at: datetime
    sold_at: datetime
    charge: Charge
    support: str | None
    kind: Kind

    @property
    def customer(self) -> tuple[str, str]:
        """Equal for the lines of one customer."""
        return customer_key(self.company, self.country)

    @property
    def order_number(self) -> str:
        return self.charge.order_number or ""

    def is_running(self, now: datetime) -> bool:
        """Whether the term is not over: at its end it is."""
        return now < self.ends_at


def customer_key(name: str, country: str) -> tuple[str, str]:
    """What tells customers apart: the name without case and double blanks, and the country."""
    return " ".join(name.casefold().split()), country


def charge(order_number: str, amount: str, currency: str) -> Charge:
    """What the cells say was paid. Raises ValueError with the reason."""
    if bool(amount) != bool(currency):
        raise ValueError("amount and currency go together.")
    minor = minor_units(amount, currency) if amount else None
    return Charge(order_number, minor, currency or None, None)


def minor_units(amount: str, currency: str) -> int:
    """`1200.00` EUR → 120000; by digits alone, so that nothing is rounded. Raises ValueError with the reason."""
    if not _CURRENCY.fullmatch(currency):
        raise ValueError("currency must have three capital letters.")
    found, places = _AMOUNT.fullmatch(amount), digits(currency)
    if found is None or len(found[2] or "") > places:
        raise ValueError(f"amount must be a number such as 1200.00, not negative, with at most {places} decimals.")
    return int(found[1] + (found[2] or "").ljust(places, "0"))


def require_sound(sale: PastSale, now: datetime) -> None:
    """Raises ValueError with the reason, unless the line by itself can be so."""
    if not 1 <= sale.seats <= MAX_SEATS:
        raise ValueError(f"seats must be 1 to {MAX_SEATS}.")
    if sale.ends_at <= sale.starts_at:
        raise ValueError("end must be after start.")
    if (sale.ends_at - sale.starts_at).days > MAX_TERM_DAYS:
        raise ValueError(f"A term has at most {MAX_TERM_DAYS} days.")
    if min(sale.starts_at, sale.sold_at) < FIRST_DAY:
        raise ValueError(f"Nothing was sold or started before {FIRST_DAY.date()}.")
    if sale.sold_at > now:
        raise ValueError("sold_on must not be in the future.")


def contradictions(
    sales: Iterable[PastSale], known: Mapping[tuple[str, str], str], now: datetime
) -> Iterator[tuple[int, str]]:
    """Number and reason of each line that can't stand beside the others.

    `known` has the id of each customer in the book: two names of one that were merged are one customer.
    """
    sales = list(sales)
    uses = Counter(sale.order_number for sale in sales)
    running: dict[object, list[PastSale]] = defaultdict(list)
    for sale in sales:
        if uses[sale.order_number] > 1:
            yield sale.number, "order_number stands twice in the file."
        if sale.is_running(now):
            running[known.get(sale.customer, sale.customer)].append(sale)
    for of_customer in running.values():
        yield from _overlapping(sorted(of_customer, key=lambda sale: (sale.starts_at, sale.number)))


def _overlapping(sales: list[PastSale]) -> Iterator[tuple[int, str]]:
    """Of terms in order: each that starts before the latest end so far."""
    latest = sales[0]
    for sale in sales[1:]:
        if sale.starts_at < latest.ends_at:
            yield sale.number, f"The term overlaps that of line {latest.number}, which runs, too."
        latest = max(latest, sale, key=lambda each: each.ends_at)
