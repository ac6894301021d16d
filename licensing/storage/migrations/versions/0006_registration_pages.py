"""Whether a person wants to be written to about more than her license."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("registration", sa.Column("news", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("contact", sa.Column("news_since", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("contact", "news_since")
    op.drop_column("registration", "news")
