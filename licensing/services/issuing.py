"""The only signer of licenses, and the only writer of the ledger.

Record, then sign: the leaf is appended before the signature is made, in the same transaction, and the token is checked
with the published key before anyone sees it. A token without a leaf can't leave this server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from sqlalchemy.orm import Session

from licensing.core.encoding import canonical_json
from licensing.core.keys import Purpose
from licensing.core.ledger import NOTHING_SIGNED, Kind, record_hash, signed_hash
from licensing.core.licenses import Edition, License, license_claims, lint
from licensing.core.sales import Charge
from licensing.core.standings import Standing, issued
from licensing.services.aside import doing
from licensing.services.signing import Keys, KeyStore
from licensing.storage import batches, ledger, licenses
from licensing.storage.prepared import queued
from licensing.system import System


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did what, and from when on it counts. `details` goes into the private record.

    `refers_to` is the issuance that a voided sale, a refund or an erasure is about, `starts_at` when the term that is
    bought starts.
    """

    kind: Kind
    actor: str
    effective_at: datetime
    details: Mapping[str, str | int | None] = field(default_factory=dict)
    charge: Charge | None = None
    refers_to: str | None = None
    starts_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What a deed is about, as reports count it."""

    license_id: str | None = None
    organization_id: str | None = None
    edition: Edition | None = None
    tier: str | None = None
    seats: int | None = None
    support: str | None = None
    ends_at: datetime | None = None


NOBODY = Subject()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A license that is ready to be issued: where it will stand, its leaf, and what is to be signed."""

    standing: Standing
    entry: ledger.Entry
    signed: str


@dataclass(frozen=True, slots=True)
class PreparedRows:
    """New licenses that are ready to be issued together: as rows, so that other processes can prepare them."""

    entries: ledger.EntryRows
    licenses: batches.LicenseRows
    signed: Sequence[str]


SIGNERS = 2
"""Processes that sign for many; their work takes as long as the writing of the rows does."""


class Issuing:
    """Appends deeds to the ledger, and signs those that give a license."""

    def __init__(self, keys: KeyStore, system: System, issuer: str) -> None:
        self._keys = keys
        self._system = system
        self._issuer = issuer

    def issue(
        self, session: Session, deed: Deed, license: License, previous: Standing | None, now: datetime
    ) -> Standing:
        """Where `license` stands once it is issued: its row, its leaf and its token are in `session`.

        Raises TermRefused for a license that must not be, KeyUnusable when it can't be signed.
        """
        keys = self._keys.current()
        ready = self._prepared(keys, deed, license, previous, now)
        if previous is not None:
            licenses.put(session, ready.standing)
        with queued(session):
            if previous is None:
                licenses.add(session, ready.standing)
            ledger.append(session, ready.entry)
            licenses.add_token(session, license.jti, license.lid, license.seq, keys.signed_license(ready.signed))
        return ready.standing

    def prepare(self, sales: Iterable[tuple[Deed, License]], now: datetime) -> PreparedRows:
        """New licenses as they are going to be issued: nothing is signed or written yet. Raises as `issue`."""
        keys = self._keys.current()
        ready = [self._prepared(keys, deed, license, None, now) for deed, license in sales]
        return PreparedRows(
            ledger.rows_of([each.entry for each in ready]),
            batches.license_rows([each.standing for each in ready]),
            [each.signed for each in ready],
        )

    def _prepared(self, keys: Keys, deed: Deed, license: License, previous: Standing | None, now: datetime) -> Prepared:
        lint(license)
        key = keys.key(Purpose.LICENSE)
        signed = key.signing_input(license_claims(license, self._issuer))
        standing = issued(license, signed_hash(signed), previous)
        salt = self._system.new_salt()
        entry = recorded(deed, subject_of(standing), license.jti, key.kid, standing.signed_hash, salt, now)
        return Prepared(standing, entry, signed)

    def issue_many(self, session: Session, ready: PreparedRows, meanwhile: Callable[[], None]) -> None:
        """New licenses stand: leaves, tokens and rows of all are in `session`, each token checked as `issue` does.

        `meanwhile` writes what the licenses' rows refer to, and whatever else there is, while other processes sign.
        Raises KeyUnusable when one can't be signed, or the key was rotated since it was prepared.
        """
        keys = self._keys.current()

        def sign(some: Sequence[str]) -> list[str]:
            return [keys.signed_license(signed) for signed in some]

        ledger.append_many(session, ready.entries)
        with doing(sign, ready.signed, SIGNERS) as under_way:
            meanwhile()
            tokens = chain.from_iterable(under_way.results())
        batches.add_licenses(session, ready.licenses, tokens)

    def note(self, session: Session, deed: Deed, subject: Subject, now: datetime, kid: str = NOTHING_SIGNED) -> str:
        """Appends a deed that signs nothing: its leaf holds the hash of its record alone. Its serial."""
        serial = self._system.new_serial()
        self._append(session, deed, subject, serial, kid, NOTHING_SIGNED, now)
        return serial

    def _append(
        self,
        session: Session,
        deed: Deed,
        subject: Subject,
        serial: str,
        kid: str,
        hash_of_signed: str,
        now: datetime,
    ) -> None:
        salt = self._system.new_salt()
        ledger.append(session, recorded(deed, subject, serial, kid, hash_of_signed, salt, now))


def subject_of(standing: Standing) -> Subject:
    """What a deed on a license is about."""
    return Subject(
        standing.license_id,
        standing.organization_id,
        standing.edition,
        standing.tier,
        standing.seats,
        standing.support,
        standing.ends_at,
    )


def recorded(
    deed: Deed, subject: Subject, serial: str, kid: str, hash_of_signed: str, salt: bytes, now: datetime
) -> ledger.Entry:
    """The issuance of a deed, with the salt and the private record that it holds the hash of."""
    charge = deed.charge or Charge(None, None, None, None)
    columns = {
        "license": subject.license_id,
        "organization": subject.organization_id,
        "edition": subject.edition,
        "tier": subject.tier,
        "seats": subject.seats,
        "support": subject.support,
        "order_number": charge.order_number,
        "amount_minor": charge.amount_minor,
        "currency": charge.currency,
        "salesperson": charge.salesperson_id,
        "quote": charge.quote_id,
        "refers_to": deed.refers_to,
        "starts_at": _seconds(deed.starts_at),
        "ends_at": _seconds(subject.ends_at),
    }
    record = canonical_json(
        {
            "v": 1,
            "kind": deed.kind,
            "serial": serial,
            "actor": deed.actor,
            "effective_at": int(deed.effective_at.timestamp()),
            **columns,
            "details": dict(deed.details),
        }
    )
    issuance = ledger.Issuance(
        serial=serial,
        kind=deed.kind,
        license_id=subject.license_id,
        organization_id=subject.organization_id,
        kid=kid,
        signed_hash=hash_of_signed,
        record_hash=record_hash(salt, record),
        edition=subject.edition,
        tier=subject.tier,
        seats=subject.seats,
        effective_at=deed.effective_at,
        recorded_at=now,
        support=subject.support,
        order_number=charge.order_number,
        amount_minor=charge.amount_minor,
        currency=charge.currency,
        salesperson_id=charge.salesperson_id,
        quote_id=charge.quote_id,
        refers_to=deed.refers_to,
        starts_at=deed.starts_at,
        ends_at=subject.ends_at,
    )
    return ledger.Entry(issuance, salt, record)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
