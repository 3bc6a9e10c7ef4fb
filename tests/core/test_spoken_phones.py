import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.spoken_phones import read_phones

PATIENT = settings(deadline=None)
DIGITS = ["oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("(213) 777-1234", "+12137771234"),
        ("two one three seven seven seven one two three four", "+12137771234"),
        ("area code two one three, triple seven, twelve thirty four", "+12137771234"),
        ("213 seven seven seven 1234", "+12137771234"),
        ("my number is 2137771234 thanks", "+12137771234"),
        ("one two one three, seven seven seven, one two three four", "+12137771234"),
        ("eight hundred five five five one two one two", "+18005551212"),
        ("plus four four twenty seven nine four six oh nine five eight", "+442079460958"),
        ("double oh four four two oh seven nine four six oh nine five eight", "+442079460958"),
        ("+44 20 7946 0958", "+442079460958"),
        ("two one three triple seven one two double three extension four five", "+12137771233"),
        ("213-777-1234 ext 55", "+12137771234"),
    ],
)
def test_a_number_is_read_as_it_is_said(said, number):
    assert read_phones(said)[0] == number


def test_a_number_without_its_country_is_at_home_where_the_deployment_is():
    assert read_phones("oh seven nine double one one two three four five six", region="GB") == ("+447911123456",)


def test_two_numbers_are_two():
    assert read_phones("213 777 1234 or plus one two one two five five five oh one two three") == (
        "+12137771234",
        "+12125550123",
    )


@pytest.mark.parametrize(
    "said", ["I do not know", "seven seven seven one two three four", "two for one too", "call me"]
)
def test_what_is_no_whole_number_is_none(said):
    assert read_phones(said) == ()


@PATIENT
@given(st.from_regex(r"2[0-9]{2}[2-9][0-9]{6}", fullmatch=True).filter(lambda number: number[1:3] != "11"))
def test_every_number_read_out_digit_by_digit_is_understood(number):
    assert f"+1{number}" in read_phones(" ".join(DIGITS[int(digit)] for digit in number))
