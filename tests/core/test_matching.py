import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.adapters.weights_file import load_weights
from app.core.calls import Call, Direction
from app.core.contacts import Contact
from app.core.fellegi_sunter import Weight
from app.core.levels import AGREEMENT, Comparison, Level
from app.core.matching import Agreement, MatchOutcome, heard_from, match
from app.core.mirror import Mirror
from app.core.orders import Order, OrderItem, OrderStage, Person, Shipment
from app.core.weights import FS_0

PATIENT = settings(deadline=None)  # the first comparison reads a table of names; a busy machine is slow
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LAST_WEEK, LAST_YEAR = NOW - timedelta(days=7), NOW - timedelta(days=400)
REFERENCE = "DRKRUKB5XGWRB7VRKNZBWN5Q"
UUID = "3f2b8c1e-8d1a-4c43-9b63-5a2f0a1f9b10"
ALENA = Person("Alena", "Kenter", "alena.kenter@ongoody.example")
SENDER = Person("Morgan", "Reed", "morgan@acme.example")
PHONE = "+12137771234"
ON_FILE = Contact("c-1", names=("Alena Kenter",), emails=("alena.kenter@ongoody.example",), phones=(PHONE,))


def an_order(
    reference=REFERENCE, *, external_id=None, recipient=ALENA, sender=SENDER, item="Lavender Candle", placed_at=None
):
    return Order(
        destination="goody",
        external_id=external_id or f"id-{reference}",
        reference_id=reference,
        status="notified",
        stage=OrderStage.OPEN,
        recipient=recipient,
        sender=sender,
        items=(OrderItem(item, brand="Otherland"),),
        placed_at=placed_at,
    )


def a_call(*, number=None, direction=Direction.INBOUND, **fields):
    numbers = {"to_number": number} if direction is Direction.OUTBOUND else {"from_number": number}
    return Call("call-1", direction=direction, fields=fields, **numbers)


def matched(call, *orders, contacts=(), population=1_000):
    return match(heard_from(call), orders, contacts, mirror=a_mirror(population), now=NOW, weights=FS_0)


