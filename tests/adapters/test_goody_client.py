"""What only Goody's client has to bear: lists that page otherwise than documented, and answers that are of no order."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from app.adapters.goody.client import Goody
from app.errors import DestinationUnavailableError, DestinationUnknownError, SettingError
from tests.serving import serving

Answer = Callable[[Request], Any]


@asynccontextmanager
async def goody_that_answers(answer: Answer) -> AsyncIterator[Goody]:
    async def endpoint(request: Request) -> Response:
        body = answer(request)
        return body if isinstance(body, Response) else JSONResponse(body)

    with serving(Starlette(routes=[Route("/{path:path}", endpoint, methods=["GET", "POST"])])) as url:
        goody = Goody(url, api_key="key", timeout_seconds=2.0)
        try:
            yield goody
        finally:
            await goody.close()


def order(number: int, **fields: Any) -> dict[str, Any]:
    return {"id": f"o-{number}", "status": "created", **fields}


def paged(request: Request, rows: list[Any], *, at_most: int = 100, has_total: bool = True) -> dict[str, Any]:
    page, per_page = int(request.query_params["page"]), min(int(request.query_params["per_page"]), at_most)
    answer: dict[str, Any] = {"data": rows[(page - 1) * per_page : page * per_page]}
    return answer | ({"list_meta": {"total_count": len(rows)}} if has_total else {})


async def listed(goody: Goody) -> list[str]:
    return [order.external_id async for order in goody.list_orders(placed_after=None)]


@pytest.mark.parametrize("has_total", [True, False])
@pytest.mark.parametrize("at_most", [1, 7, 25, 100])
async def test_a_server_that_gives_fewer_rows_a_page_than_asked_for_is_read_to_its_end(at_most, has_total):
    rows = [order(number) for number in range(25)]
    async with goody_that_answers(lambda request: paged(request, rows, at_most=at_most, has_total=has_total)) as goody:
        assert await listed(goody) == [row["id"] for row in rows]


@pytest.mark.parametrize("total", [None, 0, 3, 100, 1000])
async def test_a_server_that_knows_no_pages_does_not_keep_us_for_ever(total):
    requests = []

    def answer(request: Request) -> Any:
        requests.append(request.url.query)
        meta = {} if total is None else {"list_meta": {"total_count": total}}
        return {"data": [order(number) for number in range(100)], **meta}

    async with goody_that_answers(answer) as goody:
        assert len(await listed(goody)) == 100
    assert len(requests) <= 10


async def test_a_count_that_is_too_high_ends_with_the_first_empty_page():
    rows = [order(number) for number in range(150)]

    def answer(request: Request) -> Any:
        return paged(request, rows) | {"list_meta": {"total_count": 10_000}}

    async with goody_that_answers(answer) as goody:
        assert len(await listed(goody)) == 150


async def test_a_count_that_is_too_low_does_not_hide_a_full_page():
    rows = [order(number) for number in range(150)]

    def answer(request: Request) -> Any:
        return paged(request, rows) | {"list_meta": {"total_count": 20}}

    async with goody_that_answers(answer) as goody:
        assert len(await listed(goody)) == 150


async def test_a_row_that_cannot_be_read_is_told_and_hides_no_other():
    rows = [order(1), "junk", {"id": "Alena", "status": None}, order(2)]
    async with goody_that_answers(lambda request: paged(request, rows)) as goody:
        with capture_logs() as told:
            assert await listed(goody) == ["o-1", "o-2"]
    assert [line["event"] for line in told] == ["goody.row_unreadable"] * 2
    assert "Alena" not in str(told)


@pytest.mark.parametrize("body", [None, [], {}, {"data": None}, "junk"])
async def test_a_list_that_is_none_is_no_empty_list(body):
    async with goody_that_answers(lambda request: body) as goody:
        with pytest.raises(DestinationUnavailableError):
            await listed(goody)


@pytest.mark.parametrize("body", [None, {}, [], order(2), {"id": "o-1"}, order(1, expires_at="Alena")])
async def test_an_answer_that_is_not_the_order_is_no_reading_and_leaves_a_write_in_doubt(body):
    async with goody_that_answers(lambda request: body) as goody:
        with pytest.raises(DestinationUnavailableError) as read:
            await goody.read_order("o-1")
        with pytest.raises(DestinationUnknownError) as write:
            await goody.cancel_order("o-1", idempotency_key="k")
    assert "Alena" not in str(read.value) + str(write.value)


async def test_a_batch_whose_recipients_may_not_be_read_keeps_those_its_row_shows():
    shown = [{"first_name": "Ann", "email": None}]
    rows = [{"id": f"b-{number}", "recipients_count": 2, "recipients_preview": shown} for number in (1, 2)]

    def answer(request: Request) -> Any:
        if request.url.path == "/v1/order_batches/b-1/recipients":
            return JSONResponse({"error": "Order batch not found"}, status_code=404)
        return paged(request, rows if request.url.path == "/v1/order_batches" else [*shown, {"first_name": "Bo"}])

    async with goody_that_answers(answer) as goody:
        batches = [batch async for batch in goody.list_batches()]
    assert [[person.first_name for person in batch.recipients] for batch in batches] == [["Ann"], ["Ann", "Bo"]]


def test_an_empty_key_is_named():
    with pytest.raises(SettingError, match="HANDOFF_GOODY_API_KEY"):
        Goody("https://api.example.com", api_key="")
