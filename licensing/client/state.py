"""What a client remembers over a restart: one JSON document, the same as the Go client's.

    {"v":1, "instance":{"seed":<base64url of 32 bytes>,"number":n}, "license_file":<text>|null, "lease":<token>|null,
     "keys":<token>|null, "revoked":<token>|null, "newest_iat":…|null, "over_since":…|null, "compliant_at":…|null,
     "last_checkin":…|null, "daily":[{"day":"2026-01-15","nodes":4},…]}

Times are Unix seconds. Nothing in it is trusted: the tokens are verified again, and what is not well-formed is dropped,
piece by piece.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, Protocol

from licensing.core.encoding import b64url, read_body_json, unb64url

VERSION = 1
SEED_BYTES = 32
MAX_STATE_BYTES = 1_048_576
MAX_DAYS = 400
_MAX_NUMBER = 2**53 - 1
_TEXTS = ("license_file", "lease", "keys", "revoked")
_TIMES = ("newest_iat", "over_since", "compliant_at", "last_checkin")


class StoreAway(Exception):
    """The store can't be read or written now; it may be later."""


class Store(Protocol):
    """Where the document is kept. Both raise StoreAway."""

    def load(self) -> bytes | None:
        """The document; None where nothing has been kept yet."""

    def save(self, document: bytes, /) -> None:
        """The document is kept, whole: who reads sees the old one or this one."""


@dataclass(frozen=True, slots=True)
class State:
    """The document, read. `daily` has the highest count of each day, the earlier days first."""

    seed: bytes
    number: int = 0
    license_file: str | None = None
    lease: str | None = None
    keys: str | None = None
    revoked: str | None = None
    newest_iat: int | None = None
    over_since: int | None = None
    compliant_at: int | None = None
    last_checkin: int | None = None
    daily: tuple[tuple[str, int], ...] = ()

    def counted(self, nodes: int, now: datetime) -> State:
        """With `nodes` in the day of `now`, where that day has not seen more; the newest days are kept."""
        today = now.astimezone(UTC).date().isoformat()
        days = dict(self.daily)
        if days.get(today, -1) >= nodes:
            return self
        days[today] = nodes
        return replace(self, daily=tuple(sorted(days.items())[-MAX_DAYS:]))

    def is_much_as(self, saved: State) -> bool:
        """Whether saving it would keep nothing new: that a client still complies is worth a word an hour."""
        since = (self.compliant_at or 0) - (saved.compliant_at or 0)
        return replace(self, compliant_at=saved.compliant_at) == saved and 0 <= since < 3_600


def write_state(state: State) -> bytes:
    """The document; the inverse of `read_state`."""
    document = {
        "v": VERSION,
        "instance": {"seed": b64url(state.seed), "number": state.number},
        **{name: getattr(state, name) for name in (*_TEXTS, *_TIMES)},
        "daily": [{"day": day, "nodes": nodes} for day, nodes in state.daily],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def read_state(document: bytes | None, new_seed: Callable[[], bytes]) -> State:
    """What the document holds; begun anew, with a key of `new_seed`, where it is no such document."""
    try:
        members = read_body_json(document or b"null") if len(document or b"") <= MAX_STATE_BYTES else None
    except ValueError:
        members = None
    if type(members) is not dict or type(members.get("v")) is not int or members["v"] != VERSION:
        return State(new_seed())
    seed, number = _instance(members.get("instance"))
    known: dict[str, Any] = {name: _text(members.get(name)) for name in _TEXTS}
    known |= {name: _whole(members.get(name)) for name in _TIMES}
    return State(seed or new_seed(), number, **known, daily=_daily(members.get("daily")))


def _instance(member: Any) -> tuple[bytes | None, int]:
    """The key and the last number used with it; no key without a number, which must never be used twice."""
    if type(member) is not dict or (number := _whole(member.get("number"))) is None:
        return None, 0
    try:
        seed = unb64url(_text(member.get("seed")) or "")
    except ValueError:
        return None, 0
    return (seed, number) if len(seed) == SEED_BYTES else (None, 0)


def _text(member: Any) -> str | None:
    return member if type(member) is str else None


def _whole(member: Any) -> int | None:
    return member if type(member) is int and 0 <= member <= _MAX_NUMBER else None


def _daily(member: Any) -> tuple[tuple[str, int], ...]:
    days: dict[str, int] = {}
    for each in member if type(member) is list else ():
        if type(each) is dict and (day := _day(each.get("day"))) and (nodes := _whole(each.get("nodes"))) is not None:
            days[day] = max(nodes, days.get(day, 0))
    return tuple(sorted(days.items())[-MAX_DAYS:])


def _day(member: Any) -> str | None:
    try:
        return member if date.fromisoformat(member).isoformat() == member else None
    except (TypeError, ValueError):
        return None
