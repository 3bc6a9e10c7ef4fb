"""What may be learnt of a number, and when nothing may."""

import pytest

from app.core.calls import Call, Direction
from app.core.contacts import Contact
from app.core.identity import NOBODY, Identity, Role
from app.core.learning import Tie, tie
from app.core.orders import Order, OrderStage, Person

ORDER = Order(
    "goody", "o-1", "DRKRUKB5XGWRB7VRKNZBWN5Q", "notified", OrderStage.OPEN,
    recipient=Person("Alena", "Kenter", "alena@ongoody.example"), sender=Person("Morgan", "Reed", "morgan@acme.example"),
)  # fmt: skip
PHONE = "+12137771234"


def learnt(identity, *, number=PHONE, direction=Direction.INBOUND, on_file=(), order=ORDER, at_least=0.5):
    numbers = {"to_number": number} if direction is Direction.OUTBOUND else {"from_number": number}
    return tie(Call("call-1", direction=direction, **numbers), order, identity, on_file, at_least=at_least)


@pytest.mark.parametrize("direction", Direction)
def test_the_number_is_tied_to_the_person_of_the_role(direction):
    assert learnt(Identity(Role.SENDER, 0.8), direction=direction) == Tie(PHONE, "morgan@acme.example", Role.SENDER)
    assert learnt(Identity(Role.RECIPIENT, 0.8)) == Tie(PHONE, "alena@ongoody.example", Role.RECIPIENT)


@pytest.mark.parametrize(
    "identity", [NOBODY, Identity(Role.UNKNOWN, 0.99), Identity(Role.OTHER, 0.99), Identity(Role.SENDER, 0.49),
                 Identity(Role.SENDER, float("nan"))]
)  # fmt: skip
def test_of_an_unknown_or_doubtful_caller_nothing_is_learnt(identity):
    assert learnt(identity) is None


@pytest.mark.parametrize("number", [None, "", "anonymous", "Restricted", "+266696687", "+17378742833", "12"])
def test_of_a_withheld_number_nothing_is_learnt(number):
    assert learnt(Identity(Role.SENDER, 0.99), number=number) is None


def test_a_number_on_file_teaches_nothing_new_whoever_it_is_on_file_for():
    own, foreign = Contact("c-1", emails=("morgan@acme.example",), phones=(PHONE,)), Contact("c-2", phones=(PHONE,))
    assert learnt(Identity(Role.SENDER, 0.99), on_file=[own]) is None
    assert learnt(Identity(Role.SENDER, 0.99), on_file=[foreign]) is None


def test_a_person_without_an_e_mail_cannot_be_tied_to():
    order = Order("goody", "o-1", "R", "notified", OrderStage.OPEN, recipient=Person("Ann"), sender=Person("Bob"))
    assert learnt(Identity(Role.SENDER, 0.99), order=order) is None


def test_what_was_done_without_people_teaches_only_of_a_clear_caller():
    assert learnt(Identity(Role.SENDER, 0.89), at_least=0.9) is None
    assert learnt(Identity(Role.SENDER, 0.9), at_least=0.9) is not None
