"""An identity provider is set whole or not at all, and never where others can listen."""

from __future__ import annotations

import pytest

from licensing.core.errors import SetupRefused
from licensing.settings import read_settings

WHOLE = {
    "LICENSING_OIDC_ISSUER": "https://id.example.com",
    "LICENSING_OIDC_CLIENT_ID": "koor",
    "LICENSING_OIDC_CLIENT_SECRET_FILE": "/run/secrets/oidc",
}


@pytest.mark.parametrize("missing", WHOLE)
def test_half_a_provider_is_refused(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name, value in WHOLE.items():
        monkeypatch.setenv(name, value)
    assert read_settings().oidc_client_id == "koor"

    monkeypatch.delenv(missing)

    with pytest.raises(SetupRefused):
        read_settings()


def test_without_a_provider_there_is_none() -> None:
    settings = read_settings()

    assert (settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret_file) == (None, None, None)


@pytest.mark.parametrize(
    ("mode", "issuer", "fit"),
    [
        ("production", "https://id.example.com", True),
        ("production", "http://id.example.com", False),
        ("development", "http://localhost:9400", True),
        ("development", "id.example.com", False),
    ],
)
def test_a_production_server_asks_its_provider_over_tls(
    monkeypatch: pytest.MonkeyPatch, mode: str, issuer: str, fit: bool
) -> None:
    for name, value in {**WHOLE, "LICENSING_OIDC_ISSUER": issuer, "LICENSING_MODE": mode}.items():
        monkeypatch.setenv(name, value)

    if fit:
        assert read_settings().oidc_issuer == issuer
    else:
        with pytest.raises(SetupRefused):
            read_settings()
