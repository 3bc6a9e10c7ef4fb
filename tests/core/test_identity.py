import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.calls import Call, Direction
from app.core.contacts import Contact
from app.core.identity import Role, identify
from app.core.matching import Agreement
from app.core.orders import Order, OrderStage, Person

PATIENT = settings(deadline=None)  # the first comparison reads a table of names; a busy machine is slow
CLEAR = 0.9
REFERENCE = "DRKRUKB5XGWRB7VRKNZBWN5Q"
UUID = "3f2b8c1e-8d1a-4c43-9b63-5a2f0a1f9b10"
ALENA = Person("Alena", "Kenter", "alena@ongoody.example")
MORGAN = Person("Morgan", "Reed", "morgan@acme.example")
ORDER = Order("goody", UUID, REFERENCE, "notified", OrderStage.OPEN, recipient=ALENA, sender=MORGAN)
PHONE = "+12137771234"
ON_FILE = Contact("c-1", ("Alena Kenter",), ("alena@ongoody.example",), (PHONE,))
OF_MORGAN = Contact("c-2", ("Morgan Reed",), ("morgan@acme.example",), ("+12125550123",))
ATTESTED = {"metadata.attestation": "A"}
STRANGER = Contact("c-3", ("Bo Lind",), ("bo@else.example",), ("+13105550188",))


def who(
    *, number=None, direction=Direction.INBOUND, contacts=(), conflicts=(), order=ORDER, misses=(), told=None, **fields
):
    """`told` is what the merchant's metadata says beside the call."""
    numbers = {"to_number": number} if direction is Direction.OUTBOUND else {"from_number": number}
    call = Call("call-1", direction=direction, fields=fields, other_fields=told or {}, conflicts=conflicts, **numbers)
    return identify(call, order, contacts, misses=misses)


def bits(identity, field):
    return next(line.bits for line in identity.evidence if line.field == field)


@pytest.mark.parametrize(
    ("said", "role"),
    [
        ({"order_id": REFERENCE, "customer_email": ALENA.email}, Role.RECIPIENT),
        ({"order_id": REFERENCE, "customer_email": MORGAN.email}, Role.SENDER),
        ({"order_id": REFERENCE, "customer_name": "Alena Kenter"}, Role.RECIPIENT),
        ({"order_id": REFERENCE, "customer_name": "Morgan Reed"}, Role.SENDER),
        ({"order_id": UUID, "customer_email": ALENA.email}, Role.RECIPIENT),
        ({"order_id": "ends in ZBWN5Q", "customer_email": ALENA.email}, Role.RECIPIENT),
        ({"order_id": "ends in ZBWN5Q", "customer_email": ALENA.email, "customer_name": "Alena"}, Role.RECIPIENT),
    ],
)
def test_knowing_the_reference_and_the_person_is_clear(said, role):
    identity = who(**said)
    assert identity.role is role
    assert identity.confidence >= CLEAR


@pytest.mark.parametrize(
    "said",
    [
        {"customer_email": ALENA.email},
        {"customer_name": "Alena Kenter"},
        {"customer_email": ALENA.email, "customer_name": "Alena Kenter"},
        {"customer_email": ALENA.email, "customer_name": "Alena Kenter", "caller_role": "recipient"},
        {"customer_email": ALENA.email, "customer_name": "Alena Kenter", "customer_phone": PHONE},
        {"customer_name": "Alena Kenter", "order_id": "5Q"},
        {"customer_email": ALENA.email, "customer_name": "Alena Kenter", "number": PHONE},
        {"customer_email": ALENA.email, "customer_name": "Alena Kenter", "number": PHONE, "told": ATTESTED},
        {"customer_name": "Alena Kenter", "order_id": "ZBWN50"},
    ],
)
def test_what_friends_know_as_well_is_not_clear(said):
    identity = who(contacts=[ON_FILE], **said)
    assert identity.role is Role.RECIPIENT
    assert identity.confidence < CLEAR


def test_a_number_on_file_that_calls_us_is_a_claim():
    identity = who(number=PHONE, contacts=[ON_FILE], customer_name="Alena Kenter")
    assert identity.role is Role.RECIPIENT
    assert identity.confidence < CLEAR


def test_a_number_on_file_that_we_called_is_possession():
    alone = who(number=PHONE, contacts=[ON_FILE], direction=Direction.OUTBOUND)
    named = who(number=PHONE, contacts=[ON_FILE], direction=Direction.OUTBOUND, customer_name="Alena")
    assert alone.role is named.role is Role.RECIPIENT
    assert alone.confidence < CLEAR <= named.confidence


def test_somebody_else_answering_the_number_we_called_is_not_clear():
    identity = who(number=PHONE, contacts=[ON_FILE], direction=Direction.OUTBOUND, customer_name="Robert Kenter")
    assert identity.confidence <= 0.5


