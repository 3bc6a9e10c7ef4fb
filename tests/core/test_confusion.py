import math

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from app.core.confusion import LEAST_BITS, code_bits, heard_bits, sound_of, word_bits

PATIENT = settings(deadline=None)
SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
REFERENCE = "DRKRUKB5XGWRB7VRKNZBWN5Q"
CODES = st.text(SIGNS, min_size=4, max_size=30)
WORDS = st.text("abcdefghijklmnopqrstuvwxyz.0123456789", min_size=3, max_size=24)


@given(st.text(max_size=100))
def test_a_sound_has_one_sign_for_each_sign_so_that_tails_stay_tails(text):
    assert len(sound_of(text)) == len(text)
    assert sound_of(text)[-5:] == sound_of(text[-5:])
    assert sound_of(sound_of(text)) == sound_of(text)


@pytest.mark.parametrize("alike", ["BCDEGPTVZ3", "AHJK8", "FSX", "IY", "MN", "59", "O0", "QU"])
def test_signs_that_rhyme_sound_alike(alike):
    assert len({sound_of(sign) for sign in alike}) == 1


def test_signs_that_do_not_rhyme_sound_apart():
    assert len({sound_of(sign) for sign in "BAFIMOUL R147".replace(" ", "")}) == 12


@PATIENT
@given(st.text(max_size=90), st.text(max_size=90))
def test_any_two_texts_have_finite_bits(heard, known):
    assert -1500 < heard_bits(heard, known) <= 0
    assert LEAST_BITS <= code_bits(heard, known) < math.inf
    assert LEAST_BITS <= word_bits(heard, known) < math.inf


@PATIENT
@given(CODES, CODES)
def test_no_other_code_speaks_more_for_an_order_than_its_own(heard, known):
    assert heard_bits(heard, known) <= heard_bits(known, known)
    assert code_bits(known, known) > 3 * len(known) * 0.8


@PATIENT
@given(CODES, st.data())
def test_a_slip_within_a_sound_costs_less_than_one_outside_of_it(known, data):
    at = data.draw(st.integers(0, len(known) - 1))
    others = [sign for sign in SIGNS if sign != known[at]]
    near = [sign for sign in others if sound_of(sign) == sound_of(known[at])]
    far = [sign for sign in others if sound_of(sign) != sound_of(known[at])]
    assume(near)
    one, other = (known[:at] + data.draw(st.sampled_from(signs)) + known[at + 1 :] for signs in (near, far))
    assert heard_bits(one, known) > heard_bits(other, known)
    assert code_bits(known, known) > code_bits(one, known)


@pytest.mark.parametrize(
    "heard",
    [
        REFERENCE.replace("B", "D"),
        REFERENCE[1:],
        REFERENCE[:-1],
        REFERENCE.replace("5", "55"),
        "DRKRUKB5XGWRB7VRKNZBNW5Q",
        "DRKRUKA5XGWRB7VRKNZBWN5Q",
        "DRKRUKB5XGWRB7VARKNZBWN5Q",
        "TRKRUGP5SGWRE7DRKMCBWN9Q",
    ],
)
def test_a_misheard_reference_still_speaks_for_its_order_beyond_any_doubt(heard):
    assert 40 < code_bits(heard, REFERENCE) < code_bits(REFERENCE, REFERENCE)


def test_a_doubled_sign_that_came_once_costs_less_than_a_sign_that_got_lost():
    assert code_bits("AB5C", "AB55C") > code_bits("AB5C", "AB57C")
    assert code_bits("AB55C", "AB5C") > code_bits("AB57C", "AB5C")


def test_two_neighbours_in_the_wrong_order_cost_less_than_two_slips():
    assert code_bits("A1L7", "AL17") > code_bits("A4R7", "AL17")


def test_digits_tell_less_than_letters_and_digits():
    assert code_bits("1001", "1001") < code_bits("1F0A", "1F0A") < code_bits("1F0Z", "1F0Z")
    assert 12 < code_bits("1001", "1001") < 14


@PATIENT
@given(st.text(SIGNS, min_size=24, max_size=24))
def test_a_drawn_reference_does_not_speak_for_another(heard):
    assume(sum(one != other for one, other in zip(heard, REFERENCE, strict=True)) > 20)
    assert code_bits(heard, REFERENCE) < 10


@pytest.mark.parametrize(
    ("heard", "known"),
    [
        ("elena.center", "alena.kenter"),
        ("alenakenter", "alena.kenter"),
        ("jsmyth", "jsmith"),
        ("stephen", "steven"),
        ("katherine", "catherine"),
        ("filips", "philips"),
        ("nikolas", "nicholas"),
        ("kristina", "christina"),
        ("sara", "sarah"),
        ("jon", "john"),
        ("jsmith", "jsmith42"),
        ("sackary", "zachary"),
    ],
)
def test_a_word_written_as_it_sounds_speaks_for_the_one_on_file(heard, known):
    assert 5 < word_bits(heard, known) < word_bits(known, known)


@pytest.mark.parametrize(("heard", "known"), [("smith", "jones"), ("bob.jones", "alena.kenter"), ("morgan", "alena")])
def test_another_word_speaks_against_it(heard, known):
    assert word_bits(heard, known) < 0


@PATIENT
@given(WORDS, WORDS)
def test_no_other_word_speaks_more_than_the_same(heard, known):
    assume(len(heard) <= len(known))
    assert word_bits(heard, known) <= word_bits(known, known)
