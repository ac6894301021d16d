"""The portal of customers, registrations from a DCC's own screen, and requests for a quote."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _portal()
    _devices()
    _quote_requests()


def _portal() -> None:
    op.create_table(
        "portal_link",
        sa.Column("link_hash", sa.String(length=64), nullable=False),
        sa.Column("folded_email", sa.String(length=320), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("link_hash", name="pk_portal_link"),
    )
    op.create_index("ix_portal_link_folded_email", "portal_link", ["folded_email"])
    op.create_table(
        "portal_session",
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("folded_email", sa.String(length=320), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_portal_session"),
    )
    op.create_index("ix_portal_session_folded_email", "portal_session", ["folded_email"])


def _devices() -> None:
    op.create_table(
        "device_grant",
        sa.Column("device_hash", sa.String(length=64), nullable=False),
        sa.Column("user_code_hash", sa.String(length=64), nullable=False),
        sa.Column("fsid", sa.String(length=36), nullable=False),
        sa.Column("cluster_name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("interval_seconds", sa.Integer(), nullable=False),
        sa.Column("registration_id", sa.String(length=32), nullable=True),
        sa.Column("refused_at", sa.BigInteger(), nullable=True),
        sa.Column("fetched_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("device_hash", name="pk_device_grant"),
    )
    op.create_index("ix_device_grant_user_code_hash", "device_grant", ["user_code_hash"], unique=True)


def _quote_requests() -> None:
    op.create_table(
        "quote_request",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("organization_id", sa.String(length=32), nullable=False),
        sa.Column("license_id", sa.String(length=32), nullable=False),
        sa.Column("contact_id", sa.String(length=32), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name="fk_quote_request_organization_id_organization"
        ),
        sa.ForeignKeyConstraint(["license_id"], ["license.id"], name="fk_quote_request_license_id_license"),
        sa.PrimaryKeyConstraint("id", name="pk_quote_request"),
    )
    op.create_index("ix_quote_request_done_at", "quote_request", ["done_at", "created_at"])
    for column in ("organization_id", "license_id", "contact_id"):
        op.create_index(f"ix_quote_request_{column}", "quote_request", [column])


def downgrade() -> None:
    for table in ("quote_request", "device_grant", "portal_session", "portal_link"):
        op.drop_table(table)
