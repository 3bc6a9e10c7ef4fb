"""keep steps

Why: an action may take several writes at a shop (a gift sent anew, then the old one cancelled). Each is committed
before it is sent, so that whoever comes next, machine or person, sees how far it got.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_keep_steps"
down_revision = "20261122_deliver_handoffs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "action_steps",
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True, comment="null while the step is open"),
        sa.Column("detail", sa.Text(), nullable=True, comment="what the shop answered, without personal data"),
        sa.Column(
            "made",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="ids of what it made at the shop, and prices; null where nothing",
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("outcome in ('succeeded', 'refused', 'failed', 'unknown')", name="step_outcome_is_known"),
        sa.CheckConstraint(
            "(finished_at is not null) = (outcome is not null and outcome <> 'unknown')",
            name="settled_step_is_finished",
        ),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"]),
        sa.PrimaryKeyConstraint("action_id", "number"),
    )


def downgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.drop_table("action_steps")
