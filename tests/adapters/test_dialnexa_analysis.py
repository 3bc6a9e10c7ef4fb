"""Post-call analysis and metadata: values in the types of their fields, and what is kept when they are of none."""

import json

import pytest

from app.adapters.dialnexa.payloads import read_call
from app.adapters.mapping_file import load_mapping
from app.core.calls import Call

MAPPING = load_mapping()


def read(**facts) -> Call:
    call = {"call_id": "call_1", "status": "completed"} | facts
    return read_call(json.dumps(call).encode(), MAPPING)


def analysed(**analysis) -> Call:
    return read(extracted_data=analysis)


@pytest.mark.parametrize(
    ("name", "sent", "value"),
    [
        ("order_value", "$1,250.50", "1250.50"),
        ("order_value", 1250.5, "1250.50"),
        ("order_value", 1250, "1250.00"),
        ("order_value", 12.345, "12.345"),
        ("order_value", "USD 1250", "1250.00"),
        ("order_value", "1.250,50 €", "1250.50"),
        ("order_value", "1,25,000", "125000.00"),
        ("order_value", "0.250", "0.250"),
        ("order_value", "120 dollars", "120.00"),
        ("vip_status", True, True),
        ("vip_status", "yes", True),
        ("vip_status", "VIP", True),
        ("vip_status", 1, True),
        ("vip_status", "False", False),
        ("vip_status", 0, False),
        ("risk_flags", ["wrong address", "fraud concern"], ("wrong address", "fraud concern")),
        ("risk_flags", "wrong address, fraud concern; wrong address", ("wrong address", "fraud concern")),
        ("risk_flags", '["wrong address", null]', ("wrong address",)),
        ("requested_action", "none", ("none",)),
        ("requested_action", ["cancel order", "refund"], ("cancel order", "refund")),
        ("customer_email", " Jane.Doe@Example.COM ", "jane.doe@example.com"),
        ("customer_phone", "(213) 777-1234", "+12137771234"),
        ("customer_phone", 12137771234, "+12137771234"),
        ("customer_phone", 12137771234.0, "+12137771234"),
        ("new_expiration", "2026-12-24", "2026-12-24"),
        ("new_expiration", "2026-12-24T10:00:00+02:00", "2026-12-24T08:00:00+00:00"),
        ("new_expiration", "December 24th, 2026", "2026-12-24"),
        ("new_expiration", "Thursday, Dec. 24, 2026 at 5:00 PM", "2026-12-24"),
        ("new_expiration", "24 Dec 2026", "2026-12-24"),
        ("new_expiration", "12/24/2026", "2026-12-24"),
        ("new_expiration", "24.12.2026", "2026-12-24"),
        ("new_expiration", "2026-12-24T10:00:00", "2026-12-24"),
        ("order_id", 1001, "1001"),
        ("order_id", 1001.0, "1001"),
        ("order_id", 10**60, "1" + "0" * 60),
        ("order_id", 1e300, "1e+300"),
        ("consent", True, "yes"),
        ("customer_name", "  Jane Doe ", "Jane Doe"),
    ],
)
def test_a_value_is_read_in_the_type_of_its_field(name, sent, value):
    call = analysed(**{name: sent})
    assert call.fields == {name: value}
    assert call.unread_fields == {}
    assert call.other_fields == {}


@pytest.mark.parametrize(
    "sent", [None, "", "  ", "unknown", "Unknown", "N/A", "none", "null", "Not provided", [], "[]", ","]
)
@pytest.mark.parametrize("name", ["risk_flags", "requested_action"])
def test_an_absent_list_is_absent(name, sent):
    if (name, sent) != ("requested_action", "none"):
        assert analysed(**{name: sent}) == analysed()


