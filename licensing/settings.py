"""Settings: the only reader of the environment. README.md has the same table for people."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from environs import Env, EnvValidationError
from marshmallow import ValidationError
from marshmallow.validate import OneOf, Range

from licensing.core.errors import SetupRefused
from licensing.core.webhooks import Network

PREFIX = "LICENSING_"
DEVELOPMENT, PRODUCTION = "development", "production"
LOG_FORMATS = ("text", "json")
LOOPBACK = ["127.0.0.0/8", "::1/128"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set. Each field is the variable LICENSING_<FIELD IN CAPITALS>."""

    mode: str
    data_dir: Path
    database_url: str
    database_owner_url: str | None
    bind: str
    workers: int
    log_format: str | None
    metrics_token_file: Path | None
    otlp_url: str | None
    public_url: str
    proxies: int
    mail_url: str
    mail_from: str
    keys_dir: Path
    keys_passphrase_file: Path | None
    signer: str | None
    clock_file: Path | None
    checkpoint_copy: Path | None
    postgres_bin: Path | None
    webhook_secret_file: Path
    webhook_networks: tuple[Network, ...]
    knowledge_base_url: str
    community_url: str
    terms_url: str | None
    privacy_url: str | None
    oidc_issuer: str | None
    oidc_client_id: str | None
    oidc_client_secret_file: Path | None

    @property
    def in_production(self) -> bool:
        return self.mode == PRODUCTION

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen on."""
        host, _, port = self.bind.rpartition(":")
        return host.strip("[]"), int(port)


def read_settings() -> Settings:
    """The settings of the process's environment; raises SetupRefused naming every variable that is wrong."""
    env = Env(eager=False, prefix=PREFIX)
    data_dir = env.path("DATA_DIR", Path("var"))
    folder = (data_dir or Path("var")).resolve()
    keys_dir = env.path("KEYS_DIR", folder / "keys") or folder / "keys"
    mode = env.str("MODE", DEVELOPMENT, validate=OneOf([DEVELOPMENT, PRODUCTION]))
    networks = env.list("WEBHOOK_NETWORKS", LOOPBACK if mode == DEVELOPMENT else [], validate=_networks)
    bind = env.str("BIND", "127.0.0.1:8080", validate=_host_and_port)
    settings = Settings(
        mode=mode,
        data_dir=folder,
        database_url=env.str("DATABASE_URL", f"sqlite:///{folder / 'licensing.sqlite3'}"),
        database_owner_url=env.str("DATABASE_OWNER_URL", None),
        bind=bind,
        workers=env.int("WORKERS", 2, validate=Range(1, 64)),
        log_format=env.str("LOG_FORMAT", None, validate=_log_format),
        metrics_token_file=env.path("METRICS_TOKEN_FILE", None),
        otlp_url=env.str("OTLP_URL", None, validate=_collector),
        public_url=env.str("PUBLIC_URL", f"http://{bind}").rstrip("/"),
        proxies=env.int("PROXIES", 0, validate=Range(0, 10)),
        mail_url=env.str("MAIL_URL", f"file://{folder / 'mail'}"),
        mail_from=env.str("MAIL_FROM", "Koor licensing <licenses@localhost>"),
        keys_dir=keys_dir,
        keys_passphrase_file=env.path("KEYS_PASSPHRASE_FILE", None),
        signer=env.str("SIGNER", None, validate=_signer),
        clock_file=env.path("CLOCK_FILE", None),
        checkpoint_copy=env.path("CHECKPOINT_COPY", None),
        postgres_bin=env.path("POSTGRES_BIN", None),
        webhook_secret_file=env.path("WEBHOOK_SECRET_FILE", None) or keys_dir / "webhook.secret",
        webhook_networks=tuple(map(ip_network, networks)),
        knowledge_base_url=env.str("KNOWLEDGE_BASE_URL", "https://kb.koor.tech", validate=_web_address),
        community_url=env.str("COMMUNITY_URL", "https://github.com/koor-tech/koor/discussions", validate=_web_address),
        terms_url=env.str("TERMS_URL", None, validate=_web_address),
        privacy_url=env.str("PRIVACY_URL", None, validate=_web_address),
        oidc_issuer=env.str("OIDC_ISSUER", None),
        oidc_client_id=env.str("OIDC_CLIENT_ID", None),
        oidc_client_secret_file=env.path("OIDC_CLIENT_SECRET_FILE", None),
    )
    try:
        env.seal()
    except EnvValidationError as error:
        raise SetupRefused(f"Wrong settings: {error.error_messages}") from error
    if settings.in_production and settings.clock_file is not None:
        raise SetupRefused("LICENSING_CLOCK_FILE is for development: a production server lives in the present.")
    _require_whole_provider(settings)
    return settings


def _require_whole_provider(settings: Settings) -> None:
    """Raises SetupRefused for half an identity provider, and in production for one that can be listened to."""
    parts = (settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret_file)
    if all(part is None for part in parts):
        return
    if not all(parts):
        raise SetupRefused(
            "Set all of LICENSING_OIDC_ISSUER, LICENSING_OIDC_CLIENT_ID and LICENSING_OIDC_CLIENT_SECRET_FILE, or none."
        )
    schemes = ("https://",) if settings.in_production else ("https://", "http://")
    if not str(settings.oidc_issuer).startswith(schemes):
        raise SetupRefused("LICENSING_OIDC_ISSUER must be an https:// address.")


def _web_address(value: str | None) -> None:
    if value is not None and not value.startswith(("https://", "http://")):
        raise ValidationError(f"{value!r} is no web address.")


def _collector(value: str | None) -> None:
    """A base address without credentials: these go into OTEL_EXPORTER_OTLP_HEADERS, which the exporter reads."""
    _web_address(value)
    if value is not None and any(mark in value for mark in "@?#"):
        raise ValidationError("Must be an address alone, as http://collector:4318.")


def _log_format(value: str | None) -> None:
    if value is not None and value not in LOG_FORMATS:
        raise ValidationError(f"Must be one of {', '.join(LOG_FORMATS)}.")


def _signer(value: str | None) -> None:
    if value is not None and not value.startswith(("unix:/", "pkcs11:/")):
        raise ValidationError(f"{value!r} is neither unix:/path nor pkcs11:/library?token=…&pin-file=….")


def _networks(values: list[str]) -> None:
    for value in values:
        try:
            ip_network(value)
        except ValueError as error:
            raise ValidationError(f"{value!r} is no network such as 10.1.0.0/16.") from error


def _host_and_port(value: str) -> None:
    host, _, port = value.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise ValidationError(f"{value!r} is no host:port.")
