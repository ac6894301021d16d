"""Puts the house together: the only file that knows all rooms."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from flask import Flask
from sqlalchemy import make_url

from licensing.core.callers import OPERATOR
from licensing.core.checkpoints import origin
from licensing.core.errors import SetupRefused
from licensing.core.keys import RootKey
from licensing.core.ledger import Kind
from licensing.core.roots import TRUSTED_ROOTS
from licensing.domains import PublishedLists
from licensing.identity import open_provider
from licensing.key_store import open_keys
from licensing.mail import open_transport
from licensing.posting import Poster
from licensing.services.activations import Activations
from licensing.services.alarms import Alarms
from licensing.services.api_keys import ApiKeys
from licensing.services.audit import Audit
from licensing.services.authentication import Authentication
from licensing.services.backups import Backups, Places
from licensing.services.batches import Batches
from licensing.services.checkins import Checkins
from licensing.services.checkpoint_copies import CheckpointCopies
from licensing.services.clusters import Clusters
from licensing.services.deeds import Deeds
from licensing.services.devices import Devices
from licensing.services.doctor import Doctor, Installation
from licensing.services.dual_control import Agree, DualControl
from licensing.services.entitlements import Entitlements
from licensing.services.explanations import Explanations
from licensing.services.exports import Exports
from licensing.services.health import Health
from licensing.services.idempotency import Idempotency
from licensing.services.imports import Imports
from licensing.services.issuing import NOBODY, Deed, Issuing
from licensing.services.keys import KeyManagement, Recorder
from licensing.services.ledger import Ledger
from licensing.services.license_files import LicenseFiles
from licensing.services.license_lists import LicenseLists
from licensing.services.licenses import Licenses
from licensing.services.metrics import Metrics
from licensing.services.milestones import Milestones
from licensing.services.organizations import Organizations
from licensing.services.outbox import Outbox, Transport
from licensing.services.own_account import OwnAccount
from licensing.services.portal import Portal
from licensing.services.portal_deeds import PortalDeeds
from licensing.services.portal_licenses import PortalLicenses
from licensing.services.previews import Previews
from licensing.services.prices import Prices
from licensing.services.privacy import Privacy
from licensing.services.quote_requests import QuoteRequests
from licensing.services.quotes import Quotes
from licensing.services.registrations import Registrations
from licensing.services.relays import Relays
from licensing.services.reports import Reports
from licensing.services.restoring import Accept, Restoring, Target
from licensing.services.revocations import RevokedLists
from licensing.services.rollups import Rollups
from licensing.services.sales import Sales
from licensing.services.sign_in import SignIn
from licensing.services.signing import KeyStore
from licensing.services.sso import SingleSignOn
from licensing.services.staff import NewAdmin, Staff
from licensing.services.today import Today
from licensing.services.trials import Trials
from licensing.services.validations import Validations
from licensing.services.webhooks import Webhooks
from licensing.services.worker import Worker
from licensing.settings import Settings
from licensing.storage import schema
from licensing.storage.database import Database, open_database
from licensing.storage.postgres_tools import PostgresTools
from licensing.system import System, clock_in

log = logging.getLogger(__name__)

HIGH_WATER = "ledger.highwater"
VERIFIED = "audit.verified"


@dataclass(frozen=True, slots=True)
class House:
    """Everything that web and command line talk to."""

    settings: Settings
    app: Flask
    database: Database
    system: System
    keys: KeyStore
    key_management: KeyManagement
    registrations: Registrations
    trials: Trials
    devices: Devices
    checkins: Checkins
    validations: Validations
    activations: Activations
    idempotency: Idempotency
    organizations: Organizations
    exports: Exports
    entitlements: Entitlements
    licenses: Licenses
    relays: Relays
    clusters: Clusters
    sales: Sales
    previews: Previews
    license_lists: LicenseLists
    batches: Batches
    imports: Imports
    quotes: Quotes
    prices: Prices
    revoked_lists: RevokedLists
    ledger: Ledger
    audit: Audit
    backups: Backups
    checkpoint_copies: CheckpointCopies
    rollups: Rollups
    reports: Reports
    explanations: Explanations
    milestones: Milestones
    outbox: Outbox
    transport: Transport
    staff: Staff
    sign_in: SignIn
    own_account: OwnAccount
    api_keys: ApiKeys
    sso: SingleSignOn
    portal: Portal
    portal_licenses: PortalLicenses
    portal_deeds: PortalDeeds
    privacy: Privacy
    quote_requests: QuoteRequests
    today: Today
    alarms: Alarms
    health: Health
    doctor: Doctor
    metrics: Metrics
    webhooks: Webhooks
    worker: Worker


def open_system(settings: Settings) -> System:
    """The clock and randomness: the machine's own, or in development a clock that is set by hand."""
    return System() if settings.clock_file is None else System(clock_in(settings.clock_file))


