"""Alarms that somebody has looked at, and those that a mail has told of."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alarm", sa.Column("told_at", sa.BigInteger()))
    op.add_column("alarm", sa.Column("seen_at", sa.BigInteger()))
    op.add_column("alarm", sa.Column("seen_by", sa.String(40)))


def downgrade() -> None:
    for name in ("seen_by", "seen_at", "told_at"):
        op.drop_column("alarm", name)
