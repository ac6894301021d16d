"""What is known of customers, gathered from where it was written; and which of them changed since they were counted.

The ledger says itself what is new: its leaves have numbers, and one row says how many were counted. Everything else
that a report counts leaves a mark.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from licensing.core.journeys import History, Offered, Registered, Use
from licensing.core.ledger import Kind
from licensing.core.licenses import Edition
from licensing.core.movements import Deal
from licensing.storage.clusters import ClusterChangeRow, ClusterRow
from licensing.storage.database import Base
from licensing.storage.ledger import IssuanceRow
from licensing.storage.organizations import OrganizationRow
from licensing.storage.quotes import QuoteRow
from licensing.storage.registrations import RegistrationRow

MAX_PENDING = 10_000
_ARRIVED = "new"
_USES = (_ARRIVED, "moved", "nodes")


class MarkRow(Base):
    """Something of the customer (an organisation's id, or a trial key) has changed outside the ledger."""

    __tablename__ = "report_mark"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(320))


class CountedRow(Base):
    """The first `leaves` of the ledger were counted; one row."""

    __tablename__ = "report_state"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    leaves: Mapped[int] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True)
class Changed:
    """Customers to be counted anew: by leaves below number `leaves`, and by `marks`."""

    subjects: frozenset[str]
    leaves: int
    marks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Family:
    """One customer's organisations and the trial keys that they hold."""

    members: tuple[str, ...]
    keys: tuple[str, ...]
    country: str


def mark(session: Session, *subjects: str) -> None:
    """The customers will be counted anew."""
    if subjects:
        session.execute(insert(MarkRow), [{"subject": subject} for subject in subjects])


def mark_trial(session: Session, license_id: str) -> None:
    """Who had the license as a trial, if anybody, will be counted anew: something of its clusters has changed."""
    trials = select(IssuanceRow.organization_id).where(
        IssuanceRow.license_id == license_id, IssuanceRow.kind == Kind.TRIAL
    )
    session.execute(insert(MarkRow).from_select(["subject"], trials))


def changed(session: Session, limit: int) -> Changed:
    """What has changed since it was counted, up to `limit` leaves and as many marks."""
    counted = leaves_counted(session)
    deals = session.execute(
        select(IssuanceRow.leaf_idx, IssuanceRow.organization_id, IssuanceRow.kind, IssuanceRow.license_id)
        .where(IssuanceRow.leaf_idx >= counted, IssuanceRow.leaf_idx < counted + limit)
        .order_by(IssuanceRow.leaf_idx)
    ).all()
    marks = session.execute(select(MarkRow.id, MarkRow.subject).order_by(MarkRow.id).limit(limit)).all()
    moved = {deal.license_id for deal in deals if deal.kind == Kind.TRANSFERRED}
    subjects = {deal.organization_id for deal in deals} | {mark.subject for mark in marks}
    if moved:
        subjects |= set(session.scalars(select(IssuanceRow.organization_id).where(IssuanceRow.license_id.in_(moved))))
    leaves = deals[-1].leaf_idx + 1 if deals else counted
    return Changed(frozenset(subjects - {None}), leaves, tuple(mark.id for mark in marks))


def settle(session: Session, counted: Changed) -> None:
    """What `counted` names was counted."""
    session.execute(update(CountedRow).values(leaves=counted.leaves))
    session.execute(delete(MarkRow).where(MarkRow.id.in_(counted.marks)))


def settle_all(session: Session, leaves: int) -> None:
    """The first `leaves` leaves and everything marked were counted."""
    session.execute(update(CountedRow).values(leaves=leaves))
    session.execute(delete(MarkRow))


def leaves_counted(session: Session) -> int:
    return session.execute(select(CountedRow.leaves)).scalar_one()


def pending(session: Session) -> int:
    """How many changes were not counted yet, told up to MAX_PENDING of each kind."""
    leaves = select(IssuanceRow.leaf_idx).where(IssuanceRow.leaf_idx >= leaves_counted(session)).limit(MAX_PENDING)
    marks = select(MarkRow.id).limit(MAX_PENDING)
    counts = (select(func.count()).select_from(each.subquery()) for each in (leaves, marks))
    return sum(session.scalar(count) or 0 for count in counts)


def first_pending_at(session: Session) -> datetime | None:
    """When the first issuance was recorded that was not counted yet."""
    uncounted = IssuanceRow.leaf_idx == leaves_counted(session)
    return session.scalar(select(IssuanceRow.recorded_at).where(uncounted))


