"""count and switch

Why: what happened before to a caller, a contact or an order counts in a decision; a person can switch off a kind
of action or a destination, and it holds at once.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_count_and_switch"
down_revision = "20261122_keep_links_and_lookups"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_index(
        "calls_by_caller",
        "calls",
        [sa.text("(facts ->> 'from_number')"), "created_at"],
        postgresql_where=sa.text("direction is distinct from 'outbound'"),
    )
    op.create_index(
        "calls_by_called",
        "calls",
        [sa.text("(facts ->> 'to_number')"), "created_at"],
        postgresql_where=sa.text("direction = 'outbound'"),
    )
    op.create_index(
        "actions_of_money",
        "actions",
        ["updated_at"],
        postgresql_where=sa.text("kind in ('cancel_order', 'refund_order')"),
    )
    op.create_table(
        "switches",
        sa.Column("scope", sa.Text(), nullable=False, comment="kind: of action; destination: a shop"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("off_since", sa.DateTime(timezone=True), nullable=True, comment="null while it is on"),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint("scope in ('kind', 'destination')", name="switch_scope_is_known"),
        sa.CheckConstraint("reason <> ''", name="switched_for_a_reason"),
        sa.PrimaryKeyConstraint("scope", "name"),
    )


def downgrade() -> None:
    op.drop_table("switches")
    op.drop_index("actions_of_money", table_name="actions")
    op.drop_index("calls_by_called", table_name="calls")
    op.drop_index("calls_by_caller", table_name="calls")
