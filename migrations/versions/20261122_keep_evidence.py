"""keep evidence

Why: a call's transcript is kept apart from its facts, where it can be sealed; its recording is kept, with its hash;
and a start without the key that stored data is sealed with is refused.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261122_keep_evidence"
down_revision = "20261122_alarm_and_replay"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "transcripts",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column(
            "body", sa.LargeBinary(), nullable=False, comment="turns as JSON; sealed where there was a master key"
        ),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"]),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.create_table(
        "recordings",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column(
            "status", sa.Text(), nullable=False, comment="awaited; kept; missing: it never came, last_error says why"
        ),
        sa.Column(
            "tries",
            sa.Integer(),
            server_default=sa.text("0"),
            nullable=False,
            comment="each counted before it is made",
        ),
        sa.Column("last_error", sa.Text(), nullable=True, comment="in our own words; null while all went well"),
        sa.Column(
            "file_name",
            sa.Text(),
            nullable=True,
            comment="of the last try, below the storage's URL; tells nothing; null before a try",
        ),
        sa.Column(
            "sha256",
            sa.LargeBinary(),
            nullable=True,
            comment="of the recording itself, however it is stored; null until it is kept",
        ),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=True),
        sa.Column(
            "key_id",
            sa.Text(),
            nullable=True,
            comment="of the master key it is sealed with; null where it is kept as it came",
        ),
        sa.Column("awaited_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status in ('awaited', 'kept', 'missing')", name="recording_status_is_known"),
        sa.CheckConstraint("(kept_at is not null) = (status = 'kept')", name="kept_has_kept_at"),
        sa.CheckConstraint(
            "status <> 'kept' or num_nulls(file_name, sha256, size_bytes, media_type) = 0", name="what_is_kept_is_known"
        ),
        sa.CheckConstraint("status <> 'missing' or last_error is not null", name="missing_says_why"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"]),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.create_index("recordings_newest_first", "recordings", ["awaited_since", "call_id"])
    op.create_index(
        "recordings_not_kept",
        "recordings",
        ["status", "awaited_since"],
        postgresql_where=sa.text("status <> 'kept'"),
    )
    op.create_table(
        "master_keys",
        sa.Column("key_id", sa.Text(), nullable=False, comment="tells keys apart and nothing about them"),
        sa.Column("first_used_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("key_id"),
    )
    # As they are, since a migration has no key: they stay readable.
    op.execute(
        "insert into transcripts (call_id, body) select call_id, convert_to((facts -> 'transcript')::text, 'UTF8')"
        " from calls where facts -> 'transcript' <> '[]'"
    )
    op.execute("""update calls set facts = facts || '{"transcript": []}' where facts -> 'transcript' <> '[]'""")


def downgrade() -> None:
    # A sealed transcript cannot be put back, and must not be lost.
    op.execute("""
        do $$ begin
            if exists (select from transcripts where get_byte(body, 0) = 0) then
                raise exception 'there are sealed transcripts, which the schema before cannot hold';
            end if;
        end $$
    """)
    op.execute(
        "update calls set facts = facts || jsonb_build_object('transcript', convert_from(body, 'UTF8')::jsonb)"
        " from transcripts where transcripts.call_id = calls.call_id"
    )
    op.drop_table("master_keys")
    op.drop_table("recordings")
    op.drop_table("transcripts")
