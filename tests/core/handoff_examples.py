"""One order, one deployment and the decisions on it that the tests of handoffs share."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.core.actions import PARAMETERS, ActionKind
from app.core.calls import Call, CallStage
from app.core.handoff import Handoff, build_handoff
from app.core.identity import Identity, Role
from app.core.matching import Candidate, Match, MatchOutcome
from app.core.orders import Order, OrderItem, OrderStage, Person
from app.core.policy import Decision, Facts, Finding, Urgency, Verdict
from app.core.routing import KindRoute, Routing, Team

K = ActionKind
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ORDER = Order(
    destination="goody",
    external_id="o-1",
    reference_id="WHTWW",
    status="notified",
    stage=OrderStage.OPEN,
    recipient=Person("Ann", "Lee", "ann@example.com"),
    sender=Person("Bob", "Ray", "bob@example.com"),
    items=(OrderItem("Cookies", "Levain", 2),),
    amount_cents=7345,
    expires_at=NOW + timedelta(days=5),
    gift_link="https://gifts.example/secret",
)
SHIPPED = replace(ORDER, stage=OrderStage.SHIPPED, status="shipped")
MATCHED = Match(MatchOutcome.MATCHED, (Candidate("goody", "o-1", "WHTWW", 12.5, 0.999, ()),), "model-1")
UNMATCHED = Match(MatchOutcome.UNMATCHED, (), "model-1")
CALL = Call(call_id="call_1", stage=CallStage.COMPLETED, recording_url="https://rec.example/1.mp3?sig=x&v=2")

# Verdict, team and urgency by kind: those of the policy that ships, written down so that a form is tested by itself.
PLAIN: Mapping[ActionKind, tuple[Verdict, str, Urgency]] = {
    **dict.fromkeys(
        (K.ORDER_STATUS, K.EXTEND_EXPIRATION, K.RESEND_GIFT_LINK), (Verdict.EXECUTE, "support", Urgency.NORMAL)
    ),
    **dict.fromkeys((K.CANCEL_ORDER, K.REFUND_ORDER, K.UPDATE_CONTACT), (Verdict.REVIEW, "support", Urgency.NORMAL)),
    **dict.fromkeys((K.CHANGE_ADDRESS, K.SEND_ORDER), (Verdict.REVIEW, "fulfillment", Urgency.NORMAL)),
    **dict.fromkeys(
        (K.REPORT_DAMAGE, K.REPORT_MISSING_ITEM, K.RETURN_ORDER, K.SUBSTITUTE_ITEM),
        (Verdict.ASSIST, "fulfillment", Urgency.HIGH),
    ),
    **dict.fromkeys((K.CREATE_WEBHOOK, K.DELETE_WEBHOOK), (Verdict.REVIEW, "operations", Urgency.NORMAL)),
    **dict.fromkeys(
        (K.CREATE_SUBSCRIBER_CHANNEL, K.UPDATE_SUBSCRIBER_CHANNEL), (Verdict.REVIEW, "marketing", Urgency.NORMAL)
    ),
    K.ROUTE_BUYING_INTENT: (Verdict.HAND_OFF, "sales", Urgency.HIGH),
    K.CHANGE_BOOKING: (Verdict.HAND_OFF, "bookings", Urgency.NORMAL),
    K.FOLLOW_UP: (Verdict.HAND_OFF, "support", Urgency.NORMAL),
    K.ESCALATE: (Verdict.HAND_OFF, "escalations", Urgency.HIGH),
    K.NONE: (Verdict.HAND_OFF, "nobody", Urgency.NORMAL),
}
DUE_MINUTES = {Urgency.NORMAL: 240, Urgency.HIGH: 60, Urgency.URGENT: 15}

ROUTING = Routing(
    teams={
        name: Team(name, owner)
        for name, owner in {
            "support": "Sam Okafor", "fulfillment": "Lena Fischer", "sales": "Priya Nair", "bookings": "Jo Park",
            "escalations": "Maria Lund", "operations": "Ken Abe",
        }.items()
    },
    kinds={
        K.FOLLOW_UP: KindRoute("task", "answered", "Call the customer back.", "/v1/calls/{call_id}"),
        K.CHANGE_BOOKING: KindRoute("booking", "moved", "Move the booking, then tell the caller.", None),
        K.REPORT_DAMAGE: KindRoute(
            "gift order", "replacement arranged", "Ask Goody for it.", "https://shop.example/orders/{order_id}"
        ),
        K.ROUTE_BUYING_INTENT: KindRoute("lead", "qualified", "Write an offer.", "https://crm.example/calls/{call_id}"),
    },
)  # fmt: skip


def facts_of(kind: ActionKind, said: Mapping[str, Any] | None = None, **changes: Any) -> Facts:
    """A clear recipient of an open gift, with what differs; `said` are the call's fields."""
    call = replace(changes.pop("call", CALL), fields=said or {})
    known: dict[str, Any] = {
        "match": MATCHED,
        "identity": Identity(Role.RECIPIENT, 0.97),
        "order": ORDER,
        "contact": None,
        "now": NOW,
        "parameters": {name: text for name in PARAMETERS[kind] if (text := call.text(name))},
    }
    return Facts(kind=kind, call=call, **(known | changes))


def decision_of(facts: Facts, *says: str, **changes: Any) -> Decision:
    """A decision as the kind starts, whose other rules said these sentences."""
    verdict, team, urgency = PLAIN[facts.kind]
    urgency = changes.get("urgency", urgency)
    start = Finding("kind", fired=True, verdict=verdict, says=f"{facts.kind} starts at {verdict}.")
    decision = Decision(
        verdict=verdict,
        findings=(
            start,
            *(Finding(f"rule_{number}", fired=True, verdict=None, says=text) for number, text in enumerate(says)),
        ),
        policy_version="1",
        inputs=facts.inputs(),
        team=team,
        urgency=urgency,
        due_minutes=DUE_MINUTES[urgency],
        approvals_needed=1,
        approval_role="reviewer",
    )
    return replace(decision, **changes)


def handoff_of(
    kind: ActionKind,
    said: Mapping[str, Any] | None = None,
    *says: str,
    routing: Routing | None = None,
    decided: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Handoff:
    facts = facts_of(kind, said, **changes)
    return build_handoff(facts, decision_of(facts, *says, **(decided or {})), routing)
