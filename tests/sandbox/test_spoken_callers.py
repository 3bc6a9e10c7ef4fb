"""The synthetic callers: the same for a seed, true to their orders, and as noisy as the table of rates says."""

from collections import Counter
from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sandbox.spoken import noise
from app.sandbox.spoken.addresses import plain
from app.sandbox.spoken.callers import callers, callers_with_a_strangers_reference, callers_without_orders
from app.sandbox.spoken.noise import HARM_SHARES, PLACEHOLDERS, Harm, heard, heard_with
from app.sandbox.spoken.population import directory, population

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
CLUES = {
    "customer_name", "customer_email", "customer_phone", "order_id", "product", "order_value", "recipient_name",
    "sender_name", "company",
}  # fmt: skip
FIELDS = CLUES | {"caller_role", "requested_action", "customer_id"}
# For each kind of field: what is noisy, and true texts of which every one can be misheard in some way.
NOISES = {
    "names": (noise.NAMES, ("Katherine Meyer", "Łukasz van der Meer", "Siobhan O'Brien", "Minh Nguyen")),
    "emails": (noise.EMAILS, ("alena.kenter84@gmail.com", "sara_meier@brightpath.io", "rkeller@web.de")),
    "references": (noise.REFERENCES, ("72I8APS9DWB1QC08U2WHMAEK", "OV0FSYMB5DB1NZPPR1UFZLTQ")),
    "phones": (noise.PHONES, ("+14155550134", "+447911123456", "+4915112345678")),
    "products": (noise.PRODUCTS, ("Red Velvet Cupcakes 12-Pack", "Pinot Noir Reserve", "Cat Toy Bundle")),
    "amounts": (noise.AMOUNTS, ("49.99", "120.00", "15.00")),
    "companies": (noise.COMPANIES, ("Brightpath Labs Inc.", "Oakbridge & Morris LLC")),
}


@pytest.fixture(scope="module")
def orders():
    return list(population(3_000, seed=2, now=NOW))


@pytest.fixture(scope="module")
def calls(orders):
    return list(callers(orders, 6_000, seed=2, now=NOW))


# Seeds


def test_the_same_seed_makes_the_same_calls_and_fewer_calls_are_the_first_of_more(orders, calls):
    assert list(callers(orders, 500, seed=2, now=NOW)) == calls[:500]
    assert list(callers(orders, 50, seed=3, now=NOW)) != calls[:50]
    assert list(callers_without_orders(50, seed=2, now=NOW)) == list(callers_without_orders(50, seed=2, now=NOW))
    thieves = list(callers_with_a_strangers_reference(orders, 50, seed=2, now=NOW))
    assert thieves == list(callers_with_a_strangers_reference(orders, 50, seed=2, now=NOW))


def test_call_ids_differ_across_calls_seeds_and_kinds(orders):
    made = [
        *callers(orders, 50, seed=1, now=NOW),
        *callers(orders, 50, seed=2, now=NOW),
        *callers_without_orders(50, seed=1, now=NOW),
        *callers_with_a_strangers_reference(orders, 50, seed=1, now=NOW),
    ]
    assert len({call.call_id for call in made}) == len(made)


# Callers


def test_about_one_call_in_ten_is_about_no_order_and_the_others_are_about_orders_of_the_sample(orders, calls):
    assert 0.08 < sum(call.about is None for call in calls) / len(calls) < 0.12
    assert {call.about for call in calls} - {None} <= {order.order_id for order in orders}


def test_fields_are_canonical_and_never_empty(calls):
    assert {name for call in calls for name in call.fields} == FIELDS
    assert all(text.strip() for call in calls for text in call.fields.values())


def test_most_callers_give_two_to_four_clues_and_some_give_too_little(calls):
    given_clues = Counter(
        sum(name in CLUES and text not in PLACEHOLDERS for name, text in call.fields.items())
        for call in calls
        if call.about
    )
    assert sum(given_clues[count] for count in (2, 3, 4)) > 0.7 * given_clues.total()
    assert 0.04 < (given_clues[0] + given_clues[1]) / given_clues.total() < 0.2


def test_most_callers_are_recipients_or_senders_and_some_ring_for_another(calls):
    roles = Counter(call.role for call in calls if call.about)
    assert set(roles) == {"sender", "recipient", "other"}
    assert 0.04 < roles["other"] / roles.total() < 0.15


