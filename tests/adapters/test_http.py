"""VendorHttp against servers on loopback that misbehave in one way each."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

import pytest
from loopback import Vendor, babble, cut, cut_in_the_middle, drip, never, running, say

from app.adapters.http import VendorHttp
from app.errors import (
    DestinationError,
    DestinationMissingError,
    DestinationRefusedError,
    DestinationUnavailableError,
    DestinationUnknownError,
    SettingError,
)

KEY = "Bearer key-that-nobody-may-see"
SHORT = 1.5  # seconds; shorter ones would make a busy machine look like a vendor that cannot be reached


@asynccontextmanager
async def client_of(base_url: str, *, timeout_seconds: float = 5.0) -> AsyncIterator[VendorHttp]:
    http = VendorHttp(base_url, name="acme", headers={"Authorization": KEY}, timeout_seconds=timeout_seconds)
    try:
        yield http
    finally:
        await http.close()


def post(http: VendorHttp) -> Awaitable[object]:
    return http.post_json("/v1/orders/1/cancel", idempotency_key="call:1")


READS = {
    "not found": (say(404, {"error": "Order not found"}), DestinationMissingError, 1),
    "gone": (say(410), DestinationMissingError, 1),
    "bad request": (say(400, {"error": "Page must be greater than 0"}), DestinationRefusedError, 1),
    "conflict": (say(409), DestinationRefusedError, 1),
    "wrong key": (say(401, {"error": "Unauthorized"}), DestinationUnavailableError, 1),
    "forbidden": (say(403), DestinationUnavailableError, 1),
    "wrong key said with 400": (say(400, {"error": "Unauthorized. Be an admin."}), DestinationUnavailableError, 1),
    "redirect": (say(302, headers={"Location": "/elsewhere"}), DestinationUnavailableError, 1),
    "too many": (say(429), DestinationUnavailableError, 3),
    "too many, come back later": (say(429, headers={"Retry-After": "60"}), DestinationUnavailableError, 1),
    "gave up waiting": (say(408), DestinationUnavailableError, 3),
    "server error": (say(500), DestinationUnavailableError, 3),
    "overloaded": (say(503), DestinationUnavailableError, 3),
    "garbage": (say(200, b"<html>busy</html>"), DestinationUnavailableError, 3),
    "no number": (say(200, b'{"amount": NaN}'), DestinationUnavailableError, 3),
    "nested without end": (say(200, b"[" * 100_000), DestinationUnavailableError, 3),
    "nothing": (say(200, b""), DestinationUnavailableError, 3),
    "cut": (cut, DestinationUnavailableError, 3),
    "cut in the middle": (cut_in_the_middle, DestinationUnavailableError, 3),
    "no HTTP": (babble, DestinationUnavailableError, 3),
}


@pytest.mark.parametrize("case", READS)
async def test_a_read_that_fails_is_told_by_its_family_and_repeated_only_where_that_may_help(case):
    answer, family, requests = READS[case]
    async with running(Vendor(answer)) as vendor, client_of(vendor.base_url) as http:
        with pytest.raises(DestinationError) as caught:
            await http.get_json("/v1/orders/1")
    assert type(caught.value) is family
    assert len(vendor.lines) == requests


WRITES = {
    "not found": (say(404, {"error": "Order not found"}), DestinationMissingError),
    "bad request": (say(400, {"error": "Order can't be canceled"}), DestinationRefusedError),
    "conflict": (say(409), DestinationRefusedError),
    "unprocessable": (say(422), DestinationRefusedError),
    "wrong key": (say(401, {"error": "Unauthorized"}), DestinationUnavailableError),
    "forbidden": (say(403), DestinationUnavailableError),
    "wrong key said with 400": (say(400, {"error": "Unauthorized"}), DestinationUnavailableError),
    "too many": (say(429), DestinationUnavailableError),
    "gave up waiting": (say(408), DestinationUnknownError),
    "server error": (say(500), DestinationUnknownError),
    "overloaded": (say(503, headers={"Retry-After": "1"}), DestinationUnknownError),
    "redirect": (say(302, headers={"Location": "/elsewhere"}), DestinationUnknownError),
    "redirect with the same method": (say(307, headers={"Location": "/v1/orders/1/cancel"}), DestinationUnknownError),
    "garbage": (say(200, b"<html>done</html>"), DestinationUnknownError),
    "nothing": (say(200, b""), DestinationUnknownError),
    "cut": (cut, DestinationUnknownError),
    "cut in the middle": (cut_in_the_middle, DestinationUnknownError),
    "no HTTP": (babble, DestinationUnknownError),
    "late": (never, DestinationUnknownError),
    "dripping": (drip, DestinationUnknownError),
}


@pytest.mark.parametrize("case", WRITES)
async def test_a_write_is_sent_once_and_every_doubt_is_told_as_unknown(case):
    answer, family = WRITES[case]
    async with running(Vendor(answer)) as vendor, client_of(vendor.base_url, timeout_seconds=SHORT) as http:
        with pytest.raises(DestinationError) as caught:
            await post(http)
    assert type(caught.value) is family
    assert len(vendor.lines) == 1


@pytest.mark.parametrize("answer", [never, drip])
async def test_a_read_that_takes_too_long_ends_within_its_time_and_is_not_repeated(answer):
    async with running(Vendor(answer)) as vendor, client_of(vendor.base_url, timeout_seconds=SHORT) as http:
        began_at = time.monotonic()
        with pytest.raises(DestinationUnavailableError):
            await http.get_json("/v1/orders")
    assert time.monotonic() - began_at < 2 * SHORT
    assert len(vendor.lines) == 1


async def test_nothing_listening_means_that_nothing_happened():
    async with running(Vendor(cut)) as vendor:
        pass
    async with client_of(vendor.base_url) as http:
        with pytest.raises(DestinationUnavailableError):
            await http.get_json("/v1/orders")
        with pytest.raises(DestinationUnavailableError, match="was not sent: ConnectError"):
            await post(http)


@pytest.mark.parametrize("speak", [False, True])
async def test_a_tls_handshake_that_fails_means_that_nothing_happened(speak):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if speak:
            writer.write(b"HTTP/1.1 400 this is not TLS\r\n\r\n")
        await reader.read()  # the other side hangs up
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with (
        server,
        client_of(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout_seconds=SHORT) as http,
    ):
        with pytest.raises(DestinationUnavailableError, match=r"was not sent: Connect(Error|Timeout)"):
            await post(http)


async def test_a_read_succeeds_when_a_later_try_does():
    async with (
        running(Vendor(cut, say(500), say(200, {"id": "1"}))) as vendor,
        client_of(vendor.base_url) as http,
    ):
        assert await http.get_json("/v1/orders/1") == {"id": "1"}
    assert len(vendor.lines) == 3


async def test_a_short_retry_after_is_waited_for():
    script = (say(429, headers={"Retry-After": "1"}), say(200, []))
    async with running(Vendor(*script)) as vendor, client_of(vendor.base_url) as http:
        began_at = time.monotonic()
        assert await http.get_json("/v1/orders") == []
    assert 1.0 <= time.monotonic() - began_at < 4.0


RETRY_AFTER = {
    "seconds": ({"Retry-After": "60"}, 60.0),
    "a date, by the vendor's own clock": (
        {"Date": "Wed, 21 Oct 2015 07:28:00 GMT", "Retry-After": "Wed, 21 Oct 2015 07:29:30 GMT"},
        90.0,
    ),
    "a date that is over": ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    "a word": ({"Retry-After": "soon"}, None),
    "a fraction": ({"Retry-After": "1.5"}, None),
    "a negative number": ({"Retry-After": "-1"}, None),
    "a number without end": ({"Retry-After": "9" * 5000}, None),
    "a zone beyond the calendar": ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 +99999999999999"}, None),
    "nothing": ({}, None),
}


@pytest.mark.parametrize("case", RETRY_AFTER)
async def test_the_time_to_wait_is_told_with_the_error(case):
    headers, seconds = RETRY_AFTER[case]
    async with running(Vendor(say(429, headers=headers))) as vendor, client_of(vendor.base_url) as http:
        with pytest.raises(DestinationUnavailableError) as caught:
            await post(http)
    assert caught.value.status_code == 429
    assert caught.value.retry_after_seconds == seconds


async def test_a_retry_after_date_in_the_future_counts_from_now_where_the_vendor_sends_no_time():
    later = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 100))
    vendor = Vendor(say(429, headers={"Retry-After": later}))
    async with running(vendor), client_of(vendor.base_url) as http:
        with pytest.raises(DestinationUnavailableError) as caught:
            await http.get_json("/v1/orders")
    assert 90 < (caught.value.retry_after_seconds or 0) <= 100
    assert len(vendor.lines) == 1


async def test_a_write_carries_its_key_its_json_and_the_authorisation():
    async with running(Vendor(say(200, {"ok": True}))) as vendor, client_of(vendor.base_url) as http:
        assert await http.post_json("/v1/orders/1/x", {"name": "Zoë \ud800"}, idempotency_key="c-1:7") == {"ok": True}
        await http.post_json("/v1/orders/1/cancel", idempotency_key="line\r\nbreak ë")
    assert json.loads(vendor.bodies[0]) == {"name": "Zoë \ud800"}
    assert vendor.headers[0]["content-type"] == "application/json"
    assert vendor.headers[0]["idempotency-key"] == "c-1:7"
    assert vendor.headers[0]["authorization"] == KEY
    assert vendor.bodies[1] == b""
    assert vendor.headers[1]["content-length"] == "0"
    assert vendor.headers[1]["idempotency-key"] == "line%0D%0Abreak%20%C3%AB"


async def test_a_write_answered_without_content_gives_none():
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async with running(Vendor(answer)) as vendor, client_of(vendor.base_url) as http:
        assert await post(http) is None


async def test_every_write_has_a_connection_of_its_own_and_reads_share_one():
    async with running(Vendor(say(200, {}))) as vendor, client_of(vendor.base_url) as http:
        for _ in range(3):
            await http.get_json("/v1/orders")
        assert vendor.connections == 1
        for _ in range(3):
            await post(http)
        assert vendor.connections == 4


async def test_a_server_that_closes_after_each_answer_does_not_put_the_next_write_in_doubt():
    async def answer_and_close(writer: asyncio.StreamWriter) -> None:
        await say(200, {})(writer)
        writer.close()

    async with running(Vendor(answer_and_close)) as vendor, client_of(vendor.base_url) as http:
        for _ in range(20):
            assert await post(http) == {}
    assert len(vendor.lines) == 20


@pytest.mark.parametrize(
    ("suffix", "target"), [("", "/v1/a"), ("/", "/v1/a"), ("/api", "/api/v1/a"), ("/api/", "/api/v1/a")]
)
async def test_a_base_url_may_end_in_a_slash_and_have_a_prefix(suffix, target):
    async with running(Vendor(say(200, {}))) as vendor, client_of(vendor.base_url + suffix) as http:
        await http.get_json("/v1/a")
        await http.post_json("/v1/a", idempotency_key="k")
    assert vendor.lines == [f"GET {target} HTTP/1.1", f"POST {target} HTTP/1.1"]


async def test_query_parameters_arrive_as_they_were_meant():
    params: dict[str, str | int] = {"created_at[after]": "2026-06-01T00:00:00+02:00", "page": 2, "q": "a b&c=d#é/?"}
    async with running(Vendor(say(200, {}))) as vendor, client_of(vendor.base_url) as http:
        await http.get_json("/v1/orders", params=params)
    query = urlsplit(vendor.lines[0].split()[1]).query
    assert dict(parse_qsl(query)) == {name: str(value) for name, value in params.items()}
    assert not set(query) & set("[]: #/?é")


HOSTILE_PATHS = ["//evil.example/v1", "http://evil.example/", "/v1/../admin", "/v1/./a", "/v1/%2e%2E/a", "/v1/a?b=c"]
HOSTILE_PATHS += ["/v1/a#b", "/v1/a b", "/v1/a\r\nX: y", "/v1/é", "/v1\\a", "v1/a", "", "@evil.example/"]


@pytest.mark.parametrize("path", HOSTILE_PATHS)
async def test_a_path_that_leads_away_from_the_route_is_not_even_asked_for(path):
    async with running(Vendor(say(200, {}))) as vendor, client_of(vendor.base_url) as http:
        with pytest.raises(DestinationMissingError):
            await http.get_json(path)
        with pytest.raises(DestinationMissingError):
            await http.post_json(path, idempotency_key="k")
    assert vendor.connections == 0


async def test_an_error_text_names_vendor_method_route_and_status_and_nobody():
    said = "Recipient alena@example.com (+1 415-555-0132) of https://gifts.example.com/g/ABC\x00 gifts.example.com/g/1 is 42"
    async with running(Vendor(say(400, {"error": said}))) as vendor, client_of(vendor.base_url) as http:
        with pytest.raises(DestinationRefusedError) as caught:
            await post(http)
    assert str(caught.value) == (
        "acme: POST /v1/orders/1/cancel answered 400: Recipient [e-mail] ([number]) of [link] [link] is 42"
    )
    assert caught.value.status_code == 400


@pytest.mark.parametrize(
    "body", [b"Alena Kenter", {"message": "Alena"}, {"error": ["Alena"]}, ["Alena"], {"error": None}]
)
async def test_an_error_text_quotes_nothing_but_the_documented_sentence(body):
    async with running(Vendor(say(400, body))) as vendor, client_of(vendor.base_url) as http:
        with pytest.raises(DestinationRefusedError) as caught:
            await post(http)
    assert str(caught.value) == "acme: POST /v1/orders/1/cancel answered 400"


async def test_a_sentence_is_bounded_and_stays_on_one_line():
    async with running(Vendor(say(422, {"error": "no\n" * 100_000}))) as vendor, client_of(vendor.base_url) as http:
        with pytest.raises(DestinationRefusedError) as caught:
            await post(http)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


async def test_no_log_line_and_no_error_shows_the_key_or_an_address(caplog, capsys):
    caplog.set_level(logging.DEBUG)
    async with running(Vendor(say(200, {}), cut)) as vendor, client_of(vendor.base_url) as http:
        await http.get_json("/v1/orders", params={"q": "alena@example.com"})
        with pytest.raises(DestinationUnavailableError) as read:
            await http.get_json("/v1/orders", params={"q": "alena@example.com"})
        with pytest.raises(DestinationUnknownError) as write:
            await post(http)
    written = caplog.text + "".join(capsys.readouterr()) + repr(read.value) + repr(write.value)
    assert "key-that" not in written
    assert "alena" not in written
    assert not [record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))]
    assert read.value.__cause__ is None
    assert write.value.__cause__ is None


async def test_a_cancelled_call_stays_cancelled():
    async with running(Vendor(never)) as vendor, client_of(vendor.base_url) as http:
        calls = [asyncio.ensure_future(http.get_json("/v1/orders")), asyncio.ensure_future(post(http))]
        while len(vendor.lines) < 2:
            await asyncio.sleep(0.01)
        for call in calls:
            call.cancel()
        results = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 2


BASE_URLS = [
    "",
    "api.example.com",
    "ftp://api.example.com",
    "https://",
    "https://u:p@api.example.com",
    "https://a.b?c=d",
]


@pytest.mark.parametrize("base_url", [*BASE_URLS, "https://a.b/#c", "https://a.b:port", "https://a\nb"])
def test_a_base_url_that_is_none_is_a_setting_to_mend(base_url):
    with pytest.raises(SettingError, match="HANDOFF_ACME_BASE_URL"):
        VendorHttp(base_url, name="acme", headers={})


@pytest.mark.parametrize("key", ["Bearer ", "Bearer s3cr3t\n", "Bearer s3\r\ncr3t", "Bearer s3cr3t…"])
def test_a_key_that_no_header_can_carry_is_a_setting_to_mend_and_is_not_shown(key):
    with pytest.raises(SettingError, match="HANDOFF_ACME_API_KEY") as caught:
        VendorHttp("https://a.b", name="acme", headers={"Authorization": key})
    assert "cr3t" not in str(caught.value)
