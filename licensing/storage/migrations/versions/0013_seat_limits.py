"""How many seats a person may let a customer have alone."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("seat_limit", sa.Integer(), nullable=False, server_default="1000"))


def downgrade() -> None:
    op.drop_column("staff", "seat_limit")
