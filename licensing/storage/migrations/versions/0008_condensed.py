"""The history of clusters by time, and how far back it was condensed."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "condensed",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_condensed")),
    )
    op.create_index(op.f("ix_cluster_change_at"), "cluster_change", ["at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_cluster_change_at"), table_name="cluster_change")
    op.drop_table("condensed")
