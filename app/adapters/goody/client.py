"""Goody as a destination: its REST API behind the port Commerce.

Goody takes no idempotency key and cannot be searched. An act stays single because the caller reads before and after.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog

from app.adapters.goody import payloads, sendings
from app.adapters.http import VendorHttp
from app.core.actions import ActionKind
from app.core.orders import Order, OrderBatch, OrderStage, Person
from app.core.sendings import Sending, SendingLine, Sent
from app.errors import (
    DestinationMissingError,
    DestinationRefusedError,
    DestinationUnavailableError,
    DestinationUnknownError,
    PayloadError,
)

PER_PAGE = 100  # the most that Goody documents

Row = TypeVar("Row")
log = structlog.get_logger()


class Goody:
    """One Goody account. The key sees the orders of its own user; webhooks tell of the whole organisation's."""

    name = payloads.DESTINATION
    abilities = frozenset({
        ActionKind.CANCEL_ORDER, ActionKind.REFUND_ORDER, ActionKind.EXTEND_EXPIRATION, ActionKind.ORDER_STATUS,
        ActionKind.SEND_ORDER, ActionKind.CHANGE_ADDRESS, ActionKind.CREATE_WEBHOOK, ActionKind.DELETE_WEBHOOK,
    })  # fmt: skip

    def __init__(self, base_url: str, *, api_key: str, timeout_seconds: float = 10.0) -> None:
        headers = {"Authorization": f"Bearer {api_key}"}
        self.http = VendorHttp(base_url, name=self.name, headers=headers, timeout_seconds=timeout_seconds)

    async def read_order(self, external_id: str) -> Order:
        route = _order_route(external_id)
        body = await self._read(route, {})
        try:
            return _order_of_id(body, external_id)
        except PayloadError as error:
            raise DestinationUnavailableError(f"goody: GET {route} did not answer with the order: {error}") from None

    async def list_orders(self, *, placed_after: datetime | None) -> AsyncIterator[Order]:
        """Rows do not show when an order was placed or accepted; reading the one order does."""
        params = {} if placed_after is None else {"created_at[after]": _moment(placed_after)}
        async for order in self._orders("/v1/orders", params, payloads.read_order):
            yield order

    async def list_changed_orders(self, *, after: datetime) -> AsyncIterator[Order]:
        """Raises DestinationMissingError where the account has no such feed; nothing else could stand in for it."""
        params = {"after": _moment(after)}
        async for order in self._orders("/v1/order_activities", params, payloads.read_changed_order):
            yield order

    async def list_batches(self) -> AsyncIterator[OrderBatch]:
        seen: set[str] = set()
        async for row in self._rows("/v1/order_batches", {}, payloads.read_batch):
            batch = row.batch
            if batch.external_id in seen:
                continue
            seen.add(batch.external_id)
            yield batch if row.shows_all_recipients else replace(batch, recipients=await self._recipients(batch))

    async def cancel_order(self, external_id: str, *, idempotency_key: str) -> Order:
        """Irreversible. Goody allows it until the gift is accepted."""
        return await self._act(external_id, "cancel", None, idempotency_key)

    async def extend_expiration(self, external_id: str, expires_at: datetime, *, idempotency_key: str) -> Order:
        return await self._act(external_id, "update_expiration", {"expiration": _moment(expires_at)}, idempotency_key)

    async def find_sent(self, key: str) -> Sent | None:
        """Goody neither searches batches nor sorts them by a documented rule, so that all are read where none fits."""
        async for batch_id, its_key in self._rows("/v1/order_batches", {}, sendings.read_keyed_batch):
            if its_key == key:
                async for order in self._orders(f"/v1/order_batches/{batch_id}/orders", {}, payloads.read_order):
                    return Sent(batch_id, order.external_id, is_cancelled=order.stage is OrderStage.CANCELLED)
                return Sent(batch_id, None)
        return None

    async def send(self, sending: Sending, *, idempotency_key: str) -> None:
        await self.http.post_json("/v1/order_batches", sendings.write_sending(sending), idempotency_key=idempotency_key)

    async def price(self, sending: Sending) -> int | None:
        """A POST that changes nothing, so that whatever goes wrong with it may be tried again."""
        try:
            body = sendings.write_priced(sending)
            return sendings.read_price(
                await self.http.post_json("/v1/order_batches/price", body, idempotency_key=sending.key)
            )
        except (DestinationUnknownError, PayloadError) as error:
            raise DestinationUnavailableError(f"goody: no price was told: {error}") from None

    async def find_product(self, wanted: str) -> SendingLine | None:
        """Goody has no search of products, so that the list is read through."""
        name = wanted.strip().casefold()
        found = {
            row.id
            async for row in self._rows("/v1/products", {}, sendings.read_product)
            if row.has_fixed_price and name in {row.id.casefold(), (row.name or "").casefold()}
        }
        return SendingLine(found.pop()) if len(found) == 1 else None

    async def read_sending(self, batch_id: str) -> Sending | str:
        route = f"/v1/order_batches/{_checked(batch_id)}"
        try:
            return sendings.read_sending(await self._read(route, {}))
        except PayloadError as error:
            raise DestinationUnavailableError(f"goody: GET {route} did not answer with the batch: {error}") from None

    async def create_webhook(self, url: str, events: tuple[str, ...], *, idempotency_key: str) -> str:
        """Goody makes a second endpoint of the same address without a word."""
        body = {"url": url, "events": list(events) or None}
        answer = await self.http.post_json("/v1/webhooks", body, idempotency_key=idempotency_key)
        try:
            return sendings.read_endpoint_id(answer)
        except PayloadError as error:
            raise DestinationUnknownError(f"goody: POST /v1/webhooks did not answer with the id: {error}") from None

    async def delete_webhook(self, webhook_id: str, *, idempotency_key: str) -> None:
        await self.http.delete(f"/v1/webhooks/{_checked(webhook_id)}", idempotency_key=idempotency_key)

    async def check_key(self) -> datetime | None:
        return await self.http.read_clock("/v1/me")

    async def close(self) -> None:
        await self.http.close()

    async def _act(self, external_id: str, verb: str, body: object | None, idempotency_key: str) -> Order:
        route = f"{_order_route(external_id)}/{verb}"
        answer = await self.http.post_json(route, body, idempotency_key=idempotency_key)
        try:
            return _order_of_id(answer, external_id)
        except PayloadError as error:
            raise DestinationUnknownError(f"goody: POST {route} did not answer with the order: {error}") from None

    async def _orders(
        self, route: str, params: Mapping[str, str], read: Callable[[object], Order]
    ) -> AsyncIterator[Order]:
        """Each order once: those placed while we page push others to the next page, and the feed has a row a change."""
        seen: set[str] = set()
        async for order in self._rows(route, params, read):
            if order.external_id not in seen:
                seen.add(order.external_id)
                yield order

    async def _recipients(self, batch: OrderBatch) -> tuple[Person, ...]:
        route = f"/v1/order_batches/{batch.external_id}/recipients"
        try:
            return tuple([person async for person in self._rows(route, {}, payloads.read_recipient)])
        except DestinationMissingError:  # one batch that the key may not open must not end the whole list
            log.warning("goody.recipients_missing", batch_id=batch.external_id)
            return batch.recipients

    async def _rows(self, route: str, params: Mapping[str, str], read: Callable[[object], Row]) -> AsyncIterator[Row]:
        """Every readable row of a list. One that is not is told and left out: it would block all others for ever."""
        async for raw in self._raw_rows(route, params):
            try:
                row = read(raw)
            except PayloadError as error:
                log.warning("goody.row_unreadable", route=route, problem=str(error))
                continue
            yield row

    async def _raw_rows(self, route: str, params: Mapping[str, str]) -> AsyncIterator[Any]:
        """All pages. A short page is not the last one where the server allows fewer rows a page than we ask for."""
        count, number, previous = 0, 1, None
        while True:
            page = await self._page(route, {**params, "page": number, "per_page": PER_PAGE})
            is_repeated = page.rows == previous  # a server that knows no pages
            if not page.rows or (is_repeated and page.total_count is None):
                return
            for row in page.rows:
                yield row
            count += len(page.rows)
            has_all = page.total_count is not None and count >= page.total_count
            if has_all and (len(page.rows) < PER_PAGE or is_repeated):
                return
            number, previous = number + 1, page.rows

    async def _page(self, route: str, params: Mapping[str, str | int]) -> payloads.Page:
        body = await self._read(route, params)
        try:
            return payloads.read_page(body)
        except PayloadError as error:
            raise DestinationUnavailableError(f"goody: GET {route} did not answer with a list: {error}") from None

    async def _read(self, route: str, params: Mapping[str, str | int]) -> Any:
        try:
            return await self.http.get_json(route, params=params)
        except DestinationRefusedError as error:  # a read asks for nothing that could be refused for good
            raise DestinationUnavailableError(str(error), status_code=error.status_code) from None


def _order_route(external_id: str) -> str:
    """An id that is none must not become another route, so it is not even asked for."""
    return f"/v1/orders/{_checked(external_id)}"


def _checked(external_id: str) -> str:
    if not payloads.ID.fullmatch(external_id):
        raise DestinationMissingError("goody has nothing of such an id")
    return external_id


def _order_of_id(body: object, external_id: str) -> Order:
    order = payloads.read_order(body)
    if order.external_id.lower() != external_id.lower():
        raise PayloadError("id", "is another order's")
    return order


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
