"""What the console's first page asks for is found by an index."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INDEXES = (
    ("license", "ends_at", ["ends_at"]),
    ("quote", "state", ["state", "valid_until"]),
    ("journey", "full", ["is_open", "full_at"]),
    ("outbox", "dead_at", ["dead_at"]),
)


def upgrade() -> None:
    for table, name, columns in INDEXES:
        op.create_index(f"ix_{table}_{name}", table, columns)


def downgrade() -> None:
    for table, name, _ in INDEXES:
        op.drop_index(f"ix_{table}_{name}", table)
