"""Addresses as people say them: read whole or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.addresses import LONGEST, Address, read_address

HOME = Address("5 New Street", "Springfield", "IL", "62704")


@pytest.mark.parametrize(
    "said",
    [
        "5 New Street, Springfield, IL 62704",
        "5 New Street, Springfield, Illinois 62704",
        "5 New Street, Springfield, il, 62704",
        "5  New Street,\nSpringfield,\nIL 62704\nUSA",
        "5 New Street, Springfield, IL 62704, United States of America",
    ],
)
def test_an_address_that_is_said_whole_is_read(said):
    assert read_address(said) == HOME


def test_a_flat_stands_on_the_second_line():
    assert read_address("12b Main St, Apt 4, New York, New York 10001-1234") == Address(
        "12b Main St", "New York", "NY", "10001-1234", "Apt 4"
    )


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Springfield",
        "5 New Street, Springfield",
        "5 New Street, Springfield, IL",
        "5 New Street Springfield IL 62704",
        "New Street, Springfield, IL 62704",
        "5, Springfield, IL 62704",
        "5 New Street, Springfield, XX 62704",
        "5 New Street, Springfield, IL 6270",
        "5 Newstraat, 1012 AB, Amsterdam, Netherlands",
        "5 New Street, Springfield, IL 62704, Canada",
        "send it to my mother's, 5 New Street, Flat 2, Springfield, IL 62704",
    ],
)
def test_what_leaves_something_to_guess_is_not_read(said):
    assert read_address(said) is None


@given(st.text(max_size=2 * LONGEST))
def test_any_text_is_read_or_refused(said):
    read = read_address(said)
    assert read is None or (len(read.state) == 2 and read.line_1[0] in "0123456789Pp")
