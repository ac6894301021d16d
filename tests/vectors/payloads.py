"""Payloads under the right key that are no good claims, and a few that are."""

from __future__ import annotations

import json
from collections.abc import Iterator

from licensing.core.tokens import TokenType
from tests.conformance.cases import Document
from tests.core import hostile_payloads
from tests.vectors.setting import token_case


def payloads(typ: TokenType) -> Iterator[Document]:
    """Payloads under the right key that are no good claims, and a few that are."""
    signer = hostile_payloads.SIGNER[typ]
    sweeps = {
        "a member missing or of a wrong type": hostile_payloads.badly_typed(typ),
        "a number out of range": hostile_payloads.out_of_range(typ),
        "not strict JSON": hostile_payloads.not_strict_json(typ),
    }
    for sweep, texts in sweeps.items():
        for i, text in enumerate(texts):
            yield token_case(f"{typ}: {sweep} {i}", typ, signer.sign_payload(text))
    claims = hostile_payloads.CLAIMS[typ]
    for path, value in hostile_payloads.members(claims):
        if isinstance(value, str) or type(value) is int:
            text = hostile_payloads.spoiled(claims, path, '"other"' if isinstance(value, str) else "2")
            yield token_case(f"{typ}: another {'.'.join(map(str, path))}", typ, signer.sign_payload(text))
    good = json.dumps(hostile_payloads.CLAIMS[typ], separators=(",", ":"))
    for name, literal in VALUES.items():
        changed = good[:-1] + f',"extra":{literal}}}'
        yield token_case(f"{typ}: an unknown member that is {name}", typ, signer.sign_payload(changed.encode()))


VALUES = {
    "a minus zero": "-0",
    "a leading zero": "01",
    "a point without digits": "1.",
    "an exponent": "1e2",
    "a huge whole number": "1" + "0" * 400,
    "whole and negative": "-5",
    "a plus": "+1",
    "two literals": "truefalse",
    "white space inside": "[ 1 ,\t2\r\n, { } ]",
    "a form feed": "[\x0c]",
    "31 arrays deep": "[" * 31 + "]" * 31,
    "32 arrays deep": "[" * 32 + "]" * 32,
    "brackets in a text": '"' + "[" * 40 + '"',
    "a quote and brackets in a text": '"\\"' + "[" * 40 + '"',
    "a pair of surrogates": r'"\ud83d\ude00"',
    "half a pair": r'"\ud83d"',
    "the other half": r'"\ude00"',
    "a pair in the wrong order": r'"\ude00\ud83d"',
    "half a pair and a letter": r'"\ud83d\u0041"',
    "half a pair as a name": r'{"\ud83d":1}',
    "a pair and its character as names": '{"\\ud83d\\ude00":1,"😀":2}',
    "an escape of no kind": r'"\x41"',
    "an escape with a sign": r'"\u+041"',
    "an escape cut short": r'"\u004"',
    "every escape": r'"\"\\\/\b\f\n\r\t\u00E9\u0000"',
    "a delete": '"\x7f"',
    "a unit separator": '"\x1f"',
    "a comma too many": "[1,]",
    "names in another case": '{"a":1,"A":2}',
    "equal names": '{"a":1,"a":1}',
    "equal names, one escaped": '{"a":1,"\\u0061":1}',
}
