"""Words of others become one plain bounded line."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.plain_text import clean_text, label


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nBcc: eve@example.com", "a Bcc: eve@example.com"),
        ("a\u2028b\u0085c\td", "a b c d"),
        ("\u202eevil\u202c \x1b[31mred", "evil [31mred"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("  ", ""),
        ("x" * 400, "x" * 299 + "\u2026"),
        ("\ud800", ""),
    ],
)
def test_text_becomes_one_plain_bounded_line(text: str, shown: str) -> None:
    assert clean_text(text) == shown


@given(st.text(max_size=2_000), st.integers(2, 400))
def test_cleaning_is_bounded_plain_and_done_once(text: str, limit: int) -> None:
    line = clean_text(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1
    assert not any(unicodedata.category(letter).startswith("C") for letter in line)
    assert clean_text(line, limit) == line


def test_a_field_is_labelled_as_people_call_it() -> None:
    assert label("damage_description") == "Damage description"
