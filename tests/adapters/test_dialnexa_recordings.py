"""Links to recordings: which are followed, what is taken from where they lead, and how a fresh one is got."""

import pytest
from loopback import Vendor, cut_in_the_middle, drip, running, say

from app.adapters.dialnexa import recordings
from app.adapters.dialnexa.client import connect
from app.adapters.dialnexa.recordings import DialNexaRecordings
from app.adapters.http import Downloads
from app.adapters.recordings import RecordingFiles
from app.errors import (
    DestinationError,
    DestinationMissingError,
    DestinationRefusedError,
    DestinationUnavailableError,
    SettingError,
)
from app.ports.recordings import RecordingLink

KEY = "key_1:secret_of_the_key"
CLOUD = "https://api.dialnexa.com"
AUDIO = {"Content-Type": "audio/mpeg; charset=x"}


async def fetch(source, url, *, is_from_api=True):
    async with source.download(RecordingLink(url, is_from_api=is_from_api)) as download:
        return download.media_type, b"".join([piece async for piece in download.pieces])


async def refused(source, url, *, is_from_api):
    with pytest.raises(DestinationError) as raised:
        await fetch(source, url, is_from_api=is_from_api)
    assert "secret" not in str(raised.value)
    return raised.value


async def take(vendor, **bounds):
    downloads = Downloads(**({"most_bytes": 1_000, "timeout_seconds": 20.0} | bounds))
    try:
        async with downloads.open(f"{vendor.base_url}/secret.mp3?sig=secret", name="the link") as (_, pieces):
            return b"".join([piece async for piece in pieces])
    finally:
        await downloads.close()


# --- which links are followed


@pytest.mark.parametrize(
    "url",
    [
        "http://blob.example.com/secret.mp3",
        "ftp://blob.example.com/secret.mp3",
        "https://user:secret@blob.example.com/1.mp3",
        "https://127.0.0.1/secret.mp3",
        "https://localhost/secret.mp3",
        "https://169.254.169.254/secret",
        "https://10.0.0.7/secret.mp3",
        "https://[::1]/secret.mp3",
        "https://[fe80::1]/secret.mp3",
        "https://[broken/secret.mp3",
        "https://blob.example.com:port/secret.mp3",
        "recordings/secret.mp3",
        "",
        "https://blob.example.com/" + "secret" * 1_000,
    ],
)
async def test_not_even_the_api_can_send_us_into_our_own_network_or_away_from_https(url):
    source = DialNexaRecordings(CLOUD, None)
    assert isinstance(await refused(source, url, is_from_api=True), DestinationRefusedError)
    await source.close()


@pytest.mark.parametrize("url", ["https://evil.example/secret.mp3", "https://api.dialnexa.com.evil.example/secret.mp3"])
async def test_a_delivery_sends_us_only_where_the_settings_say(url):
    source = DialNexaRecordings(CLOUD, None, hosts=["*.blob.example.com", "rec.example.com"])
    error = await refused(source, url, is_from_api=False)
    assert isinstance(error, DestinationRefusedError)
    assert "HANDOFF_RECORDING_HOSTS" in str(error)
    await source.close()


@pytest.mark.parametrize(
    ("host", "is_named"),
    [
        ("a.blob.example.com", True),
        ("REC.example.com", True),
        ("api.dialnexa.com", True),
        ("blob.example.com", False),
        ("evilblob.example.com", False),
    ],
)
async def test_a_pattern_names_the_hosts_below_it(host, is_named):
    source = DialNexaRecordings(CLOUD, None, hosts=["*.blob.example.com", "rec.example.com"])
    link = RecordingLink(f"https://{host}/1.mp3", is_from_api=False)
    if is_named:
        await source._check(link)
    else:
        with pytest.raises(DestinationRefusedError):
            await source._check(link)
    await source.close()


# --- what they lead to


async def test_a_recording_is_taken_with_its_type_and_nothing_of_ours_is_sent_along():
    async with running(Vendor(say(200, b"ID3 sound", headers=AUDIO))) as vendor:
        source = DialNexaRecordings(vendor.base_url, connect(vendor.base_url, KEY))
        assert await fetch(source, f"{vendor.base_url}/1.mp3?sig=x") == ("audio/mpeg", b"ID3 sound")
        await source.close()
    (headers,) = vendor.headers
    assert "authorization" not in headers
    assert vendor.lines == ["GET /1.mp3?sig=x HTTP/1.1"]


@pytest.mark.parametrize("sent", ["text/html", "", "audio/x><script>", "image/svg+xml"])
async def test_what_a_browser_might_run_is_no_type_of_a_recording(sent):
    async with running(Vendor(say(200, b"<script>", headers={"Content-Type": sent}))) as vendor:
        source = DialNexaRecordings(vendor.base_url, None)
        assert (await fetch(source, f"{vendor.base_url}/1.mp3"))[0] == "application/octet-stream"
        await source.close()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, DestinationMissingError),
        (403, DestinationMissingError),
        (404, DestinationMissingError),
        (410, DestinationMissingError),
        (302, DestinationRefusedError),
        (400, DestinationRefusedError),
        (429, DestinationUnavailableError),
        (503, DestinationUnavailableError),
    ],
)
async def test_what_the_store_says_is_put_in_our_words(status, kind):
    elsewhere = {"Location": "https://evil.example/secret", "Retry-After": "7"}
    async with running(Vendor(say(status, b"secret", headers=elsewhere))) as vendor:
        with pytest.raises(kind) as raised:
            await take(vendor)
    assert "secret" not in str(raised.value)
    assert vendor.connections == 1, "no redirect is followed"
    assert raised.value.retry_after_seconds == (7 if kind is DestinationUnavailableError else None)


