"""Runs the cases of tests/vectors (its README.md describes them) with the Python verifier."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing.core.encoding import b64url, read_body_json
from licensing.core.errors import Reason, Unauthentic
from licensing.core.instances import check, read_proof, signed_text
from licensing.core.keys import public_bytes
from licensing.core.tokens import Headers
from licensing.verifier import (
    Circumstances,
    Keyring,
    License,
    RevokedList,
    RootKey,
    Verdict,
    evaluate,
    lease_headers,
    open_license_file,
    open_statement,
    read_root,
    verify,
    verify_lease,
    verify_revoked,
)
from tests.core.factories import at

Document = dict[str, Any]


class Bench:
    """A setting whose roots, statements and lists are open: what cases refer to by name."""

    def __init__(self, setting: Mapping[str, Any]) -> None:
        self.roots = {name: read_root(jwk) for name, jwk in setting["roots"].items()}
        self.statements = {
            name: open_statement(statement["token"], self.named(statement["roots"]))
            for name, statement in setting["statements"].items()
        }
        self.lists = {
            name: verify_revoked(entry["token"], self.statements[entry["statement"]].headers)
            for name, entry in setting["lists"].items()
        }

    def named(self, names: list[str]) -> list[RootKey]:
        return [self.roots[name] for name in names]

    def run(self, case: Document) -> Document:
        """The outcome of a case: one member, named after what was found, or `reason`."""
        try:
            return self._find(case, b64decode(case.get("input", "")))
        except Unauthentic as error:
            return {"reason": error.reason.value}

    def _find(self, case: Document, data: bytes) -> Document:
        match case["read"]:
            case "license":
                return {"license": license_document(verify(text_of(data), self._keyring(case)))}
            case "lease":
                return {"lease": asdict(verify_lease(text_of(data), self._lease_headers(case)))}
            case "keys":
                return {"keyring": keyring_document(open_statement(text_of(data), self.named(case["roots"])))}
            case "revoked":
                return {"revoked": list_document(verify_revoked(text_of(data), self._keyring(case).headers))}
            case "root":
                root = read_root(_strict(data))
                return {"roots": [{"kid": root.kid, "test": root.is_test}]}
            case "file":
                return {"file": self._open_file(case, data)}
            case "verdict":
                return {"verdict": verdict_document(self._evaluate(case, text_of(data)))}
        return {"header": _instance_header(case, data)}

    def _keyring(self, case: Document) -> Keyring:
        return self.statements[case["statement"]]

    def _lease_headers(self, case: Document) -> Headers:
        keyring = self._keyring(case)
        if "license" not in case:
            return keyring.headers
        return lease_headers(verify(text_of(b64decode(case["license"])), keyring), keyring)

    def _open_file(self, case: Document, data: bytes) -> Document:
        keyring, revoked = self.statements.get(case.get("statement", "")), self.lists.get(case.get("list", ""))
        opened = open_license_file(data, self.named(case["roots"]), keyring=keyring, revoked=revoked)
        document: Document = {
            "license": license_document(opened.license),
            "keyring": keyring_document(opened.keyring),
            "revoked": None if opened.revoked is None else list_document(opened.revoked),
        }
        if "now" in case:
            known = opened.circumstances(case.get("known", {}).get("fsid"))
            verdict = evaluate(opened.license, None, case["nodes"], at(case["now"]), known)
            document["verdict"] = verdict_document(verdict)
        return document

    def _evaluate(self, case: Document, token: str) -> Verdict:
        keyring = self._keyring(case)
        license = verify(token, keyring)
        lease = None
        if "lease" in case:
            lease = verify_lease(text_of(b64decode(case["lease"])), lease_headers(license, keyring))
        known = dict(case.get("known", {}))
        circumstances = Circumstances(known=not known.pop("no_record", False), **known)
        return evaluate(license, lease, case["nodes"], at(case["now"]), circumstances)


def text_of(data: bytes) -> str:
    """The token in `data`. It may hold half a surrogate pair: a Python string can."""
    return data.decode("utf-8", "surrogatepass")


def _strict(data: bytes) -> object:
    try:
        return read_body_json(data)
    except ValueError as error:
        raise Unauthentic(Reason.BAD_KEY, "A root is not strict JSON.") from error


def license_document(license: License) -> Document:
    relay = None if license.relay is None else {"kid": license.relay[0], "x": license.relay[1]}
    lists = {name: list(getattr(license, name)) for name in ("bind", "feat", "unknown_crit")}
    return {**license._asdict(), **lists, "grace": license.grace._asdict(), "relay": relay}


def keyring_document(keyring: Keyring) -> Document:
    keys = [{**asdict(key), "x": b64url(key.x)} for key in keyring.keys]
    return {"seq": keyring.seq, "iat": keyring.iat, "keys": keys}


def list_document(revoked: RevokedList) -> Document:
    issuances, licenses = dict(revoked.issuances), dict(revoked.licenses)
    return {"seq": revoked.seq, "iat": revoked.iat, "licenses": licenses, "issuances": issuances}


def verdict_document(verdict: Verdict) -> Document:
    return {**asdict(verdict), "warnings": list(verdict.warnings)}


def _instance_header(case: Document, body: bytes) -> str:
    """The header, and proof that the server takes it."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(case["label"].encode()).digest())
    signature = private.sign(signed_text(case["method"], case["path"], body, case["number"]))
    header = f"{case['number']} {b64url(signature)}"
    check(read_proof(header, case["method"], case["path"], body), public_bytes(private.public_key()), -1)
    return header
