"""Forty-odd small customers as plain rows, written straight into the tables: what the reports are proved with.

A day without a time is its noon, UTC. What each customer must count as is worked out by hand in `expected`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from licensing.core.ledger import NOTHING_SIGNED, Kind
from licensing.core.licenses import Edition
from licensing.core.sales import Charge
from licensing.services.issuing import Deed, Subject, recorded
from licensing.storage import histories, ledger
from licensing.storage.clusters import ClusterChangeRow, ClusterRow
from licensing.storage.licenses import LicenseRow
from licensing.storage.organizations import OrganizationRow
from licensing.storage.quotes import QuoteRow
from licensing.storage.registrations import RegistrationRow

IMPORTED_ON = "2023-09-01"


def moment(text: str) -> datetime:
    """`2023-03-10` is its noon, `2023-03-10 09:00:00` that second."""
    return datetime.fromisoformat(text if " " in text else f"{text} 12:00:00").replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Registers:
    at: str
    source: str = "page"
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Uses:
    """A cluster under the trial uses so many nodes from then on; it is a `new` one, or the `nodes` changed."""

    at: str
    nodes: int
    kind: str = "nodes"


@dataclass(frozen=True, slots=True)
class Quoted:
    at: str
    by: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A cluster of the trial was seen from first to last."""

    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Does:
    """A deed. `license` None is the organisation's own, `serial` None is made of name, kind and day."""

    kind: Kind
    at: str
    seats: int | None = None
    until: str | None = None
    amount: int | None = None
    currency: str | None = None
    by: str | None = None
    license: str | None = None
    starts: str | None = None
    about: str | None = None
    recorded: str | None = None
    serial: str | None = None


Event = Registers | Uses | Quoted | Seen | Does


@dataclass(frozen=True, slots=True)
class Customer:
    """An organisation, or with `exists` False a registration that nobody confirmed."""

    name: str
    country: str
    events: tuple[Event, ...]
    key: str | None
    merged_into: str | None = None
    exists: bool = True

    @property
    def subject(self) -> str:
        return self.name if self.exists or self.key is None else self.key


def customer(name: str, country: str, *events: Event, private: bool = False, **changes: Any) -> Customer:
    """By default she has a trial key if she registered or had a trial, that of a company's domain."""
    key = f"address:{name}" if private else f"domain:{name}.example"
    has_key = any(isinstance(each, Registers) for each in events)
    return replace(Customer(name, country, events, key if has_key else None), **changes)


def trial(at: str) -> Does:
    return Does(Kind.TRIAL, at, 4)


def converted(at: str, seats: int, until: str, *paid: Any, **more: Any) -> Does:
    return Does(Kind.CONVERTED, at, seats, until, *paid, **more)


def sold(at: str, seats: int, until: str, *paid: Any, **more: Any) -> Does:
    return Does(Kind.SOLD, at, seats, until, *paid, **more)


def renewed(at: str, seats: int, until: str, *paid: Any, **more: Any) -> Does:
    return Does(Kind.RENEWED, at, seats, until, *paid, **more)


def expanded(at: str, seats: int, until: str, *paid: Any, **more: Any) -> Does:
    return Does(Kind.EXPANDED, at, seats, until, *paid, **more)


def reduced(at: str, seats: int, until: str) -> Does:
    return Does(Kind.REDUCED, at, seats, until)


def transferred(at: str, seats: int, until: str, license: str) -> Does:
    return Does(Kind.TRANSFERRED, at, seats, until, license=license)


def imported(
    sold_on: str, seats: int, start: str, end: str, amount: int | None = None, currency: str | None = None
) -> Does:
    """A term that was over when it was imported: there is no license. All its times are midnights."""
    at, starts, until = (f"{day} 00:00:00" for day in (sold_on, start, end))
    deed = Does(Kind.IMPORTED, at, seats, until, amount, currency, license="")
    return replace(deed, starts=starts, recorded=IMPORTED_ON)


def voided(at: str, about: str) -> Does:
    return Does(Kind.VOIDED, at, about=about)


