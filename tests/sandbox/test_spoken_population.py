"""The synthetic orders: the same for a seed, streamed, and distributed as a real shop's people and gifts are."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from app.sandbox.spoken.addresses import holder_of
from app.sandbox.spoken.population import directory, population
from app.sandbox.spoken.sound_alikes import SURNAME_SETS

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
STATUSES = {"created", "notified", "opened", "accepted", "ordered", "shipped", "delivered", "failed", "canceled"}


@pytest.fixture(scope="module")
def orders():
    return list(population(30_000, seed=7, now=NOW))


# Seeds


def test_the_same_seed_writes_the_same_orders_and_another_seed_writes_others():
    first, again, other = (list(population(200, seed=seed, now=NOW)) for seed in (3, 3, 4))
    assert first == again
    assert not {order.reference_id for order in first} & {order.reference_id for order in other}


def test_a_longer_population_begins_with_the_shorter_one():
    assert list(islice(population(1_000_000, seed=3, now=NOW), 300)) == list(population(300, seed=3, now=NOW))


@pytest.mark.parametrize("size", [0, 1, 17, 400])
def test_a_population_has_as_many_orders_as_were_asked_for(size):
    assert len(list(population(size, seed=5, now=NOW))) == size


# Orders


def test_ids_references_and_links_are_well_formed_and_never_given_twice(orders):
    assert len({order.order_id for order in orders}) == len({order.reference_id for order in orders}) == len(orders)
    assert len({order.gift_link for order in orders}) == len(orders)
    for order in orders:
        assert re.fullmatch(r"[A-Z0-9]{24}", order.reference_id)
        assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", order.order_id)


def test_orders_lie_within_two_years_and_more_of_them_lately(orders):
    ages = [NOW - order.placed_at for order in orders if order.company is None]  # a large batch lies on one day
    assert timedelta(0) <= min(ages)
    assert max(ages) <= timedelta(days=731)
    assert sum(age < timedelta(days=182) for age in ages) > 1.3 * len(ages) / 4


def test_statuses_are_the_shops_words_and_old_orders_are_mostly_delivered(orders):
    assert {order.status for order in orders} <= STATUSES
    old = [order.status for order in orders if NOW - order.placed_at > timedelta(days=60)]
    assert old.count("delivered") > 0.75 * len(old)
    fresh = [order.status for order in orders if NOW - order.placed_at < timedelta(days=1)]
    assert "delivered" not in fresh


def test_a_companys_batch_has_one_sender_one_product_and_one_day_and_nobody_twice(orders):
    batches: dict[str, list] = {}
    for order in orders:
        if order.company is not None:
            batches.setdefault(order.batch_id, []).append(order)
    assert max(map(len, batches.values())) > 200
    for batch in batches.values():
        assert len({(order.sender.email, order.product, order.placed_at, order.company) for order in batch}) == 1
        assert len({order.recipient.email for order in batch}) == len(batch)


def test_a_large_part_of_all_orders_comes_from_companies_and_some_people_have_several(orders):
    assert 0.25 < sum(order.company is not None for order in orders) / len(orders) < 0.65
    gifts = Counter(order.recipient.email for order in orders)
    assert sum(count > 1 for count in gifts.values()) > 0.03 * len(gifts)


def test_a_few_gifts_are_popular_and_hundreds_exist(orders):
    sold = Counter(order.product for order in orders if order.company is None)
    assert len(sold) > 200
    assert 0.01 < sold.most_common(1)[0][1] / sold.total() < 0.08


# People


def people_of(orders):
    return {person.email: person for order in orders for person in (order.sender, order.recipient)}.values()


def test_the_commonest_surname_is_about_one_in_a_hundred_and_thousands_are_rare(orders):
    surnames = Counter(person.last_name for person in people_of(orders))
    assert "Smith" in dict(surnames.most_common(3))
    bearers = surnames.most_common(1)[0][1]
    assert 0.007 < bearers / surnames.total() < 0.016
    assert len(surnames) > 5_000


def test_the_commonest_given_name_is_about_one_in_a_hundred(orders):
    given = Counter(person.first_name for person in people_of(orders))
    assert 0.005 < given.most_common(1)[0][1] / given.total() < 0.02
    assert len(given) > 1_000


def test_names_have_accents_particles_apostrophes_and_hyphens_and_sound_like_one_another(orders):
    names = {person.last_name for person in people_of(orders)}
    assert any(not name.isascii() for name in names)
    assert any(name.startswith(("van der ", "de la ")) for name in names)
    assert any(name.startswith("O'") for name in names)
    assert any("-" in name for name in names)
    assert any(len(names.intersection(alike)) >= 3 for alike in SURNAME_SETS)


def test_an_email_address_belongs_to_one_person_and_none_is_kept_for_others(orders):
    names: dict[str, set[tuple[str, str]]] = {}
    for order in orders:
        for person in (order.sender, order.recipient):
            names.setdefault(person.email, set()).add((person.first_name, person.last_name))
            assert re.fullmatch(r"[a-z0-9._]+@[a-z0-9.]+\.[a-z]+", person.email)
            assert holder_of(person.email) == "customers"
    assert all(len(owners) == 1 for owners in names.values())


def test_phones_are_in_the_international_form_and_some_people_share_one(orders):
    phones = Counter(person.phone for person in people_of(orders) if person.phone)
    assert all(re.fullmatch(r"\+\d{10,13}", phone) for phone in phones)
    assert any(count > 1 for count in phones.values())


# Directory


def test_the_directory_knows_about_two_of_five_people_each_once_and_is_the_same_for_a_seed(orders):
    contacts = list(directory(orders, seed=1))
    assert contacts == list(directory(orders, seed=1))
    assert 0.37 < len(contacts) / len(people_of(orders)) < 0.43
    assert len({contact.emails[0] for contact in contacts}) == len(contacts)


def test_the_directory_has_second_outdated_and_shared_phones(orders):
    by_email = {person.email: person for person in people_of(orders)}
    contacts = list(directory(orders, seed=1))
    assert any(len(contact.phones) > 1 for contact in contacts)
    assert any(len(contact.emails) > 1 for contact in contacts)
    known = [(by_email[contact.emails[0]].phone, contact.phones) for contact in contacts]
    outdated = sum(phone is not None and phone not in listed for phone, listed in known)
    assert 0.03 < outdated / len(contacts) < 0.12
    assert max(Counter(phone for contact in contacts for phone in contact.phones).values()) > 1
