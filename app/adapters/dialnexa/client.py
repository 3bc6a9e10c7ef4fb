"""DialNexa's REST API, read: one call, and the calls of a period."""

import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from app.adapters.dialnexa.payloads import read_rest_call
from app.adapters.http import VendorHttp
from app.core.mapping import CallMapping
from app.errors import (
    DestinationMissingError,
    DestinationRefusedError,
    DestinationUnavailableError,
    PayloadError,
)
from app.ports.senders import CallPage, RestCall

# The documents disagree on the largest page, 100 or 200. A page is the last when it is short, so asking for more than
# is given would end a list early.
PAGE_SIZE = 100
_MOST_PAGES = 1_000


def connect(base_url: str, api_key: str) -> VendorHttp:
    """`api_key` is the whole `key_id:secret`. The documents write the base with `/v1`, which is a part of our paths."""
    base = re.sub(r"/v1/?$", "", base_url)
    return VendorHttp(base, name="dialnexa", headers={"Authorization": f"Bearer {api_key}"})


async def fetch_call(http: VendorHttp, call_id: str, mapping: CallMapping) -> RestCall | None:
    """None where DialNexa knows no such call, or says that no id looks so. Raises DestinationUnavailableError."""
    try:
        row = await http.get_json(f"/v1/calls/{quote(call_id, safe='')}")
        fetched = _read(row, mapping)
    except DestinationMissingError:
        return None
    except DestinationRefusedError as error:
        if error.status_code == 400:
            return None
        raise
    except PayloadError as error:
        raise DestinationUnavailableError(f"dialnexa: GET /v1/calls/{call_id} answered with no call: {error}") from None
    if fetched.call.call_id != call_id:
        raise DestinationUnavailableError(f"dialnexa: GET /v1/calls/{call_id} answered with another call")
    return fetched


async def list_calls(
    http: VendorHttp, mapping: CallMapping, *, since: datetime, until: datetime | None
) -> AsyncIterator[CallPage]:
    """Calls created in the period, oldest first. A row that moved between pages comes again."""
    # Oldest first: calls that come in meanwhile lengthen the end and move no row to another page.
    params: dict[str, str | int] = {"limit": PAGE_SIZE, "created_at": "asc", "start_date": _iso(since)}
    if until is not None:
        params["end_date"] = _iso(until)
    known: set[str] = set()
    for page in range(1, _MOST_PAGES + 1):
        rows = _rows(await http.get_json("/v1/calls", params={**params, "page": page}))
        calls = [read for row in rows if (read := _read_or_none(row, mapping)) is not None]
        yield CallPage(tuple(calls), unreadable=len(rows) - len(calls))
        number = len(known)
        known.update(each.call.call_id for each in calls)
        # The second half ends the list of a server that ignores `page` and gives the same rows for ever.
        if len(rows) < PAGE_SIZE or len(known) == number:
            return
    raise DestinationUnavailableError(f"dialnexa: GET /v1/calls does not end after {_MOST_PAGES} pages")


def _read(row: Any, mapping: CallMapping) -> RestCall:
    return RestCall(read_rest_call(row, mapping), json.dumps(row, separators=(",", ":")).encode())


def _read_or_none(row: Any, mapping: CallMapping) -> RestCall | None:
    try:
        return _read(row, mapping)
    except PayloadError:
        return None


def _rows(answer: Any) -> list[Any]:
    rows = answer.get("data") if isinstance(answer, dict) else answer
    if not isinstance(rows, list):
        raise DestinationUnavailableError("dialnexa: GET /v1/calls answered with no list")
    return rows


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
