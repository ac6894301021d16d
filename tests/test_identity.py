"""The identity provider's answers: what an ID token must prove, and what becomes of answers that are none."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from licensing.core.errors import Busy, Refusal, SetupRefused, SignInRefused
from licensing.identity import Client, Key, OidcProvider, open_provider, read_discovery, usable_keys, verified
from licensing.services.sso import Identity
from licensing.storage.sign_in_flows import PendingFlow
from tests.support.oidc import query
from tests.support.worlds import START, Clock

ISSUER = "https://id.example.com"
CLIENT = Client(ISSUER, "koor", "secret", "https://licenses.example.com/sign-in/sso/callback")
NOW = int(START.timestamp())
RSA, OTHER_RSA = RSAKey.generate_key(2048), RSAKey.generate_key(2048)
FLOW = PendingFlow("n" * 43, "v" * 43, START)


def claims(**changes: object) -> dict[str, Any]:
    """Claims that prove it is Jane; a member set to ... is left out."""
    good = {"iss": ISSUER, "aud": "koor", "sub": "jane", "exp": NOW + 300, "iat": NOW, "nonce": FLOW.nonce}
    return {name: value for name, value in {**good, **changes}.items() if value is not ...}


def signed(key: Any = RSA, alg: str = "RS256", kid: str | None = None, **changes: object) -> str:
    header = {"alg": alg} if kid is None else {"alg": alg, "kid": kid}
    return jwt.encode(header, claims(**changes), key, [alg])


def check(token: str, *keys: Key) -> Identity:
    return verified(token, keys or (RSA,), CLIENT, FLOW.nonce, START)


def encoded(part: bytes) -> str:
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def unsigned(alg: str = "none") -> str:
    head, body = (encoded(json.dumps(part).encode()) for part in ({"alg": alg}, claims()))
    return f"{head}.{body}."


def signed_with_what_is_published() -> str:
    """The public key taken for a shared secret (RFC 8725 §2.1)."""
    token = unsigned("HS256")
    public = RSA.as_bytes(private=False)
    return token + encoded(hmac.new(public, token.rstrip(".").encode(), hashlib.sha256).digest())


def test_a_good_token_proves_a_subject_an_address_and_a_second_factor() -> None:
    identity = check(signed(email="jane@koor.example", email_verified=True, amr=["pwd", "otp"]))

    assert identity == Identity(f"{ISSUER} jane", "jane@koor.example", second_factor=True)
    assert check(signed()) == Identity(f"{ISSUER} jane", None, second_factor=False)


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (RSA, "RS512"),
        (RSA, "PS256"),
        (ECKey.generate_key("P-256"), "ES256"),
        (OKPKey.generate_key("Ed25519"), "EdDSA"),
        (OKPKey.generate_key("Ed25519"), "Ed25519"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_asymmetric_algorithm_is_taken_whichever_key_of_the_set_it_is(key: Key, alg: str) -> None:
    assert check(signed(key, alg), OTHER_RSA, ECKey.generate_key("P-384"), key).subject == f"{ISSUER} jane"


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b.c",
        "ü.ü.ü",
        unsigned(),
        signed(OTHER_RSA),
        signed(OctKey.generate_key(256), "HS256"),
        signed_with_what_is_published(),
        signed()[:-4] + "AAAA",
    ],
    ids=[
        "nothing",
        "a letter",
        "three letters",
        "no ASCII",
        "unsigned",
        "another key",
        "a shared secret",
        "its public key as a shared secret",
        "altered",
    ],
)
def test_what_no_key_of_the_provider_signed_is_refused(token: str) -> None:
    with pytest.raises(SignInRefused):
        check(token)


def test_without_keys_nothing_is_proved() -> None:
    with pytest.raises(SignInRefused):
        verified(signed(), (), CLIENT, FLOW.nonce, START)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example.com"},
        {"iss": ISSUER + "/"},
        {"iss": ...},
        {"aud": "another"},
        {"aud": ["another"]},
        {"aud": []},
        {"aud": ...},
        {"aud": ["koor", "another"]},
        {"aud": ["koor", "another"], "azp": "another"},
        {"azp": "another"},
        {"exp": ...},
        {"exp": "tomorrow"},
        {"exp": NOW - 60},
        {"iat": ...},
        {"iat": NOW + 61},
        {"nbf": NOW + 61},
        {"nonce": ...},
        {"nonce": "x" * 43},
        {"nonce": [FLOW.nonce]},
        {"sub": ...},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a\0b"},
        {"sub": "jané"},
        {"sub": "x" * 300},
    ],
    ids=str,
)
def test_claims_that_do_not_prove_it_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SignInRefused):
        check(signed(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": ["koor"]},
        {"aud": ["koor", "another"], "azp": "koor"},
        {"azp": "koor"},
        {"exp": NOW - 59},
        {"iat": NOW + 60},
    ],
    ids=str,
)
def test_claims_at_the_edge_are_taken(changes: dict[str, Any]) -> None:
    assert check(signed(**changes)).subject == f"{ISSUER} jane"


@pytest.mark.parametrize("email", [None, "", 7, "a\0b@koor.example", "\u212aim@koor.example", "x" * 255])
def test_an_address_that_could_not_be_an_accounts_is_none(email: object) -> None:
    assert check(signed(email=email, email_verified=True)).verified_email is None


def test_keys_that_verify_nothing_are_passed_over() -> None:
    ours = RSA.as_dict(private=False)

    keys = usable_keys(
        {
            "keys": [
                1,
                {},
                {"kty": "oct", "k": "AAAA"},
                {"kty": "RSA"},
                {"kty": "EC", "crv": "?"},
                {**ours, "use": "enc"},
                ours,
            ]
        }
    )

    assert [key.as_dict(private=False)["n"] for key in keys] == [ours["n"]]


@pytest.mark.parametrize("document", [[], {}, None, {"keys": {}}], ids=str)
def test_a_document_that_is_no_key_set_has_no_keys(document: object) -> None:
    assert usable_keys(document) == []


GOOD = {"issuer": ISSUER, **dict.fromkeys(("authorization_endpoint", "token_endpoint", "jwks_uri"), f"{ISSUER}/x")}


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {**GOOD, "issuer": ISSUER + "/"},
        {**GOOD, "token_endpoint": "http://id.example.com/x"},
        {**GOOD, "jwks_uri": None},
        {**GOOD, "authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=str,
)
def test_a_discovery_document_of_another_or_less_safe_provider_is_refused(document: object) -> None:
    assert read_discovery(GOOD, ISSUER, START)

    with pytest.raises(SetupRefused):
        read_discovery(document, ISSUER, START)


@dataclass(slots=True)
class Scripted:
    """A provider that answers what a test says, and keeps what it was asked."""

    issuer: str = ""
    answers: dict[str, tuple[int, object]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)

    def discovery(self, **changes: object) -> dict[str, object]:
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        return {"issuer": self.issuer, **{name: f"{self.issuer}/{name}" for name in names}, **changes}

    def client(self) -> Client:
        return Client(self.issuer, "koor", "secret", CLIENT.redirect_uri)


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    """A provider that lets Jane in unless the test says otherwise."""
    script = Scripted()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            script.asked.append((self.path, dict(self.headers), self.rfile.read(length).decode()))
            status, document = script.answers.get(self.path, (404, {}))
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            if status == 307:
                self.send_header("Location", f"{script.issuer}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script.issuer = f"http://127.0.0.1:{server.server_port}"
        script.answers = {
            "/.well-known/openid-configuration": (200, script.discovery()),
            "/jwks_uri": (200, {"keys": [RSA.as_dict(private=False)]}),
            "/token_endpoint": (
                200,
                {"id_token": signed(iss=script.issuer), "access_token": "x", "token_type": "Bearer"},
            ),
        }
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield script
        server.shutdown()
        thread.join()


def test_the_code_is_redeemed_with_our_secret_and_the_verifier_of_the_challenge(scripted: Scripted) -> None:
    provider = OidcProvider(scripted.client(), Clock())
    asked = query(provider.sign_in_url("s" * 43, FLOW))

    assert provider.identity("the code", FLOW).subject == f"{scripted.issuer} jane"

    [(headers, body)] = [(headers, body) for path, headers, body in scripted.asked if path == "/token_endpoint"]
    form = {name: value for name, [value] in parse_qs(body).items()}
    challenge = urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert form["code_verifier"] == FLOW.verifier
    assert (asked["code_challenge"], asked["code_challenge_method"]) == (challenge, "S256")
    assert (form["code"], form["redirect_uri"]) == ("the code", CLIENT.redirect_uri)
    assert b64decode(headers["Authorization"].removeprefix("Basic ")) == b"koor:secret"
    assert FLOW.verifier not in json.dumps(asked)


def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(scripted: Scripted) -> None:
    document = scripted.discovery(token_endpoint_auth_methods_supported=["client_secret_post"])
    scripted.answers["/.well-known/openid-configuration"] = (200, document)

    OidcProvider(scripted.client(), Clock()).identity("the code", FLOW)

    [body] = [body for path, _, body in scripted.asked if path == "/token_endpoint"]
    assert parse_qs(body)["client_secret"] == ["secret"]


def test_the_discovery_document_is_kept_for_an_hour_and_the_keys_not_at_all(scripted: Scripted) -> None:
    clock = Clock()
    provider = OidcProvider(scripted.client(), clock)

    def asked(path: str) -> int:
        return [each for each, _, _ in scripted.asked].count(path)

    provider.identity("the code", FLOW)
    clock.advance(seconds=59)
    provider.identity("the code", FLOW)
    assert (asked("/.well-known/openid-configuration"), asked("/jwks_uri")) == (1, 2)

    clock.time = START + timedelta(seconds=3599)
    provider.sign_in_url("s", FLOW)
    assert asked("/.well-known/openid-configuration") == 1

    clock.advance(seconds=1)
    provider.sign_in_url("s", FLOW)
    assert asked("/.well-known/openid-configuration") == 2


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/token_endpoint", "/jwks_uri"])
@pytest.mark.parametrize(
    "answer", [(500, {}), (503, b"<html>"), (200, b"<html>"), (307, b""), (429, b"slow down")], ids=str
)
def test_answers_that_are_none_are_a_passing_trouble(scripted: Scripted, path: str, answer: tuple[int, object]) -> None:
    scripted.answers[path] = answer

    with pytest.raises(Busy):
        OidcProvider(scripted.client(), Clock()).identity("the code", FLOW)

    assert "/elsewhere" not in [asked for asked, _, _ in scripted.asked]


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ((400, {"error": "invalid_grant"}), SignInRefused),
        ((200, {"access_token": "x"}), SignInRefused),
        ((200, {"access_token": "x", "id_token": 7}), SignInRefused),
        ((401, {"error": "invalid_client"}), SetupRefused),
    ],
    ids=str,
)
def test_a_code_that_is_refused_signs_nobody_in(
    scripted: Scripted, answer: tuple[int, object], refusal: type[Refusal]
) -> None:
    scripted.answers["/token_endpoint"] = answer

    with pytest.raises(refusal):
        OidcProvider(scripted.client(), Clock()).identity("the code", FLOW)


def _absent(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize(
    "spoil", [_absent, lambda file: file.write_text(" \n"), lambda file: file.write_bytes(b"\xff")]
)
def test_a_secret_that_can_not_be_read_is_a_wrong_setup(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    file = tmp_path / "secret"
    file.write_text("secret\n")
    assert open_provider(ISSUER, "koor", file, "https://licenses.example.com", Clock())

    spoil(file)

    with pytest.raises(SetupRefused) as refused:
        open_provider(ISSUER, "koor", file, "https://licenses.example.com", Clock())
    assert "secret" not in refused.value.detail.replace(str(file), "").replace("client secret", "")
