"""License files: good, remembered, and broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

from licensing.core.revocations import Revocation
from tests.conformance.cases import Document
from tests.core.factories import (
    DAY,
    FSID,
    LICENSE_KEY,
    NOW,
    OTHER_FSID,
    REVOCATION_KEY,
    lease_token,
    license_token,
    make_license,
    make_statement,
    make_working,
    revoked_token,
)
from tests.vectors.setting import SETTING, case


def license_file(**changes: Any) -> bytes:
    members: Document = {
        "v": 1,
        "keys": make_statement(),
        "license": license_token(),
        "revoked": revoked_token(),
        "human": {},
    }
    return json.dumps({name: value for name, value in {**members, **changes}.items() if value != "absent"}).encode()


def opened(name: str, data: bytes, expect: Document | str | None = None, **members: Any) -> Document:
    return case(f"a file: {name}", "file", data, expect, **{"roots": ["root"], "nodes": 4, "now": NOW, **members})


def files_of_licenses() -> Iterator[Document]:
    good = license_file()
    yield opened("good", good, {"file": {"verdict": {"code": "VALID"}}})
    yield opened("without a list", license_file(revoked="absent"), {"file": {"revoked": None}})
    yield opened("with a null list", license_file(revoked=None), {"file": {"revoked": None}})
    yield opened(
        "that knows a fsid",
        license_file(license=license_token(bind=(OTHER_FSID,))),
        {"file": {"verdict": {"code": "CLUSTER_MISMATCH"}}},
        known={"fsid": FSID},
    )
    for entry in (Revocation(NOW - DAY, lid="license-1"), Revocation(NOW - DAY, jti=make_license().jti)):
        revoked = license_file(revoked=revoked_token(entry))
        expect = {"file": {"verdict": {"code": "REVOKED", "restricted": False}}}
        yield opened(f"with {'lid' if entry.lid else 'jti'} revoked", revoked, expect, nodes=5)
        at_end = NOW + 29 * DAY
        for second, restricted in ((at_end - 1, False), (at_end, True)):
            expect = {"file": {"verdict": {"code": "REVOKED", "restricted": restricted}}}
            yield opened(
                f"{'lid' if entry.lid else 'jti'} revoked, judged at {second}", revoked, expect, nodes=5, now=second
            )
    for age, warnings in ((400 * DAY - 1, []), (400 * DAY, ["KEYS_STALE"])):
        stale = license_file(keys=make_statement(iat=NOW - age))
        yield opened(f"with keys {age} s old", stale, {"file": {"verdict": {"warnings": warnings}}})
        listed = license_file(
            revoked=revoked_token(iat=NOW - age),
            keys=make_statement(*(make_working(key, nbf=0) for key in (LICENSE_KEY, REVOCATION_KEY))),
        )
        yield opened(f"with a list {age} s old", listed, {"file": {"verdict": {"warnings": warnings}}})
    yield from remembered(good)
    yield from broken_files(good)


def remembered(good: bytes) -> Iterator[Document]:
    """What the reader knows already is never taken back."""
    yield opened("older than the keys known", good, {"file": {"keyring": {"seq": 2}}}, statement="newer")
    yield opened(
        "newer than the keys known",
        license_file(keys=SETTING["statements"]["newer"]["token"]),
        {"file": {"keyring": {"seq": 2}}},
        statement="usual",
    )
    yield opened(
        "of the same keys again",
        license_file(keys=make_statement(iat=NOW - DAY)),
        {"file": {"keyring": {"iat": NOW - DAY}}},
        statement="usual",
    )
    yield opened("under a key revoked since", good, "KEY_REVOKED", statement="license-revoked")
    yield opened("with a list under a key revoked since", good, {"file": {"revoked": None}}, statement="list-revoked")
    yield opened(
        "with a list under a key revoked since, another known",
        good,
        {"file": {"revoked": {"seq": 7}}},
        statement="list-revoked",
        list="new",
    )
    yield opened("older than the list known", good, {"file": {"revoked": {"seq": 7}}}, list="new")
    yield opened("of the same list's number", good, {"file": {"revoked": {"seq": 1, "licenses": {}}}}, list="old")
    yield opened(
        "with a newer list", license_file(revoked=revoked_token(seq=9)), {"file": {"revoked": {"seq": 9}}}, list="new"
    )


def broken_files(good: bytes) -> Iterator[Document]:
    value: Any
    for name, value in product(
        ("v", "keys", "license", "revoked"), (None, 0, 1, 1.0, True, "", "1", [], {}, 10**30, "absent")
    ):
        yield opened(f"whose {name} is {value!r}", license_file(**{name: value}))
    yield opened("with swapped tokens", license_file(keys=license_token(), license=make_statement()), "UNKNOWN_ROOT")
    yield opened("with a lease for a license", license_file(license=lease_token()), "WRONG_TYPE")
    yield opened("with a forged list", license_file(revoked=revoked_token()[:-4] + "AAAA"), "BAD_SIGNATURE")
    yield opened("with a forged license", license_file(license=license_token()[:-4] + "AAAA"), "BAD_SIGNATURE")
    for literal in (
        "1.5",
        "1e5",
        "1e400",
        "-1e400",
        "1E-400",
        "-0",
        "-0.0",
        "NaN",
        "[" * 31 + "]" * 31,
        "[" * 32 + "]" * 32,
        "1" + "0" * 4_299,
        "1" + "0" * 4_300,
        "-" + "1" + "0" * 4_299,
        "0." + "3" * 5_000,
    ):
        text = license_file(human="@").replace(b'"@"', literal.encode())
        yield opened(f"in which human is {literal[:20]}, {len(literal)} long", text)
    around = {
        "space around": b" \t\r\n%s\n ",
        "a form feed before": b"\x0c%s",
        "a mark before": b"\xef\xbb\xbf%s",
        "text after": b"%s x",
        "a zero after": b"%s\0",
    }
    for name, form in around.items():
        yield opened(name, form % good)
    yield opened("v twice", b'{"v":1,' + good[1:], "BAD_FILE")
    yield opened("Keys in another case", good.replace(b'"keys"', b'"Keys"'), "BAD_FILE")
    yield opened("in UTF-16", good.decode().encode("utf-16"), "BAD_FILE")
    for i, text in enumerate((b"", b"{}", b"[]", b"null", b'"x"', b"\xff", b"{")):
        yield opened(f"none {i}", text, "BAD_FILE")