@pytest.mark.parametrize("reference", [UUID, REFERENCE, "ends in ZBWN5Q"])
def test_on_a_call_we_placed_what_is_right_of_the_order_may_be_our_own_note(reference):
    identity = who(number="+13105550177", direction=Direction.OUTBOUND, order_id=reference, customer_email=ALENA.email)
    assert bits(identity, "reference") == bits(identity, "email") == 0
    assert identity.confidence < CLEAR


def test_on_a_call_we_placed_what_is_wrong_still_counts():
    identity = who(number=PHONE, direction=Direction.OUTBOUND, customer_email="bo@else.example", contacts=[ON_FILE])
    assert bits(identity, "email") == -3


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, 1),
        ({"metadata.attestation": "A"}, 2),
        ({"metadata.Attestation": "a "}, 2),
        ({"metadata.verstat": "TN-Validation-Passed-A"}, 2),
        ({"metadata.attestation": "B"}, 1),
        ({"metadata.attestation": "C"}, 1),
        ({"metadata.verstat": "TN-Validation-Failed-A"}, 1),
        ({"attestation": "A"}, 1),  # an analysis writes down what callers say
    ],
)
def test_a_number_that_calls_is_a_claim_and_attestation_a_a_little_more(told, expected):
    assert bits(who(number=PHONE, contacts=[ON_FILE], told=told), "phone") == expected


def test_a_reference_misheard_by_few_signs_is_known_all_the_same_but_a_short_one_is_a_guess():
    assert bits(who(order_id="DRKRUKB5XGWRB7VRKNZDWN5Q"), "reference") == 4
    assert bits(who(order_id="ZBWM5Q"), "reference") <= 0


GUESSED = ["ZBWN50", "ZBWN51", "ZBWN52", "ZBWN53"]


@pytest.mark.parametrize(("misses", "expected"), [(0, 0), (1, 0), (2, -2), (3, -4), (4, -6)])
def test_one_miss_is_a_slip_and_each_further_one_a_guess(misses, expected):
    identity = who(order_id=REFERENCE, customer_email=ALENA.email, misses=GUESSED[:misses])
    assert bits(identity, "guesses") == expected


def test_who_guesses_is_not_clear_whatever_they_hit():
    said = {"order_id": REFERENCE, "customer_email": ALENA.email, "customer_name": "Alena Kenter"}
    assert who(**said, misses=GUESSED[:1]).confidence >= CLEAR
    assert who(**said, misses=GUESSED).confidence < CLEAR
    assert bits(who(**said, misses=[f"GUESS{number}" for number in range(50)]), "guesses") == -12


def test_guesses_within_one_call_count_like_those_before_it():
    identity = who(order_id="ZBWN50 or ZBWN51 or ZBWN52 or ZBWN5Q", customer_email=ALENA.email)
    assert bits(identity, "reference") == 4
    assert bits(identity, "guesses") == -4


def test_ones_own_reference_said_before_is_no_guess():
    misses = [REFERENCE, "ZBWN5Q", UUID, "ZBWN50"]
    assert bits(who(order_id=REFERENCE, customer_email=ALENA.email, misses=misses), "guesses") == 0


@pytest.mark.parametrize(
    "said",
    [
        {"customer_name": "Bo Lind"},
        {"customer_name": "Bo Lind", "customer_email": "bo@else.example"},
        {"customer_email": "bo@else.example"},
        {"customer_name": "Bo Lind", "customer_email": "bo@else.example", "number": "+13105550188"},
        {"number": "+13105550188"},
    ],
)
def test_a_stranger_who_quotes_a_reference_is_somebody_else(said):
    identity = who(contacts=[STRANGER], order_id=REFERENCE, caller_role="recipient", **said)
    assert identity.role is Role.OTHER
    assert identity.confidence < 0.9
    assert who(contacts=[STRANGER], order_id=REFERENCE, **said, customer_phone=PHONE).role is Role.OTHER


def test_a_stranger_with_their_own_name_and_email_has_low_confidence():
    said = {"order_id": REFERENCE, "customer_name": "Bo Lind", "customer_email": "bo@else.example"}
    assert who(**said).confidence < 0.05
    assert who(**said, number="+13105550188", contacts=[STRANGER]).confidence < 0.05


def test_a_reference_alone_does_not_tell_the_two_apart():
    identity = who(order_id=REFERENCE)
    assert identity.role is Role.UNKNOWN
    assert identity.confidence < 0.5


def test_what_callers_call_themselves_does_not_tell_the_two_apart_either():
    assert who(order_id=REFERENCE, caller_role="sender").role is Role.UNKNOWN


def test_a_person_the_order_tells_nothing_of_is_not_taken_for_the_caller():
    order = replace(ORDER, recipient=Person())
    identity = who(order=order, order_id=REFERENCE, customer_name="Bo Lind")
    assert identity.role is Role.UNKNOWN
    assert identity.confidence < 0.5


