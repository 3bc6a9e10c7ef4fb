"""The prepared text for whoever does it by hand at the shop."""

from dataclasses import replace

import pytest
from handoff_examples import NOW, ORDER, handoff_of

from app.core.actions import ActionKind
from app.core.assistance import assistance_summary
from app.core.order_words import describe_order
from app.core.orders import OrderStage

K = ActionKind


def test_the_summary_for_support_says_what_to_do_and_why_by_hand() -> None:
    accepted = replace(ORDER, stage=OrderStage.ACCEPTED, status="accepted")
    assert assistance_summary(K.REFUND_ORDER, accepted, {"return_reason": "never\narrived"}) == (
        "To Goody support: a customer wants a refund.\n"
        "Order: WHTWW (id o-1), status accepted\n"
        "Sender: Bob Ray\n"
        "Recipient: Ann Lee\n"
        "Items: 2 x Cookies\n"
        "Return reason: never arrived\n"
        "Why by hand: The gift is accepted: Goody refunds it only through its support."
    )


def test_the_summary_says_what_an_attempt_showed() -> None:
    summary = assistance_summary(
        K.CHANGE_ADDRESS, ORDER, {"new_address": "5 New Street"}, tried="What was sent\nanew …"
    )
    assert summary.startswith("Send the gift's link again, to the recipient's address on file and to no other: ")
    assert "(a direct send), Goody support has to change it.\n" in summary
    assert summary.endswith("\nWhat the attempt showed: What was sent anew …")


def test_a_summary_without_an_order_still_says_what_is_wanted() -> None:
    assert assistance_summary(K.RETURN_ORDER, None, {}) == "To the shop support: a customer wants to return the order."


@pytest.mark.parametrize("kind", list(ActionKind))
@pytest.mark.parametrize("stage", list(OrderStage))
def test_the_gift_link_gets_into_no_message(kind: ActionKind, stage: OrderStage) -> None:
    order = replace(ORDER, stage=stage)
    summary = assistance_summary(kind, order, {"new_value": "it is https://gifts.example/secret"})
    messages = (repr(handoff_of(kind, order=order)), summary, describe_order(order, NOW))
    assert not any("gifts.example" in message for message in messages)
