import pytest

from app.core.calls import Call
from app.core.hearing import heard_from
from app.core.keys import company_of, keys_of, keys_of_heard
from app.core.orders import Order, OrderItem, OrderStage, Person
from app.core.sounds import sound_of_word

ORDER = Order(
    destination="goody",
    external_id="id-1",
    reference_id="DRKRUKB5XGWRB7VRKNZBWN5Q",
    status="notified",
    stage=OrderStage.OPEN,
    recipient=Person("Maria", "de la Cruz", "maria.delacruz7@gmail.example"),
    sender=Person("William", "Meyer", "bill@northwind-foods.example"),
    items=(OrderItem("Lavender Candles", "Otherland"),),
    gift_link="https://gifts.ongoody.example/gift/Ab12Cd34Ef",
)


def keys(**said):
    return keys_of_heard(heard_from(Call("call-1", fields=said)))


@pytest.mark.parametrize(
    "name",
    ["Maria de la Cruz", "Maria Delacruz", "Cruz, Maria", "Maria Kruz", "William Meyer", "Bill Maier", "Meyer William"],
)
def test_a_name_shares_a_key_with_its_order_however_it_is_said(name):
    assert set(keys(customer_name=name).names) & set(keys_of(ORDER))


@pytest.mark.parametrize("name", ["Maria Lopez", "Wilma Myers Brown", "Bo Lind", "Maria", "?"])
def test_another_name_shares_none(name):
    assert not set(keys(customer_name=name).names) & set(keys_of(ORDER))


def test_one_word_of_a_name_is_a_clue_of_its_own():
    assert not keys(customer_name="Bill").names
    assert set(keys(customer_name="Bill").single_names) & set(keys_of(ORDER))
    assert set(keys(recipient_name="Cruz").single_counterparts) & set(keys_of(ORDER))


def test_a_company_is_found_by_its_mail_domain_and_a_public_one_is_none():
    assert set(keys(company="Northwind Foods LLC").companies) & set(keys_of(ORDER))
    assert company_of("a@gmail.com") is None
    assert company_of("a@northwind.io") == "northwind"
    assert company_of(None) is None


def test_a_gift_link_is_not_kept_in_the_clear():
    assert set(keys(support_link=ORDER.gift_link).links) & set(keys_of(ORDER))
    assert "Ab12Cd34Ef" not in " ".join(keys_of(ORDER))


@pytest.mark.parametrize(
    ("one", "other"), [("meyer", "maier"), ("smith", "smyth"), ("catherine", "kathryn"), ("alena", "helena")]
)
def test_words_that_sound_alike_have_one_key(one, other):
    assert sound_of_word(one) == sound_of_word(other)