def test_the_right_email_under_another_name_is_that_person_hardly():
    identity = who(customer_email=ALENA.email, customer_name="Bo Lind", order_id=REFERENCE)
    assert identity.role is Role.RECIPIENT
    assert identity.confidence < CLEAR


def test_nothing_heard_is_nobody():
    identity = who()
    assert identity.role is Role.UNKNOWN
    assert identity.confidence < 0.1


def test_one_name_for_both_people_stays_unknown():
    order = replace(ORDER, sender=replace(MORGAN, first_name="Alena", last_name="Kenter"))
    assert who(order=order, order_id=REFERENCE, customer_name="Alena Kenter").role is Role.UNKNOWN


def test_somebody_who_sent_something_to_themselves_is_the_sender():
    order = replace(ORDER, sender=ALENA)
    identity = who(order=order, order_id=REFERENCE, customer_email=ALENA.email)
    assert identity.role is Role.SENDER
    assert identity.confidence >= CLEAR


@pytest.mark.parametrize(
    ("claim", "change"),
    [
        ("recipient", 0),
        ("Gift recipient", 0),
        ("sender", -2),
        ("buyer", -2),
        ("her assistant", -2),
        ("customer", 0),
        ("", 0),
    ],
)
def test_a_claimed_role_can_only_lower(claim, change):
    said = {"order_id": REFERENCE, "customer_email": ALENA.email}
    identity = who(**said, caller_role=claim)
    assert identity.role is Role.RECIPIENT
    assert bits(identity, "caller_role") == change


def test_another_email_lowers_what_a_name_raised():
    without = who(order_id=REFERENCE, customer_name="Alena Kenter")
    with_other = who(order_id=REFERENCE, customer_name="Alena Kenter", customer_email="bo@else.example")
    assert bits(with_other, "email") == -3
    assert with_other.confidence < without.confidence


def test_an_email_misheard_is_worth_a_little_and_another_one_counts_against():
    assert bits(who(customer_email="elena@ongoody.example", order_id=REFERENCE), "email") <= 1
    order = replace(ORDER, recipient=replace(ALENA, email="realdesigns1990@gmail.com"))
    assert bits(who(order=order, customer_email="realdesigns1990@gmail.co", customer_name="Alena"), "email") == 1


def test_an_email_the_order_does_not_show_is_neutral():
    order = replace(ORDER, recipient=replace(ALENA, email=None), sender=replace(MORGAN, email=None))
    identity = who(order=order, customer_name="Alena Kenter", customer_email="somebody@else.example")
    assert bits(identity, "email") == 0


@pytest.mark.parametrize(
    ("name", "expected"), [("Alena Kenter", 1.5), ("Alena Center", 1), ("Alena", 0.5), ("Bo Lind", -4), ("", 0)]
)
def test_names_weigh_by_their_agreement(name, expected):
    assert bits(who(customer_name=name, customer_email=ALENA.email), "name") == expected


def test_a_nickname_is_nearly_the_name():
    order = replace(ORDER, recipient=replace(ALENA, first_name="Katherine"))
    assert bits(who(order=order, customer_name="Kate Kenter", customer_email=ALENA.email), "name") == 1


def test_the_name_in_the_directory_counts_as_the_persons():
    contact = replace(ON_FILE, names=("Alena Novak",))
    assert bits(who(contacts=[contact], customer_name="Alena Novak", customer_email=ALENA.email), "name") == 1.5


def test_another_address_in_the_directory_counts_as_the_persons():
    contact = replace(ON_FILE, emails=(*ON_FILE.emails, "alena@home.example"))
    assert bits(who(contacts=[contact], customer_email="alena@home.example"), "email") == 2


@pytest.mark.parametrize(
    ("field", "line"), [("order_id", "reference"), ("customer_email", "email"), ("customer_name", "name")]
)
def test_what_two_reports_of_a_call_disagree_on_counts_for_nothing(field, line):
    said = {"order_id": REFERENCE, "customer_email": ALENA.email, "customer_name": "Alena Kenter"}
    identity = who(**said, conflicts=(field,))
    assert bits(identity, line) == 0
    assert "disagree" in next(each.says for each in identity.evidence if each.field == line)


def test_a_spoken_number_that_two_reports_disagree_on_counts_for_nothing():
    said = {"customer_phone": PHONE, "customer_email": ALENA.email, "contacts": [ON_FILE]}
    assert bits(who(**said), "phone") == 1
    assert bits(who(**said, conflicts=("customer_phone",)), "phone") == 0


def test_a_disagreement_does_not_excuse_what_speaks_against():
    assert bits(who(order_id=REFERENCE, customer_name="Bo Lind", conflicts=("customer_name",)), "name") == -4


