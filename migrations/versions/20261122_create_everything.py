"""create everything

Why: the first schema; one job a table, see app/db/tables.py.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.db.append_only import CREATE, DROP

revision = "20261122_create_everything"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("set local lock_timeout = '5s'")
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("action_id", sa.Uuid(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint("actor <> ''", name="no_entry_without_an_actor"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("audit_entries_by_action", "audit_entries", ["action_id", "id"], unique=False)
    op.create_index("audit_entries_by_call", "audit_entries", ["call_id", "id"], unique=False)
    op.create_table(
        "audit_seals",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "entry_id",
            sa.BigInteger(),
            nullable=False,
            comment="no foreign key: a seal must outlive an entry that was deleted",
        ),
        sa.Column("entry_digest", sa.LargeBinary(), nullable=False),
        sa.Column("chain_digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("position >= 1", name="positions_count_from_one"),
        sa.PrimaryKeyConstraint("position"),
        sa.UniqueConstraint("entry_id", name="entry_sealed_once"),
    )
    op.create_table(
        "bookmarks",
        sa.Column("name", sa.Text(), nullable=False, comment="whose place it is, e.g. goody.orders"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="up to when the feed has been read"),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "calls",
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=True, comment="null until a delivery says it"),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="core.calls.Call"),
        sa.Column(
            "match",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="core.matching.Match; null before the call was matched",
        ),
        sa.Column(
            "identity",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="core.identity.Identity; null before the call was matched",
        ),
        sa.Column(
            "matched_revision",
            sa.Integer(),
            nullable=True,
            comment="the revision that match and identity were made from",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("matched_revision <= revision", name="match_is_of_a_known_revision"),
        sa.CheckConstraint("revision >= 1", name="revisions_count_from_one"),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.create_index("calls_by_stage", "calls", ["stage"], unique=False)
    op.create_index("calls_newest_first", "calls", ["created_at", "call_id"], unique=False)
    op.create_table(
        "contacts",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("origin", sa.Text(), nullable=False, comment="who told us: import, api"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("contact_id"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column(
            "subject",
            sa.Text(),
            nullable=True,
            comment="what it is about (call id, order id); null where that could not be read",
        ),
        sa.Column(
            "message_id",
            sa.Text(),
            nullable=True,
            comment="the sender's own id of the message; null where it sends none (DialNexa)",
        ),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("signature_variant", sa.Text(), nullable=False),
        sa.Column(
            "parked_reason",
            sa.Text(),
            nullable=True,
            comment="why nothing is done with it; null for a delivery that went on its way",
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("deliveries_by_subject", "deliveries", ["subject"], unique=False)
    op.create_index(
        "deliveries_parked", "deliveries", ["id"], unique=False, postgresql_where=sa.text("parked_reason is not null")
    )
    op.create_index(
        "delivery_once_per_message_id",
        "deliveries",
        ["sender", "message_id"],
        unique=True,
        postgresql_where=sa.text("message_id is not null"),
    )
    op.create_index(
        "delivery_once_per_sender",
        "deliveries",
        ["sender", sa.literal_column("coalesce(subject, '')"), "kind", "body_sha256"],
        unique=True,
        postgresql_where=sa.text("message_id is null"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "lane",
            sa.Text(),
            nullable=True,
            comment="jobs of one lane run one at a time, first in first out; null: no order needed",
        ),
        sa.Column("dedupe_key", sa.Text(), nullable=True, comment="at most one waiting job has it; null: any number"),
        sa.Column("status", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_tries", sa.Integer(), nullable=False),
        sa.Column(
            "fence", sa.BigInteger(), server_default=sa.text("0"), nullable=False, comment="rises with every claim"
        ),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("(leased_until is not null) = (status = 'running')", name="leased_exactly_when_running"),
        sa.CheckConstraint("status in ('waiting', 'running', 'dead')", name="job_status_is_known"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("jobs_dead", "jobs", ["id"], unique=False, postgresql_where=sa.text("status = 'dead'"))
    op.create_index("jobs_due", "jobs", ["run_at", "id"], unique=False, postgresql_where=sa.text("status = 'waiting'"))
    op.create_index(
        "jobs_leased", "jobs", ["leased_until"], unique=False, postgresql_where=sa.text("status = 'running'")
    )
    op.create_index(
        "jobs_waiting_by_lane",
        "jobs",
        ["lane", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'waiting' and lane is not null"),
    )
    op.create_index(
        "one_running_job_per_lane", "jobs", ["lane"], unique=True, postgresql_where=sa.text("status = 'running'")
    )
    op.create_index(
        "one_waiting_job_per_dedupe_key",
        "jobs",
        ["dedupe_key"],
        unique=True,
        postgresql_where=sa.text("status = 'waiting'"),
    )
    op.create_table(
        "order_batches",
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("customer_reference_id", sa.Text(), nullable=True),
        sa.Column("send_status", sa.Text(), nullable=False),
        sa.Column(
            "facts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="core.orders.OrderBatch, with its recipients",
        ),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("destination", "external_id"),
    )
    op.create_index("order_batches_by_customer_reference", "order_batches", ["customer_reference_id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("reference_id", sa.Text(), nullable=False),
        sa.Column("reference_key", sa.Text(), nullable=False, comment="the reference as compared: A-Z0-9 only"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("recipient_email", sa.Text(), nullable=True),
        sa.Column("sender_email", sa.Text(), nullable=True),
        sa.Column("recipient_name_key", sa.Text(), nullable=False, comment="the name as compared"),
        sa.Column("sender_name_key", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="core.orders.Order"),
        sa.Column(
            "refunded_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="from the shop's event; no read shows it, so a later read must not wipe it",
        ),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False, comment="when the shop last showed it to us"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("destination", "external_id", name="order_once_per_destination"),
    )
    op.create_index("orders_by_recipient_email", "orders", ["recipient_email"], unique=False)
    op.create_index("orders_by_recipient_name", "orders", ["recipient_name_key"], unique=False)
    op.create_index("orders_by_reference", "orders", ["reference_key"], unique=False)
    op.create_index(
        "orders_by_reference_tail",
        "orders",
        [sa.literal_column("reverse(reference_key) text_pattern_ops")],
        unique=False,
    )
    op.create_index("orders_by_sender_email", "orders", ["sender_email"], unique=False)
    op.create_index("orders_by_sender_name", "orders", ["sender_name_key"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column(
            "digest",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256 of the token; it has 256 random bits, so no salt is needed",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "role in ('viewer', 'reviewer', 'approver', 'admin', 'agent', 'ingest')", name="token_role_is_known"
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest", name="token_digest_is_unique"),
        sa.UniqueConstraint("name", name="token_name_is_unique"),
    )
    op.create_table(
        "actions",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=True, comment="null when no order was matched"),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True, comment="null before the policy was asked"),
        sa.Column(
            "decision",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="core.policy.Decision: findings, inputs, version; null before the policy was asked",
        ),
        sa.Column(
            "fingerprint",
            sa.Text(),
            nullable=True,
            comment="of what was decided upon; null before the policy was asked",
        ),
        sa.Column("fingerprint_parts", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(finished_at is not null) = (status in ('done', 'handed_off', 'lapsed', 'refused', 'rejected'))",
            name="finished_exactly_when_terminal",
        ),
        sa.CheckConstraint(
            "kind in ('cancel_order', 'change_address', 'change_booking', 'create_subscriber_channel', 'create_webhook', 'delete_webhook', 'escalate', 'extend_expiration', 'follow_up', 'none', 'order_status', 'refund_order', 'report_damage', 'report_missing_item', 'resend_gift_link', 'return_order', 'route_buying_intent', 'send_order', 'substitute_item', 'update_contact', 'update_subscriber_channel')",
            name="action_kind_is_known",
        ),
        sa.CheckConstraint("status = 'proposed' or verdict is not null", name="no_progress_without_a_verdict"),
        sa.CheckConstraint(
            "status in ('approved', 'awaiting_assistance', 'awaiting_confirmation', 'awaiting_review', 'done', 'executing', 'failed', 'handed_off', 'lapsed', 'outcome_unknown', 'proposed', 'refused', 'rejected')",
            name="action_status_is_known",
        ),
        sa.CheckConstraint("verdict is null or decision is not null", name="every_verdict_explains_itself"),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint(
            "call_id",
            "kind",
            "order_id",
            name="one_action_of_a_kind_per_call_and_order",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index("actions_by_order", "actions", ["order_id"], unique=False)
    op.create_index("actions_by_status", "actions", ["status", "created_at"], unique=False)
    op.create_index("actions_newest_first", "actions", ["created_at", "id"], unique=False)
    op.create_table(
        "contact_points",
        sa.Column("contact_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.CheckConstraint("kind in ('email', 'phone')", name="contact_point_is_email_or_phone"),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.contact_id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("contact_id", "kind", "value"),
    )
    op.create_index("contact_points_by_value", "contact_points", ["kind", "value"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True, comment="null while the attempt is open"),
        sa.Column(
            "before",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="the order as read before the act; null until read",
        ),
        sa.Column(
            "after",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=True,
            comment="the order as read after the act; null until read",
        ),
        sa.Column("detail", sa.Text(), nullable=True, comment="what the shop answered, without personal data"),
        sa.Column("started_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "confirmed_at", sa.DateTime(timezone=True), nullable=True, comment="when the shop's own event said the same"
        ),
        sa.CheckConstraint("outcome in ('succeeded', 'refused', 'failed', 'unknown')", name="attempt_outcome_is_known"),
        sa.CheckConstraint(
            "outcome is null or outcome = 'unknown' or finished_at is not null", name="settled_has_finished_at"
        ),
        sa.ForeignKeyConstraint(
            ["action_id"],
            ["actions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("action_id", "number", name="attempts_are_numbered"),
    )
    op.create_index(
        "one_unsettled_attempt_per_action",
        "attempts",
        ["action_id"],
        unique=True,
        postgresql_where=sa.text("outcome is null or outcome = 'unknown'"),
    )
    op.create_table(
        "handoffs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="core.handoff.Handoff"),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["action_id"],
            ["actions.id"],
        ),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.call_id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("action_id", name="one_handoff_per_action"),
    )
    op.create_index("handoffs_by_call", "handoffs", ["call_id"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("action_id", sa.Uuid(), nullable=False),
        sa.Column(
            "purpose", sa.Text(), nullable=False, comment="decision: may we? assistance: a person does it at the shop"
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False, comment="0 normal, 1 high, 2 urgent"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approvals_needed", sa.Integer(), nullable=False),
        sa.Column("approval_role", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("fingerprint_parts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "difference",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
            comment="what moved since it was last shown",
        ),
        sa.Column(
            "summary",
            sa.Text(),
            nullable=True,
            comment="the prepared text for the person who assists; null on a decision",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(closed_at is null) = (status = 'open')", name="closed_exactly_when_not_open"),
        sa.CheckConstraint("purpose in ('decision', 'assistance')", name="review_purpose_is_known"),
        sa.CheckConstraint("status in ('open', 'approved', 'rejected', 'lapsed')", name="review_status_is_known"),
        sa.CheckConstraint("(claimed_by is null) = (claimed_until is null)", name="a_claim_ends"),
        sa.CheckConstraint("approvals_needed between 0 and 5", name="approvals_needed_are_few"),
        sa.ForeignKeyConstraint(
            ["action_id"],
            ["actions.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "one_open_review_per_action", "reviews", ["action_id"], unique=True, postgresql_where=sa.text("status = 'open'")
    )
    op.create_index("reviews_by_action", "reviews", ["action_id", "created_at"], unique=False)
    op.create_index(
        "reviews_most_urgent_first",
        "reviews",
        [sa.literal_column("priority desc"), "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "review_approvals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column(
            "lapsed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="set when what was approved moved before execution",
        ),
        sa.Column("approved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["reviews.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "four_eyes_are_two_people",
        "review_approvals",
        ["review_id", "approved_by", "fingerprint"],
        unique=True,
        postgresql_where=sa.text("lapsed_at is null"),
    )
    op.create_table(
        "review_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["review_id"],
            ["reviews.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("review_notes_by_review", "review_notes", ["review_id"], unique=False)
    for statement in CREATE:
        op.execute(statement)


def downgrade() -> None:
    for statement in DROP:
        op.execute(statement)
    op.drop_index("review_notes_by_review", table_name="review_notes")
    op.drop_table("review_notes")
    op.drop_index(
        "four_eyes_are_two_people", table_name="review_approvals", postgresql_where=sa.text("lapsed_at is null")
    )
    op.drop_table("review_approvals")
    op.drop_index("reviews_most_urgent_first", table_name="reviews", postgresql_where=sa.text("status = 'open'"))
    op.drop_index("reviews_by_action", table_name="reviews")
    op.drop_index("one_open_review_per_action", table_name="reviews", postgresql_where=sa.text("status = 'open'"))
    op.drop_table("reviews")
    op.drop_index("handoffs_by_call", table_name="handoffs")
    op.drop_table("handoffs")
    op.drop_index(
        "one_unsettled_attempt_per_action",
        table_name="attempts",
        postgresql_where=sa.text("outcome is null or outcome = 'unknown'"),
    )
    op.drop_table("attempts")
    op.drop_index("contact_points_by_value", table_name="contact_points")
    op.drop_table("contact_points")
    op.drop_index("actions_newest_first", table_name="actions")
    op.drop_index("actions_by_status", table_name="actions")
    op.drop_index("actions_by_order", table_name="actions")
    op.drop_table("actions")
    op.drop_table("tokens")
    op.drop_index("orders_by_sender_name", table_name="orders")
    op.drop_index("orders_by_sender_email", table_name="orders")
    op.drop_index("orders_by_reference_tail", table_name="orders")
    op.drop_index("orders_by_reference", table_name="orders")
    op.drop_index("orders_by_recipient_name", table_name="orders")
    op.drop_index("orders_by_recipient_email", table_name="orders")
    op.drop_table("orders")
    op.drop_index("order_batches_by_customer_reference", table_name="order_batches")
    op.drop_table("order_batches")
    op.drop_index("one_waiting_job_per_dedupe_key", table_name="jobs", postgresql_where=sa.text("status = 'waiting'"))
    op.drop_index("one_running_job_per_lane", table_name="jobs", postgresql_where=sa.text("status = 'running'"))
    op.drop_index(
        "jobs_waiting_by_lane", table_name="jobs", postgresql_where=sa.text("status = 'waiting' and lane is not null")
    )
    op.drop_index("jobs_leased", table_name="jobs", postgresql_where=sa.text("status = 'running'"))
    op.drop_index("jobs_due", table_name="jobs", postgresql_where=sa.text("status = 'waiting'"))
    op.drop_index("jobs_dead", table_name="jobs", postgresql_where=sa.text("status = 'dead'"))
    op.drop_table("jobs")
    op.drop_index("delivery_once_per_sender", table_name="deliveries", postgresql_where=sa.text("message_id is null"))
    op.drop_index(
        "delivery_once_per_message_id", table_name="deliveries", postgresql_where=sa.text("message_id is not null")
    )
    op.drop_index("deliveries_parked", table_name="deliveries", postgresql_where=sa.text("parked_reason is not null"))
    op.drop_index("deliveries_by_subject", table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_table("contacts")
    op.drop_index("calls_newest_first", table_name="calls")
    op.drop_index("calls_by_stage", table_name="calls")
    op.drop_table("calls")
    op.drop_table("bookmarks")
    op.drop_table("audit_seals")
    op.drop_index("audit_entries_by_call", table_name="audit_entries")
    op.drop_index("audit_entries_by_action", table_name="audit_entries")
    op.drop_table("audit_entries")
