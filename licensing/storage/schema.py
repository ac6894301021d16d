"""The schema: bringing a database to the newest migration, and saying whether it is there."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from licensing.core.errors import SetupRefused
from licensing.storage import (
    alarms,
    api_keys,
    batches,
    clusters,
    devices,
    events,
    histories,
    idempotency,
    journeys,
    leads,
    ledger,
    licenses,
    milestones,
    organizations,
    outbox,
    portal,
    prices,
    quote_requests,
    quotes,
    registrations,
    retention,
    revocations,
    sessions,
    sign_in_flows,
    staff,
    supports,
    tallies,
    tiers,
    webhooks,
    worker,
)
from licensing.storage.database import Base, Database, without_time_limit

# Naming the rooms' tables is what puts them into the metadata.
TABLES = (
    alarms.AlarmRow,
    api_keys.ApiKeyRow,
    batches.BatchRow,
    clusters.ClusterRow,
    clusters.ClusterChangeRow,
    devices.DeviceGrantRow,
    events.EventRow,
    histories.MarkRow,
    histories.CountedRow,
    idempotency.AnswerRow,
    journeys.JourneyRow,
    journeys.MovementRow,
    leads.WeightRow,
    ledger.LeafRow,
    ledger.NodeRow,
    ledger.CheckpointRow,
    ledger.IssuanceRow,
    ledger.RecordRow,
    licenses.LicenseRow,
    licenses.TokenRow,
    milestones.MilestoneRow,
    milestones.TargetRow,
    organizations.OrganizationRow,
    organizations.ContactRow,
    organizations.GramRow,
    outbox.OutboxRow,
    portal.PortalLinkRow,
    portal.PortalSessionRow,
    quote_requests.QuoteRequestRow,
    prices.PriceRow,
    prices.VolumeDiscountRow,
    quotes.QuoteRow,
    registrations.RegistrationRow,
    retention.CondensedRow,
    revocations.RevocationRow,
    revocations.RevokedListRow,
    sessions.SessionRow,
    sessions.FailureRow,
    sign_in_flows.FlowRow,
    staff.StaffRow,
    supports.SupportLevelRow,
    supports.SupportOfferRow,
    tallies.FunnelRow,
    tallies.MovementTallyRow,
    tallies.ConversionRow,
    tallies.RetentionRow,
    tiers.TierRow,
    webhooks.WebhookRow,
    webhooks.DeliveryRow,
    worker.WorkerRow,
)
METADATA = Base.metadata


def upgrade(database: Database, service_role: str | None = None, revision: str = "head") -> None:
    """Brings the schema to `revision`, in one transaction; grants `service_role` what it may do (PostgreSQL)."""
    with database.write() as session:
        without_time_limit(session)
        connection = session.connection()
        command.upgrade(_config(connection), revision)
        if service_role is not None:
            _grant(connection, service_role)


def downgrade(database: Database, revision: str) -> None:
    with database.engine.begin() as connection:
        command.downgrade(_config(connection), revision)


def assert_current(database: Database) -> None:
    """Raises SetupRefused unless the schema has all that this version was written for.

    A newer one has, as long as its revision is a number: such migrations only add (docs/operations.md). One that takes
    something away has a revision that is no number, and stops every server that does not know it.
    """
    with database.read() as session:
        current = MigrationContext.configure(session.connection()).get_current_revision()
    newest = ScriptDirectory.from_config(_config(None)).get_current_head()
    if current != newest and not _only_adds_to(newest, current):
        raise SetupRefused(f"The database is at revision {current or 'none'}, not {newest}; run: licensing db upgrade")


def _only_adds_to(newest: str | None, current: str | None) -> bool:
    """Whether `current` is a revision of a later version, which servers of this one may go on beside."""
    return all(each is not None and each.isdecimal() for each in (newest, current)) and str(current) > str(newest)


def differences(database: Database) -> list[str]:
    """Where the database's tables differ from the models; empty when they agree."""
    with database.engine.connect() as connection:
        return [str(difference) for difference in compare_metadata(MigrationContext.configure(connection), METADATA)]


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _grant(connection: Connection, role: str) -> None:
    """The service role reads and adds everywhere, and changes everything but the ledger."""
    quoted = connection.dialect.identifier_preparer.quote(role)
    for table in METADATA.sorted_tables:
        rights = "SELECT, INSERT" if table.name in ledger.APPEND_ONLY else "SELECT, INSERT, UPDATE, DELETE"
        connection.execute(text(f"REVOKE ALL ON {table.name} FROM {quoted}"))  # default privileges may say more
        connection.execute(text(f"GRANT {rights} ON {table.name} TO {quoted}"))
    connection.execute(text(f"GRANT SELECT ON alembic_version TO {quoted}"))
    connection.execute(text(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}"))
