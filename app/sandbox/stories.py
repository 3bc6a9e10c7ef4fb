"""The demo's stories about callers: each is one call, what becomes of it, and how it has to end.

Everybody in them is invented; addresses end in example.com and numbers in the range kept for fiction.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from app.sandbox.people import Json
from app.sandbox.scene import Scene, Story, action_of
from app.sandbox.telling import Outcome

# The merchant's directory: what ties a phone number to an e-mail, since Goody shows no phone numbers.
CONTACTS: list[Json] = [
    {
        "contact_id": "crm-1001",
        "names": ["Ruth Calder"],
        "emails": ["ruth.calder@example.com"],
        "phones": ["+1 202 555 0143"],
    },
    {"contact_id": "crm-1002", "names": ["Nora Vance"], "emails": ["nora.vance@example.com"]},
    {"contact_id": "crm-1003", "names": ["Tessa Holm"], "emails": ["tessa.holm@example.org"], "tier": "gold"},
]

EXPENSIVE_CENTS = 260_000  # more than the policy lets one person take back


def person(first: str, last: str, domain: str = "example.com") -> Json:
    return {"first_name": first, "last_name": last, "email": f"{first}.{last}@{domain}".lower()}


def parcel(sender: Json, recipient: Json, product: str = "Desk Fern", **more: Any) -> Json:
    """What Goody is told of a gift."""
    to = {f"recipient_{name}": value for name, value in recipient.items()}
    return {"sender": sender, "products": [{"name": product}], **to, **more}


def said_by(caller: Json, wish: str, order: Json | None = None, **more: Any) -> Json:
    """What DialNexa's post-call analysis found in the call."""
    found = {"customer_name": f"{caller['first_name']} {caller['last_name']}", "customer_email": caller["email"]}
    reference = {} if order is None else {"order_id": order["reference_id"]}
    return {**found, **reference, "requested_action": wish, **more}


def in_days(number: int) -> str:
    return (datetime.now(UTC) + timedelta(days=number)).isoformat(timespec="seconds")


def ends(match: str, kind: str, verdict: str, status: str, *attempts: str, goody_acts: int = 0, **more: Any) -> Outcome:
    """An expected ending, in the words of `Scene.outcome`."""
    ending = {"match": match, "kind": kind, "verdict": verdict, "status": status}
    return {**ending, "attempts": list(attempts), "goody_acts": goody_acts, **more}


def where_is_my_order(scene: Scene) -> Outcome:
    nora = person("Nora", "Vance")
    gift = scene.gift(**parcel(nora, person("Ilya", "Brandt", "example.org"), status="shipped"))
    scene.call("Where is the fern I sent to Ilya?", analysis=said_by(nora, "where is my order", gift))
    scene.until_status("order_status", "done")
    return scene.outcome("order_status", handed_to=_teams(scene))


def known_by_phone(scene: Scene) -> Outcome:
    """Family L names no person: the number leads to a contact, and the contact's e-mail to the gift."""
    ruth = person("Ruth", "Calder")
    scene.gift(**parcel(person("Owen", "Pike"), ruth, "Succulent Trio", status="opened"))
    analysis = {"requested_action": "where is my gift"}
    scene.call("Somebody sent me a gift?", families=["L"], from_number="+12025550143", analysis=analysis)
    scene.until_status("order_status", "done")
    return scene.outcome("order_status", handed_to=_teams(scene))


def more_time(scene: Scene) -> Outcome:
    milo = person("Milo", "Tanner")
    gift = scene.gift(**parcel(person("Greta", "Lind"), milo, expires_at=in_days(3)))
    said = said_by(milo, "more time to accept", gift)
    scene.call("I am away until next week. Can I have more time?", variant="dialnexa-sha256", analysis=said)
    scene.until_status("extend_expiration", "done")
    after = scene.cast.goody.read_order(gift["id"])
    won = datetime.fromisoformat(after["expires_at"]) - datetime.fromisoformat(gift["expires_at"])
    return scene.outcome("extend_expiration", days_won=won.days)


def cancel_by_a_person(scene: Scene) -> Outcome:
    hugo = person("Hugo", "Merrin")
    gift = scene.gift(**parcel(hugo, person("Sana", "Qadir", "example.org"), "Stoneware Teapot", status="notified"))
    scene.call("Please cancel the teapot for Sana.", analysis=said_by(hugo, "cancel my gift", gift))
    scene.until_status("cancel_order", "awaiting_review")
    review = scene.claim(scene.cast.olive, "cancel_order")
    scene.decide(scene.cast.olive, review, "approval", "sender_asks", "Hugo ordered and paid for it.")
    scene.until_status("cancel_order", "done")
    scene.until(_is_confirmed("cancel_order"), "Goody's webhook to confirm it")
    status = scene.cast.goody.read_order(gift["id"])["status"]
    return scene.outcome("cancel_order", confirmed_by_webhook=True, goody_status=status)


