"""What an audit finds in rows that it looks at closely: deeds, licenses, and the states of licenses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy.orm import Session

from licensing.core.encoding import unb64url
from licensing.core.errors import Unauthentic
from licensing.core.ledger import NOTHING_SIGNED, Kind, leaf_body, record_hash, signed_hash
from licensing.storage import audit as rows

_LEAF, _RECORDED = len(rows.LEAF), len(rows.RECORDED)
Verify = Callable[[str], object]
"""Raises Unauthentic for a token that is not what one of our keys signed."""


def compare_deeds(session: Session, verify: Verify, group: Iterable[rows.Row]) -> Iterator[str]:
    """The findings on leaves, each with its issuance, record and token."""
    for row in group:
        problem = _compare_deed(row, verify, partial(rows.is_erased, session))
        if problem is not None:
            yield f"leaf {row[0]}: {problem}"


def _compare_deed(row: rows.Row, verify: Verify, is_erased: Callable[[str], bool]) -> str | None:
    _, body, *told = row
    said, columns, (salt, record, token) = told[:_LEAF], told[_LEAF : _LEAF + _RECORDED], told[_LEAF + _RECORDED :]
    _, serial, _, _, signed, sealed = said
    if serial is None:
        return "no issuance belongs to it"
    if leaf_body(*said) != body:
        return "its issuance says something else"
    if record is not None:
        if record_hash(salt, record) != sealed:
            return "its private record was altered"
        if _columns(record) != columns:
            return "its issuance's columns differ from its private record"
    elif not is_erased(serial):
        return "its private record is gone, and no erasure is recorded"
    if signed == NOTHING_SIGNED:
        return None
    if token is None:
        return None if is_erased(serial) else "its token is gone, and no erasure is recorded"
    if signed_hash(token.rpartition(".")[0]) != signed:
        return "its token was altered"
    try:
        verify(token)
    except Unauthentic:
        return "its token's signature was altered"
    return None


_read = json.JSONDecoder().raw_decode
"""The value at the beginning of a text. Its hash was compared before: nothing that we did not write comes here."""
_NAMES = tuple(rows.RECORDED.values())


def _columns(record: bytes) -> list[object] | None:
    """What the private record says of the issuance's columns; its hash was compared before."""
    try:
        return list(map(_read(record.decode())[0].get, _NAMES))
    except (ValueError, AttributeError):
        return None


_of_claims, _of_koor = itemgetter("sub", "nbf"), itemgetter("edition", "tier", "support", "seats", "np_seats", "seq")


def compare_licenses(session: Session, group: Sequence[rows.Row]) -> Iterator[str]:
    """The findings on licenses' rows; their tokens were compared with the leaves already."""
    issued = rows.issued(session, group[0][0], group[-1][0])
    for id, _, signed, _, _, *columns in group:
        problem = _compare_license(signed, columns, *issued[id])
        if problem is not None:
            yield f"license {id}: {problem}"


def _compare_license(signed: str, columns: list[object], newest_signed: str | None, token: str | None) -> str | None:
    if newest_signed is None or newest_signed != signed:
        return "its newest issuance is not in the ledger"
    if token is None:
        return None
    claimed = _claimed(token)
    if claimed is None:
        return "its newest token can't be read"
    if claimed != columns:
        wrong = [name for name, one, other in zip(rows.CLAIMED, claimed, columns, strict=True) if one != other]
        return f"its row differs from its newest token in {', '.join(wrong)}"
    return None


def _claimed(token: str) -> list[Any] | None:
    """What the token says of the license's columns; None for one that can't be read."""
    try:
        claims = _read(unb64url(token.split(".")[1]).decode())[0]
        organization, starts_at = _of_claims(claims)
        koor = claims["koor"]
        relay = koor.get("relay") or {}
        return [organization, *_of_koor(koor), starts_at, claims.get("exp"), relay.get("kid"), relay.get("x")]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def compare_states(deeds: Iterable[tuple[str, Kind]], revoked: set[str], suspended: set[str]) -> Iterator[str]:
    """The findings on licenses that are revoked or suspended by their rows, or by the deeds, and not by both."""
    revoked_by_deeds, suspended_by_deeds = set[str](), set[str]()
    for id, kind in deeds:
        if kind is Kind.SUSPENDED:
            suspended_by_deeds.add(id)
        elif kind is Kind.REINSTATED:
            suspended_by_deeds.discard(id)
        else:
            revoked_by_deeds.add(id)
    for what, one, other in (
        ("revoked", revoked, revoked_by_deeds),
        ("suspended", suspended, suspended_by_deeds),
    ):
        for id in sorted(one ^ other):
            yield f"license {id}: its row and the ledger disagree on whether it is {what}"
