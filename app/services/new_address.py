"""A new address for a direct send that nobody accepted yet: price it, send it anew, cancel the old one, or back out.

No shop changes an address, so the order is made a second time and then the first is cancelled. Between the two the
customer has two, which costs money; the other way round they would have none. Whoever looks, after whatever happened,
finds out from the shop alone how far it got:

    new one      old one      then
    none         open         price, send anew
    there        open         cancel the old one
    there        cancelled    done
    there        accepted     take the new one back: support changes the address of the old one
    cancelled    any          backed out: a person's to do
"""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from app.core.actions import why_impossible
from app.core.addresses import read_address
from app.core.execution import Sight
from app.core.orders import Order, OrderStage
from app.core.sendings import Sending, Sent
from app.db import audit
from app.db.steps import close_step, has_step, open_step, settle_steps
from app.errors import (
    DestinationError,
    DestinationMissingError,
    DestinationRefusedError,
    DestinationUnavailableError,
    DestinationUnknownError,
)
from app.ports.commerce import Commerce
from app.services.case import Case
from app.services.mirror import refresh_order
from app.services.parts import EXECUTOR, Parts

T = TypeVar("T")

PRICE, SEND_ANEW, CANCEL_OLD, TAKE_BACK = "price", "send_anew", "cancel_old", "take_back"
UNREADABLE = "The new address was not understood whole: it takes street and number, city, state and code."
TAKEN_BACK = "The order was accepted before it could be cancelled; what was sent anew was taken back."
BOTH_GO_OUT = "The order was accepted before it could be cancelled, and so was what was sent anew: both go out."


@dataclass(frozen=True, slots=True)
class _Seen:
    old: Order
    new: Sent | None

    @property
    def has_new(self) -> bool:
        return self.new is not None and not self.new.is_cancelled

    @property
    def is_old_gone(self) -> bool:
        return self.old.stage is OrderStage.CANCELLED


@dataclass(slots=True)
class NewAddress:
    parts: Parts
    shop: Commerce
    case: Case
    order: Order

    @property
    def key(self) -> str:
        """Another than the call id, which is the key of what the call itself wants sent."""
        return self.case.idempotency_key

    async def look(self) -> Sight:
        seen = await self._see()
        made = {"batch_id": seen.new.batch_id, "order_id": seen.new.order_id} if seen.new else None
        if seen.has_new:
            return Sight(
                seen.old, is_fulfilled=seen.is_old_gone, is_begun=not seen.is_old_gone, is_ours=True, made=made
            )
        if seen.new is not None:
            return Sight(seen.old, hindrance=TAKEN_BACK, made=made)
        sending = await self._sending(seen.old)
        return Sight(seen.old, hindrance=sending if isinstance(sending, str) else None)

    async def act(self) -> None:
        seen = await self._see()
        if seen.new is None:
            seen = await self._send_anew(seen.old)
        if seen.new is None or seen.new.order_id is None:
            raise DestinationUnavailableError("the order that was sent anew is not made yet")
        if seen.old.stage is OrderStage.OPEN:
            try:
                await self._step(CANCEL_OLD, self.shop.cancel_order(seen.old.external_id, idempotency_key=self.key))
            except (DestinationRefusedError, DestinationMissingError):
                seen = await self._see()
            else:
                return
        if not seen.is_old_gone:
            raise DestinationRefusedError(await self.take_back())

    async def take_back(self) -> str:
        """Cancel what was sent anew, and say what became of it. Doing so twice does no more than once."""
        seen = await self._see()
        if seen.new is None or seen.new.order_id is None or seen.new.is_cancelled:
            return TAKEN_BACK
        try:
            await self._step(TAKE_BACK, self.shop.cancel_order(seen.new.order_id, idempotency_key=self.key))
        except (DestinationRefusedError, DestinationMissingError):
            return BOTH_GO_OUT
        return TAKEN_BACK

    async def _send_anew(self, old: Order) -> _Seen:
        sending = await self._sending(old)
        if isinstance(sending, str):
            raise DestinationRefusedError(sending)
        cents = await self._step(PRICE, self.shop.price(sending))
        if cents is not None and old.amount_cents is not None and cents > old.amount_cents:
            raise DestinationRefusedError(
                f"It would cost {cents / 100:.2f} instead of {old.amount_cents / 100:.2f} {old.currency} by now."
            )
        try:
            await self._step(SEND_ANEW, self.shop.send(sending, idempotency_key=self.key))
        except DestinationRefusedError:
            seen = await self._see()
            if seen.new is None:
                raise
            return seen  # it refuses what it has: an earlier try of ours did it
        return await self._see()

    async def _sending(self, old: Order) -> Sending | str:
        """What is to be sent, or why it cannot be."""
        address = read_address(self.case.action.parameters.get("new_address", ""))
        if old.stage is not OrderStage.OPEN or old.batch_id is None:
            return why_impossible(self.case.action.kind, old) or "The shop does not show what was sent."
        sending = await self.shop.read_sending(old.batch_id)
        if isinstance(sending, str):
            return sending
        return replace(sending, key=self.key, recipient=old.recipient, address=address) if address else UNREADABLE

    async def _see(self) -> _Seen:
        """Both orders as the shop shows them now, and what that tells of steps whose answer never came."""
        action_id, at = self.case.action.id, self.parts.clock.now()
        old = await refresh_order(self.parts, self.shop, self.order.external_id)
        async with self.parts.database.transaction() as conn:
            is_begun = await has_step(conn, action_id, SEND_ANEW)
        new = await self.shop.find_sent(self.key) if is_begun else None
        seen = _Seen(old, new)
        if is_begun:
            async with self.parts.database.transaction() as conn:
                await settle_steps(conn, action_id, SEND_ANEW, happened=new is not None, at=at)
                await settle_steps(conn, action_id, CANCEL_OLD, happened=seen.is_old_gone, at=at)
                await settle_steps(conn, action_id, TAKE_BACK, happened=not seen.has_new, at=at)
        return seen

    async def _step(self, name: str, doing: Awaitable[T]) -> T:
        """A process that dies in the middle leaves the step open, to be settled by whoever looks next."""
        action = self.case.action
        async with self.parts.database.transaction() as conn:
            number = await open_step(conn, action.id, name, at=self.parts.clock.now())
        try:
            result = await doing
        except DestinationError as error:
            await self._close(number, name, _outcome_of(error), detail=str(error))
            raise
        await self._close(number, name, "succeeded", made={"cents": result} if name == PRICE else None)
        return result

    async def _close(
        self,
        number: int,
        name: str,
        outcome: str,
        *,
        detail: str | None = None,
        made: Mapping[str, object] | None = None,
    ) -> None:
        action, at = self.case.action, self.parts.clock.now()
        async with self.parts.database.transaction() as conn:
            await close_step(conn, action.id, number, outcome=outcome, at=at, detail=detail, made=made)
            await audit.write(
                conn,
                actor=EXECUTOR,
                event=f"step.{outcome}",
                at=at,
                call_id=action.call_id,
                action_id=action.id,
                data={"step": name, "number": number},
            )


def _outcome_of(error: DestinationError) -> str:
    if isinstance(error, DestinationUnknownError):
        return "unknown"
    return "failed" if isinstance(error, DestinationUnavailableError) else "refused"
