"""Sales: staff who sign in, machines with keys, customers that can be found and merged, prices, quotes, support levels.

Columns are added and not rebuilt where a table is append-only: rebuilding would drop its triggers.
"""

import hashlib

import sqlalchemy as sa
from alembic import op

from licensing.core.searching import grams

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FIRST_DAY = 1_577_836_800  # 2020-01-01, before the first sale
SUPPORT_LEVELS = (
    ("community", 0, "Community", ["community Q&A", "public knowledge base"]),
    ("standard", 1, "Standard", ["community Q&A", "public knowledge base", "tickets in business hours"]),
    (
        "business",
        2,
        "Business",
        ["community Q&A", "public knowledge base", "tickets in business hours", "telephone in business hours"],
    ),
    (
        "dedicated-24x7",
        3,
        "Dedicated 24/7",
        [
            "community Q&A",
            "public knowledge base",
            "tickets at any hour",
            "emergency telephone at any hour",
            "system design",
            "on-going maintenance",
            "training",
        ],
    ),
)
OFFERS = (
    ("trial", "community"),
    ("entry", "standard"),
    ("entry", "business"),
    ("medium_enterprise", "standard"),
    ("medium_enterprise", "business"),
    ("medium_enterprise", "dedicated-24x7"),
    ("large_enterprise", "business"),
    ("large_enterprise", "dedicated-24x7"),
)
ISSUANCE_COLUMNS: dict[str, sa.String | sa.BigInteger] = {
    "support": sa.String(length=40),
    "order_number": sa.String(length=80),
    "amount_minor": sa.BigInteger(),
    "currency": sa.String(length=3),
    "salesperson_id": sa.String(length=40),
    "quote_id": sa.String(length=32),
    "refers_to": sa.String(length=32),
}
NEW_TABLES = (
    "batch",
    "quote",
    "support_offer",
    "support_level",
    "volume_discount",
    "price",
    "event",
    "api_key",
    "sign_in_flow",
    "sign_in_failure",
    "staff_session",
    "organization_gram",
)


