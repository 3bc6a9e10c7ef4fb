import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.spoken_emails import read_emails

PATIENT = settings(deadline=None)


@pytest.mark.parametrize(
    ("said", "email"),
    [
        ("alena.kenter@ongoody.com", "alena.kenter@ongoody.com"),
        ("alena dot kenter at on goody dot com", "alena.kenter@ongoody.com"),
        ("alena underscore kenter at g mail dot com", "alena_kenter@gmail.com"),
        ("j smith 42 at yahoo dot co dot uk", "jsmith42@yahoo.co.uk"),
        ("j smith at yahoo dot co uk", "jsmith@yahoo.co.uk"),
        ("first dot last at acme dot com", "first.last@acme.com"),
        ("jane the number 7 at outlook dot com", "jane7@outlook.com"),
        ("bob forty two at acme dot io", "bob42@acme.io"),
        ("B O B at sign g o o d y dot com", "bob@goody.com"),
        ("bee oh bee at gmail dot com", "bob@gmail.com"),
        ("bob, all lower case, at goody dot com", "bob@goody.com"),
        ("al all one word jones at acme dot com", "aljones@acme.com"),
        ("kenter K E N T E R at goody dot com", "kenter@goody.com"),
        ("center, k e n t e r, at goody dot com", "kenter@goody.com"),
        ("my email is alena dot kenter at gmail dot com thanks", "alena.kenter@gmail.com"),
        ("you can reach me at alena at gmail dot com.", "alena@gmail.com"),
        ("alena dot kenter@ongoody dot com", "alena.kenter@ongoody.com"),
        ("alena dot kenter at the rate goody dot com", "alena.kenter@goody.com"),
        ("alena (at) goody (dot) com", "alena@goody.com"),
        ("j smith@gmail.com", "jsmith@gmail.com"),
        ("my email is smith@gmail.com", "smith@gmail.com"),
        ("alena dot kenter at goody dot c o m", "alena.kenter@goody.com"),
        ("mary dash ann at acme dot com", "mary-ann@acme.com"),
        ("mary hyphen ann plus gifts at acme dot com", "mary-ann+gifts@acme.com"),
        ("s as in sam m i t h at acme dot com", "smith@acme.com"),
        ("double you smith at acme dot com", "wsmith@acme.com"),
        ("sam seven at one six three dot com", "sam7@163.com"),
        ("x y z at sub dot acme dot co dot uk", "xyz@sub.acme.co.uk"),
        ("the dot boss at acme dot com", "the.boss@acme.com"),
        ("José dot García at acme dot es", "jose.garcia@acme.es"),
        ("mike at acme dot com", "mike@acme.com"),
        ("alena at gmail com", "alena@gmail.com"),
    ],
)
def test_the_likeliest_reading_comes_first(said, email):
    assert read_emails(said)[0] == email


@pytest.mark.parametrize(
    ("said", "email"),
    [
        ("alena dot kenter at on goody dot com", "alena.kenter@on-goody.com"),
        ("alena kenter at gmail dot com", "alena.kenter@gmail.com"),
        ("alena kenter at gmail dot com", "alena_kenter@gmail.com"),
        ("alena kenter at hot mail dot com", "kenter@hotmail.com"),
        ("kay smith at acme dot com", "ksmith@acme.com"),
        ("sam seven at acme dot com", "samseven@acme.com"),
        ("center k e n t e r at goody dot com", "centerkenter@goody.com"),
    ],
)
def test_other_plausible_readings_follow(said, email):
    assert email in read_emails(said)[1:]


def test_several_written_addresses_are_read_in_their_order():
    assert read_emails("Bo@Else.example, alena@goody.com") == ("bo@else.example", "alena@goody.com")


@pytest.mark.parametrize(
    "said",
    [
        "alena at gmail",
        "alena",
        "gmail dot com",
        "at gmail dot com",
        "meet me at this point in time",
        "the blue one at home. Then",
        "I am not at home dot com",
        "see you at five",
    ],
)
def test_an_address_whose_parts_were_not_all_said_is_none(said):
    assert read_emails(said) == ()


WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=9).map(lambda word: f"x{word}")


@PATIENT
@given(WORDS, WORDS, WORDS, st.sampled_from(["com", "org", "de", "co.uk"]))
def test_every_address_read_out_word_by_word_is_understood(first, last, company, ending):
    said = f"{first} dot {last} at {company} dot {ending.replace('.', ' dot ')}"
    assert read_emails(said)[0] == f"{first}.{last}@{company}.{ending}"


@PATIENT
@given(WORDS, WORDS)
def test_every_address_spelled_letter_by_letter_is_understood(name, company):
    assert read_emails(f"{' '.join(name)} at {' '.join(company)} dot com")[0] == f"{name}@{company}.com"
