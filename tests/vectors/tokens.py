"""Tokens and what is near them: altered, cut, spliced, too long, under hostile headers, outside a key's window."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from licensing.core.tokens import MAX_CHARACTERS, TokenType
from tests.conformance.cases import Document
from tests.core import hostile, hostile_headers
from tests.core.factories import (
    DAY,
    LICENSE_KEY,
    NOW,
    license_token,
)
from tests.vectors.setting import NEW_LICENSE_KEY, ODD_KIDS, case, odd_key, token_case

MOST_CHARACTERS = 6_000
"""Longer inputs are left to the tests of each language: they would make the files large."""


def tokens() -> Iterator[Document]:
    """Good tokens of each type, and what is near them."""
    for typ, token in hostile.GOOD.items():
        yield token_case(f"a good {typ}", typ, token)
        for other in TokenType:
            if other is not typ:
                yield token_case(f"a {other} shown as {typ}", typ, hostile.GOOD[other])
        for i, changed in enumerate(islice(hostile.altered(token), 0, None, 211)):
            yield token_case(f"an altered {typ} {i}", typ, changed, None)
        for i, part in enumerate(islice(hostile.cut(token), 0, None, 97)):
            yield token_case(f"a cut {typ} {i}", typ, part)
        texts = [shape for shape in hostile.misshapen(token) if isinstance(shape, str)]
        for i, shape in enumerate(texts):
            yield token_case(f"a misshapen {typ} {i}", typ, shape)
    for i, spliced in enumerate(hostile.spliced()):
        yield token_case(f"parts of several tokens {i}", TokenType.LICENSE, spliced)
    yield from caps()
    yield from windows()


def caps() -> Iterator[Document]:
    room = MAX_CHARACTERS[TokenType.LICENSE] - 2
    yield token_case("4096 characters without a known header", TokenType.LICENSE, ".." + "A" * room, "UNKNOWN_HEADER")
    yield token_case("4097 characters", TokenType.LICENSE, ".." + "A" * (room + 1), "TOO_LONG")
    yield token_case("4096 characters of two bytes", TokenType.LICENSE, ".." + "é" * room, "UNKNOWN_HEADER")
    yield token_case("4097 characters of two bytes", TokenType.LICENSE, ".." + "é" * (room + 1), "TOO_LONG")
    yield token_case("5000 characters and three dots", TokenType.LICENSE, "..." + "A" * 4_997, "NOT_A_TOKEN")


def windows() -> Iterator[Document]:
    """Both sides of the seconds between which a key may have signed."""
    seconds = ((NOW - DAY - 1, "KEY_NOT_YET"), (NOW - DAY, None), (NOW - 1, None), (NOW, "KEY_RETIRED"))
    for iat, reason in (*seconds, (10**30, "KEY_RETIRED"), (-(10**30), "KEY_NOT_YET"), (2**63, "KEY_RETIRED")):
        yield case(f"signed at {iat} of a window", "license", license_token(iat=iat), reason, statement="window")
    good = license_token()
    yield case("under a revoked key", "license", good, "KEY_REVOKED", statement="license-revoked")
    yield case(
        "under a revoked key, without iat", "license", LICENSE_KEY.sign({}), "KEY_REVOKED", statement="license-revoked"
    )
    yield case(
        "under a key of a newer statement",
        "license",
        license_token(NEW_LICENSE_KEY),
        "UNKNOWN_HEADER",
        statement="usual",
    )
    yield case("under a key of this newer statement", "license", license_token(NEW_LICENSE_KEY), statement="newer")
    for i, kid in enumerate(ODD_KIDS):
        yield case(f"under a key with an odd name {i}", "license", license_token(odd_key(kid)), None, statement="odd")


def headers() -> Iterator[Document]:
    """Headers that fool naive readers, each signed by our own key and, in turn, by others or nobody."""
    for i, header in enumerate(hostile_headers.headers("https://attacker.example/keys")):
        forged = list(hostile_headers.under(header))
        for way in {3, i % len(forged)}:
            if len(forged[way]) < MOST_CHARACTERS:
                yield token_case(f"hostile header {i}, signed in way {way}", TokenType.LICENSE, forged[way])