def refunded(at: str, about: str, amount: int, currency: str, by: str) -> Does:
    return Does(Kind.REFUNDED, at, 0, None, amount, currency, by, about=about)


CUSTOMERS = (
    # Registrations that nobody confirmed.
    customer("anna", "DE", Registers("2023-01-10"), exists=False),
    customer(
        *("bert", "DE"),
        Registers("2023-01-20", "invitation", "FR"),
        Registers("2023-01-11", "page", "DE"),
        exists=False,
    ),
    customer("cleo", "US", Registers("2023-01-12", "device_code"), private=True, exists=False),
    customer("dora", "US", Registers("2023-01-12"), private=True, exists=False),
    # Trials without a purchase.
    customer("emil", "DE", Registers("2023-01-13"), trial("2023-01-13")),
    customer(
        *("fred", "FR", Registers("2023-01-14", "invitation"), trial("2023-01-14")),
        *(Uses("2023-01-15", 3, "new"), Uses("2023-01-20", 2)),
        private=True,
    ),
    customer(
        *("gina", "US", Registers("2023-01-15", "device_code"), trial("2023-01-15")),
        *(Uses("2023-01-16", 2, "new"), Uses("2023-01-25", 4), Seen("2023-01-16", "2023-02-15")),
    ),
    customer(
        *("hugo", "DE", Registers("2023-01-16"), trial("2023-01-16")),
        *(Uses("2023-01-17", 5, "new"), Quoted("2023-02-01", "bob")),
    ),
    customer("iris", "DE", Registers("2023-01-17", "import"), trial("2023-01-17"), Quoted("2023-02-02", "ann")),
    customer("john", "FR", trial("2023-01-18"), Registers("2023-01-25")),
    customer("kate", "US", trial("2023-01-19")),
    customer(
        *("tina", "US", Registers("2023-02-18", "device_code"), trial("2023-02-18")),
        converted("2023-03-15", 7, "2024-03-15", 700, "EUR", "ann"),
        refunded("2023-03-16", "tina-converted-20230315", 100, "EUR", "ann"),
        voided("2023-03-17", "tina-converted-20230315"),
        *(Uses("2023-04-01", 5, "new"), Uses("2023-04-02", 1, "new")),
    ),
    # Trials that became customers.
    customer(
        *("lena", "DE", Registers("2023-02-01 09:00:00"), trial("2023-02-01 09:10:00")),
        *(Uses("2023-02-02", 3, "new"), Uses("2023-02-10", 4), Uses("2023-02-20", 5), Quoted("2023-02-25", "ann")),
        converted("2023-03-10", 5, "2024-03-10", 500, "EUR", "ann"),
        Registers("2023-06-01", "invitation", "US"),
        renewed("2024-03-01", 5, "2025-03-10", 500, "EUR", "ann"),
    ),
    customer(
        *("mark", "DE", Registers("2023-02-02", "invitation"), trial("2023-02-02")),
        converted("2023-03-11", 8, "2024-03-11", 800, "EUR", "ann"),
    ),
    customer(
        *("mara", "US", Registers("2023-02-05"), trial("2023-02-05")),
        converted("2023-05-02", 2, "2024-02-01", 200, "EUR", "bob"),
        merged_into="mark",
    ),
    customer(
        *("nora", "US", Registers("2023-02-03"), trial("2023-02-03")),
        converted("2023-03-12", 12, "2024-03-12", 1200, "USD", "bob"),
    ),
    customer(
        *("nils", "DE", Registers("2023-01-30", "device_code"), trial("2023-01-30"), Uses("2023-02-04", 4, "new")),
        merged_into="nora",
    ),
    customer(
        *("paul", "DE", Registers("2023-02-14 10:00:00"), trial("2023-03-13"), Quoted("2023-03-13", "ann")),
        sold("2023-03-13", 2, "2024-03-13", 200, "EUR", "bob", license="paul-2"),
    ),
    customer(
        *("rosa", "FR", Registers("2023-02-16", "invitation"), trial("2023-03-14 08:00:00")),
        sold("2023-03-14 20:00:00", 1, "2024-03-14 20:00:00", 100, "EUR", "ann", license="rosa-2"),
    ),
    customer(
        *("ursa", "US", Registers("2023-02-19"), trial("2023-02-19")),
        converted("2023-03-15", 7, "2024-03-15", 700, "EUR", "ann"),
        voided("2023-03-16", "ursa-converted-20230315"),
        *(Quoted("2023-03-20", "ann"), Uses("2023-03-25", 4, "new")),
        converted("2023-04-03", 12, "2024-04-03", 1200, "EUR", "bob"),
        refunded("2023-05-10", "ursa-converted-20230403", 200, "EUR", "bob"),
    ),
    customer(
        *("vera", "DE", Registers("2023-02-20"), trial("2023-02-20")),
        converted("2023-03-16", 9, "2024-03-16", 900, "EUR", "ann"),
        expanded("2023-05-04", 40, "2024-03-16", 3100, "EUR", "bob"),
        refunded("2023-05-11", "vera-converted-20230316", 300, "EUR", "ann"),
        renewed("2024-03-05", 9, "2025-03-16", 900, "EUR", "ann"),
    ),
    customer(
        *("abel", "DE", Registers("2023-02-21"), trial("2023-02-21")),
        converted("2023-03-17", 6, "2024-03-17", 600, "EUR", "ann"),
    ),
    customer(
        *("bela", "DE", Registers("2023-04-10"), trial("2023-04-10")),
        transferred("2023-06-05", 6, "2024-03-17", license="abel"),
        renewed("2024-03-10", 6, "2025-03-17", 600, "EUR", "bob", license="abel"),
    ),
    customer(
        *("elsa", "FR", Registers("2023-02-22", "invitation"), trial("2023-02-22")),
        converted("2023-03-21", 4, "2023-09-21", 400, "EUR", "ann"),
        renewed("2023-11-05", 6, "2024-11-05", 600, "EUR", "ann"),
    ),
    customer(
        *("finn", "US", Registers("2023-02-23"), trial("2023-02-23")),
        converted("2023-03-22", 11, "2024-03-22", 1100, "USD", "bob"),
        *(Quoted("2023-04-01", "ann"), Uses("2023-04-02", 6, "new")),
        renewed("2024-04-21 11:59:59", 15, "2025-04-21", 1500, "USD", "bob"),
    ),
    customer(
        *("ines", "DE", Registers("2023-03-01"), trial("2023-03-01")),
        converted("2023-04-06", 5, "2024-04-06", 500, "EUR", "ann"),
        expanded("2023-05-05", 7, "2024-04-06", 200, "USD", "bob"),
        reduced("2023-08-10", 6, "2024-04-06"),
    ),
    customer(
        *("jule", "DE", Registers("2023-03-02", "invitation"), trial("2023-03-02")),
        converted("2023-04-07", 3, "2024-04-07"),
    ),
    customer(
        *("nina", "US", Registers("2023-03-03"), trial("2023-03-03")),
        converted("2023-04-10", 10, "2024-04-10", 1000, "EUR", "ann"),
        expanded("2023-05-08", 11, "2024-04-10", 100, "EUR", "ann"),
        reduced("2023-06-12", 10, "2024-04-10"),
        expanded("2023-08-14", 12, "2024-04-10", 200, "EUR", "ann"),
    ),
    customer(
        *("otto", "FR", Registers("2023-03-04"), trial("2023-03-04")),
        converted("2023-04-11", 2, "2024-04-11", 200, "EUR", "ann"),
        Does(Kind.ERASED, "2023-06-15", license=""),
        Does(Kind.ERASED, "2023-06-15", license="", about="otto-converted-20230411", serial="otto-erased-again"),
        private=True,
    ),
    customer(
        *("kurt", "US", Registers("2024-02-29 10:00:00"), trial("2024-02-29 11:00:00")),
        converted("2024-02-29", 10, "2025-02-28", 1000, "EUR", "ann"),
    ),
    customer(
        *("lara", "FR", Registers("2022-12-31 23:59:59"), trial("2023-01-01 00:00:00")),
        converted("2023-12-31 23:59:59", 3, "2024-12-31 23:59:59", 300, "EUR", "bob"),
    ),
    customer(
        *("mona", "FR", Registers("2023-01-01 00:00:00"), trial("2023-01-01 00:00:00")),
        converted("2024-01-01 00:00:00", 4, "2025-01-01 00:00:00", 400, "EUR", "bob"),
    ),
    # Purchases without a trial before them.
    customer(
        *("olga", "FR", sold("2023-02-10", 3, "2024-02-10", 300, "EUR", "ann", license="olga-2")),
        *(Registers("2023-02-12"), trial("2023-02-12"), Uses("2023-02-13", 5, "new")),
    ),
    customer(
        *("quin", "DE", Registers("2023-02-15")),
        sold("2023-03-13", 4, "2024-03-13", 400, "EUR", "bob", license="quin-2"),
        trial("2023-03-13"),
    ),
    customer(
        *("sven", "FR", Registers("2023-02-17")),
        sold("2023-03-14 08:00:00", 1, "2024-03-14 08:00:00", 100, "EUR", "ann", license="sven-2"),
        trial("2023-03-14 20:00:00"),
    ),
    customer("cara", "DE", sold("2023-03-20", 2, "2024-03-20", 200, "EUR", "ann")),
    customer("dean", "FR", transferred("2023-06-06", 2, "2024-03-20", license="cara"), merged_into="cara"),
    customer(
        *("gwen", "FR", sold("2023-03-22", 2, "2024-03-22", 200, "EUR")),
        renewed("2024-04-21", 2, "2025-04-21", 200, "EUR"),
    ),
    customer(
        *("hank", "US", sold("2023-04-05", 120, "2024-04-05", 12000, "USD", "bob")),
        *(Does(Kind.SUSPENDED, "2023-05-01"), Does(Kind.REINSTATED, "2023-05-20"), Does(Kind.REVOKED, "2023-08-15")),
    ),
    customer("petra", "DE", Quoted("2023-04-10", "bob"), sold("2023-04-12", 1, "2024-04-12", 100, "EUR", "bob")),
    customer("sara", "DE", Quoted("2023-05-01", "ann")),
    # Sold before this server was.
    customer(
        *("wade", "FR", imported("2021-06-01", 3, "2021-06-01", "2022-06-01", 300, "EUR")),
        imported("2022-05-20", 4, "2022-06-01", "2023-06-01", 400, "EUR"),
    ),
    customer("theo", "DE", imported("2022-08-01", 2, "2021-01-01", "2022-01-01", 200, "EUR")),
    customer(
        *("xena", "FR", imported("2021-06-01", 3, "2021-06-01", "2022-06-01", 300, "USD")),
        imported("2022-02-20", 9, "2022-03-01", "2023-03-01"),
    ),
    customer(
        *("yara", "FR", imported("2021-06-01", 5, "2021-06-01", "2022-06-01", 500, "EUR")),
        imported("2022-06-15", 5, "2022-07-02", "2023-07-02", 500, "EUR"),
        *(Registers("2023-03-01"), trial("2023-03-01")),
    ),
    customer(
        *("zora", "FR", Registers("2021-05-01", "import"), trial("2021-05-01")),
        imported("2021-06-01", 5, "2021-06-01", "2022-06-01", 500, "EUR"),
        imported("2022-06-20", 5, "2022-07-01", "2023-07-01"),
    ),
)


