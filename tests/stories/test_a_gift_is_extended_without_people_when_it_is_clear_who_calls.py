"""More time to accept a gift is given by itself, but only when identity is clear and nothing speaks against it."""

from datetime import UTC, datetime, timedelta

import pytest
from foreign_client import about, somebody
from foreign_shop import ACT_THEN_CUT
from running_service import GOODY_KEY


def expiry_of(order: dict) -> datetime:
    return datetime.fromisoformat(order["expires_at"])


def test_a_clear_caller_gets_more_time_at_once(service_at_shop, agents_at_shop, place_at_shop, shop):
    person = somebody()
    order = place_at_shop(person)
    before = expiry_of(order)
    call = service_at_shop.with_action(agents_at_shop.call(about(order, person, "more time")), "done")
    (action,) = call["actions"]
    assert (action["kind"], action["verdict"], action["review_id"]) == ("extend_expiration", "execute", None)
    assert expiry_of(shop.orders[order["id"]]) == before + timedelta(days=14)
    (write,) = shop.writes_to(order)
    assert write.verb == "update_expiration"
    assert datetime.fromisoformat(write.body["expiration"]) == before + timedelta(days=14)
    assert write.headers["authorization"] == f"Bearer {GOODY_KEY}"


def test_the_date_that_was_named_is_the_date_that_is_set(service_at_shop, agents_at_shop, place_at_shop, shop):
    person = somebody()
    order = place_at_shop(person)
    day = (datetime.now(UTC) + timedelta(days=60)).date()
    analysis = about(order, person, "extend_expiration", new_expiration=day.isoformat())
    service_at_shop.with_action(agents_at_shop.call(analysis), "done")
    assert expiry_of(shop.orders[order["id"]]).date() == day


def test_a_lost_answer_does_not_extend_twice(service_at_shop, agents_at_shop, place_at_shop, shop):
    person = somebody()
    order = place_at_shop(person)
    before = expiry_of(order)
    shop.trouble(order, "update_expiration", ACT_THEN_CUT)
    service_at_shop.with_action(agents_at_shop.call(about(order, person, "more time")), "done")
    assert len(shop.writes_to(order)) == 1
    assert expiry_of(shop.orders[order["id"]]) == before + timedelta(days=14)


def only_a_name(order, person):
    return {"customer_name": person.name, "requested_action": "more time"}


def only_an_email(order, person):
    return {"customer_email": person.email, "requested_action": "more time"}


def the_email_of_somebody_else(order, person):
    return about(order, person, "more time") | {"Customer Email": somebody().email}


def the_name_of_somebody_else(order, person):
    return about(order, person, "more time") | {"Customer Name": somebody().name}


def an_important_customer(order, person):
    return about(order, person, "more time", vip_status=True)


def a_flag_of_fraud(order, person):
    return about(order, person, "more time", risk_flags=["fraud concern"])


def far_too_much_time(order, person):
    late = datetime.now(UTC) + timedelta(days=400)
    return about(order, person, "more time", new_expiration=late.date().isoformat())


def less_time(order, person):
    soon = datetime.now(UTC) + timedelta(days=3)
    return about(order, person, "more time", new_expiration=soon.date().isoformat())


def a_date_nobody_can_read(order, person):
    return about(order, person, "more time", new_expiration="when the moon is full")


@pytest.mark.parametrize(
    "tell",
    [
        only_a_name,
        only_an_email,
        the_email_of_somebody_else,
        the_name_of_somebody_else,
        an_important_customer,
        a_flag_of_fraud,
        far_too_much_time,
        less_time,
        a_date_nobody_can_read,
    ],
)
def test_people_decide_when_the_caller_gives(service_at_shop, agents_at_shop, place_at_shop, shop, tell):
    person = somebody()
    order = place_at_shop(person)
    call = service_at_shop.settled(agents_at_shop.call(tell(order, person)))
    assert [(each["status"], each["verdict"]) for each in call["actions"]] == [("awaiting_review", "review")]
    assert shop.writes_to(order) == []


def test_what_people_approve_is_done(service_at_shop, agents_at_shop, place_at_shop, shop):
    person = somebody()
    order = place_at_shop(person)
    before = expiry_of(order)
    call_id = agents_at_shop.call(only_an_email(order, person))
    assert service_at_shop.approve(service_at_shop.with_action(call_id, "awaiting_review")).status_code == 200
    service_at_shop.with_action(call_id, "done")
    assert expiry_of(shop.orders[order["id"]]) == before + timedelta(days=14)
    assert shop.changes_of(order, "update_expiration") == 1


def test_an_accepted_gift_needs_no_more_time_and_nothing_is_written(
    service_at_shop, agents_at_shop, place_at_shop, shop
):
    person = somebody()
    order = place_at_shop(person, status="accepted")
    call = service_at_shop.settled(agents_at_shop.call(about(order, person, "more time")))
    assert [each["status"] for each in call["actions"]] == ["handed_off"]
    assert len(call["handoffs"]) == 1
    assert shop.writes_to(order) == []