def subjects(session: Session, chunk: int) -> Iterator[list[str]]:
    """Every customer there is, `chunk` at a time."""
    head, key = OrganizationRow.id, RegistrationRow.trial_key
    heads = select(head).where(OrganizationRow.merged_into.is_(None)).order_by(head)
    yield from _pages(session, heads, head, chunk)
    yield from _pages(session, _open_keys().order_by(key), key, chunk)


def count(session: Session) -> int:
    """How many customers there are."""
    heads = select(func.count()).select_from(OrganizationRow).where(OrganizationRow.merged_into.is_(None))
    keys = select(func.count()).select_from(_open_keys().subquery())
    return (session.scalar(heads) or 0) + (session.scalar(keys) or 0)


def nobodys(session: Session, column: InstrumentedAttribute[str]) -> list[str]:
    """The subjects in `column` that no customer has."""
    heads = select(OrganizationRow.id).where(OrganizationRow.merged_into.is_(None))
    found = select(column).where(column.not_in(heads), column.not_in(_open_keys())).distinct()
    return sorted(session.scalars(found))


def of(session: Session, subjects: Collection[str]) -> dict[str, History]:
    """All that is known of the customers that `subjects` belong to, by their own subject.

    A subject whose organisation was merged, or a key that has become an organisation, is found as that one.
    """
    families = _families(session, subjects)
    keys = {key: head for head, family in families.items() for key in family.keys}
    homeless = [subject for subject in subjects if _is_key(subject) and subject not in keys]
    registered = _registrations(session, {**keys, **{key: key for key in homeless}})
    owners = {member: head for head, family in families.items() for member in family.members}
    deals = _deals(session, owners)
    uses, arrivals = _uses(session, owners)
    seen, quotes = _seen(session, owners), _quotes(session, owners)
    histories = {
        head: History(
            subject=head,
            members=family.members,
            country=family.country,
            has_company_domain=any(map(_is_domain, family.keys)),
            registrations=registered[head],
            deals=deals[head],
            uses=uses[head],
            quotes=quotes[head],
            clusters=arrivals[head],
            watched=seen[head][0] if head in seen else timedelta(),
            last_seen_at=seen[head][1] if head in seen else None,
        )
        for head, family in families.items()
    }
    for key in homeless:
        if registered[key]:
            histories[key] = History(key, (), "", _is_domain(key), registered[key])
    return histories


def keys_of(session: Session, heads: Collection[str]) -> list[str]:
    """The trial keys that the customers' organisations hold."""
    of_heads = or_(OrganizationRow.id.in_(heads), OrganizationRow.merged_into.in_(heads))
    held = select(OrganizationRow.trial_key).where(of_heads, OrganizationRow.trial_key.is_not(None))
    return [key for key in session.scalars(held) if key is not None]


def _families(session: Session, subjects: Collection[str]) -> dict[str, _Family]:
    head = func.coalesce(OrganizationRow.merged_into, OrganizationRow.id)
    keys = [subject for subject in subjects if _is_key(subject)]
    ids = [subject for subject in subjects if not _is_key(subject)]
    named = or_(OrganizationRow.id.in_(ids), OrganizationRow.trial_key.in_(keys))
    heads = session.scalars(select(head).where(named).distinct()).all()
    rows = session.execute(
        select(head.label("head"), OrganizationRow.id, OrganizationRow.country, OrganizationRow.trial_key)
        .where(or_(OrganizationRow.id.in_(heads), OrganizationRow.merged_into.in_(heads)))
        .order_by(OrganizationRow.id)
    )
    found: defaultdict[str, list[tuple[str, str, str | None]]] = defaultdict(list)
    for each, id, country, key in rows:
        found[each].append((id, country, key))
    return {each: _family(each, members) for each, members in found.items()}


def _family(head: str, rows: Sequence[tuple[str, str, str | None]]) -> _Family:
    members = sorted((id for id, _, _ in rows), key=lambda id: (id != head, id))
    keys = tuple(key for _, _, key in rows if key is not None)
    return _Family(tuple(members), keys, next(country for id, country, _ in rows if id == head))


def _registrations(session: Session, owners: dict[str, str]) -> defaultdict[str, list[Registered]]:
    """By whom the trial keys belong to."""
    found: defaultdict[str, list[Registered]] = defaultdict(list)
    row = RegistrationRow
    told_of = (row.trial_key, row.created_at, row.source, row.country, row.is_alike)
    query = select(*told_of).order_by(row.created_at, row.id)
    for key, at, source, country, is_alike in session.execute(query.where(row.trial_key.in_(owners))):
        found[owners[key]].append(Registered(at, source, country, is_alike))
    return found


