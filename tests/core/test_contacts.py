import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.core.contacts import normalise_email, normalise_name, normalise_phone, normalise_reference

PATIENT = settings(deadline=None)  # a busy machine is slow
DIGITS = st.text("0123456789", min_size=1, max_size=17)
PHONES = st.builds(lambda plus, digits: plus + digits, st.sampled_from(["", "+", "00", "011", "1-", "(0)"]), DIGITS)
ADDRESSES = st.builds(
    "{}@{}".format, st.text(min_size=1, max_size=12), st.sampled_from(["ongoody.com", "exämple.de", "STRASSE.test"])
)


@pytest.mark.parametrize(
    "text",
    [
        "alena.kenter@ongoody.example",
        "  Alena.Kenter@OnGoody.Example ",
        "<alena.kenter@ongoody.example>",
        "Alena Kenter <alena.kenter@ongoody.example>",
        "mailto:alena.kenter@ongoody.example?subject=Gift",
        "<mailto:alena.kenter@ongoody.example>",
        "alena.kenter@ongoody.example.",
    ],
)
def test_every_way_to_write_an_address_gives_one(text):
    assert normalise_email(text) == "alena.kenter@ongoody.example"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "alena",
        "a@b",
        "a@@b.com",
        "alena dot kenter at x.com",
        "x" * 10_000 + "@b.com",
        "<>",
        "a@\ud800.com",
        "\x00@b.com",
    ],
)
def test_what_is_no_address_is_none(text):
    assert normalise_email(text) is None


def test_an_address_reserved_for_tests_compares_as_any_other():
    assert normalise_email("Kent@Example.Test") == "kent@example.test"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("+1 (213) 777-1234", "+12137771234"),
        ("213-777-1234", "+12137771234"),
        ("213.777.1234", "+12137771234"),
        ("12137771234", "+12137771234"),
        ("919876543210", "+919876543210"),
        ("442079460958", "+442079460958"),
        ("011 44 20 7946 0958", "+442079460958"),
        ("+44 20 7946 0958", "+442079460958"),
        ("tel:+12137771234", "+12137771234"),
        ("+1 555 555 0100", "+15555550100"),  # possible, though nobody can have it
        ("9876543210", "+19876543210"),  # ten digits are of the region, not of Iran
    ],
)
def test_a_possible_number_becomes_e164(text, number):
    assert normalise_phone(text) == number


def test_the_region_says_where_bare_numbers_are_at_home():
    assert normalise_phone("020 7946 0958", region="GB") == "+442079460958"
    assert normalise_phone("0171 1234567", region="DE") == "+491711234567"
    assert normalise_phone("9876543210", region="IN") == "+919876543210"
    assert normalise_phone("15112345678", region="DE") == "+4915112345678"  # eleven digits that are no number of +1


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "anonymous",
        "unknown",
        "911",
        "777-1234",
        "+",
        "+1",
        "0",
        "1" * 16,
        "x" * 10_000,
        "1" * 10_000,
        "\ud800",
    ],
)
def test_what_is_no_possible_number_is_none(text):
    assert normalise_phone(text) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Alena Kenter", "alena kenter"),
        ("  ALENA   kenter. ", "alena kenter"),
        ("Kenter, Alena", "alena kenter"),
        ("Mrs. Alena Kenter", "alena kenter"),
        ("Siobhán O'Neil-Müller", "siobhan oneil muller"),
        ("Siobhán O\u2019Neil", "siobhan oneil"),
        ("Łukasz Østergård", "lukasz ostergard"),
        ("Straße", "strasse"),
        ("李小龍", "李小龍"),
        ("Dr", "dr"),
        ("!!!", ""),
        ("", ""),
    ],
)
def test_names_are_written_one_way(text, name):
    assert normalise_name(text) == name


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("DRKRUKB5XGWRB7VRKNZBWN5Q", "DRKRUKB5XGWRB7VRKNZBWN5Q"),
        ("drkr-ukb5 xgwr", "DRKRUKB5XGWR"),
        ("#1001", "1001"),
        ("Order #1001", "1001"),
        ("order number: 1001", "1001"),
        ("Reference DRK5", "DRK5"),
        ("ref. id DRK5", "DRK5"),
        ("ORDERLY5", "ORDERLY5"),
        ("\uff11\uff12\uff13", "123"),
        ("order", ""),
        ("or-der", ""),
        ("", ""),
    ],
)
def test_references_are_written_one_way(text, reference):
    assert normalise_reference(text) == reference


@PATIENT
@given(st.text() | ADDRESSES)
@example("İ@ongoody.com")
@example("ẞ@ongoody.com")
def test_an_address_written_again_is_the_same(text):
    once = normalise_email(text)
    assert once is None or normalise_email(once) == once


@PATIENT
@given(st.text() | PHONES, st.sampled_from(["US", "GB", "DE", "IN", "IT", "AR", "BR", "MX", "BG"]))
def test_a_number_written_again_is_the_same(text, region):
    once = normalise_phone(text, region=region)
    assert once is None or normalise_phone(once, region=region) == once


@PATIENT
@given(st.text())
@example("ŉ")
@example("\u0345")
@example("a,b")
@example("\ufdfa" * 120)  # one letter that Unicode spells out as four words
def test_a_name_written_again_is_the_same(text):
    once = normalise_name(text)
    assert normalise_name(once) == once


@PATIENT
@given(
    st.text()
    | st.lists(st.sampled_from(["or", "der", "order", "ref", "erence", "#", "no", "id", "5", "-"])).map(" ".join)
)
@example("\u3392" * 500)
def test_a_reference_written_again_is_the_same(text):
    once = normalise_reference(text)
    assert normalise_reference(once) == once
    assert once.isascii()
