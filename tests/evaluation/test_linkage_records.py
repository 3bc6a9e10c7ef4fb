"""From the text of columns to values that can be compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.evaluation.columns import FIELD_NAMES
from app.evaluation.records import read_record


def values(**texts):
    return dict(read_record("1", texts).values)


@pytest.mark.parametrize(
    ("name", "given", "surname"),
    [
        ("Alena Kenter", "alena", "kenter"),
        ("KENTER, Alena", "alena", "kenter"),
        ("Dr. José María de la Cruz", "jose", "de la cruz"),
        ("John Q. Public", "john", "public"),
    ],
)
def test_a_full_name_is_taken_apart(name, given, surname):
    assert values(name=name) == {"given_name": given, "surname": surname}


def test_a_name_of_one_word_is_a_surname_and_a_field_of_its_own_goes_first():
    assert values(name="Kenter") == {"surname": "kenter"}
    assert values(name="Bob Hill", given_name="Robert")["given_name"] == "robert"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            "12 Main St, Springfield, IL 62704-1234",
            {"street_number": "12", "address_1": "main street", "suburb": "springfield", "state": "il", "postcode": "62704"},
        ),
        (
            "8 Stanley Street, Miami, Winston Hills NSW 2153",
            {"street_number": "8", "address_1": "stanley street", "address_2": "miami", "suburb": "winston hills",
             "state": "nsw", "postcode": "2153"},
        ),
        (
            "221B Baker Street\nLondon NW1 6XE",
            {"street_number": "221b", "address_1": "baker street", "suburb": "london", "postcode": "nw16xe"},
        ),
        ("12 Main St", {"street_number": "12", "address_1": "main street"}),
    ],
)  # fmt: skip
def test_an_address_in_one_line_is_read_from_behind(address, expected):
    assert values(address=address) == expected


@pytest.mark.parametrize("nothing", ["", "  ", "N/A", "null", "NaN", "-", "None", "Unknown"])
def test_what_says_nothing_is_missing(nothing):
    assert values(surname=nothing, phone=nothing, email=nothing, address=nothing) == {}


def test_ways_of_writing_fall_together():
    assert values(phone="(415) 555-0123") == values(phone="+1 415 555 0123") == values(phone="4155550123.0")
    assert values(email="Alena.Kenter@Example.com ") == values(email="alena.kenter@example.com")
    assert values(postcode="2153.0") == values(postcode="2153")
    assert values(street_number="012") == values(street_number="12.0") == values(street_number="12")
    assert values(reference="#WH-TW 55") == values(reference="whtw55")
    assert values(address_1="12 Main St.") == values(street_number="12", address_1="MAIN STREET")
    assert values(date_of_birth="1980-02-13") == values(date_of_birth="13/02/1980") == values(date_of_birth="2/13/1980")
    assert values(date_of_birth="19800213") == values(date_of_birth="1980-02-13 00:00:00")


@given(st.dictionaries(st.sampled_from([name for name in FIELD_NAMES if name != "id"]), st.text(max_size=60)))
def test_whatever_the_text_there_is_a_record_without_empty_values(texts):
    record = read_record("1", texts)
    assert all(record.values.values())
