"""Trials that look like one another, as a reason for sales."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEPT = sa.text("name_hash IS NOT NULL")


def upgrade() -> None:
    op.add_column("registration", sa.Column("network_hash", sa.String(64)))
    op.add_column("registration", sa.Column("name_hash", sa.String(64)))
    op.add_column("registration", sa.Column("is_alike", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_registration_network_hash", "registration", ["network_hash"])
    named = ("ix_registration_name_hash", "registration", ["name_hash"])
    op.create_index(*named, sqlite_where=KEPT, postgresql_where=KEPT)
    op.execute("INSERT INTO lead_weight (signal, weight) VALUES ('alike_trials', 20)")


def downgrade() -> None:
    op.execute("DELETE FROM lead_weight WHERE signal = 'alike_trials'")
    op.drop_index("ix_registration_name_hash", "registration")
    op.drop_index("ix_registration_network_hash", "registration")
    for name in ("is_alike", "name_hash", "network_hash"):
        op.drop_column("registration", name)