def cancel_too_late(scene: Scene) -> Outcome:
    paula = person("Paula", "Renk")
    gift = scene.gift(**parcel(paula, person("Jonas", "Weld", "example.org"), "Leather Notebook", status="accepted"))
    scene.call("I changed my mind, cancel the notebook.", analysis=said_by(paula, "cancel the order", gift))
    scene.until_status("cancel_order", "awaiting_review")
    review = scene.claim(scene.cast.olive, "cancel_order")
    scene.decide(scene.cast.olive, review, "approval", "sender_asks", "Worth a try before it ships.")
    scene.until_status("cancel_order", "awaiting_assistance")
    _assist(scene, "cancel_order", "Asked Goody Support for a refund.")
    scene.until_status("cancel_order", "awaiting_confirmation")
    scene.teller.line("goody", "support refunds the order")
    scene.cast.goody.refund(gift["id"])
    scene.until_status("cancel_order", "done")
    return scene.outcome("cancel_order")


def wrong_address(scene: Scene) -> Outcome:
    tessa = person("Tessa", "Holm", "example.org")
    gift = scene.gift(**parcel(person("Alan", "Sorrel"), tessa, "Evening Tea Sampler", status="opened"))
    said = said_by(tessa, "change address", gift, new_address="14 Harbor Lane, Portland, OR 97201")
    scene.call("I have moved. Please send the tea to my new address.", families=["E"], variant="nexa", analysis=said)
    scene.until_status("change_address", "awaiting_review")
    review = scene.claim(scene.cast.olive, "change_address")
    scene.decide(scene.cast.olive, review, "approval", "recipient_asks", "She can enter it when she accepts.")
    scene.until_status("change_address", "awaiting_assistance")
    _assist(scene, "change_address", "Sent her the gift link again.")
    scene.until_status("change_address", "done")
    scene.teller.line("goody", "the recipient accepts the gift, and enters the new address")
    scene.cast.goody.accept(gift["id"])
    return scene.outcome("change_address")


def ambiguous_caller(scene: Scene) -> Outcome:
    victor = person("Victor", "Amsel")
    for giver in (person("Iris", "Bolt"), person("Karl", "Dunn")):
        scene.gift(**parcel(giver, victor, "Six Cookies", status="notified", expires_at=in_days(6)))
    scene.call("I need more time for my gift.", analysis=said_by(victor, "extend gift", product="Six Cookies"))
    call = scene.until(lambda call: action_of(call, "extend_expiration").get("status") == "awaiting_review", "review")
    scene.teller.line("queue", "It stays open, for you to look at.")
    return scene.outcome("extend_expiration", candidates=len(call["match"]["candidates"]))


def nothing_to_match(scene: Scene) -> Outcome:
    stranger = person("Lorna", "Petrie", "example.net")
    scene.call("Cancel my order, please.", analysis=said_by(stranger, "cancel order"))
    scene.until_status("cancel_order", "awaiting_review")
    review = scene.claim(scene.cast.olive, "cancel_order")
    scene.decide(scene.cast.olive, review, "rejection", "no_order_found", "Asked her for the e-mail of the receipt.")
    scene.until_status("cancel_order", "rejected")
    return scene.outcome("cancel_order")


def buying_question(scene: Scene) -> Outcome:
    """Family U brings no phone number: Handoff reads the call over DialNexa's REST API."""
    bruno = person("Bruno", "Katz")
    said = {
        "customer_name": "Bruno Katz",
        "customer_email": bruno["email"],
        "availability_question": "Can we get forty tea samplers by Friday?",
        "buying_signal": "has a budget",
        "preferred_time": "tomorrow at 10",
    }
    scene.call("Can we get forty tea samplers by Friday?", families=["U"], from_number="+12025550177", analysis=said)
    call = scene.until(lambda call: call["handoffs"], "the handoff")
    number = call["from_number"]
    return scene.outcome("route_buying_intent", handed_to=_teams(scene), number_read_over_rest=number)


def asks_for_nothing(scene: Scene) -> Outcome:
    scene.call("Oh, wrong number. Sorry!", variant="both", analysis={"requested_action": "wrong number"})
    scene.until_status("none", "handed_off")
    return scene.outcome("none", handed_to=_teams(scene))


def never_connected(scene: Scene) -> Outcome:
    placed = {"direction": "outbound", "status": "hangup", "reason": "user_busy"}
    scene.call("(nobody picks up)", **placed)
    call = scene.until(lambda call: call["stage"] == "not_connected", "the hangup to be noted")
    return {"stage": call["stage"], "actions": len(call["actions"]), "handoffs": len(call["handoffs"])}


