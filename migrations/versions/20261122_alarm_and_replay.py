"""alarm and replay

Why: an action that stands still raises an alarm, once, and a handoff of its own tells of it; all workers know together
which vendor is down, asked them to stay away, or has had as many requests as its budget allows.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_alarm_and_replay"
down_revision = "20261122_account_for_all"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "alarms",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="core.alarms.AlarmKind"),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_by", sa.Text(), nullable=True, comment="null while nobody said that they see to it"),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="what whoever acknowledged it says; null before"),
        sa.Column(
            "cleared_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the action went on; null while it stands",
        ),
        sa.CheckConstraint(
            "kind in ('failed', 'not_assisted', 'not_confirmed', 'outcome_unknown')", name="alarm_kind_is_known"
        ),
        sa.CheckConstraint(
            "(acknowledged_by is null) = (acknowledged_at is null) and (acknowledged_by is null) = (reason is null)",
            name="acknowledged_by_somebody_for_a_reason",
        ),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "one_alarm_at_a_time",
        "alarms",
        ["action_id", "kind"],
        unique=True,
        postgresql_where=sa.text("cleared_at is null"),
    )
    op.create_index("alarms_newest_first", "alarms", ["raised_at", "id"])
    op.create_table(
        "breakers",
        sa.Column("vendor", sa.Text(), nullable=False, comment="a destination, or dialnexa"),
        sa.Column(
            "failures",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="outages in a row; an answer ends it",
        ),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="since when it is not asked; null while it is",
        ),
        sa.Column(
            "retry_at", sa.DateTime(timezone=True), nullable=True, comment="when one may ask again; null while all may"
        ),
        sa.Column(
            "probe_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="until when that one's answer is waited for; null while none is under way",
        ),
        sa.Column(
            "held_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="it asked us to stay away so long (Retry-After); null where it never did",
        ),
        sa.Column(
            "next_slot_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the next request its budget allows; null where it has no budget",
        ),
        sa.Column(
            "last_error",
            sa.Text(),
            nullable=True,
            comment="the kind of the last outage, in our own word; null while all went well",
        ),
        sa.Column("changed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(opened_at is null) = (retry_at is null)", name="open_knows_when_to_ask_again"),
        sa.CheckConstraint("probe_until is null or opened_at is not null", name="only_an_open_one_is_probed"),
        sa.PrimaryKeyConstraint("vendor"),
    )
    op.add_column(
        "handoffs",
        sa.Column("alarm_id", sa.Uuid(), nullable=True, comment="null of the action's own; else the alarm it tells of"),
    )
    op.create_foreign_key("handoffs_alarm_id_fkey", "handoffs", "alarms", ["alarm_id"], ["id"])
    op.drop_constraint("one_handoff_per_action", "handoffs")
    op.create_unique_constraint(
        "one_handoff_per_action_and_alarm", "handoffs", ["action_id", "alarm_id"], postgresql_nulls_not_distinct=True
    )


def downgrade() -> None:
    op.execute(
        "delete from notifications using handoffs"
        " where notifications.handoff_id = handoffs.id and handoffs.alarm_id is not null"
    )
    op.execute("delete from handoffs where alarm_id is not null")
    op.drop_constraint("one_handoff_per_action_and_alarm", "handoffs")
    op.create_unique_constraint("one_handoff_per_action", "handoffs", ["action_id"])
    op.drop_column("handoffs", "alarm_id")
    op.drop_table("breakers")
    op.drop_table("alarms")