async def test_more_than_the_bound_is_refused_whether_it_is_said_before_or_not():
    async with running(Vendor(say(200, b"x" * 1_000))) as vendor:
        assert len(await take(vendor)) == 1_000
    async with running(Vendor(say(200, b"x" * 1_001))) as vendor:
        with pytest.raises(DestinationRefusedError, match="more than 1000 bytes"):
            await take(vendor)
    chunks = b"".join(b"190\r\n" + b"x" * 400 + b"\r\n" for _ in range(3)) + b"0\r\n\r\n"

    async def unannounced(writer):
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
        await writer.drain()

    async with running(Vendor(unannounced)) as vendor:
        with pytest.raises(DestinationRefusedError, match="more than 1000 bytes"):
            await take(vendor)


async def test_what_is_cut_off_is_no_recording():
    async with running(Vendor(cut_in_the_middle)) as vendor:
        with pytest.raises(DestinationUnavailableError, match="cut off"):
            await take(vendor)


async def test_a_store_that_drips_for_ever_is_left():
    async with running(Vendor(drip)) as vendor:
        with pytest.raises(DestinationUnavailableError, match="longer than"):
            await take(vendor, most_bytes=100_000, timeout_seconds=0.5)


async def test_where_nobody_listens_is_not_reached():
    with pytest.raises(DestinationUnavailableError, match="not reached"):
        await take(Vendor())


# --- a fresh link


async def renewed(*script):
    async with running(Vendor(*script)) as vendor:
        source = DialNexaRecordings(vendor.base_url, connect(vendor.base_url + "/v1", KEY))
        try:
            return vendor, await source.renew_link("call/1")
        finally:
            await source.close()


@pytest.mark.parametrize(
    "told",
    [
        {"recording_sas_url": "https://blob.example.com/1?sig=x", "recording_url": "recordings/1.mp3"},
        {"recording_sas_url": None, "recording_url": "https://blob.example.com/1?sig=x"},
        {"recording": " https://blob.example.com/1?sig=x "},
    ],
)
async def test_the_api_is_asked_for_a_fresh_link(told):
    vendor, link = await renewed(say(200, {"id": "call/1", **told}))
    assert link == RecordingLink("https://blob.example.com/1?sig=x", is_from_api=True)
    assert vendor.lines == ["GET /v1/calls/call%2F1 HTTP/1.1"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (say(200, {"id": "call/1"}), DestinationMissingError),
        (say(200, {"id": "call/1", "recording_url": "recordings/1.mp3"}), DestinationMissingError),
        (say(200, {"id": "call/1", "recording_url": 7}), DestinationMissingError),
        (say(200, {"id": "call_2", "recording_url": "https://blob.example.com/2"}), DestinationUnavailableError),
        (say(200, []), DestinationUnavailableError),
        (say(404, {}), DestinationMissingError),
        (say(403, {}), DestinationUnavailableError),
    ],
)
async def test_what_is_no_link_is_none(answer, kind):
    with pytest.raises(kind):
        await renewed(answer)


async def test_without_a_key_no_link_is_renewed_and_the_setting_is_named():
    source = DialNexaRecordings(CLOUD, None)
    with pytest.raises(SettingError, match="HANDOFF_DIALNEXA_API_KEY"):
        await source.renew_link("call_1")
    await source.close()


# --- where they are kept


async def pieces_of(*pieces):
    for piece in pieces:
        yield piece


async def test_a_folder_is_made_and_its_files_are_whole_or_not_there(tmp_path):
    files = RecordingFiles(f"file://{tmp_path}/made/here")
    await files.write("one", pieces_of(b"so", b"und"))
    assert b"".join([piece async for piece in files.read("one")]) == b"sound"
    assert (tmp_path / "made/here/one").read_bytes() == b"sound"

    async def broken():
        yield b"so"
        raise DestinationUnavailableError("cut off")

    with pytest.raises(DestinationUnavailableError, match="cut off"):
        await files.write("two", broken())
    await files.delete("one")
    await files.delete("one")
    assert list((tmp_path / "made/here").iterdir()) == []
    with pytest.raises(DestinationMissingError):
        [piece async for piece in files.read("one")]


@pytest.mark.parametrize(
    "url", ["https://example.com/x", "memory://x", "nonsense://x", "file:///proc/none", "file:///dev/null/x"]
)
def test_a_url_that_keeps_nothing_is_refused_by_the_name_of_its_setting(url):
    with pytest.raises(SettingError) as raised:
        RecordingFiles(url)
    assert raised.value.name == "HANDOFF_RECORDINGS_URL"
    assert raised.value.remedy


def test_five_hours_of_a_call_are_within_the_bound():
    assert recordings.MOST_BYTES > 5 * 3_600 * 128_000 / 8
