"""Every table, with the constraints that make an impossible state unsaveable, each named for the truth it keeps.

Times are timestamptz in UTC, amounts integer minor units, structured facts jsonb. Functions over a table live in the
file of its name.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from app.core.actions import ActionKind
from app.core.alarms import AlarmKind
from app.core.lifecycle import TERMINAL, ActionStatus

metadata = MetaData()


def _time(name: str, *, nullable: bool = True, comment: str | None = None) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=nullable, comment=comment)


def _now(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def _uuid_key() -> Column[object]:
    return Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()"))


def _words(column: str, words: list[str]) -> str:
    return f"{column} in ({', '.join(repr(str(word)) for word in sorted(words))})"


deliveries = Table(
    "deliveries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("sender", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, comment="what it is about (call id, order id); null where that could not be read"),
    Column("message_id", Text, comment="the sender's own id of the message; null where it sends none (DialNexa)"),
    Column("body", LargeBinary, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("headers", JSONB, nullable=False),
    Column("signature_variant", Text, nullable=False),
    Column("parked_reason", Text, comment="why nothing is done with it; null for a delivery that went on its way"),
    _now("received_at"),
    # Coalesced, so that two unreadable bodies without a subject still are one delivery when they are the same bytes.
    Index(
        "delivery_once_per_sender",
        "sender",
        text("coalesce(subject, '')"),
        "kind",
        "body_sha256",
        unique=True,
        postgresql_where=text("message_id is null"),
    ),
    Index(
        "delivery_once_per_message_id",
        "sender",
        "message_id",
        unique=True,
        postgresql_where=text("message_id is not null"),
    ),
    Index("deliveries_by_subject", "subject"),
    Index("deliveries_parked", "id", postgresql_where=text("parked_reason is not null")),
)

calls = Table(
    "calls",
    metadata,
    Column("call_id", Text, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("stage", Text, nullable=False),
    Column("direction", Text, comment="null until a delivery says it"),
    Column("facts", JSONB, nullable=False, comment="core.calls.Call"),
    Column("match", JSONB, comment="core.matching.Match; null before the call was matched"),
    Column("identity", JSONB, comment="core.identity.Identity; null before the call was matched"),
    Column("matched_revision", Integer, comment="the revision that match and identity were made from"),
    _now("created_at"),
    _now("updated_at"),
    CheckConstraint("revision >= 1", name="revisions_count_from_one"),
    CheckConstraint("matched_revision <= revision", name="match_is_of_a_known_revision"),
    Index("calls_newest_first", "created_at", "call_id"),
    Index("calls_by_stage", "stage"),
    # By the number of the person, whoever dialled: what somebody did before counts in a decision.
    Index(
        "calls_by_caller",
        text("(facts ->> 'from_number')"),
        "created_at",
        postgresql_where=text("direction is distinct from 'outbound'"),
    ),
    Index(
        "calls_by_called",
        text("(facts ->> 'to_number')"),
        "created_at",
        postgresql_where=text("direction = 'outbound'"),
    ),
)

orders = Table(
    "orders",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("destination", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("reference_id", Text, nullable=False),
    Column("reference_key", Text, nullable=False, comment="the reference as compared: A-Z0-9 only"),
    Column("status", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("recipient_email", Text),
    Column("sender_email", Text),
    Column("recipient_name_key", Text, nullable=False, comment="the name as compared"),
    Column("sender_name_key", Text, nullable=False),
    Column("facts", JSONB, nullable=False, comment="core.orders.Order"),
    _time("refunded_at", comment="from the shop's event; no read shows it, so a later read must not wipe it"),
    _time("read_at", nullable=False, comment="when the shop last showed it to us"),
    _now("created_at"),
    _time("moved_at", comment="the last that is known to have happened to it; null where no read shows it"),
    Column(
        "reference_sound", Text, nullable=False, server_default="", comment="how the reference sounds, sign by sign"
    ),
    Column("keys", ARRAY(Text), nullable=False, server_default="{}", comment="what a caller may find it by"),
    Column(
        "keyed_by",
        SmallInteger,
        nullable=False,
        server_default="0",
        comment="the version of core/keys.py that wrote reference_sound and keys",
    ),
    _time("looked_for_at", comment="when a reconciler last asked for it by its id, shown or not; null before it did"),
    UniqueConstraint("destination", "external_id", name="order_once_per_destination"),
    Index("orders_by_recipient_email", "recipient_email"),
    Index("orders_by_sender_email", "sender_email"),
    # By its letters whatever the collation, so that it serves beginnings as well as whole references.
    Index("orders_by_reference", "reference_key", postgresql_ops={"reference_key": "text_pattern_ops"}),
    # Callers read out the end of a reference: reversed, a tail is a prefix.
    Index("orders_by_reference_tail", text("reverse(reference_key) text_pattern_ops")),
    Index("orders_by_recipient_name", "recipient_name_key"),
    Index("orders_by_sender_name", "sender_name_key"),
    # Written one by one and read at once: a list of pending entries would have to be read through by every call.
    Index("orders_by_key", "keys", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
    Index("orders_by_sound", "reference_sound", postgresql_ops={"reference_sound": "text_pattern_ops"}),
    Index("orders_by_sound_of_tail", text("reverse(reference_sound) text_pattern_ops")),
    Index("orders_by_keys_version", "keyed_by"),
    # Whose turn it is to be read one by one; what is delivered or cancelled has no further to go.
    Index(
        "orders_to_look_for",
        "destination",
        text("greatest(read_at, looked_for_at)"),
        postgresql_where=text("stage <> all (array['delivered', 'cancelled'])"),
    ),
)

order_batches = Table(
    "order_batches",
    metadata,
    Column("destination", Text, primary_key=True),
    Column("external_id", Text, primary_key=True),
    Column("customer_reference_id", Text),
    Column("send_status", Text, nullable=False),
    Column("facts", JSONB, nullable=False, comment="core.orders.OrderBatch, with its recipients"),
    _time("read_at", nullable=False),
    Index("order_batches_by_customer_reference", "customer_reference_id"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("contact_id", Text, primary_key=True),
    Column("names", JSONB, nullable=False),
    Column("tier", Text),
    Column("origin", Text, nullable=False, comment="who told us: import, api"),
    _now("created_at"),
    _now("updated_at"),
)

contact_points = Table(
    "contact_points",
    metadata,
    Column("contact_id", Text, ForeignKey("contacts.contact_id", ondelete="CASCADE"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    CheckConstraint("kind in ('email', 'phone')", name="contact_point_is_email_or_phone"),
    Index("contact_points_by_value", "kind", "value"),
)

actions = Table(
    "actions",
    metadata,
    _uuid_key(),
    Column("call_id", Text, ForeignKey("calls.call_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("order_id", BigInteger, ForeignKey("orders.id"), comment="null when no order was matched"),
    Column("status", Text, nullable=False),
    Column("parameters", JSONB, nullable=False),
    Column("verdict", Text, comment="null before the policy was asked"),
    Column(
        "decision", JSONB, comment="core.policy.Decision: findings, inputs, version; null before the policy was asked"
    ),
    Column("fingerprint", Text, comment="of what was decided upon; null before the policy was asked"),
    Column("fingerprint_parts", JSONB),
    _now("created_at"),
    _now("updated_at"),
    _time("finished_at"),
    UniqueConstraint(
        "call_id",
        "kind",
        "order_id",
        name="one_action_of_a_kind_per_call_and_order",
        postgresql_nulls_not_distinct=True,
    ),
    CheckConstraint(_words("kind", list(ActionKind)), name="action_kind_is_known"),
    CheckConstraint(_words("status", list(ActionStatus)), name="action_status_is_known"),
    CheckConstraint(
        f"(finished_at is not null) = ({_words('status', list(TERMINAL))})", name="finished_exactly_when_terminal"
    ),
    CheckConstraint("status = 'proposed' or verdict is not null", name="no_progress_without_a_verdict"),
    CheckConstraint("verdict is null or decision is not null", name="every_verdict_explains_itself"),
    Index("actions_newest_first", "created_at", "id"),
    Index("actions_by_status", "status", "created_at"),
    Index("actions_by_order", "order_id"),
    # The day's cancellations and refunds, which every further one is held against.
    Index("actions_of_money", "updated_at", postgresql_where=text("kind in ('cancel_order', 'refund_order')")),
)

reviews = Table(
    "reviews",
    metadata,
    _uuid_key(),
    Column("action_id", Uuid, ForeignKey("actions.id"), nullable=False),
    Column("purpose", Text, nullable=False, comment="decision: may we? assistance: a person does it at the shop"),
    Column("status", Text, nullable=False),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("priority", Integer, nullable=False, comment="0 normal, 1 high, 2 urgent"),
    _time("due_at", nullable=False),
    Column("claimed_by", Text),
    _time("claimed_until"),
    Column("approvals_needed", Integer, nullable=False),
    Column("approval_role", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("fingerprint_parts", JSONB, nullable=False),
    Column(
        "difference", JSONB, nullable=False, server_default=text("'[]'"), comment="what moved since it was last shown"
    ),
    Column("summary", Text, comment="the prepared text for the person who assists; null on a decision"),
    _now("created_at"),
    _now("updated_at"),
    _time("closed_at"),
    CheckConstraint("purpose in ('decision', 'assistance')", name="review_purpose_is_known"),
    CheckConstraint("status in ('open', 'approved', 'rejected', 'lapsed')", name="review_status_is_known"),
    CheckConstraint("(closed_at is null) = (status = 'open')", name="closed_exactly_when_not_open"),
    CheckConstraint("(claimed_by is null) = (claimed_until is null)", name="a_claim_ends"),
    CheckConstraint("approvals_needed between 0 and 5", name="approvals_needed_are_few"),
    Index("one_open_review_per_action", "action_id", unique=True, postgresql_where=text("status = 'open'")),
    Index("reviews_most_urgent_first", text("priority desc"), "due_at", "id", postgresql_where=text("status = 'open'")),
    Index("reviews_by_action", "action_id", "created_at"),
)

review_approvals = Table(
    "review_approvals",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("review_id", Uuid, ForeignKey("reviews.id"), nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("note", Text),
    Column("fingerprint", Text, nullable=False),
    _time("lapsed_at", comment="set when what was approved moved before execution"),
    _now("approved_at"),
    Index(
        "four_eyes_are_two_people",
        "review_id",
        "approved_by",
        "fingerprint",
        unique=True,
        postgresql_where=text("lapsed_at is null"),
    ),
)

review_notes = Table(
    "review_notes",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("review_id", Uuid, ForeignKey("reviews.id"), nullable=False),
    Column("written_by", Text, nullable=False),
    Column("reason_code", Text),
    Column("note", Text, nullable=False),
    _now("written_at"),
    Index("review_notes_by_review", "review_id"),
)

attempts = Table(
    "attempts",
    metadata,
    _uuid_key(),
    Column("action_id", Uuid, ForeignKey("actions.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("outcome", Text, comment="null while the attempt is open"),
    Column("before", JSONB, comment="the order as read before the act; null until read"),
    Column("after", JSONB, comment="the order as read after the act; null until read"),
    Column("detail", Text, comment="what the shop answered, without personal data"),
    _now("started_at"),
    _time("finished_at"),
    _time("confirmed_at", comment="when the shop's own event said the same"),
    UniqueConstraint("action_id", "number", name="attempts_are_numbered"),
    CheckConstraint("outcome in ('succeeded', 'refused', 'failed', 'unknown')", name="attempt_outcome_is_known"),
    CheckConstraint(
        "outcome is null or outcome = 'unknown' or finished_at is not null", name="settled_has_finished_at"
    ),
    Index(
        "one_unsettled_attempt_per_action",
        "action_id",
        unique=True,
        postgresql_where=text("outcome is null or outcome = 'unknown'"),
    ),
)

handoffs = Table(
    "handoffs",
    metadata,
    _uuid_key(),
    Column("call_id", Text, ForeignKey("calls.call_id"), nullable=False),
    Column("action_id", Uuid, ForeignKey("actions.id"), nullable=False),
    Column("team", Text, nullable=False),
    Column("urgency", Text, nullable=False),
    Column("body", JSONB, nullable=False, comment="core.handoff.Handoff"),
    Column("text", Text, nullable=False),
    _now("created_at"),
    Column("alarm_id", Uuid, ForeignKey("alarms.id"), comment="null of the action's own; else the alarm it tells of"),
    UniqueConstraint(
        "action_id", "alarm_id", name="one_handoff_per_action_and_alarm", postgresql_nulls_not_distinct=True
    ),
    Index("handoffs_by_call", "call_id"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("payload", JSONB, nullable=False),
    Column("lane", Text, comment="jobs of one lane run one at a time, first in first out; null: no order needed"),
    Column("dedupe_key", Text, comment="at most one waiting job has it; null: any number"),
    Column("status", Text, nullable=False, server_default=text("'waiting'")),
    _now("run_at"),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("max_tries", Integer, nullable=False),
    Column("fence", BigInteger, nullable=False, server_default=text("0"), comment="rises with every claim"),
    _time("leased_until"),
    Column("last_error", Text),
    _now("created_at"),
    CheckConstraint("status in ('waiting', 'running', 'dead')", name="job_status_is_known"),
    CheckConstraint("(leased_until is not null) = (status = 'running')", name="leased_exactly_when_running"),
    Index("jobs_due", "run_at", "id", postgresql_where=text("status = 'waiting'")),
    Index("jobs_waiting_by_lane", "lane", "id", postgresql_where=text("status = 'waiting' and lane is not null")),
    Index("one_running_job_per_lane", "lane", unique=True, postgresql_where=text("status = 'running'")),
    Index("one_waiting_job_per_dedupe_key", "dedupe_key", unique=True, postgresql_where=text("status = 'waiting'")),
    Index("jobs_leased", "leased_until", postgresql_where=text("status = 'running'")),
    Index("jobs_dead", "id", postgresql_where=text("status = 'dead'")),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _time("at", nullable=False),
    Column("actor", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("call_id", Text),
    Column("action_id", Uuid),
    Column("data", JSONB, nullable=False),
    CheckConstraint("actor <> ''", name="no_entry_without_an_actor"),
    Index("audit_entries_by_call", "call_id", "id"),
    Index("audit_entries_by_action", "action_id", "id"),
    # What a replay of policy reads, in the order of time.
    Index("audit_entries_of_decisions", "at", "id", postgresql_where=text("event = 'action.decided'")),
)

audit_seals = Table(
    "audit_seals",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column(
        "entry_id", BigInteger, nullable=False, comment="no foreign key: a seal must outlive an entry that was deleted"
    ),
    Column("entry_digest", LargeBinary, nullable=False),
    Column("chain_digest", LargeBinary, nullable=False),
    _now("sealed_at"),
    UniqueConstraint("entry_id", name="entry_sealed_once"),
    CheckConstraint("position >= 1", name="positions_count_from_one"),
)

tokens = Table(
    "tokens",
    metadata,
    _uuid_key(),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column(
        "digest",
        LargeBinary,
        nullable=False,
        comment="SHA-256 of the token; it has 256 random bits, so no salt is needed",
    ),
    _now("created_at"),
    _time("revoked_at"),
    UniqueConstraint("digest", name="token_digest_is_unique"),
    UniqueConstraint("name", name="token_name_is_unique"),
    CheckConstraint(
        "role in ('viewer', 'reviewer', 'approver', 'admin', 'agent', 'ingest')", name="token_role_is_known"
    ),
)

bookmarks = Table(
    "bookmarks",
    metadata,
    Column("name", Text, primary_key=True, comment="whose place it is, e.g. goody.orders"),
    _time("at", nullable=False, comment="up to when the feed has been read"),
)

links = Table(
    "links",
    metadata,
    _uuid_key(),
    Column("phone", Text, nullable=False, comment="E.164: the number the caller had"),
    Column("email", Text, nullable=False, comment="of the person of the order whom they turned out to be"),
    Column("role", Text, nullable=False, comment="which person of the order that was"),
    Column("order_id", BigInteger, ForeignKey("orders.id"), nullable=False),
    Column("call_id", Text, ForeignKey("calls.call_id"), nullable=False),
    Column("origin", Text, nullable=False, comment="what vouches for it: review:<id> or action:<id>"),
    Column("learned_by", Text, nullable=False),
    _time("learned_at", nullable=False),
    Column("revoked_by", Text, comment="null while it holds"),
    _time("revoked_at"),
    # Revoked ones too: what a person took back is not learnt again by a machine.
    UniqueConstraint("phone", "email", name="link_learnt_once"),
    CheckConstraint("role in ('recipient', 'sender')", name="link_is_to_a_person_of_the_order"),
    CheckConstraint("origin like 'review:%' or origin like 'action:%'", name="link_has_an_origin"),
    CheckConstraint("(revoked_by is null) = (revoked_at is null)", name="revoked_by_somebody"),
    Index("links_newest_first", "learned_at", "id"),
    Index("links_by_call", "call_id"),
)

lookups = Table(
    "lookups",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column(
        "call_id", Text, comment="no foreign key: it may come before anything of the call; null where none was sent"
    ),
    Column("asked_by", Text, nullable=False, comment="the name of the token"),
    _time("asked_at", nullable=False),
    Column("heard", ARRAY(Text), nullable=False, comment="names of the facts that were given, never the facts"),
    Column("level", Text, nullable=False, comment="how much was said: core.disclosure.Level"),
    Column("outcome", Text, nullable=False, comment="core.matching.MatchOutcome"),
    Column("order_id", BigInteger, ForeignKey("orders.id"), comment="null where none was matched"),
    CheckConstraint("level in ('clear', 'low', 'none')", name="lookup_level_is_known"),
    Index("lookups_by_call", "call_id", "id"),
)

reference_misses = Table(
    "reference_misses",
    metadata,
    Column("call_id", Text, primary_key=True, comment="no foreign key: a lookup may come before anything of the call"),
    Column("code", Text, primary_key=True, comment="a reference that was tried and led to no order of the caller's"),
    Column("number_digest", LargeBinary, comment="of the caller's number; null where it was withheld"),
    _time("tried_at", nullable=False),
    Index("reference_misses_by_number", "number_digest", "tried_at"),
)

policy_versions = Table(
    "policy_versions",
    metadata,
    Column("version", Text, primary_key=True, comment="what the document calls itself, and its digest"),
    Column("document", Text, nullable=False, comment="the YAML as it was given; a trigger refuses to change it"),
    Column("note", Text, comment="why it was drafted; null where nobody said"),
    Column("status", Text, nullable=False),
    Column("is_shadow", Boolean, nullable=False, server_default=text("false"), comment="judged beside the live one"),
    Column("drafted_by", Text, nullable=False),
    _now("drafted_at"),
    Column("published_by", Text, comment="who made it the live one last; null of a draft"),
    _time("published_at"),
    Column(
        "replaced",
        Text,
        ForeignKey("policy_versions.version"),
        comment="the live one before it, where a rollback leads; null where there was none",
    ),
    CheckConstraint("status in ('draft', 'live', 'retired')", name="policy_status_is_known"),
    CheckConstraint("(status = 'draft') = (published_at is null)", name="only_a_draft_was_never_live"),
    CheckConstraint("(published_by is null) = (published_at is null)", name="published_by_somebody"),
    CheckConstraint("not (is_shadow and status = 'live')", name="a_shadow_has_no_effect"),
    CheckConstraint("replaced <> version", name="no_policy_replaced_itself"),
    Index("one_live_policy", "status", unique=True, postgresql_where=text("status = 'live'")),
    Index("one_shadow_policy", "is_shadow", unique=True, postgresql_where=text("is_shadow")),
    Index("policy_versions_newest_first", "drafted_at", "version"),
)

policy_signatures = Table(
    "policy_signatures",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("version", Text, ForeignKey("policy_versions.version"), nullable=False),
    Column("digest", Text, nullable=False, comment="of exactly the list of dangerous flips that was signed"),
    Column("flips", Integer, nullable=False, comment="how many are on the list"),
    _time("since", nullable=False, comment="the decisions that were replayed: from here"),
    _time("until", nullable=False, comment="to here"),
    Column("signed_by", Text, nullable=False),
    _time("signed_at", nullable=False),
    UniqueConstraint("version", "digest", "signed_by", name="list_signed_once_by_each"),
)

shadow_differences = Table(
    "shadow_differences",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _time("at", nullable=False),
    Column("action_id", Uuid, ForeignKey("actions.id"), nullable=False),
    Column("live_version", Text, ForeignKey("policy_versions.version"), nullable=False),
    Column("shadow_version", Text, ForeignKey("policy_versions.version"), nullable=False),
    Column("changes", JSONB, nullable=False, comment="core.policy_changes.Change, one for each part that differs"),
    Column("dangers", ARRAY(Text), nullable=False, comment="core.policy_changes.Danger; empty where none"),
    Index("shadow_differences_newest_first", "shadow_version", "id"),
)

notifications = Table(
    "notifications",
    metadata,
    _uuid_key(),
    Column("handoff_id", Uuid, ForeignKey("handoffs.id"), nullable=False),
    Column("team", Text, nullable=False, comment="whose line it is; its last channels are the fallback team's"),
    Column("channel", Text, nullable=False, comment="core.routing.Channel.name"),
    Column("status", Text, nullable=False, server_default=text("'pending'")),
    Column("tries", Integer, nullable=False, server_default=text("0"), comment="each counted before it is made"),
    Column("last_error", Text, comment="our own word and a status code, never a stranger's; null while all went well"),
    _time("created_at", nullable=False),
    _time("tried_at", comment="null until the first try"),
    _time("delivered_at"),
    _time("escalated_at", comment="when the next channel was taken in its place; null while it was not"),
    UniqueConstraint("handoff_id", "channel", name="one_notification_per_handoff_and_channel"),
    CheckConstraint("status in ('pending', 'delivered', 'dead')", name="notification_status_is_known"),
    CheckConstraint("(delivered_at is not null) = (status = 'delivered')", name="delivered_has_delivered_at"),
    CheckConstraint("status <> 'dead' or last_error is not null", name="dead_says_why"),
    Index("notifications_newest_first", "created_at", "id"),
    Index("notifications_not_delivered", "status", "created_at", postgresql_where=text("status <> 'delivered'")),
)

switches = Table(
    "switches",
    metadata,
    Column("scope", Text, primary_key=True, comment="kind: of action; destination: a shop"),
    Column("name", Text, primary_key=True),
    _time("off_since", comment="null while it is on"),
    Column("changed_by", Text, nullable=False),
    _time("changed_at", nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("scope in ('kind', 'destination')", name="switch_scope_is_known"),
    CheckConstraint("reason <> ''", name="switched_for_a_reason"),
)

action_steps = Table(
    "action_steps",
    metadata,
    Column("action_id", Uuid, ForeignKey("actions.id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("outcome", Text, comment="null while the step is open"),
    Column("detail", Text, comment="what the shop answered, without personal data"),
    Column("made", JSONB, comment="ids of what it made at the shop, and prices; null where nothing"),
    _time("started_at", nullable=False),
    _time("finished_at"),
    CheckConstraint("outcome in ('succeeded', 'refused', 'failed', 'unknown')", name="step_outcome_is_known"),
    CheckConstraint(
        "(finished_at is not null) = (outcome is not null and outcome <> 'unknown')", name="settled_step_is_finished"
    ),
)

transcripts = Table(
    "transcripts",
    metadata,
    Column("call_id", Text, ForeignKey("calls.call_id"), primary_key=True),
    # Apart from the call's facts, which matching and look-ups read by the thousand.
    Column("body", LargeBinary, nullable=False, comment="turns as JSON; sealed where there was a master key"),
    _now("written_at"),
)

recordings = Table(
    "recordings",
    metadata,
    Column("call_id", Text, ForeignKey("calls.call_id"), primary_key=True),
    Column("status", Text, nullable=False, comment="awaited; kept; missing: it never came, last_error says why"),
    Column("tries", Integer, nullable=False, server_default=text("0"), comment="each counted before it is made"),
    Column("last_error", Text, comment="in our own words; null while all went well"),
    Column("file_name", Text, comment="of the last try, below the storage's URL; tells nothing; null before a try"),
    Column("sha256", LargeBinary, comment="of the recording itself, however it is stored; null until it is kept"),
    Column("size_bytes", BigInteger),
    Column("media_type", Text),
    Column("key_id", Text, comment="of the master key it is sealed with; null where it is kept as it came"),
    _time("awaited_since", nullable=False),
    _time("kept_at"),
    CheckConstraint("status in ('awaited', 'kept', 'missing')", name="recording_status_is_known"),
    CheckConstraint("(kept_at is not null) = (status = 'kept')", name="kept_has_kept_at"),
    CheckConstraint(
        "status <> 'kept' or num_nulls(file_name, sha256, size_bytes, media_type) = 0", name="what_is_kept_is_known"
    ),
    CheckConstraint("status <> 'missing' or last_error is not null", name="missing_says_why"),
    Index("recordings_newest_first", "awaited_since", "call_id"),
    Index("recordings_not_kept", "status", "awaited_since", postgresql_where=text("status <> 'kept'")),
)

master_keys = Table(
    "master_keys",
    metadata,
    Column("key_id", Text, primary_key=True, comment="tells keys apart and nothing about them"),
    _now("first_used_at"),
)

alarms = Table(
    "alarms",
    metadata,
    _uuid_key(),
    Column("action_id", Uuid, ForeignKey("actions.id"), nullable=False),
    Column("kind", Text, nullable=False, comment="core.alarms.AlarmKind"),
    _time("raised_at", nullable=False),
    Column("acknowledged_by", Text, comment="null while nobody said that they see to it"),
    _time("acknowledged_at"),
    Column("reason", Text, comment="what whoever acknowledged it says; null before"),
    _time("cleared_at", comment="when the action went on; null while it stands"),
    CheckConstraint(_words("kind", list(AlarmKind)), name="alarm_kind_is_known"),
    CheckConstraint(
        "(acknowledged_by is null) = (acknowledged_at is null) and (acknowledged_by is null) = (reason is null)",
        name="acknowledged_by_somebody_for_a_reason",
    ),
    Index("one_alarm_at_a_time", "action_id", "kind", unique=True, postgresql_where=text("cleared_at is null")),
    Index("alarms_newest_first", "raised_at", "id"),
)

breakers = Table(
    "breakers",
    metadata,
    Column("vendor", Text, primary_key=True, comment="a destination, or dialnexa"),
    Column(
        "failures", Integer, nullable=False, server_default=text("0"), comment="outages in a row; an answer ends it"
    ),
    _time("opened_at", comment="since when it is not asked; null while it is"),
    _time("retry_at", comment="when one may ask again; null while all may"),
    _time("probe_until", comment="until when that one's answer is waited for; null while none is under way"),
    _time("held_until", comment="it asked us to stay away so long (Retry-After); null where it never did"),
    _time("next_slot_at", comment="the next request its budget allows; null where it has no budget"),
    Column("last_error", Text, comment="the kind of the last outage, in our own word; null while all went well"),
    _now("changed_at"),
    CheckConstraint("(opened_at is null) = (retry_at is null)", name="open_knows_when_to_ask_again"),
    CheckConstraint("probe_until is null or opened_at is not null", name="only_an_open_one_is_probed"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True, comment="what one process at a time may do, e.g. read goody.orders"),
    Column("holder", Uuid, nullable=False),
    _time("leased_until", nullable=False, comment="then it is free, whatever became of the holder"),
)
