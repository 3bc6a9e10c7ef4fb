import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.spoken_amounts import read_amount_cents


@pytest.mark.parametrize(
    ("said", "cents"),
    [
        ("fifty dollars and twenty cents", 5020),
        ("$49.99", 4999),
        ("$1,234.50", 123450),
        ("a hundred and five bucks", 10500),
        ("49 99", 4999),
        ("forty nine ninety nine", 4999),
        ("forty-nine dollars.", 4900),
        ("forty nine point nine nine", 4999),
        ("thirty euros fifty", 3050),
        ("five dollars and five cents", 505),
        ("ninety nine cents", 99),
        ("it was twelve hundred dollars", 120000),
        ("two thousand five hundred and thirty two dollars", 253200),
        ("fifty", 5000),
        ("zero", 0),
    ],
)
def test_an_amount_is_read_as_it_is_said(said, cents):
    assert read_amount_cents(said) == cents


@pytest.mark.parametrize(
    "said",
    ["four fifty", "$1.250", "about fifty", "under 20 dollars", "between 20 and 30 dollars", "-5", "minus five", "5 5",
     "a lot", "dollars", "$", "20-30", "1e9", "five dollars five", "5000000000000", "fifty " + "x" * 400],
)  # fmt: skip
def test_an_amount_that_could_be_two_is_none(said):
    assert read_amount_cents(said) is None


@given(st.integers(0, 99_999_999), st.sampled_from(["${}", "{} dollars", "{}", "USD {}", "it's {} bucks"]))
def test_every_written_amount_is_read_exactly(cents, form):
    assert read_amount_cents(form.format(f"{cents // 100}.{cents % 100:02}")) == cents
    assert read_amount_cents(form.format(f"{cents // 100:,}.{cents % 100:02}")) == cents
