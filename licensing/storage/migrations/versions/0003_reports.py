"""Reports: the terms of issuances, what was counted of each customer, the tallies, milestones and the weights of leads.

Whatever stands in the ledger, quotes and registrations already is counted by `licensing report rebuild`, or by the
worker: nothing counts as counted yet.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FIRST_DAY = 1_577_836_800  # 2020-01-01, before the first sale
MILESTONES = (
    ("00000000000000000000000000000001", "11 January 2024", 1_704_931_200, {"new_customers": 3, "enterprise_deals": 1}),
    ("00000000000000000000000000000002", "14 March 2024", 1_710_374_400, {"new_customers": 10, "enterprise_deals": 2}),
)
WEIGHTS = {
    "fifth_node": 40,
    "asked_for_quote": 30,
    "full": 20,
    "growing": 15,
    "several_clusters": 15,
    "company_domain": 10,
    "many_check_ins": 10,
}
COUNTS = {
    "funnel_tally": ("registered", "confirmed", "activated", "full", "over", "quoted", "converted", "direct"),
    "movement_tally": ("movements", "seats", "amount_minor"),
    "conversion_tally": ("customers",),
    "retention_tally": ("seats", "kept", "after"),
}
NEW_TABLES = (
    "lead_weight",
    "milestone_target",
    "milestone",
    *COUNTS,
    "movement",
    "journey",
    "report_state",
    "report_mark",
)


def upgrade() -> None:
    op.add_column("issuance", sa.Column("starts_at", sa.BigInteger(), nullable=True))
    op.add_column("issuance", sa.Column("ends_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_registration_trial_key", "registration", ["trial_key"])
    _counted()
    _tallies()
    _milestones()


def _counted() -> None:
    op.create_table(
        "report_mark",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subject", sa.String(length=320), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_report_mark"),
    )
    state = op.create_table(
        "report_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("leaves", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_report_state"),
    )
    op.bulk_insert(state, [{"id": 1, "leaves": 0}])
    op.execute("INSERT INTO report_mark (subject) SELECT id FROM organization WHERE merged_into IS NULL")
    op.execute("INSERT INTO report_mark (subject) SELECT DISTINCT trial_key FROM registration")
    op.create_table(
        "journey",
        sa.Column("subject", sa.String(length=320), nullable=False),
        sa.Column("organization_id", sa.String(length=32), nullable=True),
        *(
            sa.Column(f"{step}_at", sa.BigInteger(), nullable=True)
            for step in ("registered", "confirmed", "activated", "full", "over", "quoted", "converted", "direct")
        ),
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.Column("country", sa.String(length=8), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("salesperson_id", sa.String(length=40), nullable=False),
        sa.Column("trial", sa.String(length=32), nullable=True),
        sa.Column("purchase", sa.String(length=32), nullable=True),
        sa.Column("signals", sa.Integer(), nullable=False),
        sa.Column("active_at", sa.BigInteger(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_journey"),
    )
    op.create_index("ix_journey_registered", "journey", ["registered_at", "subject"])
    op.create_index("ix_journey_tier", "journey", ["tier", "registered_at", "subject"])
    op.create_index("ix_journey_country", "journey", ["country", "registered_at", "subject"])
    op.create_index("ix_journey_salesperson", "journey", ["salesperson_id", "registered_at", "subject"])
    op.create_index("ix_journey_source", "journey", ["source", "registered_at", "subject"])
    op.create_index("ix_journey_lead", "journey", ["is_open", "signals", "active_at", "subject"])
    op.create_table(
        "movement",
        sa.Column("serial", sa.String(length=32), nullable=False),
        sa.Column("what", sa.String(length=20), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(length=320), nullable=False),
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("license_id", sa.String(length=32), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("salesperson_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("serial", "what", "at", name="pk_movement"),
    )
    op.create_index("ix_movement_subject", "movement", ["subject"])
    op.create_index("ix_movement_listed", "movement", ["what", "at", "serial"])
    op.create_index("ix_movement_tier", "movement", ["what", "tier", "at", "serial"])


def _tallies() -> None:
    keys: dict[str, tuple[sa.Column[object], ...]] = {
        "funnel_tally": (
            sa.Column("unit", sa.String(length=5), nullable=False),
            sa.Column("by", sa.String(length=20), nullable=False),
            sa.Column("day", sa.BigInteger(), nullable=False),
            sa.Column("value", sa.String(length=40), nullable=False),
        ),
        "movement_tally": (
            sa.Column("unit", sa.String(length=5), nullable=False),
            sa.Column("day", sa.BigInteger(), nullable=False),
            sa.Column("what", sa.String(length=20), nullable=False),
            sa.Column("tier", sa.String(length=40), nullable=False),
            sa.Column("currency", sa.String(length=3), nullable=False),
        ),
        "conversion_tally": (
            sa.Column("month", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("days", sa.Integer(), autoincrement=False, nullable=False),
        ),
        "retention_tally": (
            sa.Column("month", sa.BigInteger(), autoincrement=False, nullable=False),
            sa.Column("span", sa.Integer(), autoincrement=False, nullable=False),
        ),
    }
    for name, columns in keys.items():
        op.create_table(
            name,
            *columns,
            *(sa.Column(count, sa.BigInteger(), nullable=False) for count in COUNTS[name]),
            sa.PrimaryKeyConstraint(*(column.name for column in columns), name=f"pk_{name}"),
        )


def _milestones() -> None:
    milestone = op.create_table(
        "milestone",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("counts_from", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_milestone"),
    )
    op.create_index("ix_milestone_day", "milestone", ["day"])
    target = op.create_table(
        "milestone_target",
        sa.Column("milestone_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["milestone_id"], ["milestone.id"], name="fk_milestone_target_milestone_id_milestone"),
        sa.PrimaryKeyConstraint("milestone_id", "kind", name="pk_milestone_target"),
    )
    op.bulk_insert(
        milestone,
        [{"id": id, "name": name, "counts_from": FIRST_DAY, "day": day} for id, name, day, _ in MILESTONES],
    )
    op.bulk_insert(
        target,
        [
            {"milestone_id": id, "kind": kind, "target": number}
            for id, _, _, targets in MILESTONES
            for kind, number in targets.items()
        ],
    )
    weight = op.create_table(
        "lead_weight",
        sa.Column("signal", sa.String(length=40), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("signal", name="pk_lead_weight"),
    )
    op.bulk_insert(weight, [{"signal": signal, "weight": number} for signal, number in WEIGHTS.items()])


def downgrade() -> None:
    for table in NEW_TABLES:
        op.drop_table(table)
    op.drop_index("ix_registration_trial_key", "registration")
    op.drop_column("issuance", "ends_at")
    op.drop_column("issuance", "starts_at")
