from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.contacts import normalise_email, normalise_phone
from app.core.speech import (
    read_amount_cents,
    read_codes,
    read_date,
    read_emails,
    read_full_date,
    read_names,
    read_phones,
)

PATIENT = settings(deadline=None)
TODAY = date(2026, 11, 22)
SPOKEN_WORDS = [
    "double", "triple", "a", "hundred", "thousand", "and", "seven", "oh", "zero", "at", "dot", "@", ".", "-",
    "_", "+", "com", "co", "uk", "goody", "dash", "B", "b", "as", "in", "boy", "no", "sorry", "you", "see",
    "are", "ends", "in", "last", "four", "first", "the", "number", "Kenter", "Alena", ",", "is", "my", "or",
    "plus", "extension", "dollars", "cents", "point", "49", "november", "third", "ago", "weeks", "two",
    "twenty", "one", "I", "am", "not", "bravo", "spelled", "K", "E", "N",
]  # fmt: skip
SPOKEN = st.lists(
    st.sampled_from(SPOKEN_WORDS) | st.text(max_size=6),
    max_size=60,
).map(" ".join)
ANY_TEXT = st.text(max_size=400) | SPOKEN


@PATIENT
@given(ANY_TEXT)
def test_any_text_is_read_without_an_error_into_few_forms(text):
    codes = read_codes(text)
    assert len(codes) <= 8
    assert len({code.text for code in codes}) == len(codes)
    assert all(code.text.isascii() and code.text.isalnum() and code.text == code.text.upper() for code in codes)
    assert all(3 <= len(code.text) <= 40 for code in codes)
    emails, phones, names = read_emails(text), read_phones(text), read_names(text)
    assert len(emails) <= 8
    assert all(normalise_email(email) == email for email in emails)
    assert len(phones) <= 8
    assert all(normalise_phone(phone) == phone for phone in phones)
    assert len(names) <= 4
    assert all(name.strip() == name != "" for name in names)
    amount = read_amount_cents(text)
    assert amount is None or amount >= 0
    read_date(text, today=TODAY)
    read_full_date(text)


@PATIENT
@given(ANY_TEXT)
def test_a_day_with_its_year_is_the_same_on_every_day(text):
    day = read_full_date(text)
    assert day is None or read_date(text, today=date(2001, 2, 3)) == read_date(text, today=TODAY) == day


@pytest.mark.parametrize(
    "text",
    [
        "double " * 100_000,
        "double you " * 100_000,
        "hundred and " * 100_000,
        "a dot b at " * 30_000 + "dot com",
        "@." * 100_000,
        "as in " * 100_000,
        "its " * 100_000,
        "spelled K " * 100_000,
        " " * 100_000,
        "-" * 100_000,
        "9" * 100_000,
        "\ufdfa" * 100_000,
        "\u0301" * 100_000,
        "no B " * 100_000,
    ],
)
def test_a_text_without_end_costs_little(text):
    # Everything is cut before it is read: were it not, each of these would take minutes.
    assert len(read_codes(text)) <= 8
    assert len(read_emails(text)) <= 8
    assert len(read_phones(text)) <= 8
    assert len(read_names(text)) <= 4
    assert read_amount_cents(text) is None
    assert read_date(text, today=TODAY) is None


@pytest.mark.parametrize(
    "prose",
    ["I do not know", "I don't know", "n/a", "the blue one", "not sure", "none", "", "   ", "he refused to say", "???"],
)
def test_prose_gives_nothing_that_could_speak_against_an_order(prose):
    assert not any(code.is_sure for code in read_codes(prose))
    assert read_emails(prose) == read_phones(prose) == read_names(prose) == ()
    assert read_amount_cents(prose) is None
    assert read_date(prose, today=TODAY) is None
