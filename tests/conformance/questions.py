"""Random licenses, leases and circumstances, for the comparison of the two readers."""

from __future__ import annotations

from base64 import b64encode
from random import Random
from typing import Any

from licensing.core.codes import Code
from licensing.core.encoding import b64url
from licensing.core.leases import lease_claims
from licensing.core.licenses import Edition, Grace, Over, license_claims
from licensing.core.tokens import TokenType, header_segment, signing_input
from tests.conformance.cases import Document
from tests.core.factories import (
    DAY,
    FSID,
    ISSUER,
    LEASE_KEY,
    NOW,
    OTHER_FSID,
    lease_token,
    make_key,
    make_lease,
    make_license,
)
from tests.core.hostile_payloads import SIGNER

RELAY = make_key("relay")
OTHER_RELAY = make_key("relay", "other")


def encoded(text: str | bytes) -> str:
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return b64encode(raw).decode()


def second(random: Random) -> int:
    """A second near something that begins or ends."""
    days = random.choice((0, 0, -1, 6, 7, 15, 29, 30, 31, 364, 394, 400))
    return NOW + days * DAY + random.choice((-301, -300, -1, 0, 1, 300, 301))


def _maybe(random: Random, value: object) -> Any:
    return value if random.random() < 0.3 else None


def verdict(random: Random) -> Document:
    """A random license, lease, and circumstances."""
    largest = 2**53 - 1
    days = (0, 1, 15, 30, largest)
    license = make_license(
        iat=min(second(random), NOW + 100 * DAY),
        nbf=second(random),
        seats=random.choice((0, 1, 4, 5, 8, largest)),
        exp=random.choice((None, second(random), second(random), largest)),
        seq=random.randint(2, 4),
        edition=random.choice(list(Edition)),
        over=random.choice(list(Over)),
        grace=Grace(*(random.choice(days) for _ in range(3))),
        bind=random.choice((("*",), ("*",), (FSID,), (OTHER_FSID,), (OTHER_FSID, FSID), ())),
    )
    claims = license_claims(license._replace(iat=min(license.iat, NOW + 200 * DAY)), ISSUER)
    if random.random() < 0.05:
        claims["koor"]["crit"] = ["gpu"]  # type: ignore[index]
    known = {name: _maybe(random, second(random)) for name in _TIMES}
    known["compliant_at"] = _maybe(random, random.choice((NOW - DAY, NOW, NOW + DAY)) + random.randint(-1, 1))
    known |= {"fsid": _maybe(random, FSID), "bound_fsid": _maybe(random, random.choice((FSID, OTHER_FSID)))}
    known |= {"granted": _maybe(random, random.randint(0, 9)), "ever_pro": _maybe(random, True)}
    if random.random() < 0.05:
        known["no_record"] = True
    if random.random() < 0.6:
        known = {name: value for name, value in known.items() if name not in _SERVER}
    case: Document = {
        "read": "verdict",
        "statement": "usual",
        "input": encoded(SIGNER[TokenType.LICENSE].sign(claims)),
    }
    if random.random() < 0.6:
        case["lease"] = encoded(_lease(random))
    nodes = random.choice((0, 1, 3, 4, 5, 7, 8, 9, 100_000))
    return {**case, "nodes": nodes, "now": second(random), "known": {k: v for k, v in known.items() if v is not None}}


_TIMES = (
    *("over_since", "compliant_at", "revoked_at", "newest_iat", "keys_iat", "revoked_list_iat"),
    *("suspended_at", "duplicate_since"),
)
_SERVER = ("revoked_at", "suspended_at", "duplicate_since", "granted", "no_record")


def relayed(random: Random) -> Document:
    """A lease by a relay's key, or another, read for a license that names the relay, or something like it."""
    kid, x = RELAY.kid, b64url(RELAY.x)
    claims = [
        *((kid, x),) * 8,
        *((OTHER_RELAY.kid, x), (kid, b64url(OTHER_RELAY.x)), (f"TEST-{kid}", x), (kid.upper(), x), ("", "")),
        *((kid, strange) for strange in ("", "A", x[:-1], x + "A", x + "=", x[:-1] + "_", "!", " " + x)),
        (LEASE_KEY.kid, b64url(LEASE_KEY.x)),
    ]
    relay = random.choice([None, *claims])
    lease = lease_claims(make_lease(), ISSUER)
    lease["lid"] = random.choice((lease["lid"],) * 6 + ("", "license-10", None, 1, ["license-1"]))
    lease["iat"] = random.choice((NOW, NOW, 0, -1, NOW + 10**9, "x"))
    key = random.choice((RELAY, RELAY, RELAY, OTHER_RELAY, LEASE_KEY))
    named = random.choice((RELAY.kid, RELAY.kid, RELAY.kid, OTHER_RELAY.kid, LEASE_KEY.kid))
    typ = random.choice((TokenType.LEASE,) * 9 + (TokenType.LICENSE,))
    case: Document = {
        "read": "lease",
        "statement": random.choice(("usual", "usual", "newer", "list-revoked", "license-revoked")),
        "input": encoded(key.sign_text(signing_input(header_segment(named, typ), lease))),
    }
    if random.random() < 0.95:
        case["license"] = encoded(SIGNER[TokenType.LICENSE].sign(license_claims(make_license(relay=relay), ISSUER)))
    return case


def _lease(random: Random) -> str:
    lease = make_lease()
    return lease_token(
        lid=random.choice((lease.lid,) * 8 + ("other",)),
        fsid=random.choice((FSID,) * 8 + (OTHER_FSID,)),
        seq=random.randint(2, 4),
        code=random.choice(list(Code)),
        restricted=random.random() < 0.5,
        seats=random.randint(0, 9),
        used=random.randint(0, 9),
        granted=random.randint(0, 9),
        iat=NOW + random.choice((-DAY, 0, DAY, 2 * DAY)),
        exp=second(random),
        over_since=_maybe(random, second(random)),
    )
