"""Mutants for the comparison of the two readers. Most are signed again with the TEST keys, so that what lies behind the
signature is reached; all come from one seeded `random.Random`, so that a seed gives the same mutants again."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from random import Random
from typing import Any

from licensing.core.licenses import license_claims
from licensing.core.tokens import TokenType
from tests.conformance.cases import Document
from tests.conformance.questions import encoded, relayed, second, verdict
from tests.core.factories import (
    DAY,
    ISSUER,
    NOW,
    make_license,
    make_statement,
    revoked_token,
)
from tests.core.hostile import GOOD
from tests.core.hostile_payloads import CLAIMS, SIGNER
from tests.vectors.setting import READ

_TYPES = tuple(TokenType)
_UNDER = ("usual", "newer", "window", "license-revoked", "list-revoked")
_LITERALS = (
    *("0", "-0", "1", "-1", "4", "01", "1.0", "1e2", "1e400", "-1E-2", "1.", ".5", "+1", "-", "NaN", "-Infinity"),
    *(str(2**53 - 1), str(2**53), str(2**63 - 1), str(2**63), str(-(2**63)), str(-(2**63) - 1), str(10**30)),
    *(str(-(10**30)), "9" * 300, str(NOW), str(NOW - DAY), "true", "false", "null", "True", "nul", "[]", "{}", "[4]"),
    *('"4"', '""', '"*"', '"é"', '"\u2028"', '"\\u0061"', '"\\ud83d\\ude00"', '"\\ud83d"', '"\\ude00"', '"\\uD83dx"'),
    *(
        '"\\ud83d\\u0041"',
        '"\\ude00\\ud83d"',
        '{"\\ud83d\\ud83d":1}',
        '"\\x"',
        '"\\u12"',
        '"\n"',
        '"\x7f"',
        '"\x00"',
        '"koor-dcc"',
        '"trial"',
        '"pro"',
        '"warn"',
        '"restrict"',
        '"VALID"',
    ),
    *('"NOT_FOUND"', '"OKP"', '"Ed25519"', '"license"', '"log"', '"revoked"', '"next"', '["seats","gpu"]', '["a",1]'),
    *(
        '{"kid":"k","x":"x"}',
        '{"kid":1}',
        '{"a":1,"a":2}',
        '{"a":1,"\\u0061":2}',
        '{"A":1,"a":2}',
        " 1 ",
        "\t[ ]",
        "\x0c1",
    ),
    *("[" * 27 + "]" * 27, "[" * 32 + "]" * 32, "[" * 33 + "]" * 33, "[1,]", '{"a":1,}', '{"a"}', "{1:1}"),
)
_NAMES = (
    "exp",
    "over_since",
    "prev",
    "relay",
    "crit",
    "v",
    "iat",
    "seq",
    "lid",
    "jti",
    "at",
    "extra",
    "Iat",
    "i\\u0061t",
)
_BYTES = b'\x00\x1f "\\/{}[]:,-+.0159eEtfnu\x7f\x80\xc0\xed\xa0\xff'


def mutant(random: Random) -> Document:
    """One case, of any kind."""
    return random.choice(_KINDS)(random)


def _token_case(random: Random, typ: TokenType, token: str) -> Document:
    if typ is TokenType.KEYS:
        return {
            "read": "keys",
            "input": encoded(token),
            "roots": random.choice((["root"], ["spare", "root"], ["spare"])),
        }
    under = "usual" if random.random() < 0.8 else random.choice(_UNDER)
    return {"read": READ[typ], "input": encoded(token), "statement": under}


def _unsigned(random: Random) -> Document:
    """A good token with characters changed, parts exchanged, or spelt otherwise."""
    typ = random.choice(_TYPES)
    token = random.choice(list(GOOD.values()) if random.random() < 0.1 else [GOOD[typ]])
    return _token_case(random, typ, random.choice((_flipped, _spliced, _respelt))(random, token))


def _flipped(random: Random, token: str) -> str:
    for _ in range(random.randint(1, 3)):
        i = random.randrange(len(token) + 1)
        character = random.choice("AZaz09-_.=+/ \n\r\té\ud800\0")
        token = token[:i] + character + token[i + random.randint(0, 2) :]
    return token


def _spliced(random: Random, token: str) -> str:
    parts = token.split(".")
    parts[random.randrange(3)] = random.choice(random.choice(list(GOOD.values())).split("."))
    if random.random() < 0.2:
        random.shuffle(parts)
    return ".".join(parts)


def _respelt(random: Random, token: str) -> str:
    """Other base64 for a segment: padding, line ends, the other alphabet, stray bits, one character more or less."""
    parts = token.split(".")
    i = random.randrange(3)
    part = parts[i]
    last = chr(ord(part[-1]) + 1) if part else "A"
    parts[i] = random.choice(
        [
            *(part + "=", part + "==", part + "\n", "\r" + part, part[:9] + "\n" + part[9:], part + "A", part[:-1]),
            *(part[:-1] + last, part.replace("-", "+").replace("_", "/"), part + "AAAA", "", part[:-2], part + "%3D"),
        ]
    )
    return ".".join(parts)


def _resigned(random: Random) -> Document:
    """Changed claims under the right key."""
    typ = random.choice(_TYPES)
    payload = _changed(random, CLAIMS[typ])
    if random.random() < 0.25:
        payload = _dented(random, payload)
    return _token_case(random, typ, SIGNER[typ].sign_payload(payload))


def _changed(random: Random, claims: Document) -> bytes:
    """`claims` as JSON, with members exchanged for other literals, taken away, added, or doubled."""
    document = json.loads(json.dumps(claims))
    literals: list[str] = []
    for _ in range(random.choice((0, 1, 1, 1, 2, 3))):
        _change(random, random.choice(_containers(document)), literals)
    form: dict[str, Any] = random.choice(({"separators": (",", ":")}, {}, {"indent": "\t"}, {"ensure_ascii": False}))
    text = json.dumps(document, **form)
    for i, literal in enumerate(literals):
        text = text.replace(f'"@{i}@"', literal)
    return text.encode("utf-8", "surrogatepass")


def _containers(value: Any) -> list[Any]:
    """Every object and list in `value`."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    inner = [container for child in children for container in _containers(child)]
    return [value, *inner] if isinstance(value, dict | list) else []