def load(session: Session) -> None:
    """The customers are in the tables, and none of them is counted yet."""
    for each in CUSTOMERS:
        if each.exists:
            session.add(_organization(each))
    session.flush()  # quotes refer to organisations, and so do licenses
    session.add_all(_license(each) for each in CUSTOMERS if any(isinstance(event, Seen) for event in each.events))
    session.flush()  # clusters refer to licenses
    for each in CUSTOMERS:
        for number, event in enumerate(each.events):
            session.add_all(_rows(each, number, event))
        histories.mark(session, each.subject)
    deeds = [(each, event) for each in CUSTOMERS for event in each.events if isinstance(event, Does)]
    deeds.sort(key=lambda pair: moment(pair[1].recorded or pair[1].at))  # a sort keeps the order of equals
    ledger.append_many(session, ledger.rows_of([_entry(each, deed) for each, deed in deeds]))


def _organization(each: Customer) -> OrganizationRow:
    created_at = moment("2021-01-01")
    return OrganizationRow(
        id=each.name,
        name=each.name.title(),
        country=each.country,
        trial_key=each.key,
        created_at=created_at,
        merged_into=each.merged_into,
    )


def _rows(each: Customer, number: int, event: Event) -> Iterator[object]:
    id = f"{each.name}-{number}"
    if isinstance(event, Registers):
        yield _registration(each, id, event)
    elif isinstance(event, Quoted):
        yield _quote(each, id, event)
    elif isinstance(event, Uses):
        yield ClusterChangeRow(
            cluster_id=id,
            license_id=each.name,
            at=moment(event.at),
            kind=event.kind,
            used=event.nodes,
            granted=min(event.nodes, 4),
            added=[],
            removed=[],
        )
    elif isinstance(event, Seen):
        yield _cluster(each, id, event)


