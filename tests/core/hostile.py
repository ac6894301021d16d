"""Good tokens of each type, their readers, and everything near a good token that is none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import product

from licensing.core.errors import Reason, Unauthentic
from licensing.core.keys import open_statement
from licensing.core.leases import verify_lease
from licensing.core.licenses import verify_license
from licensing.core.revocations import Revocation, verify_revoked
from licensing.core.tokens import TokenType
from tests.core.factories import (
    NOW,
    lease_token,
    license_token,
    make_keyring,
    make_root,
    make_statement,
    revoked_token,
)

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_FOREIGN = "=+/. \n\0é%\ud800"
_HEADERS = make_keyring().headers

GOOD: dict[TokenType, str] = {
    TokenType.LICENSE: license_token(bind=("8b3c1f5e-5f3a-4d0e-9a55-0e6f0b7f2d11",), prev="00" * 16),
    TokenType.LEASE: lease_token(over_since=NOW),
    TokenType.KEYS: make_statement(),
    TokenType.REVOKED: revoked_token(Revocation(NOW, lid="license-9"), Revocation(NOW, jti="ff" * 16)),
}
"""One good token of each type."""

READ: dict[TokenType, Callable[[object], object]] = {
    TokenType.LICENSE: lambda token: verify_license(token, _HEADERS),
    TokenType.LEASE: lambda token: verify_lease(token, _HEADERS),
    TokenType.KEYS: lambda token: open_statement(token, [make_root()]),
    TokenType.REVOKED: lambda token: verify_revoked(token, _HEADERS),
}
"""The reader of each type."""


def refusal(typ: TokenType, token: object) -> Reason | None:
    """Why the reader of `typ` refuses `token`; None if it accepts. Any exception but Unauthentic goes through."""
    try:
        READ[typ](token)
    except Unauthentic as error:
        return error.reason
    return None


def altered(token: str) -> Iterator[str]:
    """`token` with one character missing, doubled, or replaced by its six one-bit neighbours or a foreign one."""
    for i, character in enumerate(token):
        before, after = token[:i], token[i + 1 :]
        yield before + after
        yield before + character + character + after
        value = _ALPHABET.find(character)
        neighbours = [_ALPHABET[value ^ 1 << bit] for bit in range(6)] if value >= 0 else ["A", "-"]
        for other in [*neighbours, *(foreign for foreign in _rotated(i) if foreign != character)]:
            yield before + other + after


def _rotated(i: int) -> str:
    """Four of the foreign characters, others at each position."""
    start = i % len(_FOREIGN)
    return (_FOREIGN + _FOREIGN)[start : start + 4]


def cut(token: str) -> Iterator[str]:
    """Every beginning and every end of `token`."""
    for i in range(len(token)):
        yield token[:i]
        yield token[i + 1 :]


def spliced() -> Iterator[str]:
    """Header, payload and signature of different good tokens."""
    for parts in product([token.split(".") for token in GOOD.values()], repeat=3):
        if not parts[0] is parts[1] is parts[2]:
            yield ".".join(part[i] for i, part in enumerate(parts))


def misshapen(token: str) -> Iterator[object]:
    """Things of another shape than three parts."""
    header, payload, signature = token.split(".")
    yield from (
        "",
        ".",
        "..",
        "...",
        "....",
        header,
        f"{header}.{payload}",
        f"{token}.",
        f".{token}",
        f"{token}.{token}",
    )
    yield from (f"{header}..{signature}", f".{payload}.{signature}", f"{header}.{payload}.", f"{token}\n", f" {token}")
    yield json.dumps({"protected": header, "payload": payload, "signature": signature})
    yield json.dumps({"payload": payload, "signatures": [{"protected": header, "signature": signature}]})
    yield from (token.encode(), None, 7, True, [token], {"token": token}, token.split("."))
