"""An identity provider in a process of its own, on a free port, stopped by its own pid; and a browser to use it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests

from tests.support.servers import PATIENCE_SECONDS, free_port

CLIENT_ID = "koor-licensing"
TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider answers."""

    port: int

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}"

    def has(self, sub: str, claims: Mapping[str, object]) -> None:
        """The provider knows a person `sub`, and says this of her."""
        answer = requests.put(f"{self.issuer}/users/{sub}", json=dict(claims), timeout=TIMEOUT_SECONDS)
        assert answer.status_code == 204, answer.text

    def come_back(self, url: str, sub: str | None) -> str:
        """`sub` signs in on the provider's page at `url`, or declines (None): where the browser is sent, with query."""
        form = {"action": "deny"} if sub is None else {"sub": sub}
        answer = requests.post(url, data=form, allow_redirects=False, timeout=TIMEOUT_SECONDS)
        assert answer.is_redirect, answer.text
        back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"


def query(url: str) -> dict[str, str]:
    """The query's members; the last of each name."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}


@contextmanager
def running_provider(log: Path) -> Iterator[Provider]:
    """A provider that knows nobody and takes every client; what it prints goes to `log`."""
    provider = Provider(free_port())
    words = [sys.executable, "-m", "oidc_provider_mock", "--port", str(provider.port), "--require-nonce", "true"]
    with log.open("wb") as output:
        process = subprocess.Popen(words, stdout=output, stderr=output)
    try:
        _wait(provider, process, log)
        yield provider
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(provider: Provider, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(requests.RequestException, json.JSONDecodeError):
            url = f"{provider.issuer}/.well-known/openid-configuration"
            if requests.get(url, timeout=TIMEOUT_SECONDS).json()["issuer"] == provider.issuer:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the provider did not answer:\n{log.read_text()}")
