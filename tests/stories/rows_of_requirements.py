"""What DialNexa asks of a commerce handoff, H1 to H29, as calls: what was said, and what has to come of it.

Data alone. Texts are the facts that a reader has to find, never whole messages. `{name}`, `{reference}` and `{call_id}`
stand for the row's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

OWNERS = {
    "support": "Sam Okafor", "fulfillment": "Lena Fischer", "operations": "Ken Abe", "sales": "Priya Nair",
    "bookings": "Jo Park", "escalations": "Maria Lund", "marketing": "Tom Ode",
}  # fmt: skip
TEAMS = {
    "order_status": "support", "extend_expiration": "support", "resend_gift_link": "support", "cancel_order": "support",
    "refund_order": "support", "change_address": "fulfillment", "substitute_item": "fulfillment",
    "send_order": "fulfillment", "create_webhook": "operations", "delete_webhook": "operations",
    "report_damage": "fulfillment", "report_missing_item": "fulfillment", "return_order": "fulfillment",
    "route_buying_intent": "sales", "change_booking": "bookings", "follow_up": "support", "escalate": "escalations",
    "create_subscriber_channel": "marketing", "update_subscriber_channel": "marketing", "update_contact": "support",
    "none": "nobody",
}  # fmt: skip

NOW = datetime.now(UTC)
NEXT_WEEK = f"{NOW + timedelta(days=7):%Y-%m-%d}"
SOON = f"{NOW + timedelta(hours=9):%Y-%m-%d %H:%M}"  # within the day that operations have planned already
HIGH_CENTS = {"amounts": {"amount_product": 60_000, "amount_pre_tax_total": 60_000}}
DEAR_CENTS = {"amounts": {"amount_product": 250_000, "amount_pre_tax_total": 250_000}}
ALL_TOLD = ("name", "email", "reference")


@dataclass(frozen=True)
class Row:
    """One call: `asks` is the wish in plain words, `says` the other fields that the voice agent filled in."""

    id: str
    says: Mapping[str, Any] = field(default_factory=dict)
    asks: str = ""

    # Who calls about what: the gift's sender, its recipient or a stranger; `gift` None where there is no order at all.
    by: str = "sender"
    gift: Mapping[str, Any] | None = field(default_factory=dict)
    gifts: int = 1
    tells: tuple[str, ...] = ALL_TOLD
    contact: Mapping[str, Any] | None = None  # the caller's entry in the merchant's directory
    deliveries: int = 1

    # What has to come of it.
    kind: str = ""
    verdict: str = ""
    status: str = ""  # where it is not the verdict's own
    match: str = "matched"
    role: str = ""  # where it is not `by`
    fired: tuple[str, ...] = ()
    queue: str | None = "general"  # None where it hangs on the hour of the day
    approval_role: str = "reviewer"
    approvals: int = 1
    urgency: str = "normal"
    acts: int = 0  # at the shop, before any person said anything

    # What people read: of the review, and in the handoff; and which teams are told beside the kind's own.
    shows: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    also_told: tuple[str, ...] = ()

    @property
    def team(self) -> str:
        return TEAMS[self.kind]


EXECUTE, HAND_OFF, ASSIST, REVIEW = ({"verdict": name} for name in ("execute", "hand_off", "assist", "review"))
NO_ORDER: dict[str, Any] = {"gift": None, "match": "unmatched", "role": "unknown"}
MORE_TIME: dict[str, Any] = {"asks": "more time to accept", "kind": "extend_expiration"}
CANCEL: dict[str, Any] = {"asks": "cancel my gift", "kind": "cancel_order", **REVIEW}
STATUS: dict[str, Any] = {"asks": "where is my order", "kind": "order_status", **EXECUTE}
CALL_BACK: dict[str, Any] = {"asks": "call me back", "kind": "follow_up", **HAND_OFF}
BUY: dict[str, Any] = {"kind": "route_buying_intent", "urgency": "high", **HAND_OFF, **NO_ORDER}
BOOKING: dict[str, Any] = {"asks": "reschedule my booking", "kind": "change_booking", **HAND_OFF, **NO_ORDER}
MANAGER: dict[str, Any] = {"asks": "speak to a manager", "kind": "escalate", "urgency": "high", **HAND_OFF}
SENSITIVE: dict[str, Any] = {"queue": "sensitive", "approval_role": "approver", **REVIEW}
DELIVERED = {"status": "delivered"}

MATCH_BEFORE_ANYTHING = [
    Row("H1-matched_before_it_is_done", **MORE_TIME, **EXECUTE, acts=1),
    Row("H1-no_order_known", **CANCEL, **NO_ORDER, fired=("unmatched",), queue="matching",
        text=("says to be {name}", "No order could be tied to the call.")),
    Row("H1-two_orders_may_be_meant", {"product": "Cookies"}, **MORE_TIME, **REVIEW, by="recipient", gifts=2,
        tells=("name", "email"), match="ambiguous", role="unknown", fired=("ambiguous",), queue="matching",
        text=("More than one order may be meant.",)),
    Row("H2-all_that_was_said_is_compared", {"product": "Cookies"}, **STATUS, by="recipient", contact={}),
    Row("H2-the_reference_in_a_stranger_s_mouth", **CANCEL, by="stranger", role="other",
        fired=("identity_in_doubt", "the_other_side_decides"), queue="not_entitled", text=("contradicts",)),
    Row("H2-what_any_address_book_holds", **MORE_TIME, **REVIEW, by="recipient", tells=("name", "email"),
        fired=("identity_in_doubt",), queue="matching", text=("It is not clear who is calling",)),
    Row("H3-a_webhook_for_a_clear_caller", asks="register webhook",
        says={"new_value": "https://hooks.acme.example/orders", "owner": "Dana Fox"}, kind="create_webhook", **SENSITIVE,
        fired=("access_changes",), shows=("https://hooks.acme.example/orders",),
        text=("{name}", "https://hooks.acme.example/orders", "Dana Fox")),
    Row("H3-a_webhook_for_nobody_known", asks="register webhook", says={"new_value": "https://hooks.other.example"},
        kind="create_webhook", **SENSITIVE, **NO_ORDER, fired=("unmatched", "identity_in_doubt")),
    Row("H3-a_gift_for_nobody_known", asks="send a gift", says={"product": "Desk Fern"}, kind="send_order", **REVIEW, **NO_ORDER,
        fired=("unmatched",), queue="matching", shows=("Desk Fern",), text=("Desk Fern",)),
    Row("H4-a_wrong_number", asks="wrong number", kind="none", **HAND_OFF, **NO_ORDER),
    Row("H4-only_looking", asks="just browsing", says={"product": "Desk Fern"}, kind="none", **HAND_OFF, **NO_ORDER),
    Row("H4-nothing_said", asks="", kind="none", **HAND_OFF, gift={}),
    Row("H4-a_wish_among_noise", asks="general inquiry, where is my order", kind="order_status", **EXECUTE),
]  # fmt: skip

CAPTURE = [
    Row("H5-who_and_what", **CALL_BACK, says={
        "customer_phone": "+12015550142", "product": "Desk Fern", "sku": "DF-100", "booking_id": "B-77",
        "store": "Harbor Store", "channel": "web", "location": "Boston, Pier 4",
    }, text=("{name}", "Desk Fern")),
    Row("H6-what_is_wanted", asks="return my order", says={
        "delivery_status": "delivered late", "availability_question": "is it in stock in blue?",
        "return_reason": "too small", "refund_expectation": "all of it, to the card", "deadline": "before Friday",
    }, gift=DELIVERED, kind="return_order", **ASSIST, urgency="high", fired=("deadline",),
        shows=("too small", "all of it, to the card", "before Friday"),
        text=("too small", "all of it, to the card", "before Friday", "delivered late")),
    Row("H7-how_much_it_matters", **MANAGER, says={
        "vip_status": True, "order_value": "$1,250.00", "loyalty_status": "gold", "repeat_complaint": "yes",
        "escalation_owner": "Dana Fox",
    }, fired=("important_customer_waits", "much_at_stake_waits"), **NO_ORDER,
        text=("said to be VIP", "complained before", "1250", "the call names Dana Fox")),
    Row("H8-links", **STATUS, says={
        "payment_link": "https://pay.example/p-1", "support_link": "https://help.example/t-2",
        "fulfillment_link": "https://track.example/f-3",
    }, text=("https://pay.example/p-1", "https://help.example/t-2", "https://track.example/f-3", "call: {call_id}",
             "/v1/calls/{call_id}", "/v1/calls/{call_id}/recording")),
    Row("H9-wrong_address", {"risk_flags": "wrong address"}, **MORE_TIME, **REVIEW,
        fired=("any_risk_before_acting_alone",), text=("Risk: wrong address",)),
    Row("H9-damaged_item", {"risk_flags": ["damaged item"]}, **MORE_TIME, **REVIEW,
        fired=("any_risk_before_acting_alone",), text=("Risk: damaged item",)),
    Row("H9-fraud_concern", {"risk_flags": "possible fraud"}, **MORE_TIME, **SENSITIVE | {"queue": "risk"},
        urgency="high", fired=("serious_risk",), text=("Risk: fraud concern",)),
    Row("H9-urgent_travel", {"risk_flags": "urgent travel", "booking_id": "B-12"}, **BOOKING, urgency="urgent",
        fired=("urgent_travel",), text=("Risk: urgent travel",), also_told=("operations",)),
    Row("H9-no_show_risk", {"risk_flags": "no-show risk", "booking_id": "B-13"}, **BOOKING,
        text=("Risk: no show risk",), also_told=("operations",)),
    Row("H10-why_and_what_next", {
        "preferred_time": f"{NEXT_WEEK} 15:00", "timezone": "America/New_York", "owner": "Dana Fox",
        "promise_made": "a call from the warehouse", "contact_channel": "phone", "next_step": "ask the carrier",
    }, **CALL_BACK, urgency="high", fired=("promise_to_keep",), text=(
        "expects somebody to come back", f"Caller expects: to hear from us by phone {NEXT_WEEK} 15:00 America/New_York",
        "Promised: a call from the warehouse", f"(that is {NEXT_WEEK} ", "the call names Dana Fox", "ask the carrier",
        "Next step: Come back to the caller at the preferred time.",
    )),
    Row("H11-damaged", asks="it arrived broken", says={
        "item": "Stoneware Mug", "damage_description": "the handle is off", "photo_available": "no",
        "resolution_preference": "replacement", "refund_expectation": "none, if a new one comes", "deadline": "Friday",
    }, by="recipient", gift=DELIVERED, kind="report_damage", **ASSIST, urgency="high", fired=("deadline",),
        shows=("Stoneware Mug", "the handle is off", "Photo available: no", "replacement", "Friday"), text=(
        "Item: Stoneware Mug", "Damage description: the handle is off", "Photo available: no",
        "Ask the caller: for a photo of the damage", "Resolution preference: replacement", "Deadline: Friday",
        "Caller expects: replacement", "Refund expectation: none, if a new one comes",
    )),
]  # fmt: skip

DECIDE = [
    Row("H13-low_confidence_match", **MORE_TIME, **REVIEW, by="recipient", tells=("name",), match="ambiguous",
        role="unknown", fired=("ambiguous", "identity_in_doubt"), queue="matching"),
    Row("H13-privacy", {"risk_flags": "gdpr erasure"}, **MORE_TIME, **SENSITIVE, fired=("sensitive_request",)),
    Row("H13-legal_terms", {"risk_flags": "contract terms"}, **MORE_TIME, **SENSITIVE, fired=("sensitive_request",)),
    Row("H13-access", asks="remove webhook", says={"old_value": "https://hooks.acme.example/old"}, kind="delete_webhook",
        **SENSITIVE, fired=("access_changes",)),
    Row("H13-high_value_order", **MORE_TIME, **REVIEW, gift=HIGH_CENTS, urgency="high", fired=("high_value",)),
    Row("H13-high_value_moves", **CANCEL | {"queue": "money", "approval_role": "approver"}, gift=HIGH_CENTS,
        urgency="high", fired=("high_value_moves",)),
    Row("H13-two_people_for_much_money", **CANCEL | {"queue": "money", "approval_role": "approver"}, gift=DEAR_CENTS,
        urgency="high", fired=("two_approvals",), approvals=2),
    Row("H13-important_customer", **MORE_TIME, **REVIEW, contact={"tier": "vip"}, urgency="high",
        fired=("important_customer",), text=("vip customer, by the directory",)),
    Row("H13-money", asks="full refund", kind="refund_order", **REVIEW, text=("would move",)),
    Row("H13-commitment", asks="place an order", says={"product": "Desk Fern", "new_address": "5 Elm St"}, kind="send_order",
        **REVIEW, shows=("Desk Fern",)),
    Row("H14-low_risk_and_clear", {"new_expiration": NEXT_WEEK}, **MORE_TIME, **EXECUTE, acts=1,
        gift={"expires_at": (NOW + timedelta(days=3)).isoformat()}),
    Row("H14-the_link_again", asks="send the link again", by="recipient", kind="resend_gift_link",
        **EXECUTE),
    Row("H14-address", asks="change address", says={"new_address": "14 Harbor Lane, Portland, OR 97201"}, by="recipient",
        kind="change_address", **REVIEW, shows=("14 Harbor Lane",), text=("14 Harbor Lane",)),
    Row("H14-refund", asks="refund", says={"return_reason": "sent twice"}, kind="refund_order", **REVIEW, shows=("sent twice",)),
    Row("H14-cancellation", {"return_reason": "wrong person"}, **CANCEL, shows=("wrong person",)),
    Row("H14-substitution", asks="exchange", says={"product": "Desk Fern"}, kind="substitute_item", **REVIEW,
        shows=("Desk Fern",)),
    Row("H15-cancelled_under_control", {"return_reason": "the wedding is off"}, **CANCEL,
        shows=("the wedding is off",), text=("the wedding is off", "cannot be undone", "% sure")),
    Row("H15-webhook_removed_under_control", asks="remove webhook",
        says={"old_value": "https://hooks.acme.example/x", "return_reason": "we move to a new system"},
        kind="delete_webhook", **SENSITIVE, shows=("https://hooks.acme.example/x",),
        text=("we move to a new system", "until there is another", "% sure")),
    Row("H16-order_value", **STATUS, gift=HIGH_CENTS, urgency="high", fired=("much_at_stake_waits",)),
    Row("H16-loyalty", {"loyalty_status": "platinum"}, **CALL_BACK, urgency="high", text=("said to be platinum",),
        fired=("important_customer_waits",)),
    Row("H16-subscription", **CALL_BACK, contact={"tier": "subscriber"}, urgency="high", fired=("subscriber_waits",),
        text=("subscriber customer, by the directory",)),
    Row("H16-repeat_purchase", **STATUS, gifts=5, urgency="high", fired=("repeat_buyer_waits",)),
    Row("H16-account_tier", **CALL_BACK, contact={"tier": "gold"}, urgency="high", fired=("important_customer_waits",),
        text=("gold customer, by the directory",)),
    Row("H16-deadline", {"deadline": "by Friday noon"}, **CALL_BACK, urgency="high", fired=("deadline",),
        text=("deadline: by Friday noon",)),
]  # fmt: skip

ACT = [
    Row("H17-told_three_times", {"new_expiration": NEXT_WEEK}, **MORE_TIME, **EXECUTE, deliveries=3, acts=1,
        gift={"expires_at": (NOW + timedelta(days=3)).isoformat()}),
    Row("H18-summary_for_the_shop", asks="return my order", says={"item": "Desk Fern", "return_reason": "arrived withered"},
        gift=DELIVERED, kind="return_order", **ASSIST, text=("arrived withered",), shows=(
            "To Goody support: a customer wants to return the order.", "{reference}", "Item: Desk Fern",
            "arrived withered", "Why by hand:",
        )),
]  # fmt: skip

HAND_OVER = [
    Row("H19-ready_to_act_on", **STATUS, by="recipient", gift={"status": "shipped"}, text=(
        "{name}, the recipient (98% sure)", "Goody order {reference} (shipped", "/v1/orders?reference={reference}",
        "The caller asks where the order is.", "Urgency: normal", "Owner: Sam Okafor (team support)",
        "Next step: Give the caller the answer.", "call: {call_id}", "/v1/calls/{call_id}/recording",
    )),
    Row("H20-escalation_of_a_known_caller", asks="file a complaint", says={"item": "Desk Fern", "vip_status": "yes"},
        kind="escalate", urgency="high", **HAND_OFF, gift=DELIVERED, text=(
            "{name}, the sender", "{reference}", "At stake:", "said to be VIP", "Urgency: high", "Owner: Maria Lund",
            "/v1/calls/{call_id}", "Desk Fern",
        )),
    Row("H21-a_place_where_something_is_missing", asks="missing item", says={
        "item": "Stoneware Mug", "store": "Harbor Store", "location": "Boston, Pier 4",
        "promise_made": "a call by noon", "next_step": "look in the back room",
    }, by="recipient", gift=DELIVERED, kind="report_missing_item", **ASSIST, urgency="high",
        text=("Stoneware Mug", "Harbor Store", "Boston, Pier 4", "Promised: a call by noon", "look in the back room"),
        also_told=("operations",)),
    Row("H22-return_reason", asks="return", says={"return_reason": "does not fit"}, gift=DELIVERED, kind="return_order", **ASSIST,
        shows=("does not fit",), text=("does not fit",)),
    Row("H22-refund_expectation", asks="money back", says={"refund_expectation": "half of it"}, kind="refund_order", **REVIEW,
        shows=("half of it",), text=("Caller expects: half of it",)),
    Row("H22-address_change", asks="wrong address", says={"new_address": "5 Elm St, Salem"}, by="recipient",
        gift={"status": "accepted"}, kind="change_address", **REVIEW, urgency="high",
        fired=("parcel_may_still_be_stopped",), shows=("5 Elm St, Salem",), text=("5 Elm St, Salem", "can be stopped")),
    Row("H22-delivery_deadline", {"deadline": "Saturday, 10 am"}, **STATUS, gift={"status": "shipped"}, urgency="high",
        fired=("deadline",), text=("Deadline: Saturday, 10 am", "deadline: Saturday, 10 am")),
    Row("H22-missing_item", asks="item missing", says={"item": "the second mug"}, by="recipient", gift=DELIVERED,
        kind="report_missing_item", **ASSIST, shows=("the second mug",), text=("the second mug",)),
    Row("H22-booking_constraint", {"booking_id": "B-90", "availability_question": "only a table by the door"},
        **BOOKING, text=("B-90", "only a table by the door")),
    *(
        Row(f"H23-{name.replace(' ', '_')}", {"product": "Desk Fern", where: said}, asks=wish, **BUY,
            text=(name, said, "Desk Fern", "buying intent cools fast"))
        for name, wish, where, said in (
            ("price", "price question", "availability_question", "what does it cost"),
            ("availability", "availability", "availability_question", "do you have it in Boston"),
            ("fit", "product question", "availability_question", "is it suitable for a small desk"),
            ("shipping", "product question", "availability_question", "do you ship abroad"),
            ("stock", "in stock", "availability_question", "is it in stock in green"),
            ("delivery time", "product question", "availability_question", "how soon can it arrive"),
            ("package", "package options", "buying_signal", "wants a bundle of ten"),
            ("trust", "product question", "objection", "asks whether there is a warranty"),
        )
    ),
    Row("H24-revenue", asks="quote", says={
        "product": "Desk Fern", "buying_signal": "has a budget for 200", "objection": "the price of shipping",
        "next_step": "send an offer", "owner": "Priya Nair", "order_value": "$9,000",
    }, **BUY, contact={"tier": "gold"}, fired=("much_at_stake_waits",), text=(
        "account rows-", "(gold)", "Buying signal: has a budget for 200", "Objection: the price of shipping",
        "send an offer", "Owner: Priya Nair", "sales opportunity", "new, intent is fresh", "Next step: Call back",
    )),
    Row("H25-moved", {
        "booking_id": "B-41", "preferred_time": f"{NEXT_WEEK} 10:00", "timezone": "Europe/Berlin",
        "return_reason": "the flight was moved", "contact_channel": "email", "location": "Pier 4",
    }, **BOOKING, text=("booking B-41", f"{NEXT_WEEK} 10:00", "the flight was moved", "Pier 4", "Owner: Jo Park"), contact={}, also_told=("caller",)),
    Row("H25-tight", {"booking_id": "B-42", "preferred_time": SOON, "timezone": "UTC"}, **BOOKING,
        text=("booking B-42",), also_told=("operations",)),
    Row("H26-a_clear_subscriber", asks="subscribe", says={"channel": "email", "consent": "opt_in", "new_value": "weekly news"},
        kind="create_subscriber_channel", queue="sensitive", **REVIEW, fired=("consent_changes",),
        shows=("opt_in", "weekly news"), text=("{name}", "email", "opt_in", "weekly news")),
    Row("H26-nobody_known", asks="sign up for newsletter", says={"channel": "sms"}, kind="create_subscriber_channel",
        queue="sensitive", **REVIEW, **NO_ORDER, fired=("unmatched", "identity_in_doubt")),
    Row("H27-consent_choice", asks="update preferences", says={
        "channel": "sms", "field_changed": "consent", "old_value": "sms and email", "new_value": "email only",
        "return_reason": "too many messages", "consent": "opt_out",
    }, kind="update_subscriber_channel", queue="sensitive", **REVIEW, fired=("consent_changes",),
        shows=("sms and email", "email only"), text=("sms and email", "email only", "too many messages", "opt_out")),
    Row("H27-owner_of_the_next_step", asks="update contact details", says={
        "field_changed": "owner", "old_value": "Dana Fox", "new_value": "Lee Park", "return_reason": "Dana has left",
    }, kind="update_contact", **REVIEW, shows=("Dana Fox", "Lee Park"), text=("Dana Fox", "Lee Park", "Dana has left")),
]  # fmt: skip

ROWS = [*MATCH_BEFORE_ANYTHING, *CAPTURE, *DECIDE, *ACT, *HAND_OVER]
