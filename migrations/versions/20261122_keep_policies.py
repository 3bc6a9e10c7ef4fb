"""keep policies

Why: every version of the policy that decided anything is kept, with who drafted, signed and published it, so that any
decision can be replayed; what a shadow version would have decided otherwise is shown before it is published.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261122_keep_policies"
down_revision = "20261122_count_and_switch"
branch_labels = None
depends_on = None

# A document that decided something must not change or vanish by a mistake; its status may move.
REFUSE_TO_CHANGE = """
    CREATE FUNCTION refuse_to_change_a_policy() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'a policy is kept as it was given: % on % refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END $$
"""


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "policy_versions",
        sa.Column("version", sa.Text(), nullable=False, comment="what the document calls itself, and its digest"),
        sa.Column(
            "document", sa.Text(), nullable=False, comment="the YAML as it was given; a trigger refuses to change it"
        ),
        sa.Column("note", sa.Text(), nullable=True, comment="why it was drafted; null where nobody said"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "is_shadow",
            sa.Boolean(),
            server_default=sa.text("false"),
            nullable=False,
            comment="judged beside the live one",
        ),
        sa.Column("drafted_by", sa.Text(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=True, comment="who made it the live one last; null of a draft"),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "replaced",
            sa.Text(),
            nullable=True,
            comment="the live one before it, where a rollback leads; null where there was none",
        ),
        sa.CheckConstraint("status in ('draft', 'live', 'retired')", name="policy_status_is_known"),
        sa.CheckConstraint("(status = 'draft') = (published_at is null)", name="only_a_draft_was_never_live"),
        sa.CheckConstraint("(published_by is null) = (published_at is null)", name="published_by_somebody"),
        sa.CheckConstraint("not (is_shadow and status = 'live')", name="a_shadow_has_no_effect"),
        sa.CheckConstraint("replaced <> version", name="no_policy_replaced_itself"),
        sa.ForeignKeyConstraint(["replaced"], ["policy_versions.version"]),
        sa.PrimaryKeyConstraint("version"),
    )
    op.create_index(
        "one_live_policy", "policy_versions", ["status"], unique=True, postgresql_where=sa.text("status = 'live'")
    )
    op.create_index(
        "one_shadow_policy", "policy_versions", ["is_shadow"], unique=True, postgresql_where=sa.text("is_shadow")
    )
    op.create_index("policy_versions_newest_first", "policy_versions", ["drafted_at", "version"])
    op.execute(REFUSE_TO_CHANGE)
    op.execute(
        "CREATE TRIGGER kept_as_given BEFORE DELETE OR TRUNCATE OR UPDATE OF version, document, drafted_by, drafted_at"
        " ON policy_versions FOR EACH STATEMENT EXECUTE FUNCTION refuse_to_change_a_policy()"
    )
    op.create_table(
        "policy_signatures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column(
            "digest", sa.Text(), nullable=False, comment="of exactly the list of dangerous flips that was signed"
        ),
        sa.Column("flips", sa.Integer(), nullable=False, comment="how many are on the list"),
        sa.Column(
            "since",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="the decisions that were replayed: from here",
        ),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False, comment="to here"),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["version"], ["policy_versions.version"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("version", "digest", "signed_by", name="list_signed_once_by_each"),
    )
    op.create_table(
        "shadow_differences",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("live_version", sa.Text(), nullable=False),
        sa.Column("shadow_version", sa.Text(), nullable=False),
        sa.Column(
            "changes",
            postgresql.JSONB(),
            nullable=False,
            comment="core.policy_changes.Change, one for each part that differs",
        ),
        sa.Column(
            "dangers",
            postgresql.ARRAY(sa.Text()),
            nullable=False,
            comment="core.policy_changes.Danger; empty where none",
        ),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"]),
        sa.ForeignKeyConstraint(["live_version"], ["policy_versions.version"]),
        sa.ForeignKeyConstraint(["shadow_version"], ["policy_versions.version"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("shadow_differences_newest_first", "shadow_differences", ["shadow_version", "id"])
    op.create_index(
        "audit_entries_of_decisions",
        "audit_entries",
        ["at", "id"],
        postgresql_where=sa.text("event = 'action.decided'"),
    )


def downgrade() -> None:
    op.drop_index("audit_entries_of_decisions", "audit_entries")
    op.drop_table("shadow_differences")
    op.drop_table("policy_signatures")
    op.drop_table("policy_versions")
    op.execute("DROP FUNCTION refuse_to_change_a_policy()")