def test_people_call_about_recent_orders_mostly(orders, calls):
    placed_at = {order.order_id: order.placed_at for order in orders}
    recent = [call for call in calls if call.about and (NOW - placed_at[call.about]).days < 60]
    assert len(recent) > 0.6 * sum(call.about is not None for call in calls)


def test_an_outbound_call_dials_the_number_on_file_and_may_carry_the_order(orders, calls):
    by_id = {order.order_id: order for order in orders}
    outbound = [call for call in calls if call.direction == "outbound"]
    for call in outbound:
        people = (by_id[call.about].sender, by_id[call.about].recipient)
        assert call.caller_number in {person.phone for person in people} or None in {person.phone for person in people}
    assert 0.4 < sum(call.fields.get("order_id") == call.about for call in outbound) / len(outbound) < 0.7


def test_some_callers_ring_from_the_second_phone_that_the_directory_knows(orders, calls):
    on_file = {person.phone for order in orders for person in (order.sender, order.recipient)}
    listed = {phone for contact in directory(orders, seed=1) for phone in contact.phones} - on_file
    assert sum(call.caller_number in listed for call in calls) > 5


# Strangers


def test_no_stranger_has_a_phone_number_of_a_customer_and_an_address_only_by_an_error_of_hearing(orders):
    people = [person for order in orders for person in (order.sender, order.recipient)]
    emails, phones = {person.email for person in people}, {person.phone for person in people} - {None}
    strangers = list(callers_without_orders(2_000, seed=5, now=NOW))
    for call in strangers:
        assert (call.about, call.role) == (None, "other")
        assert call.caller_number not in phones
    assert sum(call.fields.get("customer_email") in emails for call in strangers) < 0.005 * len(strangers)


def test_a_stranger_quotes_the_reference_of_the_order_and_never_carries_a_name_of_its_people(orders):
    by_id = {order.order_id: order for order in orders}
    styles = Counter()
    for call in callers_with_a_strangers_reference(orders, 2_000, seed=6, now=NOW):
        order = by_id[call.about]
        styles[call.story] += 1
        assert call.role == "other"
        assert call.caller_number not in {order.sender.phone, order.recipient.phone} - {None}
        said = [plain(text) for name, text in call.fields.items() if name != "order_id"]
        for owner in (order.sender, order.recipient):
            assert owner.email not in call.fields.values()
            assert not any(plain(owner.first_name + owner.last_name) in text for text in said)
    assert set(styles) == {f"strangers_reference_{style}" for style in ("whole", "tail", "spelled")}
    assert min(styles.values()) > 500


# Noise


def test_the_shares_of_the_table_make_a_whole():
    assert sum(HARM_SHARES.values()) == pytest.approx(1)


@pytest.mark.parametrize("kind", NOISES)
def test_as_many_fields_stay_clean_as_the_table_says(kind):
    field_noise, truths = NOISES[kind]
    dice = Random(kind)
    clean = sum(heard(field_noise, truth, dice) == truth for truth in truths for _ in range(2_000))
    assert clean / (2_000 * len(truths)) == pytest.approx(HARM_SHARES[Harm.CLEAN], abs=0.03)


@pytest.mark.parametrize("harm", [Harm.LIGHT, Harm.BAD])
@pytest.mark.parametrize("kind", NOISES)
def test_a_noisy_field_never_equals_its_truth_and_is_noisy_in_many_ways(kind, harm):
    field_noise, truths = NOISES[kind]
    dice = Random(kind)
    for truth in truths:
        texts = {heard_with(field_noise, truth, harm, dice) for _ in range(300)}
        assert truth not in texts
        assert len(texts) > 2


@pytest.mark.parametrize("kind", NOISES)
@given(seed=st.integers(0, 10_000))
def test_the_same_dice_mishear_the_same_way(kind, seed):
    field_noise, truths = NOISES[kind]
    first, again = ([heard(field_noise, truth, dice) for truth in truths] for dice in (Random(seed), Random(seed)))
    assert first == again


@given(name=st.text(min_size=1, max_size=30).filter(str.strip), seed=st.integers(0, 1_000))
def test_any_name_can_be_heard(name, seed):
    for harm in Harm:
        assert heard_with(noise.NAMES, name, harm, Random(seed))