def upgrade() -> None:
    _customers()
    for name, kind in ISSUANCE_COLUMNS.items():
        op.add_column("issuance", sa.Column(name, kind, nullable=True))
    op.create_index("ix_issuance_order_number", "issuance", ["order_number"])
    op.create_index("ix_issuance_refers_to", "issuance", ["refers_to"])
    op.add_column("cluster", sa.Column("np_granted", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("outbox", sa.Column("license_id", sa.String(length=32), nullable=True))
    _staff()
    _prices()


def _customers() -> None:
    op.add_column("organization", sa.Column("domain", sa.String(length=253), nullable=True))
    op.add_column("organization", sa.Column("merged_into", sa.String(length=32), nullable=True))
    op.create_index("ix_organization_domain", "organization", ["domain"])
    op.create_index("ix_organization_merged_into", "organization", ["merged_into"])
    op.add_column("contact", sa.Column("erased_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "organization_gram",
        sa.Column("gram", sa.String(length=3), nullable=False),
        sa.Column("organization_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name="fk_organization_gram_organization_id_organization"
        ),
        sa.PrimaryKeyConstraint("gram", "organization_id", name="pk_organization_gram"),
    )
    op.create_index("ix_organization_gram_organization_id", "organization_gram", ["organization_id"])
    _hash_private_addresses()
    _index_organizations()


def _hash_private_addresses() -> None:
    """A trial's key names a private address by its hash, so that it can outlive the person's erasure."""
    for name in ("organization", "registration"):
        table = sa.table(name, sa.column("id"), sa.column("trial_key"))
        rows = op.get_bind().execute(
            sa.select(table.c.id, table.c.trial_key).where(table.c.trial_key.like("address:%"))
        )
        for id, key in rows.all():
            hashed = hashlib.sha256(key.removeprefix("address:").encode()).hexdigest()
            op.execute(table.update().where(table.c.id == id).values(trial_key=f"address:{hashed}"))


def _index_organizations() -> None:
    """Whoever is known already can be searched for."""
    organization = sa.table("organization", sa.column("id"), sa.column("name"))
    contact = sa.table("contact", sa.column("organization_id"), sa.column("email"))
    texts = sa.union_all(
        sa.select(organization.c.id, organization.c.name), sa.select(contact.c.organization_id, contact.c.email)
    )
    found = {(gram, id) for id, text in op.get_bind().execute(texts) for gram in grams(text)}
    table = sa.table("organization_gram", sa.column("gram"), sa.column("organization_id"))
    op.bulk_insert(table, [{"gram": gram, "organization_id": id} for gram, id in sorted(found)])


def _staff() -> None:
    with op.batch_alter_table("staff") as staff:
        staff.alter_column("password_hash", existing_type=sa.String(length=200), nullable=True)
        staff.add_column(sa.Column("name", sa.String(length=200), nullable=False, server_default=""))
        staff.add_column(sa.Column("discount_limit", sa.Integer(), nullable=False, server_default="0"))
        staff.add_column(sa.Column("totp_secret", sa.LargeBinary(), nullable=True))
        staff.add_column(sa.Column("totp_confirmed", sa.Boolean(), nullable=False, server_default=sa.false()))
        staff.add_column(sa.Column("totp_last_step", sa.BigInteger(), nullable=False, server_default="0"))
        staff.add_column(sa.Column("oidc_subject", sa.String(length=300), nullable=True))
        staff.add_column(sa.Column("disabled_at", sa.BigInteger(), nullable=True))
        staff.create_unique_constraint("uq_staff_oidc_subject", ["oidc_subject"])
    op.create_table(
        "staff_session",
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        sa.Column("staff_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("second_factor", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_staff_session_staff_id_staff"),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_staff_session"),
    )
    op.create_index("ix_staff_session_staff_id", "staff_session", ["staff_id"])
    op.create_table(
        "sign_in_failure",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_failure"),
    )
    op.create_index("ix_sign_in_failure_subject_at", "sign_in_failure", ["subject", "at"])
    op.create_table(
        "sign_in_flow",
        sa.Column("state_hash", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_sign_in_flow"),
    )
    op.create_table(
        "api_key",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("organization_id", sa.String(length=32), nullable=True),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organization.id"], name="fk_api_key_organization_id_organization"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
        sa.UniqueConstraint("key_hash", name="uq_api_key_key_hash"),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_subject", "event", ["subject"])


def _prices() -> None:
    op.create_table(
        "price",
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("node_year_minor", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("currency", "valid_from", name="pk_price"),
    )
    op.create_table(
        "volume_discount",
        sa.Column("min_seats", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("min_seats", "valid_from", name="pk_volume_discount"),
    )
    level = op.create_table(
        "support_level",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("covers", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_support_level"),
    )
    offer = op.create_table(
        "support_offer",
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.Column("support", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["support"], ["support_level.name"], name="fk_support_offer_support_support_level"),
        sa.PrimaryKeyConstraint("tier", "support", "valid_from", name="pk_support_offer"),
    )
    op.bulk_insert(
        level,
        [
            {"name": name, "rank": rank, "title": title, "covers": covers}
            for name, rank, title, covers in SUPPORT_LEVELS
        ],
    )
    op.bulk_insert(
        offer,
        [{"tier": tier, "support": name, "valid_from": FIRST_DAY, "valid_until": None} for tier, name in OFFERS],
    )
    op.create_table(
        "quote",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("organization_id", sa.String(length=32), nullable=False),
        sa.Column("license_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("np_seats", sa.Integer(), nullable=True),
        sa.Column("starts_at", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("from_old_end", sa.Boolean(), nullable=False),
        sa.Column("bind", sa.JSON(), nullable=True),
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.Column("support", sa.String(length=40), nullable=True),
        sa.Column("term_months", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("node_year_minor", sa.BigInteger(), nullable=False),
        sa.Column("charged_seats", sa.Integer(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.Column("days", sa.Integer(), nullable=True),
        sa.Column("list_minor", sa.BigInteger(), nullable=False),
        sa.Column("volume_percent", sa.Integer(), nullable=False),
        sa.Column("volume_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_percent", sa.Integer(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_by", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("valid_until", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=40), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("serial", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["organization_id"], ["organization.id"], name="fk_quote_organization_id_organization"),
        sa.ForeignKeyConstraint(["license_id"], ["license.id"], name="fk_quote_license_id_license"),
        sa.PrimaryKeyConstraint("id", name="pk_quote"),
        sa.UniqueConstraint("number", name="uq_quote_number"),
    )
    op.create_index("ix_quote_organization_id", "quote", ["organization_id"])
    op.create_table(
        "batch",
        sa.Column("file_hash", sa.String(length=64), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("rows_total", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("file_hash", name="pk_batch"),
    )


def downgrade() -> None:
    for table in NEW_TABLES:
        op.drop_table(table)
    with op.batch_alter_table("staff") as staff:
        staff.drop_constraint("uq_staff_oidc_subject", type_="unique")
        for name in ("disabled_at", "oidc_subject", "totp_last_step", "totp_confirmed", "totp_secret"):
            staff.drop_column(name)
        staff.drop_column("discount_limit")
        staff.drop_column("name")
        staff.alter_column("password_hash", existing_type=sa.String(length=200), nullable=False)
    op.drop_column("outbox", "license_id")
    op.drop_column("cluster", "np_granted")
    op.drop_index("ix_issuance_refers_to", "issuance")
    op.drop_index("ix_issuance_order_number", "issuance")
    for name in ISSUANCE_COLUMNS:
        op.drop_column("issuance", name)
    op.drop_column("contact", "erased_at")
    op.drop_index("ix_organization_merged_into", "organization")
    op.drop_index("ix_organization_domain", "organization")
    op.drop_column("organization", "merged_into")
    op.drop_column("organization", "domain")