def open_offline_keys(settings: Settings) -> KeyManagement:
    """The deeds on keys for a machine without a database: the one that has the root key."""

    def no_ledger(*_: object) -> NoReturn:
        raise SetupRefused("This machine has no ledger; import the statement on the server.")

    return _key_management(settings, open_keys(settings), open_system(settings), no_ledger, no_ledger)


def build(settings: Settings, system: System | None = None) -> House:
    """The house of `settings`. Opens the database but asks it nothing, and reads no key file yet."""
    system = system or open_system(settings)
    app = Flask("licensing.web")
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = open_database(app, settings.database_url)
    keys, issuer = open_keys(settings), settings.public_url
    issuing = Issuing(keys, system, issuer)
    revoked_lists = RevokedLists(database, keys, issuer)
    files = LicenseFiles(keys, revoked_lists)
    ledger = Ledger(database, keys, system.now, origin(issuer), settings.data_dir / HIGH_WATER)
    authentication = Authentication(database, keys, system.now, ledger.may_have_lost)
    copies = CheckpointCopies(database, ledger, settings.checkpoint_copy, system.now)
    transport = open_transport(settings.mail_url, settings.mail_from, system)
    outbox = Outbox(database, transport, files, system.now)

    def record(kind: Kind, kid: str, now: datetime, details: Mapping[str, str]) -> None:
        with database.write() as session:
            issuing.note(session, Deed(kind, OPERATOR.id, now, {"kid": kid, **details}), NOBODY, now, kid)

    agree = DualControl(database, system).agreed
    deeds = Deeds(database, issuing, files, revoked_lists, system)
    sales = Sales(deeds)
    rollups = Rollups(database, system.now)
    sign_in = SignIn(database, system)
    organizations = Organizations(database, issuing, system)
    health = Health(database, keys, ledger, system.now)
    alarms = Alarms(database, system, issuer)
    webhooks = Webhooks(
        database,
        system,
        Poster(settings.webhook_networks),
        settings.webhook_secret_file,
        plain=not settings.in_production,
    )
    domains = PublishedLists()
    registrations = Registrations(database, domains, system, issuer)
    provider = open_provider(
        settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret_file, issuer, system.now
    )
    return House(
        settings=settings,
        app=app,
        database=database,
        system=system,
        keys=keys,
        key_management=_key_management(settings, keys, system, record, agree),
        exports=Exports(database, agree, system, test=not settings.in_production),
        registrations=registrations,
        trials=Trials(database, issuing, files, domains, system),
        devices=Devices(database, registrations, files, system),
        checkins=Checkins(database, authentication, files, keys, system, issuer),
        validations=Validations(database, authentication, files, system.now),
        activations=Activations(database, authentication, files, system),
        idempotency=Idempotency(database, system.now),
        organizations=organizations,
        entitlements=Entitlements(database, system.now),
        licenses=Licenses(deeds),
        relays=Relays(deeds, allow_test=not settings.in_production),
        clusters=Clusters(database, system),
        sales=sales,
        previews=Previews(deeds),
        license_lists=LicenseLists(database, system.now),
        batches=Batches(database, issuing, system),
        imports=Imports(database, issuing, system),
        quotes=Quotes(database, sales, system),
        prices=Prices(database, system),
        revoked_lists=revoked_lists,
        ledger=ledger,
        audit=Audit(database, keys, ledger, settings.data_dir / VERIFIED),
        backups=Backups(database, _places(settings), PostgresTools(settings.postgres_bin), system.now),
        checkpoint_copies=copies,
        rollups=rollups,
        reports=Reports(database, rollups, system.now),
        explanations=Explanations(database, rollups),
        milestones=Milestones(database, system),
        outbox=outbox,
        transport=transport,
        staff=Staff(database, system),
        sign_in=sign_in,
        own_account=OwnAccount(database, sign_in, system),
        api_keys=ApiKeys(database, system),
        sso=SingleSignOn(database, provider, sign_in, system),
        portal=Portal(database, system, issuer),
        portal_licenses=PortalLicenses(database, files, system),
        portal_deeds=PortalDeeds(database, system, issuer),
        privacy=Privacy(database, organizations, system),
        quote_requests=QuoteRequests(database, system),
        alarms=alarms,
        today=Today(database, system.now),
        health=health,
        doctor=Doctor(_installation(settings), database, ledger, health, transport, system.now),
        metrics=Metrics(database, keys, rollups, health, system.now),
        webhooks=webhooks,
        worker=Worker(database, outbox, ledger, revoked_lists, rollups, copies, alarms, webhooks, system.now),
    )


