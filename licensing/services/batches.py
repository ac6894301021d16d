"""Batches: a license for each line of a file, in transactions of many lines.

How far the file was issued is written in the transaction that issues, so a batch that was killed goes on where it
stood when it is run again, and two that run at once take turns. All lines are checked before the first is issued.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from licensing.core import mails
from licensing.core.callers import Caller, Permission
from licensing.core.csv_files import Line
from licensing.core.ledger import Kind
from licensing.core.licenses import Edition, License, lint
from licensing.core.mails import Mail
from licensing.core.quotes import require_within_limits
from licensing.core.sales import Charge, Term, first_sale
from licensing.core.tiers import tier_for
from licensing.services.aside import doing
from licensing.services.batch_files import Order, lines_of, order, require_orders
from licensing.services.deeds import sentence
from licensing.services.issuing import Deed, Issuing, PreparedRows
from licensing.storage import batches, tiers
from licensing.storage.batches import Batch, Customer, LicenseMail
from licensing.storage.bulk import Rows
from licensing.storage.database import Database
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
class _Sales:
    """What lines become, ready to be written: the licenses, and the rows of customers and mails."""

    licenses: PreparedRows
    others: list[Rows]


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
        terms = self._terms(caller, self._system.now())
        lines = lines_of(data)
        done, issued = 0 if batch is None else batch.rows_done, 0
        # The first chunk is prepared while the lines are checked, each other one while the one before is written.
        with doing(partial(self._prepare, caller, terms), lines[done : done + chunk], 1) as under_way:
            require_orders(lines, terms)
            (sales,) = under_way.results()
        while done < len(lines):
            prepare = partial(self._prepare, caller, self._terms(caller, self._system.now()))
            with doing(prepare, lines[done + chunk : done + 2 * chunk], 1) as under_way:
                reached, written = self._write(file_hash, len(lines), done, sales)
                (sales,) = under_way.results()
            if not written:  # another run of the same file was faster
                sales = prepare(lines[reached : reached + chunk])
            done, issued = reached, issued + written
            progress(done, len(lines))
        with self._database.read() as session:
            return Finished(batches.get(session, file_hash), issued)

    def _terms(self, caller: Caller, now: datetime) -> Terms:
        """What the caller sells at `now`; each pair is made once. It raises TermRefused, ApprovalRequired."""
        with self._database.read() as session:
            every = tiers.every(session)

        @cache
        def sold(seats: int, months: int) -> License:
            require_within_limits(caller, 0, seats)
            tier = tier_for(Edition.PRO, seats, now, every)
            term = Term(seats, months)
            license = first_sale("", "", "", company="", tier=tier, support=tier.support, term=term, now=now)
            lint(license)
            return license

        return sold

    def _prepare(self, caller: Caller, terms: Terms, lines: Sequence[Line]) -> _Sales:
        """What the lines become, from now on; nothing is signed, and the database is not asked."""
        now = self._system.now()
        customers: list[Customer] = []
        mails: list[LicenseMail] = []
        sales: list[tuple[Deed, License]] = []
        for ordered in map(order, lines):
            customer, license = self._sold(ordered, terms(ordered.seats, ordered.months))
            customers.append(customer)
            mails.append(LicenseMail(self._system.new_id(), _mail(customer, license), license.lid))
            sales.append((_deed(caller, ordered, now), license))
        others = [*batches.customer_rows(customers, caller.id, now), batches.mail_rows(mails, now)]
        return _Sales(self._issuing.prepare(sales, now), others)

    def _sold(self, order: Order, license: License) -> tuple[Customer, License]:
        """The new customer and her license."""
        new_id = self._system.new_id
        customer = Customer(new_id(), order.company, order.country, new_id(), order.address, order.contact)
        serial = self._system.new_serial()
        return customer, license._replace(sub=customer.id, lid=new_id(), jti=serial, org=order.company)

    def _write(self, file_hash: str, total: int, done: int, sales: _Sales) -> tuple[int, int]:
        """How many lines are done then, and how many of them here: none, if another run was faster."""
        now, count = self._system.now(), len(sales.licenses.signed)
        with self._database.write() as session:
            reached = batches.claim(session, file_hash, total, now)
            if reached != done:
                return reached, 0
            self._issuing.issue_many(session, sales.licenses, lambda: batches.add(session, sales.others))
            reached += count
            batches.advance(session, file_hash, reached, now if reached == total else None)
        return reached, count


def _deed(caller: Caller, order: Order, now: datetime) -> Deed:
    charge = None if order.order_number is None else Charge(order.order_number, None, None, caller.id)
    return Deed(Kind.SOLD, caller.id, now, charge=charge, starts_at=now)


def _mail(customer: Customer, license: License) -> Mail:
    return mails.license_issued(customer.address.typed, customer.contact, sentence(license), None)
