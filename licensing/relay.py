"""Puts the relay's house together: the same services, on the vendor's license file and the relay's own keys.

A relay runs inside a customer's site, and shares one paid license's seats among the clusters there (docs/relay.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from licensing.bootstrap import HIGH_WATER, VERIFIED, migrate, open_system
from licensing.core.checkpoints import origin
from licensing.core.errors import Malformed
from licensing.core.keys import RootKey
from licensing.core.licenses import License
from licensing.core.roots import TRUSTED_ROOTS
from licensing.key_store import open_passphrase
from licensing.services.audit import Audit
from licensing.services.carrying import CarriedLists, Carrying
from licensing.services.checkins import Checkins
from licensing.services.health import Health
from licensing.services.ledger import Ledger
from licensing.services.license_files import LicenseFiles
from licensing.services.relay_authentication import RelayAuthentication
from licensing.services.relay_keys import RelayKeys
from licensing.services.relay_status import RelayStatus
from licensing.services.relay_usage import RelayUsage
from licensing.services.relay_worker import RelayWorker
from licensing.services.validations import Validations
from licensing.settings import Settings
from licensing.storage import keyfiles, schema
from licensing.storage.database import Database, open_database
from licensing.system import System

KEPT = "relay-license.json"
PROBLEM = "relay-problem.txt"


@dataclass(frozen=True, slots=True)
class RelayHouse:
    """What the relay's pages and commands talk to; a part has the name that it has in `bootstrap.House`."""

    settings: Settings
    app: Flask
    database: Database
    system: System
    keys: RelayKeys
    carrying: Carrying
    checkins: Checkins
    validations: Validations
    revoked_lists: CarriedLists
    ledger: Ledger
    audit: Audit
    status: RelayStatus
    usage: RelayUsage
    health: Health

    def worker(self, source: Path) -> RelayWorker:
        """Takes in what is put at `source`."""
        return RelayWorker(self.carrying, self.ledger, source, self.settings.data_dir / PROBLEM, self.system.now)


def open_relay_keys(settings: Settings, root: RootKey | None = None) -> RelayKeys:
    """The relay's folder of keys; nothing is read yet but the passphrase. `root` is trusted, too."""
    kept, passphrase = settings.data_dir / KEPT, open_passphrase(settings)
    roots = TRUSTED_ROOTS if root is None else (*TRUSTED_ROOTS, root)
    return RelayKeys(kept, settings.keys_dir, roots, passphrase, allow_test=not settings.in_production)


def build_relay(settings: Settings, root: RootKey | None = None) -> RelayHouse:
    """The relay of `settings`. Opens the database but asks it nothing, and reads no key file yet."""
    system = open_system(settings)
    app = Flask("licensing.web")
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    database, keys = open_database(app, settings.database_url), open_relay_keys(settings, root)
    kept, issuer = settings.data_dir / KEPT, settings.public_url
    lists = CarriedLists(kept)
    files = LicenseFiles(keys, lists)
    authentication = RelayAuthentication(database, keys, system.now)
    ledger = Ledger(database, keys, system.now, origin(issuer), settings.data_dir / HIGH_WATER)
    return RelayHouse(
        settings=settings,
        app=app,
        database=database,
        system=system,
        keys=keys,
        carrying=Carrying(database, keys, kept, system),
        checkins=Checkins(database, authentication, files, keys, system, issuer),
        validations=Validations(database, authentication, files, system.now),
        revoked_lists=lists,
        ledger=ledger,
        audit=Audit(database, keys, ledger, settings.data_dir / VERIFIED),
        status=RelayStatus(database, keys, settings.data_dir / PROBLEM, system.now),
        usage=RelayUsage(database, keys, system.now, issuer),
        health=Health(database, keys, ledger, system.now, signs=(), has_worker=False),
    )


def set_up_relay(house: RelayHouse, source: Path, root: RootKey | None) -> License:
    """The relay has its database, its log key, the vendor's license, and `root` among those it trusts.

    Raises a Refusal, and changes nothing, for a file that it can't share.
    """
    settings = house.settings
    try:
        text = source.read_bytes()
    except OSError as error:
        raise Malformed(f"The license file {source} can't be read: {error.strerror}.") from error
    house.carrying.check(text)
    migrate(settings)
    house.keys.ensure_log_key()
    if root is not None:
        keyfiles.write_public(settings.keys_dir / keyfiles.ROOT, root.kid, root.x)
    license = house.carrying.take(text)
    (settings.data_dir / PROBLEM).unlink(missing_ok=True)
    return license


def require_fit_relay(house: RelayHouse) -> None:
    """Raises a Refusal unless the relay may start: schema, durability, rights and keys."""
    schema.assert_current(house.database)
    house.database.assert_durable()
    if house.settings.in_production:
        house.database.assert_not_owner()
    house.keys.current()
