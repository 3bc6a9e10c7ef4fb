"""What a client sends back as a cursor or as a version: whatever it is, it is understood or refused, and never breaks."""

import base64
import hashlib
import hmac
import json
import re
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

LISTS = ("/v1/calls", "/v1/actions", "/v1/reviews", "/v1/audit", "/v1/deliveries", "/v1/orders", "/v1/links")
ROWS = 7

# The database is made once for all examples of a test, which only read.
many = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.datetimes().map(lambda moment: moment.isoformat()),
    st.uuids().map(str),
)
plain = st.one_of(scalars, st.lists(scalars, max_size=4), st.dictionaries(st.text(max_size=3), scalars, max_size=2))

MOMENT, ID = "2026-11-22T03:00:00+00:00", str(UUID(int=7))


def as_cursor(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@many
@given(cursor=st.one_of(st.text(max_size=60), plain.map(as_cursor)))
@example(as_cursor([2**80]))
@example(as_cursor([True]))
@example(as_cursor([0, MOMENT, 7]))
@example(as_cursor([0, MOMENT, {}]))
@example(as_cursor([2**80, MOMENT, ID]))
@example(as_cursor([MOMENT, "call\x00id"]))
@example(as_cursor([MOMENT, "call\ud800id"]))
@example(as_cursor(["0001-01-01T00:00:00+23:59", ID]))
@example(as_cursor(["9999-12-31T23:59:59-23:59", "x"]))
@example(as_cursor([MOMENT, 7]))
@example("\x00")
@example("W10=" * 100)
async def test_no_cursor_breaks_a_list(bearer, cursor):
    for path in LISTS:
        answer = await bearer("viewer").get(path, params={"cursor": cursor})
        assert answer.status_code in {200, 422}, f"{path}: {answer.text}"
        if answer.status_code == 422:
            assert answer.headers["content-type"] == "application/problem+json"
            assert "cursor" in answer.text


@many
@given(limit=st.one_of(st.integers(), st.text(max_size=8)))
async def test_a_limit_is_a_number_from_1_to_200(bearer, limit):
    is_good = re.fullmatch(r"\+?0*\d{1,3}", str(limit).strip(), re.ASCII) and 1 <= int(limit) <= 200
    answer = await bearer("viewer").get("/v1/calls", params={"limit": limit})
    assert answer.status_code in {200, 422}
    if is_good:
        assert answer.status_code == 200
    elif isinstance(limit, int):
        assert answer.status_code == 422


@pytest.fixture
async def rows(bearer, secret) -> list[int]:
    """The ids of a few deliveries, newest first."""
    for number in range(ROWS):
        content = json.dumps({"event_type": "unheard_of", "n": number}).encode()
        signature = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
        answer = await bearer(None).post("/webhooks/dialnexa", content=content, headers={"x-nexa-signature": signature})
        assert answer.status_code == 200
    return [row["id"] for row in (await bearer("viewer").get("/v1/deliveries")).json()["data"]]


@many
@given(limit=st.integers(1, ROWS + 2))
async def test_pages_of_any_size_show_every_row_once_and_in_order(bearer, rows, limit):
    assert len(rows) == ROWS
    for filters in ({}, {"parked": "true"}):
        seen, cursor = [], None
        for _ in range(ROWS + 1):
            params = {"limit": limit, **filters, **({"cursor": cursor} if cursor else {})}
            page = (await bearer("viewer").get("/v1/deliveries", params=params)).json()
            assert len(page["data"]) <= limit
            seen += [row["id"] for row in page["data"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert cursor is None
        assert seen == rows


async def test_a_cursor_of_one_list_is_refused_by_another(bearer, rows):
    page = (await bearer("viewer").get("/v1/deliveries", params={"limit": 2})).json()
    for path in ("/v1/calls", "/v1/reviews", "/v1/actions"):
        answer = await bearer("viewer").get(path, params={"cursor": page["next_cursor"]})
        assert answer.status_code == 422, path


header_texts = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=30)
DECISIONS = ("claim", "release", "notes", "approval", "rejection", "assistance")


@many
@given(version=st.one_of(header_texts, st.integers().map(str), st.integers(0, 10**12).map(lambda n: f'W/"{n}"')))
@example('"3"')
@example('W/"3"')
@example("*")
@example('"1", "2"')
@example("\u00b2")
@example('""')
@example("9" * 300)
async def test_no_version_breaks_a_decision(bearer, version):
    for verb in DECISIONS:
        answer = await bearer("admin").post(
            f"/v1/reviews/{ID}/{verb}",
            headers={"if-match": version.encode("latin-1")},
            json={"reason_code": "x", "note": "x"},
        )
        is_version = re.fullmatch(r'(W/)?"?[0-9]{1,9}"?', version.strip())
        assert answer.status_code in ({404} if is_version else {404, 422, 428}), f"{verb}: {answer.text}"
        assert answer.headers["content-type"] == "application/problem+json"
