"""Batches: a license for each line of a file, in transactions of many lines.

How far the file was issued is written in the transaction that issues, so a batch that was killed goes on where it
stood when it is run again, and two that run at once take turns. All lines are checked before the first is issued.
"""

from __future__ import annotations

import copyreg
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any

from sqlalchemy.orm import Session

from licensing.core import mails
from licensing.core.addresses import Address
from licensing.core.callers import Caller, Permission
from licensing.core.ledger import Kind
from licensing.core.licenses import Edition, License, lint
from licensing.core.mails import Mail
from licensing.core.sales import Charge, Term, first_sale
from licensing.core.standings import Standing
from licensing.core.tiers import tier_for
from licensing.services.aside import doing
from licensing.services.batch_files import Order, orders
from licensing.services.deeds import sentence
from licensing.services.issuing import Deed, Issuing, Prepared
from licensing.storage import batches, tiers
from licensing.storage.batches import Batch, Customer, LicenseMail
from licensing.storage.database import Database
from licensing.storage.ledger import Entry, Issuance
from licensing.system import System

CHUNK = 1_000
Progress = Callable[[int, int], None]
Terms = Callable[[int, int], License]
"""The license that seats and months make, for nobody yet."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A batch that is done; `issued` of its licenses in this run."""

    batch: Batch
    issued: int


@dataclass(frozen=True, slots=True)
class _Sale:
    """What one line becomes, ready to be written."""

    customer: Customer
    mail: LicenseMail
    ready: Prepared


def _by_values(value: Any) -> tuple[type, tuple[object, ...]]:
    """How a slotted dataclass travels between processes: by its own way it takes ten times as long."""
    return type(value), tuple(getattr(value, name) for name in value.__slots__)


for _kind in (_Sale, Customer, Address, LicenseMail, Mail, Prepared, Standing, Entry, Issuance, Order):
    copyreg.pickle(_kind, _by_values)


class Batches:
    """Issues files of orders."""

    def __init__(self, database: Database, issuing: Issuing, system: System) -> None:
        self._database = database
        self._issuing = issuing
        self._system = system

    def run(self, caller: Caller, data: bytes, chunk: int = CHUNK, progress: Progress = lambda *_: None) -> Finished:
        """Every line of the file is issued, `chunk` of them in a transaction; `progress` hears (done, total).

        Each is a new customer with a paid license from now on and a mail; nothing is charged. Raises ImportRefused with
        every line that can't be taken, and Busy: the chunks before stand, and the same file goes on after them.
        """
        caller.require(Permission.CUSTOMERS_WRITE)
        caller.require(Permission.LICENSES_WRITE)
        file_hash = hashlib.sha256(data).hexdigest()
        with self._database.read() as session:
            batch = batches.find(session, file_hash)
        if batch is not None and batch.finished_at is not None:
            return Finished(batch, 0)
        terms = self._terms(self._system.now())
        lines = orders(data, terms)
        done, issued = 0 if batch is None else batch.rows_done, 0
        sales = self._prepare(caller, terms, lines[done : done + chunk])
        while done < len(lines):
            # The next chunk is prepared while this one is written.
            prepare = partial(self._prepare, caller, self._terms(self._system.now()))
            with doing(prepare, lines[done + chunk : done + 2 * chunk], 1) as next_sales:
                reached, written = self._write(caller, file_hash, len(lines), done, sales)
                sales = next_sales.results()
            if not written:  # another run of the same file was faster
                sales = prepare(lines[reached : reached + chunk])
            done, issued = reached, issued + written
            progress(done, len(lines))
        with self._database.read() as session:
            return Finished(batches.get(session, file_hash), issued)

    def _terms(self, now: datetime) -> Terms:
        """What is sold at `now`; each pair of seats and months is made once. Raises TermRefused."""
        with self._database.read() as session:
            every = tiers.every(session)

        @cache
        def sold(seats: int, months: int) -> License:
            tier = tier_for(Edition.PRO, seats, now, every)
            term = Term(seats, months)
            license = first_sale("", "", "", company="", tier=tier, support=tier.support, term=term, now=now)
            lint(license)
            return license

        return sold

    def _prepare(self, caller: Caller, terms: Terms, lines: Sequence[Order]) -> list[_Sale]:
        """The sales that the lines become, from now on; nothing is signed, and the database is not asked."""
        now = self._system.now()
        return [self._sale(caller, order, terms(order.seats, order.months), now) for order in lines]

    def _write(self, caller: Caller, file_hash: str, total: int, done: int, sales: Sequence[_Sale]) -> tuple[int, int]:
        """How many lines are done then, and how many of them here: none, if another run was faster."""
        now = self._system.now()
        with self._database.write() as session:
            reached = batches.claim(session, file_hash, total, now)
            if reached != done:
                return reached, 0
            self._issuing.issue_many(
                session, [sale.ready for sale in sales], lambda: _customers_and_mails(session, caller, sales, now)
            )
            reached += len(sales)
            batches.advance(session, file_hash, reached, now if reached == total else None)
        return reached, len(sales)

    def _sale(self, caller: Caller, order: Order, sold: License, now: datetime) -> _Sale:
        new_id, address = self._system.new_id, order.address
        grams = batches.customer_grams(order.company, address)
        customer = Customer(new_id(), order.company, order.country, new_id(), address, order.contact, grams)
        license = sold._replace(sub=customer.id, lid=new_id(), jti=self._system.new_serial(), org=order.company)
        charge = None if order.order_number is None else Charge(order.order_number, None, None, caller.id)
        mail = mails.license_issued(address.typed, order.contact, sentence(license), None)
        deed = Deed(Kind.SOLD, caller.id, now, charge=charge)
        return _Sale(customer, LicenseMail(new_id(), mail, license.lid), self._issuing.prepare(deed, license, now))


def _customers_and_mails(session: Session, caller: Caller, sales: Sequence[_Sale], now: datetime) -> None:
    batches.add_customers(session, [sale.customer for sale in sales], caller.id, now)
    batches.add_mails(session, [sale.mail for sale in sales], now)