def test_the_senders_phone_makes_the_sender_likelier():
    said = {"number": "+12125550123", "contacts": [ON_FILE, OF_MORGAN], "order_id": REFERENCE}
    assert who(**said).role is Role.SENDER
    assert who(**said).confidence < CLEAR <= who(**said, told=ATTESTED).confidence


def test_a_second_card_of_the_same_person_is_not_somebody_else():
    nameless_mail = Contact("c-9", ("Alena Kenter",), (), ("+13105550166",))
    identity = who(number="+13105550166", contacts=[nameless_mail], order_id=REFERENCE, customer_email=ALENA.email)
    assert bits(identity, "phone") == 0


# --- properties

SAID = st.fixed_dictionaries(
    {},
    optional={
        "order_id": st.sampled_from([REFERENCE, UUID, "ZBWN5Q", "1001", "XXXXUKB5XGWRB7VRAAAAAAA1"]),
        "customer_email": st.sampled_from([ALENA.email, MORGAN.email, "bo@else.example"]),
        "customer_name": st.sampled_from(["Alena Kenter", "Alena", "Morgan Reed", "Bo Lind"]),
        "customer_phone": st.sampled_from([PHONE, "+13105550188"]),
        "number": st.sampled_from([PHONE, "+12125550123", "+13105550188", "+13105550199"]),
        "direction": st.sampled_from([Direction.INBOUND, Direction.OUTBOUND, None]),
    },
)
ROLES = st.sampled_from(["recipient", "sender", "assistant", "customer", "sender or recipient"])
CONFLICTS = st.lists(st.sampled_from(["order_id", "customer_email", "customer_name", "customer_phone"])).map(tuple)
MISSES = st.lists(st.sampled_from([*GUESSED, REFERENCE, "ZBWN5Q", "1002"]), max_size=6)
CONTACTS = st.lists(st.sampled_from([ON_FILE, OF_MORGAN, STRANGER]), unique=True)


@PATIENT
@given(SAID, CONTACTS, MISSES, MISSES)
def test_no_guess_ever_raises_confidence_or_names_another(said, contacts, some, more):
    fewer, all_of_them = who(contacts=contacts, misses=some, **said), who(contacts=contacts, misses=some + more, **said)
    assert all_of_them.confidence <= fewer.confidence
    assert all_of_them.role is fewer.role


@PATIENT
@given(SAID, CONTACTS, ROLES, st.sampled_from([ATTESTED, {}]))
def test_without_the_reference_nobody_who_calls_is_clear(said, contacts, claim, told):
    said = said | {"direction": Direction.INBOUND} | ({"caller_role": claim} if claim else {})
    said.pop("order_id", None)
    assert who(contacts=contacts, told=told, **said).confidence < CLEAR


@PATIENT
@given(SAID, CONTACTS, CONFLICTS, MISSES)
def test_evidence_sums_to_the_confidence(said, contacts, conflicts, misses):
    identity = who(contacts=contacts, conflicts=conflicts, misses=misses, **said)
    likelier = 1 / (1 + 2 ** -math.fsum(line.bits for line in identity.evidence))
    share = 0.5 if identity.role is Role.UNKNOWN else 1
    assert identity.confidence == pytest.approx(likelier * share)
    assert all(
        line.bits == 0 for line in identity.evidence if line.agreement is Agreement.MISSING and line.field != "prior"
    )


@PATIENT
@given(SAID, CONTACTS, ROLES)
def test_no_claimed_role_ever_raises_confidence_or_names_another(said, contacts, claim):
    silent, claiming = who(contacts=contacts, **said), who(contacts=contacts, **said, caller_role=claim)
    assert claiming.confidence <= silent.confidence
    assert claiming.role is silent.role


@PATIENT
@given(SAID, CONTACTS, CONFLICTS, CONFLICTS)
def test_a_conflict_never_adds_bits_to_anybody(said, contacts, some, more):
    fewer, all_of_them = (
        who(contacts=contacts, conflicts=some, **said),
        who(contacts=contacts, conflicts=some + more, **said),
    )
    if fewer.role is all_of_them.role:
        assert all_of_them.confidence <= fewer.confidence + 1e-12


@PATIENT
@given(SAID, CONTACTS.flatmap(lambda them: st.tuples(st.just(them), st.permutations(them))))
def test_the_order_of_contacts_is_irrelevant(said, contacts):
    assert who(contacts=contacts[0], **said) == who(contacts=contacts[1], **said)


@PATIENT
@given(st.text(), st.text(), st.text(), st.text(), st.text())
def test_no_text_makes_identity_fail(name, email, reference, role, number):
    identity = who(
        number=number,
        contacts=[ON_FILE],
        customer_name=name,
        customer_email=email,
        order_id=reference,
        caller_role=role,
    )
    assert 0 <= identity.confidence < CLEAR
