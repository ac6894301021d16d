"""The people we write to, as a list: the one place where many of them leave this server at once, so it takes two.

What the console gives as files holds ids and names of companies, and no address of anybody at a customer's.
"""

from __future__ import annotations

from collections.abc import Iterator

from licensing.core.callers import OPERATOR
from licensing.services.dual_control import NOBODY_ASKED, Agree, Agreement
from licensing.storage import events, organizations
from licensing.storage.database import Database
from licensing.storage.organizations import ContactLine
from licensing.system import System

CONTACTS = "contacts"
"""What the agreement, and the trail, are about."""


class Exports:
    """Lists of customers' people. On a development server (`test`) nobody is asked."""

    def __init__(self, database: Database, agree: Agree, system: System, *, test: bool) -> None:
        self._database = database
        self._agree = agree
        self._system = system
        self._test = test

    def contacts(self, agreement: Agreement = NOBODY_ASKED) -> Iterator[ContactLine]:
        """Everybody we may write to, with her company, in the order of their ids; erased people are not among them.

        The trail says who agreed, and to how many, before the first one leaves. Raises TwoPeopleNeeded, SignInRefused.
        """
        details = {} if self._test else self._agree(agreement, CONTACTS)
        with self._database.write() as session:
            told = {"contacts": organizations.contact_count(session), **details}
            events.add(session, OPERATOR.id, "contacts.exported", CONTACTS, self._system.now(), told)
        return self._lines()

    def _lines(self) -> Iterator[ContactLine]:
        with self._database.snapshot() as session:
            yield from organizations.every_contact(session)
