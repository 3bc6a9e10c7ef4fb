"""Who may ask for what: the table that ships, and what becomes of what no table says."""

import pytest

from app.adapters.policy_file import load_policy
from app.core.actions import ActionKind, touches_order
from app.core.entitlement import Entitlement, Entry, entitlement_of
from app.core.identity import Role
from app.core.orders import OrderStage

K = ActionKind
TABLE = load_policy().entitlement
TAKES_BACK = (K.CANCEL_ORDER, K.REFUND_ORDER, K.RETURN_ORDER)


@pytest.mark.parametrize("kind", TAKES_BACK)
def test_what_the_sender_paid_for_is_the_senders_to_take_back(kind):
    for stage in OrderStage:
        assert entitlement_of(TABLE, kind, Role.SENDER, stage) is Entitlement.ALLOWED
        assert entitlement_of(TABLE, kind, Role.RECIPIENT, stage) is Entitlement.REFUSED
        assert entitlement_of(TABLE, kind, Role.OTHER, stage) is Entitlement.REFUSED


@pytest.mark.parametrize("kind", [K.ORDER_STATUS, K.RESEND_GIFT_LINK, K.EXTEND_EXPIRATION, K.REPORT_DAMAGE])
def test_a_recipient_may_ask_for_what_serves_receiving_it(kind):
    assert entitlement_of(TABLE, kind, Role.RECIPIENT, OrderStage.OPEN) is Entitlement.ALLOWED


def test_a_recipient_says_where_it_goes_until_it_is_accepted():
    allowed = {stage: entitlement_of(TABLE, K.CHANGE_ADDRESS, Role.RECIPIENT, stage) for stage in (*OrderStage, None)}
    assert allowed.pop(OrderStage.OPEN) is Entitlement.ALLOWED
    assert set(allowed.values()) == {Entitlement.REVIEW}


@pytest.mark.parametrize("kind", [kind for kind in K if touches_order(kind) and kind is not K.ORDER_STATUS])
def test_an_unknown_caller_may_ask_for_nothing_alone(kind):
    for stage in OrderStage:
        assert entitlement_of(TABLE, kind, Role.UNKNOWN, stage) is Entitlement.REVIEW
        assert entitlement_of(TABLE, kind, Role.OTHER, stage) is not Entitlement.ALLOWED


@pytest.mark.parametrize("role", Role)
def test_what_no_table_says_is_for_people_and_what_is_about_no_order_asks_for_no_role(role):
    for kind in ActionKind:
        expected = Entitlement.REVIEW if touches_order(kind) else Entitlement.ALLOWED
        assert entitlement_of({}, kind, role, OrderStage.OPEN) is expected
        assert entitlement_of({kind: {}}, kind, role, OrderStage.OPEN) is Entitlement.REVIEW


def test_every_kind_that_touches_an_order_is_in_the_table_that_ships():
    assert {kind for kind in ActionKind if touches_order(kind)} <= set(TABLE)
    assert all(set(row.values()) <= set(Entry) for row in TABLE.values())
