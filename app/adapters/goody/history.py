"""Goody's lists of a period, as the measure of what reached us: orders placed, and the activities feed.

The feed has no word for notified, accepted, cancelled by name, refunded or a moved expiration; a row shows the order in
its present state, which tells some of these all the same.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from app.adapters.goody.payloads import DESTINATION, STAGES, Id, Text, read_order, read_page
from app.adapters.http import VendorHttp
from app.core.completeness import OrderChange
from app.core.orders import Order, OrderStage
from app.errors import DestinationRefusedError, DestinationUnavailableError, PayloadError

PER_PAGE = 100  # the most that Goody documents

# The feed's words, with the webhook that tells of the same. A cancelled order is "failed" there.
TOLD_BY = {
    "created": "order.created",
    "opened": "order.gift_opened",
    "shipped": "order.shipped",
    "delivered": "order.delivered",
    "failed": "order.canceled",
}

Row = TypeVar("Row")


class _Activity(BaseModel):
    id: Id
    order_status: Text
    order: Any


class GoodyHistory:
    """Implements OrderHistory."""

    name = DESTINATION

    def __init__(self, base_url: str, *, api_key: str) -> None:
        self.http = VendorHttp(base_url, name=self.name, headers={"Authorization": f"Bearer {api_key}"})

    async def list_placed(self, *, since: datetime, until: datetime) -> AsyncIterator[Order | None]:
        params = {"created_at[after]": _moment(since), "created_at[before]": _moment(until)}
        async for row in self._rows("/v1/orders", params, read_order):
            yield row

    async def list_changes(self, *, since: datetime, until: datetime) -> AsyncIterator[OrderChange | None]:
        params = {"after": _moment(since), "before": _moment(until)}
        async for row in self._rows("/v1/order_activities", params, _read_change):
            yield row

    async def close(self) -> None:
        await self.http.close()

    async def _rows(
        self, route: str, params: Mapping[str, str], read: Callable[[Any], Row]
    ) -> AsyncIterator[Row | None]:
        """All pages; an empty one is the last, whatever number of rows the server allows a page."""
        number, previous = 1, None
        while True:
            page = await self._page(route, {**params, "page": number, "per_page": PER_PAGE})
            if not page or page == previous:
                return
            for raw in page:
                try:
                    yield read(raw)
                except PayloadError:
                    yield None
            number, previous = number + 1, page

    async def _page(self, route: str, params: Mapping[str, str | int]) -> tuple[Any, ...]:
        try:
            return read_page(await self.http.get_json(route, params=params)).rows
        except DestinationRefusedError as error:  # a read asks for nothing that could be refused for good
            raise DestinationUnavailableError(str(error), status_code=error.status_code) from None
        except PayloadError as error:
            raise DestinationUnavailableError(f"goody: GET {route} did not answer with a list: {error}") from None


def _read_change(row: Any) -> OrderChange:
    try:
        activity = _Activity.model_validate(row)
    except ValidationError:
        raise PayloadError("row", "is no activity") from None
    word = activity.order_status.strip().lower()
    return OrderChange(
        id=activity.id,
        order=read_order(activity.order),
        status=word,
        stage=STAGES.get(word, OrderStage.UNKNOWN),
        told_by=TOLD_BY.get(word),
    )


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
