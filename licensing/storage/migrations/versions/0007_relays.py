"""The key of the relay that shares a license's seats inside a customer's site."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("license", sa.Column("relay_kid", sa.String(length=80), nullable=True))
    op.add_column("license", sa.Column("relay_x", sa.String(length=43), nullable=True))


def downgrade() -> None:
    op.drop_column("license", "relay_x")
    op.drop_column("license", "relay_kid")
