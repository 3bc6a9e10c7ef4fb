"""What DialNexa's client has to bear beyond the documents: envelopes, rows of no call, pages without end."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.adapters.dialnexa.client import PAGE_SIZE, connect
from app.adapters.dialnexa.sender import DialNexa
from app.adapters.mapping_file import load_mapping
from app.core.calls import Call
from app.errors import DestinationUnavailableError, SettingError
from tests.serving import serving

MAPPING = load_mapping()
SINCE = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)


class Vendor:
    """Answers with `pages` by page number, the last one for ever, or with `answer`."""

    def __init__(self) -> None:
        self.url = ""
        self.requests: list[Request] = []
        self.pages: list[str] = []
        self.status = 200

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        page = int(request.query_params.get("page", 1))
        return Response(self.pages[min(page, len(self.pages)) - 1], self.status, media_type="application/json")


@pytest.fixture(scope="module")
def server():
    vendor = Vendor()
    app = Starlette(routes=[Route("/{path:path}", vendor.__call__)])
    with serving(app) as vendor.url:
        yield vendor


@pytest.fixture
def vendor(server):
    server.requests, server.pages, server.status = [], [], 200
    return server


@pytest.fixture
async def dialnexa(server):
    dialnexa = DialNexa([], MAPPING, connect(server.url, "key_1:secret"))
    yield dialnexa
    await dialnexa.close()


async def listed(dialnexa: DialNexa) -> list[Call]:
    return [each.call async for page in dialnexa.list_calls(since=SINCE) for each in page.calls]


def rows(first: int, count: int) -> str:
    return (
        "[" + ",".join(f'{{"id":"call_{number}","status":"completed"}}' for number in range(first, first + count)) + "]"
    )


async def test_a_list_asks_for_full_pages_oldest_first_with_the_whole_key(vendor, dialnexa):
    vendor.pages = [rows(0, PAGE_SIZE), rows(PAGE_SIZE, 3)]
    calls = await listed(dialnexa)
    assert len(calls) == PAGE_SIZE + 3
    assert [dict(request.query_params) for request in vendor.requests] == [
        {"limit": "100", "created_at": "asc", "start_date": "2026-11-02T10:00:00.000Z", "page": page}
        for page in ("1", "2")
    ]
    assert {request.headers["authorization"] for request in vendor.requests} == {"Bearer key_1:secret"}
    assert {request.url.path for request in vendor.requests} == {"/v1/calls"}


async def test_a_base_address_with_the_version_in_it_means_the_same(vendor):
    dialnexa = DialNexa([], MAPPING, connect(vendor.url + "/v1/", "key_1:secret"))
    vendor.pages = ["[]"]
    assert await listed(dialnexa) == []
    await dialnexa.close()
    assert vendor.requests[0].url.path == "/v1/calls"


async def test_a_list_in_an_envelope_is_a_list(vendor, dialnexa):
    vendor.pages = ['{"data":' + rows(0, 2) + ',"meta":{"total":2}}']
    assert [call.call_id for call in await listed(dialnexa)] == ["call_0", "call_1"]


async def test_a_row_that_is_no_call_is_counted_and_one_that_moved_between_pages_comes_again(vendor, dialnexa):
    full = rows(0, PAGE_SIZE - 1)[:-1] + ',{"id":null}]'
    vendor.pages = [full, '[null, 5, {"id":"call_7","status":"completed","summary":"again"}, {"id":"call_new"}]']
    pages = [page async for page in dialnexa.list_calls(since=SINCE)]
    assert [page.unreadable for page in pages] == [1, 2]
    assert [(each.call.call_id, each.call.summary) for each in pages[1].calls] == [
        ("call_7", "again"),
        ("call_new", None),
    ]
    assert json.loads(pages[1].calls[0].body) == {"id": "call_7", "status": "completed", "summary": "again"}


async def test_a_list_may_end_at_a_time(vendor, dialnexa):
    vendor.pages = ["[]"]
    assert [page.calls async for page in dialnexa.list_calls(since=SINCE, until=SINCE + timedelta(hours=1))] == [()]
    assert vendor.requests[0].query_params["end_date"] == "2026-11-02T11:00:00.000Z"


async def test_a_server_that_ignores_the_page_does_not_hold_us_for_ever(vendor, dialnexa):
    vendor.pages = [rows(0, PAGE_SIZE)]
    assert len({call.call_id for call in await listed(dialnexa)}) == PAGE_SIZE
    assert len(vendor.requests) == 2


@pytest.mark.parametrize("answer", ["{}", '{"data": {}}', "5", "null", '"x"'])
async def test_an_answer_that_is_no_list_is_a_failure_to_read(vendor, dialnexa, answer):
    vendor.pages = [answer]
    with pytest.raises(DestinationUnavailableError, match="no list"):
        await listed(dialnexa)


@pytest.mark.parametrize("answer", ["[]", "{}", '{"id": 5}', "null", '{"id": "call_2"}'])
async def test_an_answer_that_is_not_the_call_is_a_failure_to_read(vendor, dialnexa, answer):
    vendor.pages = [answer]
    with pytest.raises(DestinationUnavailableError, match="call_1 answered with"):
        await dialnexa.fetch_call("call_1")


async def test_an_answer_nested_without_reason_is_a_failure_to_read(vendor, dialnexa):
    vendor.pages = ['{"id":"call_1","analysis":' + "[" * 60 + "]" * 60 + "}"]
    with pytest.raises(DestinationUnavailableError, match="nested"):
        await dialnexa.fetch_call("call_1")


async def test_an_older_answer_with_an_id_of_its_own_is_the_call_it_names(vendor, dialnexa):
    vendor.pages = ['{"id":"log_1","call_id":"call_1","status":"completed"}']
    assert (await dialnexa.fetch_call("call_1")).call_id == "call_1"


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_may_not_read_is_not_taken_for_a_call_that_is_not_there(vendor, dialnexa, status):
    vendor.pages, vendor.status = ['{"statusCode":401}'], status
    with pytest.raises(DestinationUnavailableError):
        await dialnexa.fetch_call("call_1")


def test_an_address_that_is_none_names_the_setting():
    with pytest.raises(SettingError, match="HANDOFF_DIALNEXA_BASE_URL"):
        connect("dialnexa", "key_1:secret")