def a_mirror(orders, *, alike=1, **counts):
    """Of a tenth of recent orders, with one that carries the caller's name, unless said otherwise."""
    usual = {"week": orders // 30, "recent": orders // 12, "months": orders // 4, "same": alike, "alike": alike}
    usual |= {"alike_counterparts": alike}
    return Mirror(orders, **(usual | counts))


def bits_of(level, population=1_000):
    """What it weighs in a mirror of that size."""
    chance = a_mirror(population).chance_of(level)
    return FS_0.bits(Comparison(level.partition(".")[0], level, None, None, "", chance))


def line(result, field, place=0):
    return next(each for each in result.candidates[place].evidence if each.field == field)


STRANGER = an_order("ZZZZUKB5XGWRB7VRKNZB0000", recipient=Person("Bo", "Lind", "bo@else.example"))


# --- one clue alone


@pytest.mark.parametrize("population", [1, 50, 1_000, 100_000, 1_000_000])
@pytest.mark.parametrize("placed_at", [None, LAST_WEEK, LAST_YEAR])
@pytest.mark.parametrize(
    "said",
    [
        REFERENCE,
        REFERENCE.lower(),
        f"Order #{REFERENCE}",
        "DRKRUK B5XGWR B7VRKN ZBWN5Q",
        f"my order is {REFERENCE} and I want to cancel",
    ],
)
def test_a_whole_reference_alone_matches(population, placed_at, said):
    result = matched(a_call(order_id=said), an_order(placed_at=placed_at), population=population)
    assert result.outcome is MatchOutcome.MATCHED
    assert line(result, "reference").agreement is Agreement.EXACT


@pytest.mark.parametrize("said", [UUID, UUID.upper(), UUID.replace("-", "")])
def test_the_shops_own_id_matches(said):
    assert (
        matched(a_call(order_id=said), an_order(external_id=UUID), population=1_000_000).outcome is MatchOutcome.MATCHED
    )


@pytest.mark.parametrize("population", [1, 1_000, 100_000])
@pytest.mark.parametrize("placed_at", [None, LAST_WEEK])
def test_an_email_that_only_one_order_has_matches_among_a_hundred_thousand(population, placed_at):
    result = matched(
        a_call(customer_email="Alena.Kenter@OnGoody.example"),
        an_order(placed_at=placed_at),
        STRANGER,
        population=population,
    )
    assert result.outcome is MatchOutcome.MATCHED


def test_the_senders_email_counts_as_well():
    result = matched(a_call(customer_email="morgan@acme.example"), an_order())
    assert result.outcome is MatchOutcome.MATCHED
    assert "sender" in line(result, "email").says


@pytest.mark.parametrize("placed_at", [None, LAST_WEEK, LAST_YEAR])
def test_an_email_and_the_same_name_match_among_a_million(placed_at):
    call = a_call(customer_email=ALENA.email, customer_name="Alena Kenter")
    assert matched(call, an_order(placed_at=placed_at), population=1_000_000).outcome is MatchOutcome.MATCHED


@pytest.mark.parametrize("population", [1, 49, 50, 1_000, 1_000_000])
@pytest.mark.parametrize("placed_at", [None, LAST_WEEK, LAST_YEAR])
def test_a_name_alone_never_matches(population, placed_at):
    result = matched(a_call(customer_name="Alena Kenter"), an_order(placed_at=placed_at), population=population)
    assert result.outcome is not MatchOutcome.MATCHED


def test_a_name_alone_can_be_ambiguous():
    assert matched(a_call(customer_name="Alena Kenter"), an_order(), population=50).outcome is MatchOutcome.AMBIGUOUS


@pytest.mark.parametrize("population", [1, 1_000, 100_000])
@pytest.mark.parametrize("said", ["ZBWN5Q", "it ends in Z B W N 5 Q", "ends in Z-B-W-N-5-Q", "last six are zbwn5q"])
@pytest.mark.parametrize("placed_at", [None, LAST_WEEK, LAST_YEAR])
def test_six_last_characters_match_among_a_hundred_thousand(population, said, placed_at):
    result = matched(a_call(order_id=said), an_order(placed_at=placed_at), population=population)
    assert result.outcome is MatchOutcome.MATCHED
    assert line(result, "reference").agreement is Agreement.CLOSE


def test_six_last_characters_without_a_digit_are_heard_when_spelled():
    order = an_order("DRKRUKB5XGWRB7VRKNWHTWWX")
    assert matched(a_call(order_id="it ends in W-H-T-W-W-X"), order).outcome is MatchOutcome.MATCHED


def test_last_characters_and_a_name_match_among_a_million():
    call = a_call(order_id="ends in ZBWN5Q", customer_name="Alena Kenter")
    assert matched(call, an_order(placed_at=LAST_YEAR), population=1_000_000).outcome is MatchOutcome.MATCHED


def test_a_short_counted_number_needs_something_beside_it():
    order = an_order("1001", external_id="1001")
    assert matched(a_call(order_id="order #1001"), order, population=100_000).outcome is not MatchOutcome.MATCHED
    assert (
        matched(a_call(order_id="order #1001", customer_email=ALENA.email), order, population=100_000).outcome
        is MatchOutcome.MATCHED
    )


def test_a_phone_through_a_contact_with_one_order_matches():
    result = matched(a_call(number=PHONE), an_order(), contacts=[ON_FILE], population=100_000)
    assert result.outcome is MatchOutcome.MATCHED
    assert "on file for the recipient" in line(result, "phone").says


def test_a_number_given_in_the_call_reaches_the_contact_too():
    assert (
        matched(a_call(customer_phone="(213) 777-1234"), an_order(), contacts=[ON_FILE]).outcome is MatchOutcome.MATCHED
    )


def test_on_a_call_we_placed_the_callers_number_is_the_one_we_dialled():
    assert (
        matched(a_call(number=PHONE, direction=Direction.OUTBOUND), an_order(), contacts=[ON_FILE]).outcome
        is MatchOutcome.MATCHED
    )


def test_a_phone_nobody_has_on_file_is_neutral_and_says_so():
    result = matched(a_call(number=PHONE, customer_email=ALENA.email), an_order())
    phone = line(result, "phone")
    assert (phone.agreement, phone.bits) == (Agreement.MISSING, 0)
    assert "carries no phone number" in phone.says


def test_a_customer_id_of_the_merchant_reaches_the_contacts_orders():
    result = matched(a_call(customer_id="c-1"), an_order(), contacts=[ON_FILE])
    assert result.outcome is MatchOutcome.MATCHED
    assert line(result, "customer_id").agreement is Agreement.EXACT


def test_another_address_of_the_same_contact_is_close():
    contact = replace(ON_FILE, emails=(*ON_FILE.emails, "alena@home.example"), phones=())
    result = matched(a_call(customer_email="alena@home.example"), an_order(), contacts=[contact])
    assert line(result, "email").agreement is Agreement.CLOSE
    assert result.outcome is MatchOutcome.AMBIGUOUS  # the directory may be out of date


def test_nothing_heard_is_no_candidate_however_small_the_mirror():
    result = matched(a_call(), an_order(placed_at=LAST_WEEK), population=1)
    assert result.outcome is MatchOutcome.UNMATCHED
    assert result.candidates == ()
    assert result.best is None


def test_a_product_of_this_week_is_no_ground_to_touch_an_order():
    result = matched(a_call(product="Lavender Candle"), an_order(placed_at=LAST_WEEK), population=1)
    assert result.outcome is not MatchOutcome.MATCHED


def test_an_unmatched_call_keeps_what_came_near():
    result = matched(a_call(customer_name="Alena Smith"), an_order(), population=1_000_000)
    assert result.outcome is MatchOutcome.UNMATCHED
    assert [candidate.reference_id for candidate in result.candidates] == [REFERENCE]


def test_a_placeholder_that_an_agent_wrote_is_nothing_heard():
    heard = heard_from(a_call(customer_name="Not provided", order_id="N/A", product="unknown", customer_id="none"))
    assert heard == heard_from(a_call())


@pytest.mark.parametrize(
    ("said", "codes"),
    [
        (REFERENCE, {REFERENCE}),
        (f"my order is {REFERENCE.lower()} and I want it", {REFERENCE}),
        ("it ends in W-H-T-W-W-X", {"WHTWWX"}),
        ("W dash H dash T dash 5 5 X", {"WHT55X"}),
        ("w h t w w x I want", {"WHTWWX"}),
        ("order #1001", {"1001"}),
        ("ends in 5Q7X", {"5Q7X"}),
        ("I don't know", set()),
        ("not sure", set()),
        ("please " * 50 + REFERENCE, set()),  # too far behind the beginning to be read
    ],
)
def test_references_are_heard_among_words(said, codes):
    heard = heard_from(a_call(order_id=said))
    assert {code.text for code in heard.codes if code.is_sure} == codes


def test_every_clue_is_heard_once_and_the_callers_number_first():
    call = a_call(
        number=PHONE,
        customer_phone="213-777-1234 or +12125550123",
        customer_email="Bo@Else.example, bo@else.example",
        order_id=f"{UUID.upper()} or 1001",
        product="Cake",
        item="Cake",
        customer_id="c-1",
    )
    heard = heard_from(call)
    assert heard.caller_number == PHONE
    assert heard.phones == (PHONE, "+12125550123")
    assert heard.emails == ("bo@else.example",)
    assert heard.vendor_ids == (UUID,)
    assert [code.text for code in heard.codes] == ["1001"]
    assert heard.products == ("Cake",)
    assert heard.contact_ids == ("c-1",)


# --- several orders


def three_orders(**changes):
    references = [f"AAAAUKB5XGWRB7VRKNZB000{n}" for n in range(3)]
    return [an_order(reference, **changes) for reference in references]


def test_three_orders_of_one_person_are_ambiguous():
    result = matched(a_call(customer_email=ALENA.email, customer_name="Alena Kenter"), *three_orders())
    assert result.outcome is MatchOutcome.AMBIGUOUS
    assert len(result.candidates) == 3
    assert math.isclose(sum(candidate.probability for candidate in result.candidates), 1, abs_tol=0.01)


def test_the_product_tells_three_orders_apart():
    first, *others = three_orders()
    cake = replace(first, items=(OrderItem("Chocolate Cakes", brand="Baked"),))
    result = matched(a_call(customer_email=ALENA.email, product="the chocolate cake"), cake, *others)
    assert result.best is not None
    assert result.best.order_id == cake.external_id


@pytest.mark.parametrize("said", ["AAAAUKB5XGWRB7VRKNZB0002", "RKNZB0002", "KNZ B dash 0 0 0 2"])
def test_the_reference_tells_three_orders_apart(said):
    result = matched(a_call(customer_email=ALENA.email, order_id=said), *three_orders())
    assert result.best is not None
    assert result.best.reference_id.endswith("0002")


def test_even_the_last_four_tell_three_orders_apart():
    result = matched(a_call(customer_email=ALENA.email, order_id="ends in 0002"), *three_orders())
    assert result.best is not None
    assert result.best.reference_id.endswith("0002")


def test_clear_recency_tells_three_orders_apart():
    new, *old = three_orders(placed_at=LAST_YEAR)
    new = replace(new, placed_at=LAST_WEEK)
    result = matched(a_call(customer_email=ALENA.email), new, *old)
    assert result.best is not None
    assert result.best.order_id == new.external_id


def test_a_few_days_between_orders_tell_nothing():
    orders = [
        replace(order, placed_at=NOW - timedelta(days=days))
        for order, days in zip(three_orders(), (2, 9, 20), strict=True)
    ]
    assert matched(a_call(customer_email=ALENA.email), *orders).outcome is MatchOutcome.AMBIGUOUS


def test_an_old_order_that_moved_lately_is_recent():
    moved = an_order(placed_at=LAST_YEAR)
    moved = replace(moved, shipments=(Shipment("delivered", delivered_at=datetime(2026, 11, 20)),))  # noqa: DTZ001
    assert line(matched(a_call(customer_email=ALENA.email), moved), "recency").agreement is Agreement.EXACT


def test_last_characters_that_fit_two_orders_are_ambiguous_until_a_name_decides():
    other = an_order(
        "QQQQUKB5XGWRB7VRKNZBWN5Q",
        recipient=Person("Bo", "Lind", "bo@else.example"),
        sender=Person("Ann", "Ito", "ann@x.example"),
    )
    assert matched(a_call(order_id="ends in ZBWN5Q"), an_order(), other).outcome is MatchOutcome.AMBIGUOUS
    result = matched(a_call(order_id="ends in ZBWN5Q", customer_name="Bo Lind"), an_order(), other)
    assert result.best is not None
    assert result.best.order_id == other.external_id


def test_at_most_ten_candidates_are_kept_and_ties_stand_in_the_order_of_their_ids():
    orders = [an_order(f"AAAAUKB5XGWRB7VRKNZB{n:04}") for n in range(30)]
    result = matched(a_call(customer_email=ALENA.email), *reversed(orders))
    assert result.outcome is MatchOutcome.AMBIGUOUS
    assert [candidate.order_id for candidate in result.candidates] == [order.external_id for order in orders[:10]]


# --- contradictions


@pytest.mark.parametrize("said", ["XXXXUKB5XGWRB7VRAAAAAAA1", "0d0e8c1e-0000-4c43-9b63-5a2f0a1f9b10"])
@pytest.mark.parametrize("population", [1, 1_000, 1_000_000])
def test_a_whole_other_reference_never_matches_whoever_calls(said, population):
    call = a_call(order_id=said, customer_email=ALENA.email, customer_name="Alena Kenter", number=PHONE)
    result = matched(call, an_order(external_id=UUID, placed_at=LAST_WEEK), contacts=[ON_FILE], population=population)
    assert result.outcome is not MatchOutcome.MATCHED
    assert line(result, "reference").bits < -29


@pytest.mark.parametrize(
    "said", ["DRKRUKB5XGWRB7VRKNZDWN5Q", "DRKRUCB5XGWRB7VRKMZDWN5Q", "DRKRUKB5XGWRB7VRKNZBWNQ", "ZBWN9Q"]
)
def test_slips_in_a_reference_are_no_contradiction(said):
    result = matched(a_call(order_id=said, customer_email=ALENA.email), an_order())
    assert line(result, "reference").agreement is Agreement.PARTIAL
    assert result.outcome is MatchOutcome.MATCHED


def test_a_slip_in_a_counted_number_names_another_order():
    result = matched(a_call(order_id="1002", customer_name="Alena Kenter"), an_order("1001"), population=50)
    assert line(result, "reference").agreement is Agreement.DIFFERENT


def test_a_slip_is_never_seen_in_numbers_that_are_counted_up():
    call = a_call(order_id="1000124", customer_name="Alena Kenter")
    assert line(matched(call, an_order("1000123")), "reference").agreement is Agreement.DIFFERENT
    call = a_call(order_id="1000123", customer_name="Alena Kenter")
    assert line(matched(call, an_order("1000123")), "reference").bits == bits_of(Level.REFERENCE_COUNTED)


def test_even_two_people_of_an_order_do_not_outweigh_a_whole_other_reference():
    call = a_call(
        order_id="XXXXUKB5XGWRB7VRAAAAAAA1", customer_email=SENDER.email, number=PHONE, customer_name="Alena Kenter"
    )
    result = matched(call, an_order(placed_at=LAST_WEEK), contacts=[ON_FILE])
    assert result.candidates[0].probability > 0.9
    assert result.outcome is MatchOutcome.AMBIGUOUS


def test_words_in_the_place_of_a_reference_speak_against_nobody():
    result = matched(a_call(order_id="the birthday gift for my mother", customer_email=ALENA.email), an_order())
    assert line(result, "reference").bits == 0
    assert result.outcome is MatchOutcome.MATCHED


def test_another_email_speaks_against_only_when_both_of_the_order_are_known():
    linked = an_order(recipient=Person("Alena", "Kenter"))
    call = a_call(order_id="ZBWN5Q", customer_email="somebody@else.example")
    assert line(matched(call, linked), "email").agreement is Agreement.MISSING
    assert line(matched(call, an_order()), "email").agreement is Agreement.DIFFERENT


@pytest.mark.parametrize(
    ("heard", "agreement"),
    [
        ("Alena Kenter", Agreement.EXACT),
        ("kenter, alena", Agreement.EXACT),
        ("Kenter Alena", Agreement.EXACT),
        ("Alena Maria Kenter", Agreement.EXACT),
        ("Alena Center", Agreement.CLOSE),
        ("Alena", Agreement.PARTIAL),
        ("Ms. Kenter", Agreement.PARTIAL),
        ("A. Kenter", Agreement.PARTIAL),
        ("Alena Smith", Agreement.DIFFERENT),
        ("Robert Kenter", Agreement.DIFFERENT),
        ("Bo Lind", Agreement.DIFFERENT),
        ("", Agreement.MISSING),
        ("?!", Agreement.MISSING),
    ],
)
def test_names_agree_by_degrees(heard, agreement):
    result = matched(a_call(customer_email=ALENA.email, customer_name=heard), an_order())
    assert line(result, "name").agreement is agreement


@pytest.mark.parametrize(
    ("heard", "known"),
    [("Bill", "William"), ("William", "Bill"), ("Bob", "Rob"), ("Kate", "Katherine"), ("Liz", "Beth")],
)
def test_short_names_are_close(heard, known):
    order = an_order(recipient=Person(known, "Kenter", ALENA.email))
    call = a_call(customer_email=ALENA.email, customer_name=f"{heard} Kenter")
    assert line(matched(call, order), "name").agreement is Agreement.CLOSE


def test_another_name_speaks_against_only_when_both_of_the_order_are_known():
    anonymous = an_order(sender=Person(email="morgan@acme.example"))
    call = a_call(customer_email=ALENA.email, customer_name="Bo Lind")
    assert line(matched(call, anonymous), "name").agreement is Agreement.MISSING
    assert line(matched(call, an_order()), "name").agreement is Agreement.DIFFERENT


# --- not counted twice


def test_a_phone_and_an_email_of_one_contact_count_as_little_more_than_one():
    both = matched(a_call(number=PHONE, customer_email=ALENA.email), an_order(), contacts=[ON_FILE])
    one = matched(a_call(customer_email=ALENA.email), an_order(), contacts=[ON_FILE])
    assert both.candidates[0].bits - one.candidates[0].bits == pytest.approx(bits_of(Level.PHONE_REPEATED))
    assert "said so already" in line(both, "phone").says


def test_a_phone_of_the_recipient_and_the_senders_email_are_two_things():
    result = matched(a_call(number=PHONE, customer_email=SENDER.email), an_order(), contacts=[ON_FILE])
    assert line(result, "phone").bits == bits_of(Level.PHONE_ON_FILE)


def test_a_customer_id_beside_its_own_phone_counts_once():
    result = matched(a_call(number=PHONE, customer_id="c-1"), an_order(), contacts=[ON_FILE])
    assert line(result, "customer_id").bits == bits_of(Level.CUSTOMER_ID_SAME)
    assert line(result, "phone").bits == bits_of(Level.PHONE_REPEATED)


def test_a_customer_id_beside_its_own_email_counts_as_little_more_than_one():
    result = matched(a_call(customer_email=ALENA.email, customer_id="c-1"), an_order(), contacts=[ON_FILE])
    assert line(result, "email").bits == bits_of(Level.EMAIL_SAME)
    assert line(result, "customer_id").bits == bits_of(Level.CUSTOMER_ID_REPEATED)


def test_a_number_of_two_contacts_reads_the_same_in_any_order():
    sender = Contact("c-0", ("Morgan Reed",), (SENDER.email,), (PHONE,))
    one, other = (
        matched(a_call(number=PHONE), an_order(), contacts=them) for them in ([ON_FILE, sender], [sender, ON_FILE])
    )
    assert one == other
    assert line(one, "phone").known == SENDER.email


# --- weights are data


@pytest.mark.parametrize("weights", [FS_0, load_weights(None)], ids=["by judgement", "shipped"])
def test_every_level_has_a_weight_on_the_right_side_of_zero(weights):
    assert set(weights.levels) == set(Level)
    for level, weight in weights.levels.items():
        assert 0 < weight.u <= 1
        assert 0 < weight.m <= 1
        bits = weights.bits(Comparison(level.partition(".")[0], level, None, None, ""))
        if not level.startswith("recency."):
            assert bits <= 0 if AGREEMENT[level] is Agreement.DIFFERENT else bits >= 0


def test_other_weights_take_their_place_and_are_named():
    weak = replace(FS_0, version="trained-1", levels={**FS_0.levels, Level.EMAIL_SAME: Weight(0.3, 0.25)})
    result = match(
        heard_from(a_call(customer_email=ALENA.email)), [an_order()], [], mirror=a_mirror(1_000), now=NOW, weights=weak
    )
    assert result.model_version == "trained-1"
    assert line(result, "email").bits == bits_of(Level.EMAIL_SAME) - math.log2(0.6 / 0.3)
    assert matched(a_call(), an_order()).model_version == "fs-0 2026-11"


# --- properties

SURNAMES = ["Kenter", "Lind", "Reed", "Ito"]
PEOPLE = st.builds(
    Person,
    st.sampled_from(["Alena", "Bo", "Morgan", None]),
    st.sampled_from([*SURNAMES, None]),
    st.sampled_from(["alena.kenter@ongoody.example", "bo@else.example", "morgan@acme.example", None]),
)
MOMENTS = st.sampled_from([None, LAST_WEEK, LAST_YEAR, NOW - timedelta(days=60), NOW + timedelta(days=3)])
ORDERS = st.lists(
    st.builds(
        an_order,
        st.sampled_from(
            [REFERENCE, "QQQQUKB5XGWRB7VRKNZBWN5Q", "1001", "DRKRUKB5XGWRB7VRKNWHTWWX", "OSPHLVULRNQDZQYT080V1ZOF"]
        ),
        external_id=st.uuids().map(str),
        recipient=PEOPLE,
        sender=PEOPLE,
        item=st.sampled_from(["Lavender Candle", "Chocolate Cake", "Tea"]),
        placed_at=MOMENTS,
    ),
    max_size=6,
    unique_by=lambda order: order.external_id,
)
# One number belongs to one contact here: `OnFile` says what is different when it belongs to two.
CONTACTS = st.sampled_from(
    [
        [],
        [ON_FILE],
        [replace(ON_FILE, emails=("alena.kenter@ongoody.example", "bo@else.example"))],
        [ON_FILE, Contact("c-2", ("Morgan Reed",), ("morgan@acme.example",), ("+12125550123",))],
    ]
)
FIELDS = {
    "customer_name": st.sampled_from(["Alena Kenter", "Bo Lind", "Alena", "Robert Smith", "Morgan Reed"]),
    "customer_email": st.sampled_from(["alena.kenter@ongoody.example", "bo@else.example", "nobody@x.example"]),
    "customer_phone": st.sampled_from([PHONE, "+12125550123", "+12125550199"]),
    "customer_id": st.sampled_from(["c-1", "c-2", "c-9"]),
    "order_id": st.sampled_from([REFERENCE, "ZBWN5Q", "1001", "ends in W-H-T-W-W-X", UUID, "no idea", "5Q7X"]),
    "product": st.sampled_from(["candle", "chocolate cake", "shoes"]),
}
SAID = st.fixed_dictionaries({}, optional=FIELDS)
POPULATIONS = st.sampled_from([0, 1, 50, 1_000, 1_000_000])
HOSTILE = (
    st.text()
    | st.text("\u0000\u202e\ud800\u0301ﷺİ@+-#0aA \n", max_size=40)
    | st.sampled_from(["", " ", "x" * 10_000, "5 " * 5_000, "@" * 10_000, "A-" * 5_000, "ﷺ" * 10_000, "+" * 10_000])
)


@PATIENT
@given(SAID, ORDERS, CONTACTS, POPULATIONS)
def test_evidence_sums_to_the_bits_and_probabilities_are_shares(said, orders, contacts, population):
    result = matched(a_call(**said), *orders, contacts=contacts, population=population)
    for candidate in result.candidates:
        assert math.isclose(candidate.bits, math.fsum(each.bits for each in candidate.evidence), abs_tol=1e-9)
        assert 0 <= candidate.probability <= 1
        assert all(each.says for each in candidate.evidence)
        assert all(each.bits == 0 for each in candidate.evidence if each.agreement is Agreement.MISSING)
    assert math.fsum(candidate.probability for candidate in result.candidates) <= 1 + 1e-12
    shares = [candidate.probability for candidate in result.candidates]
    assert shares == sorted(shares, reverse=True)


@PATIENT
@given(SAID, ORDERS.flatmap(lambda orders: st.tuples(st.just(orders), st.permutations(orders))), CONTACTS, POPULATIONS)
def test_the_order_of_candidates_and_contacts_is_irrelevant(said, orders, contacts, population):
    one, other = orders
    assert matched(a_call(**said), *one, contacts=contacts, population=population) == matched(
        a_call(**said), *other, contacts=contacts[::-1], population=population
    )


def bits(result, order):
    """None for an order that nothing speaks for: it is no candidate."""
    return next((c.bits for c in result.candidates if c.order_id == order.external_id), None)


def agreement(result, order, field):
    evidence = next((c.evidence for c in result.candidates if c.order_id == order.external_id), ())
    return next((each.agreement for each in evidence if each.field == field), Agreement.MISSING)


LINES = {
    "customer_name": "name",
    "customer_email": "email",
    "customer_phone": "phone",
    "customer_id": "customer_id",
    "order_id": "reference",
    "product": "product",
}


@settings(max_examples=300, deadline=None)
@given(SAID, ORDERS, CONTACTS, POPULATIONS, st.data())
def test_agreeing_never_lowers_and_contradicting_never_raises_the_score_of_an_order(
    said, orders, contacts, population, data
):
    assume(orders)
    order = data.draw(st.sampled_from(orders))
    field = data.draw(st.sampled_from(sorted(FIELDS)))
    less = {name: value for name, value in said.items() if name != field}
    more = less | {field: data.draw(FIELDS[field])}
    earlier = matched(a_call(**less), *orders, contacts=contacts, population=population)
    later = matched(a_call(**more), *orders, contacts=contacts, population=population)
    found = agreement(later, order, LINES[field])
    # The share of an order may move the other way, where others agree or are contradicted more.
    before, after = bits(earlier, order), bits(later, order)
    if before is not None and after is not None and found is Agreement.EXACT:
        assert after >= before - 1e-12
    if before is not None and after is not None and found is Agreement.DIFFERENT:
        assert after <= before + 1e-12


@PATIENT
@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys([*FIELDS, "sku", "item", "caller_role"], HOSTILE)), HOSTILE, PEOPLE
)
def test_no_text_makes_matching_fail(fields, number, person):
    orders = [
        an_order(),
        an_order("", external_id="x", recipient=replace(person, first_name=number)),
        an_order(number, external_id=number or "y", item=number),
    ]
    result = matched(a_call(number=number, **fields), *orders, contacts=[ON_FILE])
    for candidate in result.candidates:
        for each in candidate.evidence:
            assert len(each.heard or "") <= 1_000
            (each.heard or "").encode()


def test_what_was_heard_is_bounded():
    heard = heard_from(
        a_call(
            customer_email=" ".join(f"a{n}@x.example" for n in range(1_000)),
            order_id=" ".join(f"AB{n}CDEF" for n in range(1_000)),
            customer_phone=",".join(f"+1213777{n}" for n in range(1_000, 2_000)),
            customer_name="a b " * 3_000,
        )
    )
    assert max(len(heard.emails), len(heard.codes), len(heard.names), len(heard.phones)) <= 8
    assert all(len(name) <= 200 for name in heard.names)
