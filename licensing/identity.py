"""The identity provider of the staff, over OpenID Connect: discovery, authorization code with PKCE, and the ID token.

No code, token or claim is ever logged: a refusal names the step at which a token failed, and nothing in it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import requests
from authlib.integrations.requests_client import (  # type: ignore[import-untyped]  # Authlib has no stubs
    OAuth2Session,
    OAuthError,
)
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key

from licensing.core.errors import Busy, SetupRefused, SignInRefused
from licensing.services.sso import CALLBACK_PATH, Identity
from licensing.storage.sign_in_flows import PendingFlow

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 5
DISCOVERY_KEPT = timedelta(hours=1)
LEEWAY_SECONDS = 60
SCOPE = "openid email"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Asymmetric ones alone: what the provider publishes must not be what signs (RFC 8725 §3.1)."""
KEY_TYPES = ("RSA", "EC", "OKP")
SECOND_FACTORS = ("mfa", "otp", "hwk")
"""Values of `amr` that say that more than a password was shown (RFC 8176 §2)."""
MAX_SUBJECT, MAX_EMAIL = 300, 254

Key = RSAKey | ECKey | OKPKey


@dataclass(frozen=True, slots=True)
class Client:
    """What we are to the provider."""

    issuer: str
    id: str
    secret: str = field(repr=False)
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Discovery:
    """What the provider says of itself (OpenID Connect Discovery 1.0 §3)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_method: str
    read_at: datetime


class OidcProvider:
    """The provider at an issuer. Its discovery document is kept for an hour, its keys are asked for each time."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._kept: Discovery | None = None

    def sign_in_url(self, state: str, flow: PendingFlow) -> str:
        """Where to send the browser. Raises Busy, SetupRefused."""
        discovery = self._discovery()
        with self._session(discovery) as session:
            url, _ = session.create_authorization_url(
                discovery.authorization_endpoint, state=state, nonce=flow.nonce, code_verifier=flow.verifier
            )
        return str(url)

    def identity(self, code: str, flow: PendingFlow) -> Identity:
        """Whom the provider gave `code` to. Raises SignInRefused, Busy, SetupRefused."""
        discovery = self._discovery()
        id_token = self._id_token(discovery, code, flow.verifier)
        keys = usable_keys(_json(discovery.jwks_uri))
        return verified(id_token, keys, self._client, flow.nonce, self._now())

    def _discovery(self) -> Discovery:
        kept, now = self._kept, self._now()
        if kept is None or not timedelta() <= now - kept.read_at < DISCOVERY_KEPT:
            document = _json(f"{self._client.issuer.rstrip('/')}/.well-known/openid-configuration")
            kept = self._kept = read_discovery(document, self._client.issuer, now)
        return kept

    def _session(self, discovery: Discovery) -> Any:
        return OAuth2Session(
            self._client.id,
            self._client.secret,
            token_endpoint_auth_method=discovery.token_endpoint_auth_method,
            scope=SCOPE,
            redirect_uri=self._client.redirect_uri,
            code_challenge_method="S256",
            default_timeout=TIMEOUT_SECONDS,
        )

    def _id_token(self, discovery: Discovery, code: str, verifier: str) -> str:
        """The unverified ID token for `code`."""
        try:
            with _asking(), self._session(discovery) as session:
                token = session.fetch_token(
                    discovery.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=verifier,
                    allow_redirects=False,
                )
        except OAuthError as error:
            if error.error in ("invalid_client", "unauthorized_client"):
                raise SetupRefused("The identity provider refuses LICENSING_OIDC_CLIENT_ID or its secret.") from error
            raise _refused("the code") from error
        id_token = token.get("id_token")
        if type(id_token) is not str:
            raise _refused("the missing ID token")
        return id_token


def open_provider(
    issuer: str | None, client_id: str | None, secret_file: Path | None, public_url: str, now: Callable[[], datetime]
) -> OidcProvider | None:
    """The provider that the settings name, if they do; it is asked nothing yet. Raises SetupRefused."""
    if issuer is None or client_id is None or secret_file is None:
        return None
    try:
        secret = secret_file.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise SetupRefused(f"The client secret's file {secret_file} can't be read.") from error
    if not secret:
        raise SetupRefused(f"The client secret's file {secret_file} is empty.")
    return OidcProvider(Client(issuer, client_id, secret, public_url + CALLBACK_PATH), now)