def _registration(each: Customer, id: str, event: Registers) -> RegistrationRow:
    at = moment(event.at)
    return RegistrationRow(
        id=id,
        email="",
        folded_email="",
        trial_key=each.key,
        name="",
        organization=each.name.title(),
        country=event.country or each.country,
        expected_nodes=4,
        source=event.source,
        token_hash=id,
        code_hash="",
        code_tries=0,
        created_at=at,
        link_expires_at=at + timedelta(hours=1),
        code_expires_at=at + timedelta(minutes=10),
    )


def _quote(each: Customer, id: str, event: Quoted) -> QuoteRow:
    numbers = "node_year_minor list_minor volume_percent volume_minor discount_percent discount_minor total_minor"
    return QuoteRow(
        id=id,
        number=id,
        organization_id=each.name,
        kind=Kind.SOLD,
        seats=5,
        from_old_end=False,
        tier="entry",
        currency="EUR",
        charged_seats=5,
        state="sent",
        created_by=event.by,
        created_at=moment(event.at),
        valid_until=moment(event.at) + timedelta(days=30),
        **dict.fromkeys(numbers.split(), 0),
    )


def _license(each: Customer) -> LicenseRow:
    at = moment("2023-01-01")
    texts = {"edition": "trial", "tier": "trial", "support": "", "jti": "", "signed_hash": ""}
    counts = {"seats": 4, "np_seats": 0, "seq": 1, "version": 1}
    return LicenseRow(
        id=each.name, organization_id=each.name, ever_pro=False, starts_at=at, created_at=at, **texts, **counts
    )


