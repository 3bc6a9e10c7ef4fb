"""account for all

Why: one process at a time reads a vendor's feed, whoever was killed while it had its turn; orders that no feed tells of
are read one by one, those first that were not looked for the longest.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_account_for_all"
down_revision = "20261122_keep_steps"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "leases",
        sa.Column(
            "name", sa.Text(), nullable=False, comment="what one process at a time may do, e.g. read goody.orders"
        ),
        sa.Column("holder", sa.Uuid(), nullable=False),
        sa.Column(
            "leased_until",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="then it is free, whatever became of the holder",
        ),
        sa.PrimaryKeyConstraint("name"),
    )
    op.add_column(
        "orders",
        sa.Column(
            "looked_for_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when a reconciler last asked for it by its id, shown or not; null before it did",
        ),
    )
    op.create_index(
        "orders_to_look_for",
        "orders",
        ["destination", sa.text("greatest(read_at, looked_for_at)")],
        postgresql_where=sa.text("stage <> all (array['delivered', 'cancelled'])"),
    )


def downgrade() -> None:
    op.drop_index("orders_to_look_for", table_name="orders")
    op.drop_column("orders", "looked_for_at")
    op.drop_table("leases")
