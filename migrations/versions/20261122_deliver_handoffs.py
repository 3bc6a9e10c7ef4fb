"""deliver handoffs

Why: a handoff reaches a team by its channels, once by each, and what could not be delivered is seen.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_deliver_handoffs"
down_revision = "20261122_keep_policies"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("handoff_id", sa.Uuid(), nullable=False),
        sa.Column(
            "team", sa.Text(), nullable=False, comment="whose line it is; its last channels are the fallback team's"
        ),
        sa.Column("channel", sa.Text(), nullable=False, comment="core.routing.Channel.name"),
        sa.Column("status", sa.Text(), server_default=sa.text("'pending'"), nullable=False),
        sa.Column(
            "tries",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="each counted before it is made",
        ),
        sa.Column(
            "last_error",
            sa.Text(),
            nullable=True,
            comment="our own word and a status code, never a stranger's; null while all went well",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True, comment="null until the first try"),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "escalated_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the next channel was taken in its place; null while it was not",
        ),
        sa.CheckConstraint("status in ('pending', 'delivered', 'dead')", name="notification_status_is_known"),
        sa.CheckConstraint("(delivered_at is not null) = (status = 'delivered')", name="delivered_has_delivered_at"),
        sa.CheckConstraint("status <> 'dead' or last_error is not null", name="dead_says_why"),
        sa.ForeignKeyConstraint(["handoff_id"], ["handoffs.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("handoff_id", "channel", name="one_notification_per_handoff_and_channel"),
    )
    op.create_index("notifications_newest_first", "notifications", ["created_at", "id"])
    op.create_index(
        "notifications_not_delivered",
        "notifications",
        ["status", "created_at"],
        postgresql_where=sa.text("status <> 'delivered'"),
    )


def downgrade() -> None:
    op.drop_table("notifications")
