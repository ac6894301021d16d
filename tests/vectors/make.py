"""Writes the vectors of this folder: `python -m tests.vectors.make`. Running it again writes the same bytes.

Every expectation is what the Python verifier answers, and a case that was written for a certain answer says which:
then the script stops at any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from licensing.core.keys import jwk
from licensing.core.tokens import TokenType
from tests.conformance.cases import Bench, Document
from tests.core.factories import (
    FSID,
    LEASE_KEY,
    LICENSE_KEY,
    NOW,
    REVOCATION_KEY,
    license_token,
    make_license,
)
from tests.vectors.keys import keys
from tests.vectors.license_files import files_of_licenses
from tests.vectors.payloads import payloads
from tests.vectors.relays import relays
from tests.vectors.setting import SETTING, case
from tests.vectors.signatures import signatures
from tests.vectors.tokens import headers, tokens
from tests.vectors.verdicts import verdicts

FOLDER = Path(__file__).parent


def instances() -> Iterator[Document]:
    requests = (
        ("POST", "/v1/checkins", b'{"nodes":[]}', 1),
        ("POST", "/v1/checkins", b"", 0),
        ("DELETE", f"/v1/clusters/{FSID}", b"", 2**53 - 1),
        ("POST", "/v1/checkins", bytes(range(256)), 1_900_000_000_000),
    )
    for method, path, body, number in requests:
        request = {"label": "TEST instance", "method": method, "path": path, "number": number}
        yield case(f"{method} {path} {number}", "instance", body, None, **request)


GROUPS = {
    "tokens": tokens,
    "headers": headers,
    "payloads-license": lambda: payloads(TokenType.LICENSE),
    "payloads-lease": lambda: payloads(TokenType.LEASE),
    "payloads-keys": lambda: payloads(TokenType.KEYS),
    "payloads-revoked": lambda: payloads(TokenType.REVOKED),
    "signatures": signatures,
    "keys": keys,
    "relays": relays,
    "files": files_of_licenses,
    "verdicts": verdicts,
    "instances": instances,
}


def files() -> Iterator[tuple[str, bytes]]:
    """Name and content of each file."""
    yield "jwks/license.json", jwks()
    bench = Bench(SETTING)
    for group, cases in GROUPS.items():
        lines = [_line(expected(bench, case)) for case in cases()]
        setting = "".join(f"{_line(name)}:{_line(value)},\n" for name, value in SETTING.items())
        body = ",\n".join(lines)
        yield f"{group}.json", ("{" + setting + '"cases":[\n' + body + "\n]}\n").encode()


def expected(bench: Bench, case: Document) -> Document:
    """The case with its outcome; raises AssertionError when that is not what the case was written for."""
    meant = case.pop("_meant")
    outcome = bench.run(case)
    assert meant is None or _includes(outcome, meant), f"{case['name']}: {outcome} is not {meant}"
    return {**case, "expect": outcome}


def _includes(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(name in whole and _includes(whole[name], part[name]) for name in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(whole) == len(part) and all(map(_includes, whole, part))
    return bool(whole == part)


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))


def jwks() -> bytes:
    """A license for standard JWT libraries, with the keys as /.well-known/jwks.json gives them."""
    keys = [{**jwk(key.kid, key.x), "use": "sig"} for key in (LICENSE_KEY, LEASE_KEY, REVOCATION_KEY)]
    members = {"jwks": {"keys": keys}, "token": license_token(), "now": NOW, "sub": make_license().sub}
    return (json.dumps(members, indent=1) + "\n").encode()


def main() -> None:
    for name, content in files():
        (FOLDER / name).write_bytes(content)


if __name__ == "__main__":
    main()