def read_discovery(document: object, issuer: str, now: datetime) -> Discovery:
    """The discovery document of `issuer`, letter by letter (Discovery §4.3). Raises SetupRefused for any other."""
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise SetupRefused("The identity provider's discovery document is not that of LICENSING_OIDC_ISSUER.")
    methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    return Discovery(
        authorization_endpoint=_endpoint(document, "authorization_endpoint", issuer),
        token_endpoint=_endpoint(document, "token_endpoint", issuer),
        jwks_uri=_endpoint(document, "jwks_uri", issuer),
        token_endpoint_auth_method="client_secret_basic" if "client_secret_basic" in methods else "client_secret_post",
        read_at=now,
    )


def usable_keys(document: object) -> list[Key]:
    """The keys of a JWK set (RFC 7517 §5) that may verify a signature; others are passed over, as §5 asks."""
    listed = document.get("keys") if isinstance(document, dict) else None
    keys: list[Key] = []
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict) or entry.get("kty") not in KEY_TYPES or entry.get("use", "sig") != "sig":
            continue
        try:
            key = import_key(entry)
        except (JoseError, ValueError, TypeError, KeyError):
            continue
        if isinstance(key, RSAKey | ECKey | OKPKey):
            keys.append(key)
    return keys


def verified(id_token: str, keys: Sequence[Key], client: Client, nonce: str, now: datetime) -> Identity:
    """Who the ID token proves it is. Raises SignInRefused (OpenID Connect Core 1.0 §3.1.3.7).

    1. One of the provider's keys signed it, with an asymmetric algorithm.
    2. The provider made it, for us alone or for us by name.
    3. It has not expired and is not of the future, give or take LEEWAY_SECONDS.
    4. It answers the question that we asked.
    5. It has a subject that can be kept.
    """
    claims = _signed_claims(id_token, keys)  # 1
    _require(claims.get("iss") == client.issuer, "the issuer")  # 2
    audience, azp = claims.get("aud"), claims.get("azp")
    audiences = audience if isinstance(audience, list) else [audience]
    _require(client.id in audiences, "the audience")
    _require(azp == client.id or (azp is None and len(audiences) == 1), "the authorized party")
    essential: dict[str, Any] = {"exp": {"essential": True}, "iat": {"essential": True}}
    try:
        jwt.JWTClaimsRegistry(int(now.timestamp()), LEEWAY_SECONDS, **essential).validate(claims)  # 3
    except JoseError as error:
        raise _refused("the time") from error
    _require(claims.get("nonce") == nonce, "the nonce")  # 4
    subject = _line(claims.get("sub"), MAX_SUBJECT - len(client.issuer) - 1)
    if subject is None:  # 5
        raise _refused("the subject")
    # Only true is true: some providers send the word, and some send it for what they never looked at.
    email = _line(claims.get("email"), MAX_EMAIL) if claims.get("email_verified") is True else None
    amr = claims.get("amr")
    methods = amr if isinstance(amr, list) else []
    return Identity(f"{client.issuer} {subject}", email, any(method in SECOND_FACTORS for method in methods))


def _signed_claims(id_token: str, keys: Sequence[Key]) -> dict[str, Any]:
    # `kid` is a hint that tokens and sets may leave out (RFC 7515 §4.1.4); a set has a few keys, so we try them all.
    for key in keys:
        try:
            return jwt.decode(id_token, key, ALGORITHMS).claims
        except (JoseError, ValueError, TypeError):
            continue
    raise _refused("the signature")


def _line(value: object, longest: int) -> str | None:
    """Plain ASCII text that the database can keep and that looks like nothing else; None for what is not."""
    is_line = isinstance(value, str) and 0 < len(value) <= longest and value.isascii() and value.isprintable()
    return str(value) if is_line else None


def _endpoint(document: Mapping[str, object], name: str, issuer: str) -> str:
    """An endpoint that is asked as safely as the issuer."""
    url = document.get(name)
    if not isinstance(url, str) or not url.startswith(("https://", issuer.partition("://")[0] + "://")):
        raise SetupRefused(f"The identity provider's discovery document has no usable {name}.")
    return url


def _json(url: str) -> object:
    with _asking():
        response = requests.get(url, timeout=TIMEOUT_SECONDS, allow_redirects=False)
        response.raise_for_status()
        return response.json()


def _require(is_right: bool, step: str) -> None:
    if not is_right:
        raise _refused(step)


def _refused(step: str) -> SignInRefused:
    log.warning("single sign-on refused because of %s", step)
    return SignInRefused("The identity provider's answer was not accepted; begin again.")


@contextmanager
def _asking() -> Iterator[None]:
    """What the provider can't answer now is raised as Busy. ValueError is an answer that is not JSON."""
    try:
        yield
    except (requests.RequestException, ValueError) as error:
        raise Busy(f"The identity provider did not answer ({type(error).__name__}).") from error