def _change(random: Random, container: Any, literals: list[str]) -> None:
    literals.append(random.choice(_LITERALS))
    mark = f"@{len(literals) - 1}@"
    if isinstance(container, list):
        container.insert(random.randint(0, len(container)), random.choice((mark, *container)))
        return
    name = random.choice((*container, *_NAMES))
    if random.random() < 0.15:
        container.pop(name, None)
    else:
        container[name] = mark


def _dented(random: Random, payload: bytes) -> bytes:
    """`payload` with a few bytes changed, added, or cut away."""
    for _ in range(random.randint(1, 2)):
        i = random.randrange(len(payload) + 1)
        payload = (
            payload[:i] + bytes([random.choice(_BYTES)]) * random.randint(0, 1) + payload[i + random.randint(0, 1) :]
        )
    return random.choice(
        (payload, payload, payload, payload + b" ", b" " + payload, payload[: random.randrange(len(payload) + 1)])
    )


def _signature(random: Random) -> Document:
    """Bits of a signature changed, behind sound base64url."""
    token = GOOD[TokenType.LICENSE]
    signed, _, _ = token.rpartition(".")
    signer = SIGNER[TokenType.LICENSE]
    signature = bytearray(signer.private.sign(signed.encode()))
    signature[random.randrange(64)] ^= 1 << random.randrange(8)
    return _token_case(random, TokenType.LICENSE, f"{signed}.{b64encode(bytes(signature), b'-_').decode().rstrip('=')}")


def _file(random: Random) -> Document:
    """A license file with good, wrong, or changed members, or dented as a whole."""
    keys = make_statement(seq=random.randint(0, 9), iat=NOW - random.randint(0, 500) * DAY)
    members: Document = {"v": 1, "keys": keys, "license": GOOD[TokenType.LICENSE], "human": {"x": 1.5}}
    members["revoked"] = revoked_token(seq=random.randint(0, 9)) if random.random() < 0.8 else None
    if random.random() < 0.3:
        typ = random.choice(_TYPES)
        name = {TokenType.LICENSE: "license", TokenType.KEYS: "keys"}.get(typ, "revoked")
        members[name] = SIGNER[typ].sign_payload(_changed(random, CLAIMS[typ]))
    payload = _changed(random, members)
    if random.random() < 0.3:
        payload = _dented(random, payload)
    case: Document = {
        "read": "file",
        "input": encoded(payload),
        "roots": ["root"],
        "nodes": random.randint(0, 9),
        "now": second(random),
    }
    if random.random() < 0.5:
        case["statement"] = random.choice(_UNDER)
    if random.random() < 0.5:
        case["list"] = random.choice(("old", "new"))
    return case


def _root(random: Random) -> Document:
    document = {"kty": "OKP", "crv": "Ed25519", "kid": SIGNER[TokenType.KEYS].kid, "x": "A" * 43}
    return {"read": "root", "input": encoded(_dented(random, _changed(random, document)))}


def _window(random: Random) -> Document:
    """A license signed near the ends of a key's window, under a keyring in which that key has another state."""
    iat = random.choice((NOW, NOW - DAY, 0, 2**53, 10**30)) + random.choice((-1, 0, 1))
    claims = license_claims(make_license(iat=iat), ISSUER)
    token = SIGNER[TokenType.LICENSE].sign(claims)
    return {"read": "license", "input": encoded(token), "statement": random.choice((*_UNDER, "window"))}


def _list(random: Random) -> Document:
    """A revoked list that names things several times."""
    names: list[Document] = [
        {"lid": "a"},
        {"jti": "a"},
        {"lid": "a", "jti": "b"},
        {"lid": "b", "jti": None},
        {"lid": None},
    ]
    entries = [
        {**random.choice(names[: random.randint(3, 5)]), "at": random.randint(0, 3)}
        for _ in range(random.randint(0, 6))
    ]
    claims = {**CLAIMS[TokenType.REVOKED], "revoked": entries}
    return {"read": "revoked", "input": encoded(SIGNER[TokenType.REVOKED].sign(claims)), "statement": "usual"}


_KINDS: tuple[Callable[[Random], Document], ...] = (
    *(_resigned,) * 10,
    *(verdict,) * 5,
    *(_file,) * 3,
    *(_unsigned,) * 2,
    *(_window, _list, relayed),
    *(_signature, _root),
)