@pytest.mark.parametrize("sent", [None, "", "  ", "unknown", "Unknown", "N/A", "none", "null", "Not provided"])
@pytest.mark.parametrize("name", ["order_id", "customer_email", "vip_status", "order_value", "new_expiration"])
def test_an_absent_value_is_absent(name, sent):
    assert analysed(**{name: sent}) == analysed()


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("order_value", "a lot"),
        ("order_value", "1.250"),
        ("order_value", "-5"),
        ("order_value", 1e300),
        ("order_value", True),
        ("order_value", "9" * 1000),
        ("order_value", "1" + " " * 1900 + "x"),
        ("vip_status", "perhaps"),
        ("vip_status", 2),
        ("customer_email", "jane at example"),
        ("customer_email", "the one on file"),
        ("customer_phone", "two one three"),
        ("order_value", "four fifty"),
        ("order_value", "between twenty and thirty dollars"),
        ("new_expiration", "november third"),
        ("customer_phone", "call me"),
        ("new_expiration", "tomorrow"),
        ("new_expiration", "03/04/2026"),
        ("new_expiration", "February 30, 2026"),
        ("new_expiration", "0001-01-01T00:00:00+14:00"),
        ("risk_flags", {"a": 1}),
        ("risk_flags", True),
        ("risk_flags", [["x"]]),
        ("risk_flags", ["x"] * 51),
        ("order_id", {"number": "1001"}),
        ("customer_name", "x" * 2001),
    ],
)
def test_a_value_that_cannot_be_read_is_kept_for_people_with_a_reason_that_does_not_repeat_it(name, sent):
    call = analysed(**{name.replace("_", " ").title(): sent})
    assert call.fields == {}
    assert set(call.unread_fields) == {name}
    assert str(sent) not in call.unread_fields[name]
    assert set(call.other_fields) == {name.replace("_", " ").title()}
    assert len(next(iter(call.other_fields.values()))) <= 2000


@pytest.mark.parametrize(
    ("name", "sent", "value"),
    [
        ("customer_email", "alena dot kenter at on goody dot com", "alena dot kenter at on goody dot com"),
        ("customer_email", "a@x.example, b@x.example", "a@x.example, b@x.example"),
        ("customer_phone", "two one three, triple seven, one two three four",
         "two one three, triple seven, one two three four"),
        ("customer_phone", "213-777-1234 or +12125550123", "213-777-1234 or +12125550123"),
        ("order_value", "fifty dollars and twenty cents", "50.20"),
        ("order_value", "49 99", "49.99"),
        ("order_value", "a hundred and five bucks", "105.00"),
        ("new_expiration", "november third twenty twenty six", "2026-11-03"),
        ("new_expiration", "the twenty first of march 2027", "2027-03-21"),
    ],
)  # fmt: skip
def test_what_was_written_as_spoken_arrives_as_a_value(name, sent, value):
    call = analysed(**{name: sent})
    assert call.fields == {name: value}
    assert call.unread_fields == {}


def test_unknown_names_are_kept_as_text_within_bounds():
    call = analysed(**{f"Field {place}": "x" * 3000 for place in range(150)})
    assert len(call.other_fields) == 100
    assert set(map(len, call.other_fields.values())) == {2000}
    assert analysed(Outcome="Qualified", Score=8, Tags=["a", 1], Ok=False, Empty=None).other_fields == {
        "Outcome": "Qualified",
        "Score": "8",
        "Tags": '["a", 1]',
        "Ok": "no",
    }


def test_of_two_names_of_one_field_the_first_counts_and_the_other_is_kept():
    call = analysed(**{"order_id": "1001", "Order Number": "1002"})
    assert (call.fields, call.other_fields) == ({"order_id": "1001"}, {"Order Number": "1002"})


def test_metadata_fills_what_the_analysis_does_not_say_and_asks_for_nothing():
    metadata = {"order_id": "77", "customer-email": "Jane@example.com", "customer_id": 5, "requested_action": "refund"}
    call = read(metadata=metadata, extracted_data={"order_id": "1001", "requested_action": "cancel order"})
    assert call.fields == {
        "order_id": "1001",
        "requested_action": ("cancel order",),
        "customer_email": "jane@example.com",
        "customer_id": "5",
    }
    assert call.other_fields == {"metadata.order_id": "77", "metadata.requested_action": "refund"}


def test_a_variable_of_the_agents_prompt_is_neither_a_wish_nor_something_heard():
    call = read(metadata={"requested_action": "refund", "customer_name": "Jane"})
    assert call.fields == {}
    assert call.other_fields == {"metadata.requested_action": "refund", "metadata.customer_name": "Jane"}


@pytest.mark.parametrize("name", ["post_call_analysis", "extracted_data", "postcallanalysis", "analysis"])
@pytest.mark.parametrize("sent", [{"sku": "A-1"}, '{"sku": "A-1"}'])
def test_the_analysis_is_found_under_each_of_its_names(name, sent):
    assert read(**{name: sent}).fields == {"sku": "A-1"}
