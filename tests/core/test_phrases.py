"""Words compared with phrases."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.phrases import FoundPhrase, find_phrase, normalise_phrase, split_wishes

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # machines are shared

PHRASES = ("cancel", "cancel my order", "salt and pepper", "where is it")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Cancel_Order!", "cancel order"),
        ("  where's\tMY  order?? ", "wheres my order"),
        ("don\u2019t", "dont"),
        ("\u00c9lan 24/7", "\u00e9lan 24 7"),
        ("\u200b", ""),
        ("", ""),
    ],
)
def test_phrases_are_lower_case_words(text: str, expected: str) -> None:
    assert normalise_phrase(text) == expected


@unhurried
@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise_phrase(text)
    assert normalise_phrase(once) == once


def test_the_longest_phrase_wins() -> None:
    assert find_phrase("please cancel my order", PHRASES) == FoundPhrase("cancel my order", is_denied=False)


def test_a_phrase_is_whole_words() -> None:
    assert find_phrase("cancellation", PHRASES) is None
    assert find_phrase("", PHRASES) is None
    assert find_phrase("cancel", ["", "   "]) is None


@pytest.mark.parametrize("spoken", ["do not cancel", "dont want to cancel", "never cancel"])
def test_a_negation_right_before_the_phrase_denies_it(spoken: str) -> None:
    assert find_phrase(spoken, PHRASES) == FoundPhrase("cancel", is_denied=True)


def test_a_negation_far_before_the_phrase_or_after_it_does_not() -> None:
    assert find_phrase("it is not what i wanted cancel", PHRASES) == FoundPhrase("cancel", is_denied=False)
    assert find_phrase("cancel it not later", PHRASES) == FoundPhrase("cancel", is_denied=False)


def test_wishes_are_split_but_not_inside_a_phrase() -> None:
    assert list(split_wishes("cancel; refund and salt and pepper", PHRASES)) == ["cancel", "refund", "salt", "pepper"]
    assert list(split_wishes("cancel, Salt and Pepper", PHRASES)) == ["cancel", "Salt and Pepper"]
    assert list(split_wishes(" , ;; ", PHRASES)) == []
