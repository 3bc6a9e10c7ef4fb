import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.spoken_codes import CodePart, read_codes

PATIENT = settings(deadline=None)
REFERENCE = "DRKRUKB5XGWRB7VRKNZBWN5Q"
UUID = "3f2b8c1e-8d1a-4c43-9b63-5a2f0a1f9b10"
NATO = [
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima",
    "mike", "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey",
    "xray", "yankee", "zulu",
]  # fmt: skip
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]


def best(text):
    return read_codes(text)[0]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (REFERENCE, REFERENCE),
        (f"my order is {REFERENCE.lower()} and I want it", REFERENCE),
        ("DRKRUK B5XGWR B7VRKN ZBWN5Q", REFERENCE),
        ("drkruk b5xgwr b7vrkn zbwn5q", REFERENCE),
        ("W dash H dash T dash 5 5 X", "WHT55X"),
        ("w h t w w x I want", "WHTWWX"),
        ("W H T double five X", "WHT55X"),
        ("triple seven, double B, nine", "777BB9"),
        ("B as in boy, five, D for dog, kilo, M as in Mary, capital Q", "B5DKMQ"),
        ("B for Bravo, X like X-ray, seven", "BX7"),
        ("B like Barcelona E X 9", "BEX9"),
        ("tango bravo 7 you know", "TB7"),
        ("double you aitch tee double you double you", "WHTWW"),
        ("see aitch are kay five", "CHRK5"),
        ("order #1001", "1001"),
        ("ten oh one", "1001"),
        ("order forty two seventeen", "4217"),
        ("one hundred five", "105"),
        ("four nines two zeros B", "999900B"),
        ("the number is B 7 the number 7 hyphen 9", "B779"),
        ("A double five nine", "A559"),
        ("DRK RUK bravo 5 X-ray G", "DRKRUKB5XG"),
        ("I am not sure but I think 1 2 3 4", "1234"),
        ("nought nine space nine zed", "099Z"),
        ("W whiskey, H hotel, T tango, double you, 5", "WHTW5"),
        ("dee are kay are you kay bee five ex gee double you are", "DRKRUKB5XGWR"),
        ("D as in David, R as in Robert, K, seven", "DRK7"),
        ("it is one thousand and one", "1001"),
        ("bravo upper case K lower case m 7", "BKM7"),
    ],
)
def test_a_code_is_read_as_it_is_said(said, code):
    assert best(said).text == code
    assert best(said).is_sure


@pytest.mark.parametrize(
    ("said", "code", "part"),
    [
        ("it ends in W H T W W", "WHTWW", CodePart.TAIL),
        ("ends in whtww", "WHTWW", CodePart.TAIL),
        ("ending with 5Q7X", "5Q7X", CodePart.TAIL),
        ("last four are 7 K 2 P", "7K2P", CodePart.TAIL),
        ("last four seven kay two pee", "7K2P", CodePart.TAIL),
        ("the last 5 characters are WN5QX", "WN5QX", CodePart.TAIL),
        ("W H T W W are the last five", "WHTWW", CodePart.TAIL),
        ("it starts with D R K R", "DRKR", CodePart.HEAD),
        ("the first three are D R K", "DRK", CodePart.HEAD),
        ("5 5 X 7", "55X7", CodePart.EITHER),
        (f"it ends in {REFERENCE}", REFERENCE, CodePart.WHOLE),
        ("my last order was 1001", "1001", CodePart.EITHER),
    ],
)
def test_the_part_of_the_reference_is_the_one_that_was_said(said, code, part):
    assert (best(said).text, best(said).part) == (code, part)


def test_beginning_and_end_are_two_codes():
    codes = {code.text: code.part for code in read_codes("starts with D R K and ends with N 5 Q")}
    assert codes == {"DRK": CodePart.HEAD, "N5Q": CodePart.TAIL}


@pytest.mark.parametrize(
    ("said", "first", "others"),
    [
        ("A, B, no, D as in dog, 7", "AD7", {"AB7", "ABD7"}),
        ("P as in boy 5 5 X", "B55X", {"P55X"}),
        ("W H T sorry T W 5", "WHTW5", {"WHTTW5"}),
    ],
)
def test_what_was_corrected_or_misheard_is_offered_both_ways_and_only_the_likelier_is_sure(said, first, others):
    codes = read_codes(said)
    assert (codes[0].text, codes[0].is_sure) == (first, True)
    assert others <= {code.text for code in codes if not code.is_sure}


def test_a_teen_and_its_ten_are_offered_for_one_another():
    assert {code.text for code in read_codes("B fifteen K seven")} == {"B15K7", "B50K7"}


@pytest.mark.parametrize("said", ["I don't know", "not sure", "n/a", "see you", "my T V", "U S A", "5 days", ""])
def test_no_code_is_made_of_a_few_words(said):
    assert read_codes(said) == ()


@pytest.mark.parametrize("said", ["the blue one", "two of them, 3 days ago", "my name is Charlie", "on May 5th, 2026"])
def test_what_may_be_words_is_never_sure(said):
    assert not any(code.is_sure for code in read_codes(said))


def test_a_code_that_was_interrupted_is_put_together_but_not_sure():
    code = next(code for code in read_codes("B seven, I think, K two") if code.text == "B7K2")
    assert not code.is_sure


def test_two_numbers_are_two_codes():
    assert {code.text for code in read_codes("1001 and 1002")} == {"1001", "1002"}


def test_the_shops_own_ids_are_left_to_who_knows_them():
    assert read_codes(f"{UUID} or 1001") == read_codes("or 1001")


@PATIENT
@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=6, max_size=24).filter(lambda code: not code.isalpha()))
def test_a_code_spelled_in_any_usual_way_is_among_the_readings(code):
    nato = " ".join(NATO[ord(sign) - 65] if sign.isalpha() else DIGITS[int(sign)] for sign in code)
    for said in (" ".join(code), "-".join(code), nato, f"order number {code}"):
        assert code in {each.text for each in read_codes(said)}, said
