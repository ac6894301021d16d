"""A client's talk with a license server or a relay: one request, one answer, and every way in which that goes wrong."""

from __future__ import annotations

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing.core.encoding import b64url, read_body_json
from licensing.core.instances import HEADER, signed_text
from licensing.core.keys import public_bytes

TIMEOUT_SECONDS = 30
MAX_ANSWER_BYTES = 4 * 1_024 * 1_024
MAX_WAIT_SECONDS = 6 * 3_600
CHECK_INS = "/v1/checkins"
REVOKED = "/v1/revoked"


class Failed(Exception):
    """A request that brought nothing; `code` says why in a word, for logs and status.

    It is the server's own where it gave one, `retry_after` (seconds) too.
    """

    def __init__(self, code: str, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Instance:
    """The client's own key, for the server to know it again."""

    key: Ed25519PrivateKey

    @property
    def public(self) -> str:
        return b64url(public_bytes(self.key.public_key()))

    def proof(self, method: str, path: str, body: bytes, number: int) -> str:
        """The value of `Koor-Instance` for one request."""
        return f"{number} {b64url(self.key.sign(signed_text(method, path, body, number)))}"


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A license token, or a pod's own, goes to one server."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Exchange:
    """The server at `url`. `ca` is a PEM file of the authority of a site's own server, trusted beside the system's.

    It is read anew for each request: what is mounted from a ConfigMap changes while a program runs.
    """

    def __init__(self, url: str, ca: Path | None = None) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("The license server is an http or https URL without a query.")
        self._url = url.rstrip("/")
        self._ca = ca

    def check_in(self, token: str, body: bytes, instance: Instance, number: int) -> dict[str, Any]:
        """The answer's members; raises Failed."""
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            HEADER: instance.proof("POST", CHECK_INS, body, number),
        }
        answer = _members(self._send(CHECK_INS, body, headers))
        if answer is None:
            raise Failed("BAD_ANSWER")
        return answer

    def revoked(self) -> str:
        """The server's revoked list, unverified; raises Failed."""
        return self._send(REVOKED).decode("ascii", "replace")

    def _send(self, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> bytes:
        request = urllib.request.Request(self._url + path, body, dict(headers or {}))  # noqa: S310  (http or https: see above)
        try:
            with self._opener().open(request, timeout=TIMEOUT_SECONDS) as response:
                return _read(response)
        except urllib.error.HTTPError as error:
            with error:
                raise _failed(error) from error
        except (OSError, HTTPException, ValueError) as error:
            raise Failed("NO_CONNECTION") from error

    def _opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context()
        if self._ca is not None:
            context.load_verify_locations(cafile=self._ca)
        return urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), NoRedirect)


def _read(response: Any) -> bytes:
    """The body, within its size and time: a server that drips can't hold a client for ever."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    body = b""
    while piece := response.read1(65_536):
        body += piece
        if len(body) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
            raise Failed("BAD_ANSWER")
    return body


def _failed(error: urllib.error.HTTPError) -> Failed:
    try:
        problem: Mapping[str, Any] = _members(_read(error)) or {}
    except (Failed, OSError, HTTPException):
        problem = {}
    code, wait = problem.get("code"), error.headers.get("Retry-After", "")
    seconds = min(int(wait), MAX_WAIT_SECONDS) if wait.isascii() and wait.isdecimal() and len(wait) < 10 else None
    named = code if type(code) is str and code.isascii() and code.replace("_", "").isalnum() else None
    return Failed(named[:64] if named else f"HTTP_{error.code}", seconds)


def _members(body: bytes) -> dict[str, Any] | None:
    try:
        document = read_body_json(body)
    except ValueError:
        return None
    return document if type(document) is dict else None


def check_in_body(cluster: Mapping[str, object], nodes: list[str], nonce: str, instance: Instance) -> bytes:
    """The body of a check-in: the whole list of nodes, sorted, no name twice."""
    document = {"cluster": cluster, "nodes": sorted(set(nodes)), "nonce": nonce, "instance_key": instance.public}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
