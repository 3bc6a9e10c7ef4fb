"""keep links and lookups

Why: what a reviewed call taught of a phone number is kept with its origin, and can be taken back; what an agent looked
up during a call is part of the call's evidence; references that were tried in vain show who is guessing.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_keep_links_and_lookups"
down_revision = "20261122_index_what_is_heard"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "links",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False, comment="E.164: the number the caller had"),
        sa.Column("email", sa.Text(), nullable=False, comment="of the person of the order whom they turned out to be"),
        sa.Column("role", sa.Text(), nullable=False, comment="which person of the order that was"),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False, comment="what vouches for it: review:<id> or action:<id>"),
        sa.Column("learned_by", sa.Text(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=True, comment="null while it holds"),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("role in ('recipient', 'sender')", name="link_is_to_a_person_of_the_order"),
        sa.CheckConstraint("origin like 'review:%' or origin like 'action:%'", name="link_has_an_origin"),
        sa.CheckConstraint("(revoked_by is null) = (revoked_at is null)", name="revoked_by_somebody"),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"]),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("phone", "email", name="link_learnt_once"),
    )
    op.create_index("links_newest_first", "links", ["learned_at", "id"])
    op.create_index("links_by_call", "links", ["call_id"])
    op.create_table(
        "lookups",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "call_id",
            sa.Text(),
            nullable=True,
            comment="no foreign key: it may come before anything of the call; null where none was sent",
        ),
        sa.Column("asked_by", sa.Text(), nullable=False, comment="the name of the token"),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "heard",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="names of the facts that were given, never the facts",
        ),
        sa.Column("level", sa.Text(), nullable=False, comment="how much was said: core.disclosure.Level"),
        sa.Column("outcome", sa.Text(), nullable=False, comment="core.matching.MatchOutcome"),
        sa.Column("order_id", sa.BigInteger(), nullable=True, comment="null where none was matched"),
        sa.CheckConstraint("level in ('clear', 'low', 'none')", name="lookup_level_is_known"),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("lookups_by_call", "lookups", ["call_id", "id"])
    op.create_table(
        "reference_misses",
        sa.Column(
            "call_id",
            sa.Text(),
            nullable=False,
            comment="no foreign key: a lookup may come before anything of the call",
        ),
        sa.Column(
            "code", sa.Text(), nullable=False, comment="a reference that was tried and led to no order of the caller's"
        ),
        sa.Column(
            "number_digest",
            sa.LargeBinary(),
            nullable=True,
            comment="of the caller's number; null where it was withheld",
        ),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_id", "code"),
    )
    op.create_index("reference_misses_by_number", "reference_misses", ["number_digest", "tried_at"])


def downgrade() -> None:
    op.drop_table("reference_misses")
    op.drop_table("lookups")
    op.drop_table("links")
