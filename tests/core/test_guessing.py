"""What counts as a try of a reference, and which tries were in vain."""

from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.calls import Call
from app.core.guessing import guesses, references_tried, tried_in_vain
from app.core.hearing import heard_from
from app.core.orders import Order, OrderStage, Person

REFERENCE = "DRKRUKB5XGWRB7VRKNZBWN5Q"
UUID = "3f2b8c1e-8d1a-4c43-9b63-5a2f0a1f9b10"
ORDER = Order("goody", UUID, REFERENCE, "notified", OrderStage.OPEN, recipient=Person("Ann"), sender=Person("Bob"))


def tried(said: str) -> tuple[str, ...]:
    return references_tried(heard_from(Call("call-1", fields={"order_id": said})))


def test_what_was_surely_meant_as_a_reference_is_a_try():
    assert tried(REFERENCE) == (REFERENCE,)
    assert tried("it ends in W H T W W zero") == ("WHTWW0",)
    assert tried(f"the id is {UUID}") == (UUID,)
    assert set(tried("1001 or 1002 or 1003")) == {"1001", "1002", "1003"}


def test_words_around_a_reference_and_parts_of_a_longer_one_are_no_tries():
    assert tried("I do not have it here") == ()
    assert tried("unknown") == ()
    assert tried("ABCD1234 EFGH5678") == ("ABCD1234EFGH5678",)


def test_the_orders_own_reference_is_not_in_vain_in_whatever_part():
    own = [REFERENCE, REFERENCE[-6:], REFERENCE[-4:], UUID, REFERENCE[:11] + "Q" + REFERENCE[12:]]
    assert tried_in_vain(own, ORDER) == ()


def test_neighbours_and_other_references_are_in_vain():
    neighbours = [REFERENCE[-6:-1] + sign for sign in "0123"]
    assert tried_in_vain([*neighbours, *neighbours], ORDER) == tuple(neighbours)
    assert tried_in_vain(["XXXXUKB5XGWRB7VRAAAAAAA1"], ORDER) == ("XXXXUKB5XGWRB7VRAAAAAAA1",)


def test_a_guess_is_wrong_and_near_the_right_one_or_near_another_try():
    assert guesses(["ZBWN50", "ZBWN5Q"], ORDER) == ("ZBWN50",)
    assert guesses(["1001", "1002", "1047"], ORDER) == ("1001", "1002")
    assert guesses(["XXXXUKB5XGWRB7VRAAAAAAA1", "XXXXUKB5XGWRB7VRAAAAAAA2"], ORDER) != ()


def test_orders_that_have_nothing_in_common_are_no_guesses():
    drawn = ["7D2K9QX4M1B8V5C3T6WHTWW0", "M4P8R2T6V0X3Z7B1D5F9H2K6", "QQ7W3E9R1T5Y8U2I4O6P0A3S", "4417", "AB12"]
    assert guesses([*drawn, REFERENCE], ORDER) == ()


def test_without_an_order_every_try_is_in_vain():
    assert tried_in_vain([REFERENCE], None) == (REFERENCE,)


@settings(deadline=None)
@given(st.text(max_size=400))
def test_no_text_makes_counting_fail(said):
    assert len(tried_in_vain(tried(said), ORDER)) <= 16