def _installation(settings: Settings) -> Installation:
    secrets = (settings.keys_passphrase_file, settings.oidc_client_secret_file, settings.metrics_token_file)
    return Installation(
        settings.in_production,
        settings.data_dir,
        settings.keys_dir,
        settings.data_dir / HIGH_WATER,
        settings.public_url,
        settings.proxies,
        settings.terms_url is not None and settings.privacy_url is not None,
        tuple(path for path in secrets if path is not None),
    )


def migrate(settings: Settings) -> None:
    """The database is at the newest schema. On PostgreSQL the owner migrates, and gives the server's role its due."""
    owner_url = settings.database_owner_url
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = open_database(Flask("licensing.migration"), owner_url or settings.database_url)
    schema.upgrade(database, make_url(settings.database_url).username if owner_url else None)
    database.close()


def open_restoring(settings: Settings, accept: Accept, system: System | None = None) -> Restoring:
    """What restores a backup into the installation of `settings`, which must be empty."""
    places, owner_url = _places(settings), settings.database_owner_url
    service_role = make_url(settings.database_url).username if owner_url else None

    def roots(folder: Path) -> list[RootKey]:
        return KeyStore(folder, TRUSTED_ROOTS, None, allow_test=not settings.in_production).roots()

    target = Target(places.url, service_role, places.data, places.keys, places.high_water, roots)
    return Restoring(target, PostgresTools(settings.postgres_bin), system or open_system(settings), accept)


def set_up(house: House) -> NewAdmin | None:
    """A development server has its database, keys and admin. The new admin, if there was none."""
    if house.settings.in_production:
        raise SetupRefused("A production server is set up by hand: see keys/README.md and `licensing db upgrade`.")
    migrate(house.settings)
    house.key_management.ensure()
    return house.staff.ensure_admin()


def require_fit(house: House) -> None:
    """Raises a Refusal unless the server may start: schema, durability, rights and keys."""
    schema.assert_current(house.database)
    house.database.assert_durable()
    if house.settings.in_production:
        house.database.assert_not_owner()
    house.keys.current()
    for warning in house.key_management.days().warnings:
        log.warning(warning)


def _places(settings: Settings) -> Places:
    url = settings.database_owner_url or settings.database_url
    return Places(url, settings.data_dir, settings.keys_dir, settings.data_dir / HIGH_WATER)


def _key_management(
    settings: Settings, keys: KeyStore, system: System, record: Recorder, agree: Agree
) -> KeyManagement:
    return KeyManagement(keys, system, settings.public_url, record, agree, test=not settings.in_production)
