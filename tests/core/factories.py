"""Makers of core values: everything has a sound default, so that a test names only what matters to it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing.core.codes import Code
from licensing.core.encoding import b64url, canonical_json
from licensing.core.keys import (
    Keyring,
    KeyState,
    Purpose,
    RootKey,
    WorkingKey,
    build_keyring,
    name_key,
    public_bytes,
    statement_claims,
)
from licensing.core.leases import Lease, lease_claims
from licensing.core.licenses import Edition, Grace, License, Over, license_claims
from licensing.core.revocations import Revocation, revoked_claims
from licensing.core.standings import Standing
from licensing.core.tokens import TokenType, assemble, header_segment

NOW = 1_900_000_000
DAY = 86_400
ISSUER = "https://licenses.example.com"
FSID = "8b3c1f5e-5f3a-4d0e-9a55-0e6f0b7f2d11"
OTHER_FSID = "11111111-2222-4333-8444-555555555555"


def at(seconds: int) -> datetime:
    """The moment of a Unix time."""
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair and the name it signs under."""

    role: str
    kid: str
    private: Ed25519PrivateKey

    @property
    def x(self) -> bytes:
        return public_bytes(self.private.public_key())

    @property
    def header(self) -> str:
        return header_segment(self.kid, _TYPES[self.role])

    def sign(self, claims: Mapping[str, object]) -> str:
        return self.sign_payload(canonical_json(claims))

    def sign_payload(self, payload: bytes) -> str:
        return self.sign_text(f"{self.header}.{b64url(payload)}")

    def sign_text(self, signed: str) -> str:
        return assemble(signed, self.private.sign(signed.encode("ascii")))


_TYPES = {
    "root": TokenType.KEYS,
    "license": TokenType.LICENSE,
    "lease": TokenType.LEASE,
    "revocation": TokenType.REVOKED,
}


def make_key(role: str, seed: str = "", *, test: bool = False) -> Key:
    """The key of `role` that belongs to `seed`: the same in every run, and another for every seed."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(f"{role} {seed}".encode()).digest())
    return Key(role, name_key(public_bytes(private.public_key()), role, test=test), private)


ROOT = make_key("root")
LICENSE_KEY = make_key("license")
LEASE_KEY = make_key("lease")
REVOCATION_KEY = make_key("revocation")
LOG_KEY = make_key("log")


def make_root(key: Key = ROOT) -> RootKey:
    return RootKey(key.kid, key.x)


def make_working(key: Key = LICENSE_KEY, **changes: Any) -> WorkingKey:
    """The statement's entry for `key`: active, from 100 days ago on for a year."""
    entry = WorkingKey(key.kid, key.x, Purpose(key.role), KeyState.ACTIVE, NOW - 100 * DAY, NOW + 265 * DAY)
    return replace(entry, **changes)


def make_keyring(*keys: WorkingKey, seq: int = 1, iat: int = NOW - 10 * DAY) -> Keyring:
    return build_keyring(seq, iat, keys or _WORKING)


_WORKING = tuple(make_working(key) for key in (LICENSE_KEY, LEASE_KEY, REVOCATION_KEY, LOG_KEY))


def make_statement(*keys: WorkingKey, seq: int = 1, iat: int = NOW - 10 * DAY, root: Key = ROOT) -> str:
    return root.sign(statement_claims(ISSUER, seq, iat, keys or _WORKING))


_PRO = License(
    sub="org-1",
    jti="0123456789abcdef0123456789abcdef",
    iat=NOW - DAY,
    nbf=NOW - DAY - 300,
    exp=NOW + 364 * DAY,
    lid="license-1",
    seq=3,
    edition=Edition.PRO,
    seats=8,
    np_seats=0,
    tier="S",
    support="business",
    bind=("*",),
    over=Over.RESTRICT,
    grace=Grace(),
    feat=(),
    org="Acme Storage",
)


def make_license(**changes: Any) -> License:
    """A Pro license of 8 seats, a day old, for a year."""
    return _PRO._replace(**changes)


def make_trial(**changes: Any) -> License:
    """A trial of 4 seats without end."""
    return make_license(**{"edition": Edition.TRIAL, "seats": 4, "exp": None, "tier": "trial", **changes})


_LEASE = Lease(
    cid="cluster-1",
    fsid=FSID,
    lid="license-1",
    seq=3,
    nonce="nonce-1",
    code=Code.VALID,
    restricted=False,
    seats=8,
    used=4,
    granted=4,
    iat=NOW - 3_600,
    exp=NOW + 6 * DAY,
    next=43_200,
)


def make_standing(now: datetime, **changes: Any) -> Standing:
    """A paid license that was sold at `now` for a day."""
    sold = Standing(
        license_id="l",
        organization_id="a",
        edition=Edition.PRO,
        tier="entry",
        support="standard",
        seats=5,
        np_seats=0,
        seq=1,
        jti="j",
        signed_hash="h",
        starts_at=now,
        ends_at=now + timedelta(days=1),
        ever_pro=True,
        version=1,
        suspended_at=None,
        revoked_at=None,
        bound_fsid=None,
        created_at=now,
    )
    return replace(sold, **changes)


def make_lease(**changes: Any) -> Lease:
    """An hour-old lease: VALID, 4 of 8 seats."""
    return replace(_LEASE, **changes)


def license_token(key: Key = LICENSE_KEY, **changes: Any) -> str:
    return key.sign(license_claims(make_license(**changes), ISSUER))


def lease_token(key: Key = LEASE_KEY, **changes: Any) -> str:
    return key.sign(lease_claims(make_lease(**changes), ISSUER))


def revoked_token(*entries: Revocation, seq: int = 1, iat: int = NOW - DAY, key: Key = REVOCATION_KEY) -> str:
    return key.sign(revoked_claims(ISSUER, seq, iat, entries))