def _deals(session: Session, owners: dict[str, str]) -> defaultdict[str, list[Deal]]:
    """The issuances of each, and the transfers of licenses that were ever hers."""
    found: defaultdict[str, list[Deal]] = defaultdict(list)
    holders: defaultdict[str, set[str]] = defaultdict(set)
    for row in session.execute(_DEALS.where(IssuanceRow.organization_id.in_(owners))):
        deal, head = _deal(row), owners[row.organization_id]
        found[head].append(deal)
        if deal.license_id is not None:
            holders[deal.license_id].add(head)
    held = select(IssuanceRow.license_id).where(IssuanceRow.organization_id.in_(owners))
    for row in session.execute(_DEALS.where(IssuanceRow.license_id.in_(held), IssuanceRow.kind == Kind.TRANSFERRED)):
        for head in holders[row.license_id] - {owners.get(row.organization_id)}:
            found[head].append(_deal(row))
    return found


_DEALS = select(
    IssuanceRow.leaf_idx,
    *(getattr(IssuanceRow, name) for name in Deal.__slots__ if name != "index"),
)


def _deal(row: Any) -> Deal:
    index, serial, kind, license_id, organization_id, edition, seats, *rest = row
    edition = None if edition is None else Edition(edition)
    return Deal(index, serial, Kind(kind), license_id, organization_id, edition, seats or 0, *rest)


_OWNER = type_coerce(IssuanceRow.organization_id, String(32))  # every trial has one


def _uses(session: Session, owners: dict[str, str]) -> tuple[defaultdict[str, list[Use]], defaultdict[str, int]]:
    """What clusters under the trials used, in order, and how many clusters there were."""
    found: defaultdict[str, list[Use]] = defaultdict(list)
    arrivals: defaultdict[str, int] = defaultdict(int)
    row = ClusterChangeRow
    query = select(_OWNER, row.at, row.used, row.kind).join(IssuanceRow, _under_trial(row, owners))
    for owner, at, used, kind in session.execute(query.where(row.kind.in_(_USES)).order_by(row.at, row.id)):
        head = owners[owner]
        found[head].append(Use(at, used, kind == _ARRIVED))
        arrivals[head] += kind == _ARRIVED
    return found, arrivals


def _seen(session: Session, owners: dict[str, str]) -> dict[str, tuple[timedelta, datetime]]:
    """How long a cluster under the trials has been seen at most, and when one was seen last."""
    found: dict[str, tuple[timedelta, datetime]] = {}
    row = ClusterRow
    query = select(_OWNER, row.first_seen_at, row.last_seen_at).join(IssuanceRow, _under_trial(row, owners))
    for owner, first, last in session.execute(query):
        head, watched = owners[owner], last - first
        longest, latest = found.get(head, (watched, last))
        found[head] = max(longest, watched), max(latest, last)
    return found


def _quotes(session: Session, owners: dict[str, str]) -> defaultdict[str, list[Offered]]:
    found: defaultdict[str, list[Offered]] = defaultdict(list)
    row = QuoteRow
    query = select(row.organization_id, row.created_at, row.created_by).order_by(row.created_at, row.id)
    for organization_id, at, seller in session.execute(query.where(row.organization_id.in_(owners))):
        found[owners[organization_id]].append(Offered(at, seller))
    return found


def _under_trial(row: type[ClusterRow] | type[ClusterChangeRow], owners: Collection[str]) -> ColumnElement[bool]:
    """The row's license started as a trial of one of the `owners`."""
    return and_(
        IssuanceRow.license_id == row.license_id,
        IssuanceRow.kind == Kind.TRIAL,
        IssuanceRow.organization_id.in_(owners),
    )


def _open_keys() -> Select[str]:
    """Trial keys of registrations that no organisation holds."""
    held = select(OrganizationRow.id).where(OrganizationRow.trial_key == RegistrationRow.trial_key)
    return select(RegistrationRow.trial_key).where(~held.exists()).distinct()


def _pages(session: Session, query: Select[str], column: InstrumentedAttribute[str], chunk: int) -> Iterator[list[str]]:
    page = list(session.scalars(query.limit(chunk)))
    while page:
        yield page
        page = list(session.scalars(query.where(column > page[-1]).limit(chunk)))


def _is_key(subject: str) -> bool:
    return ":" in subject


def _is_domain(key: str) -> bool:
    return key.startswith("domain:")