def two_approvals(scene: Scene) -> Outcome:
    dora, olive, you = person("Dora", "Finch"), scene.cast.olive, scene.cast.you
    watch = [{"name": "Harbor Chronograph", "brand": "Oakline Goods", "price": EXPENSIVE_CENTS}]
    gift = scene.gift(**parcel(dora, person("Emil", "Roth", "example.org")) | {"products": watch})
    scene.call("Cancel the watch, please.", analysis=said_by(dora, "cancel the order", gift))
    scene.until_status("cancel_order", "awaiting_review")
    scene.decide(olive, scene.claim(olive, "cancel_order"), "approval", "sender_asks", "First of two.")
    again = scene.decide(olive, scene.claim(olive, "cancel_order"), "approval", "sender_asks", "Once more?")
    olive.decide(scene.review_of("cancel_order"), "release")
    scene.decide(you, scene.claim(you, "cancel_order"), "approval", "sender_asks", "Second pair of eyes.")
    scene.until_status("cancel_order", "done")
    return scene.outcome("cancel_order", second_yes_of_one_person=again)


def _assist(scene: Scene, kind: str, note: str) -> None:
    """Read the prepared summary, do it by hand at the shop, say so."""
    review = scene.claim(scene.cast.olive, kind)
    scene.show_summary(review)
    scene.decide(scene.cast.olive, review, "assistance", "asked_at_the_shop", note)


def _is_confirmed(kind: str) -> Callable[[Json], bool]:
    return lambda call: any(attempt["confirmed_at"] for attempt in action_of(call, kind)["attempts"])


def _teams(scene: Scene) -> str:
    call = scene.cast.you.find_call(scene.call_id) or {"handoffs": []}
    return ", ".join(handoff["team"] for handoff in call["handoffs"]) or "nobody"


STORIES = (
    Story(
        "call_where_is_my_order",
        "Where is my order?",
        "Nora sent a fern and wants to know where it is.",
        ends("matched", "order_status", "execute", "done", "succeeded", handed_to="support"),
        where_is_my_order,
    ),
    Story(
        "call_known_by_phone",
        "Known by the phone number alone",
        "Ruth gives no name and no order; the directory knows her number.",
        ends("matched", "order_status", "execute", "done", "succeeded", handed_to="support"),
        known_by_phone,
    ),
    Story(
        "call_more_time",
        "More time, given by itself",
        "Milo wants more time to accept his gift, and it is clear who he is.",
        ends("matched", "extend_expiration", "execute", "done", "succeeded", goody_acts=1, days_won=14),
        more_time,
    ),
    Story(
        "call_cancel",
        "A cancellation, approved by a person",
        "Hugo wants the gift he sent cancelled; that cannot be undone.",
        ends(
            *("matched", "cancel_order", "review", "done", "succeeded"),
            goody_acts=1,
            confirmed_by_webhook=True,
            goody_status="failed",
        ),
        cancel_by_a_person,
    ),
    Story(
        "call_cancel_too_late",
        "A cancellation that comes too late",
        "Paula wants to cancel, but the gift is accepted: Goody's support has to do it.",
        ends("matched", "cancel_order", "review", "done", "refused"),
        cancel_too_late,
    ),
    Story(
        "call_wrong_address",
        "A wrong address, before the gift is accepted",
        "Tessa has moved; at Goody the recipient enters the address, when accepting.",
        ends("matched", "change_address", "review", "done", "refused"),
        wrong_address,
    ),
    Story(
        "call_ambiguous",
        "One caller, two gifts",
        "Victor wants more time, and does not say for which of his two gifts.",
        ends("ambiguous", "extend_expiration", "review", "awaiting_review", candidates=2),
        ambiguous_caller,
    ),
    Story(
        "call_nothing_to_match",
        "A caller nobody knows",
        "Lorna wants to cancel, but no order fits what she says.",
        ends("unmatched", "cancel_order", "review", "rejected"),
        nothing_to_match,
    ),
    Story(
        "call_buying_question",
        "A question before buying",
        "Bruno wants forty tea samplers; intent cools fast.",
        ends(
            *("unmatched", "route_buying_intent", "hand_off", "handed_off"),
            handed_to="sales",
            number_read_over_rest="+12025550177",
        ),
        buying_question,
    ),
    Story(
        "call_two_approvals",
        "Two pairs of eyes",
        "Dora wants a gift of more than 2,000 dollars back: one yes is not enough.",
        ends(
            *("matched", "cancel_order", "review", "done", "succeeded"),
            goody_acts=1,
            second_yes_of_one_person=403,
        ),
        two_approvals,
    ),
    Story(
        "call_noise",
        "A wrong number",
        "Somebody asks for nothing: kept, counted, and nobody is bothered.",
        ends("unmatched", "none", "hand_off", "handed_off", handed_to="nobody"),
        asks_for_nothing,
    ),
    Story(
        "call_never_connected",
        "A call that never connected",
        "The line was busy.",
        {"stage": "not_connected", "actions": 0, "handoffs": 0},
        never_connected,
    ),
)
