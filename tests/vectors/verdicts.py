"""What a license is worth: each code, both sides of each second, and node counts around seats and floor."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from itertools import product
from typing import Any

from licensing.core.codes import Code
from licensing.core.licenses import Grace, Over, license_claims
from tests.conformance.cases import Document
from tests.core.factories import (
    DAY,
    FSID,
    ISSUER,
    LICENSE_KEY,
    NOW,
    OTHER_FSID,
    lease_token,
    make_lease,
    make_license,
    make_trial,
)
from tests.vectors.setting import case


def judged(
    name: str,
    license: Any,
    expect: tuple[Code, bool] | None = None,
    *,
    lease: str | None = None,
    nodes: int = 5,
    now: int = NOW,
    crit: list[str] | None = None,
    **known: Any,
) -> Document:
    claims: Document = license_claims(license, ISSUER)
    if crit is not None:
        claims["koor"]["crit"] = crit
    meant = None if expect is None else {"verdict": {"code": expect[0].value, "restricted": expect[1]}}
    members: Document = {"statement": "usual", "nodes": nodes, "now": now, "known": known}
    if lease is not None:
        members["lease"] = b64encode(lease.encode()).decode()
    return case(name, "verdict", LICENSE_KEY.sign(claims), meant, **members)


def verdicts() -> Iterator[Document]:
    """Each code, both sides of each second, and node counts around seats and floor."""
    yield from boundaries()
    yield from counts()
    yield from leases()
    yield from clocks()


BOUNDARIES: tuple[tuple[str, dict[str, Any], dict[str, Any], int, Code, Code], ...] = (
    ("nbf", {"nbf": NOW}, {}, 0, Code.NOT_YET_VALID, Code.VALID),
    ("exp", {"exp": NOW}, {}, 0, Code.VALID, Code.EXPIRED_GRACE),
    ("the end of grace.exp", {"exp": NOW}, {}, 30 * DAY, Code.EXPIRED_GRACE, Code.EXPIRED),
    ("exp without grace", {"exp": NOW, "grace": Grace(exp=0)}, {}, 0, Code.VALID, Code.EXPIRED),
    ("the end of grace after a revocation", {}, {"revoked_at": NOW}, 30 * DAY, Code.REVOKED, Code.REVOKED),
    ("the end of grace after a suspension", {}, {"suspended_at": NOW}, 30 * DAY, Code.SUSPENDED, Code.SUSPENDED),
    ("30 days of a duplicate", {}, {"duplicate_since": NOW}, 30 * DAY, Code.DUPLICATE_CLUSTER, Code.DUPLICATE_CLUSTER),
    ("the end of grace.over", {"seats": 4}, {"over_since": NOW}, 15 * DAY, Code.OVER_LIMIT, Code.OVER_LIMIT),
)


_NEVER_RESTRICT = {Code.VALID, Code.EXPIRED_GRACE}


def boundaries() -> Iterator[Document]:
    for name, changes, known, second, before, after in BOUNDARIES:
        early = (before, before is Code.NOT_YET_VALID)
        late = (after, after not in _NEVER_RESTRICT)
        yield judged(f"the second before {name}", make_license(**changes), early, now=NOW + second - 1, **known)
        yield judged(f"the second of {name}", make_license(**changes), late, now=NOW + second, **known)
    largest = 2**53 - 1
    endless = make_license(exp=0, nbf=0, iat=NOW, grace=Grace(largest, largest, largest), seats=0)
    yield judged("the longest grace", endless, (Code.EXPIRED_GRACE, False))
    yield judged("the longest grace, revoked", endless, (Code.REVOKED, False), revoked_at=0)
    yield judged("the latest end", make_license(exp=largest), (Code.VALID, False))
    yield judged("the latest start", make_license(nbf=largest), (Code.NOT_YET_VALID, True))
    yield judged("the year 9999", make_license(exp=None), (Code.VALID, False), now=253_402_300_799)
    yield judged("before 1970", make_license(exp=None), (Code.NOT_YET_VALID, True), now=-5)
    yield judged(
        "a name in crit that is not known",
        make_license(),
        (Code.UNSUPPORTED, False),
        crit=["seats", "gpu"],
        nodes=10**6,
    )
    yield judged("names in crit that are known", make_license(), (Code.VALID, False), crit=["seats", "bind"])
    yield judged("no record", make_license(), (Code.NOT_FOUND, True), nodes=0, no_record=True)


def counts() -> Iterator[Document]:
    states: dict[str, dict[str, Any]] = {
        "valid": {},
        "revoked": {"revoked_at": NOW - 31 * DAY},
        "suspended": {"suspended_at": NOW - 31 * DAY},
        "a duplicate": {"duplicate_since": NOW - 31 * DAY},
        "long over": {"over_since": NOW - 16 * DAY},
        "granted 6": {"granted": 6, "over_since": NOW - 16 * DAY},
    }
    licenses = {"pro": make_license(), "trial": make_trial(), "warned": make_license(over=Over.WARN)}
    for (state, known), (title, license) in product(states.items(), licenses.items()):
        for nodes in (0, 1, 3, 4, 5, 7, 8, 9):
            yield judged(f"{title}, {state}, {nodes} nodes", license, None, nodes=nodes, **known)
    for nodes in (0, 1, 4, 5):
        yield judged(
            f"a revoked trial that was pro, {nodes} nodes",
            make_trial(),
            (Code.REVOKED, nodes > 4),
            nodes=nodes,
            ever_pro=True,
            revoked_at=NOW - 31 * DAY,
        )
        yield judged(
            f"an ended pro, {nodes} nodes", make_license(exp=NOW - 31 * DAY), (Code.EXPIRED, nodes > 4), nodes=nodes
        )
    for fsid, bound, bind in product(
        (None, FSID), (None, FSID, OTHER_FSID), (("*",), (FSID,), (OTHER_FSID,), (OTHER_FSID, FSID), ())
    ):
        cluster: dict[str, Any] = {name: value for name, value in (("fsid", fsid), ("bound_fsid", bound)) if value}
        yield judged(f"a cluster {cluster} under {bind}", make_license(bind=bind), None, **cluster)


def leases() -> Iterator[Document]:
    license = make_license()
    for code, restricted in product(Code, (False, True)):
        token = lease_token(code=code, restricted=restricted)
        yield judged(f"a lease says {code} {restricted}", license, None, lease=token)
    narrow: dict[str, Any] = {"seats": 4, "used": 5, "granted": 4, "over_since": NOW - 16 * DAY}
    changes: dict[str, dict[str, Any]] = {
        "counts": {},
        "is of another license": {"lid": "license-2"},
        "is of another cluster": {"fsid": OTHER_FSID},
        "is of an older issue": {"seq": 2},
        "is of a newer issue": {"seq": 4},
        "ends the next second": {"exp": NOW + 1},
        "ends this second": {"exp": NOW},
        "grants nothing": {"granted": 0},
        "has more seats": {"seats": 100, "granted": 5},
        "has no excess": {"over_since": None},
    }
    for name, change in changes.items():
        for fsid in (None, FSID):
            known: dict[str, Any] = {"fsid": fsid} if fsid else {}
            token = lease_token(**{**narrow, **change})
            yield judged(f"a lease that {name}, fsid {fsid}", license, None, lease=token, **known)
    iat = make_lease().iat
    for complied in (iat - 1, iat, iat + 1):
        yield judged(
            f"a lease of excess, complied {complied - iat} s after it",
            license,
            None,
            lease=lease_token(**narrow),
            compliant_at=complied,
        )
    for since in (NOW - 17 * DAY, NOW - DAY, 0):
        yield judged(
            f"a lease of excess, over since {since}", license, None, lease=lease_token(**narrow), over_since=since
        )
    yield judged("a lease of excess, granted by the server", license, None, lease=lease_token(**narrow), granted=5)


def clocks() -> Iterator[Document]:
    for ahead in (0, 300, 301):
        yield judged(f"issued {ahead} s ahead", make_license(iat=NOW + ahead), None)
    for name, age in product(("keys_iat", "revoked_list_iat"), (400 * DAY - 1, 400 * DAY, -DAY, NOW)):
        yield judged(f"{name} {age} s old", make_license(), None, **{name: NOW - age})  # type: ignore[arg-type]
    for ahead in (DAY, DAY + 1):
        yield judged(f"the clock {ahead} s behind", make_license(), None, newest_iat=NOW + ahead)
        lease = lease_token(iat=NOW + ahead, exp=NOW + 9 * DAY)
        yield judged(f"the clock {ahead} s behind a lease", make_license(), None, lease=lease)
