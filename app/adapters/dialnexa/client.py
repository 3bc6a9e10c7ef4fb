"""DialNexa's REST API, read: one call, and the calls since a time."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from app.adapters.dialnexa.payloads import read_rest_call
from app.adapters.http import VendorHttp
from app.core.calls import Call, merge
from app.core.mapping import CallMapping
from app.errors import (
    DestinationMissingError,
    DestinationRefusedError,
    DestinationUnavailableError,
    PayloadError,
)

# The documents disagree on the largest page, 100 or 200. A page is the last when it is short, so asking for more than
# is given would end a list early.
PAGE_SIZE = 100
_MOST_PAGES = 1_000


def connect(base_url: str, api_key: str) -> VendorHttp:
    """`api_key` is the whole `key_id:secret`. The documents write the base with `/v1`, which is a part of our paths."""
    base = re.sub(r"/v1/?$", "", base_url)
    return VendorHttp(base, name="dialnexa", headers={"Authorization": f"Bearer {api_key}"})


async def fetch_call(http: VendorHttp, call_id: str, mapping: CallMapping) -> Call | None:
    """None where DialNexa knows no such call, or says that no id looks so. Raises DestinationUnavailableError."""
    try:
        row = await http.get_json(f"/v1/calls/{quote(call_id, safe='')}")
        call = read_rest_call(row, mapping)
    except DestinationMissingError:
        return None
    except DestinationRefusedError as error:
        if error.status_code == 400:
            return None
        raise
    except PayloadError as error:
        raise DestinationUnavailableError(f"dialnexa: GET /v1/calls/{call_id} answered with no call: {error}") from None
    if call.call_id != call_id:
        raise DestinationUnavailableError(f"dialnexa: GET /v1/calls/{call_id} answered with another call")
    return call


async def list_calls(http: VendorHttp, mapping: CallMapping, *, since: datetime) -> list[Call]:
    """Calls created at or after the time, oldest first, each once. Rows that are no call are left out."""
    # Oldest first: calls that come in meanwhile lengthen the end and move no row to another page.
    params: dict[str, str | int] = {"limit": PAGE_SIZE, "created_at": "asc", "start_date": _iso(since)}
    calls: dict[str, Call] = {}
    for page in range(1, _MOST_PAGES + 1):
        rows = _rows(await http.get_json("/v1/calls", params={**params, "page": page}))
        known = len(calls)
        for row in rows:
            _add(calls, row, mapping)
        # The second half ends the list of a server that ignores `page` and gives the same rows for ever.
        if len(rows) < PAGE_SIZE or len(calls) == known:
            return list(calls.values())
    raise DestinationUnavailableError(f"dialnexa: GET /v1/calls does not end after {_MOST_PAGES} pages")


def _add(calls: dict[str, Call], row: Any, mapping: CallMapping) -> None:
    try:
        call = read_rest_call(row, mapping)
    except PayloadError:
        return
    calls[call.call_id] = merge(calls.get(call.call_id), call)


def _rows(answer: Any) -> list[Any]:
    rows = answer.get("data") if isinstance(answer, dict) else answer
    if not isinstance(rows, list):
        raise DestinationUnavailableError("dialnexa: GET /v1/calls answered with no list")
    return rows


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