def _cluster(each: Customer, id: str, event: Seen) -> ClusterRow:
    first, last = moment(event.first), moment(event.last)
    names = {"fsid": id, "kube_system_uid": id, "name": id, "dcc_version": "", "digest": ""}
    numbers = dict.fromkeys(("used", "granted", "seen_seq", "seen_version", "instance_number"), 0)
    times = {"first_seen_at": first, "last_seen_at": last, "expires_at": last}
    return ClusterRow(id=id, license_id=each.name, production=True, nodes=[], **names, **numbers, **times)


def _entry(each: Customer, does: Does) -> ledger.Entry:
    at = moment(does.at)
    until = None if does.until is None else moment(does.until)
    starts = moment(does.starts or does.at) if until is not None else None
    charge = Charge(None, does.amount, does.currency, does.by)
    deed = Deed(does.kind, "test", at, charge=charge, refers_to=does.about, starts_at=starts)
    edition = Edition.TRIAL if does.kind is Kind.TRIAL else Edition.PRO
    license_id = each.name if does.license is None else does.license or None
    subject = Subject(license_id, each.name, edition, None, does.seats, None, until)
    recorded_at = moment(does.recorded) if does.recorded else at
    return recorded(deed, subject, serial_of(each, does), NOTHING_SIGNED, NOTHING_SIGNED, b"", recorded_at)


def serial_of(each: Customer, does: Does) -> str:
    """`lena-converted-20230310`, unless the deed has its own."""
    return does.serial or f"{each.name}-{does.kind}-{moment(does.at):%Y%m%d}"
