"""Signatures of DialNexa's deliveries, against a vector that was computed apart from this code."""

import hashlib
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.adapters.dialnexa.signature import verify

SECRET = "whsec_test_1"
BODY = b'{"event_type":"call_ended","payload":{"call":{"id":"call_abc123xyz"}}}'
OVER_BODY = "12558500abe3c36b10c00da47119f1a24bc88b76dc89565108ae0ceee21131dd"
OVER_PAYLOAD = "41231c056010ec684077451ef57fcbd6d9bc69372ee370e94c8ebb434d1bfa3d"


def test_the_body_of_the_vector_has_the_length_it_was_signed_with():
    assert len(BODY) == 70


@pytest.mark.parametrize("header", ["x-dialnexa-signature", "x-nexa-signature"])
@pytest.mark.parametrize(("prefix", "form"), [("", "bare"), ("sha256=", "sha256="), ("SHA256=", "sha256=")])
@pytest.mark.parametrize("digest", [OVER_BODY, OVER_BODY.upper(), f" {OVER_BODY} "])
def test_both_headers_with_and_without_prefix_and_in_any_case_of_hex_verify(header, prefix, form, digest):
    value = f" {prefix}{digest.strip()} "
    assert verify({header: value}, BODY, [SECRET]) == f"{header} {form} secret#1"


def test_the_variant_names_the_place_of_the_secret_and_never_the_secret():
    variant = verify({"x-nexa-signature": f"sha256={OVER_BODY}"}, BODY, ["whsec_old", SECRET])
    assert variant == "x-nexa-signature sha256= secret#2"
    assert SECRET not in variant


def test_a_good_signature_beside_a_bad_one_is_found():
    headers = {"x-dialnexa-signature": "0" * 64, "x-nexa-signature": OVER_BODY}
    assert verify(headers, BODY, [SECRET]) == "x-nexa-signature bare secret#1"


def test_a_signature_over_the_inner_payload_alone_is_refused():
    assert verify({"x-dialnexa-signature": OVER_PAYLOAD}, BODY, [SECRET]) is None
    assert verify({"x-dialnexa-signature": f"sha256={OVER_PAYLOAD}"}, BODY, [SECRET]) is None


@pytest.mark.parametrize(
    "value",
    [
        "",
        "sha256=",
        OVER_BODY[:-1],
        OVER_BODY + "0",
        "sha1=" + OVER_BODY,
        "sha256=sha256=" + OVER_BODY,
        "é" * 64,
        "\u0661" * 64,
    ],
)
def test_a_malformed_header_verifies_nothing(value):
    assert verify({"x-dialnexa-signature": value}, BODY, [SECRET]) is None


def test_no_header_no_secret_and_another_body_verify_nothing():
    headers = {"x-dialnexa-signature": OVER_BODY}
    assert verify({}, BODY, [SECRET]) is None
    assert verify(headers, BODY, []) is None
    assert verify(headers, BODY + b" ", [SECRET]) is None


def test_an_empty_secret_is_no_secret():
    forged = hmac.new(b"", BODY, hashlib.sha256).hexdigest()
    assert verify({"x-dialnexa-signature": forged}, BODY, ["", "  "]) is None


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(["x-dialnexa-signature", "x-nexa-signature"]), st.text()),
    st.binary(),
    st.lists(st.text(max_size=20), max_size=3),
)
def test_junk_in_headers_and_bodies_is_refused_without_an_error(headers, body, secrets):
    assert verify(headers, body, secrets) is None


@settings(deadline=None)
@given(st.binary(max_size=500), st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_whatever_is_signed_with_a_known_secret_verifies(body, secret):
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert verify({"x-nexa-signature": f"sha256={digest}"}, body, [secret]) == "x-nexa-signature sha256= secret#1"
