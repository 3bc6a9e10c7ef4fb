"""What each kind of action looks at and does: a deed is looked at before and after it is done, and when in doubt.

A deed knows no status and no policy; services/execute.py decides when it may be done, core/execution.py what its
answers mean. Kinds of one write stand here; what takes several is in services/new_address.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from app.core.actions import ActionKind, is_fulfilled, read_time, why_impossible
from app.core.confirmation import gift_link_mail
from app.core.contacts import normalise_email
from app.core.execution import Sight
from app.core.orders import Order, Person
from app.core.sendings import Sending
from app.db import audit
from app.db.actions import find_made_webhook, list_attempts
from app.db.reviews import find_last_review, list_approvals
from app.errors import DestinationRefusedError
from app.ports.commerce import Commerce
from app.services.case import Case
from app.services.mirror import refresh_order
from app.services.new_address import NewAddress
from app.services.parts import EXECUTOR, Parts

K = ActionKind


class Deed(Protocol):
    """`look` raises what reads at a shop raise, `act` what writes there do (app/ports/commerce.py)."""

    async def look(self) -> Sight: ...

    async def act(self) -> None: ...


def deed_of(parts: Parts, case: Case) -> Deed | None:
    """None where a person has to do it: no shop here can, or no order is tied to the call."""
    kind, order = case.action.kind, case.order
    if order is None:
        able = [shop for shop in parts.shops.values() if kind in shop.abilities]
        makes = _MADE_OF_NOTHING.get(kind)
        return makes(parts, able[0], case) if makes and able else None
    shop = parts.shops.get(order.destination)
    if shop is None:
        return None
    if kind is K.RESEND_GIFT_LINK:
        return GiftLinkAgain(parts, shop, case, order) if parts.caller_mail else None
    if kind not in shop.abilities:
        return None
    return NewAddress(parts, shop, case, order) if kind is K.CHANGE_ADDRESS else OneOrder(parts, shop, case, order)


@dataclass(slots=True)
class OneOrder:
    """Cancel, refund (which before acceptance is a cancellation), extend, or only read."""

    parts: Parts
    shop: Commerce
    case: Case
    order: Order

    async def look(self) -> Sight:
        kind, parameters = self.case.action.kind, self.case.action.parameters
        order = await refresh_order(self.parts, self.shop, self.order.external_id)
        return Sight(order, is_fulfilled(kind, parameters, order), hindrance=why_impossible(kind, order))

    async def act(self) -> None:
        kind, key = self.case.action.kind, self.case.idempotency_key
        if kind in {K.CANCEL_ORDER, K.REFUND_ORDER}:
            await self.shop.cancel_order(self.order.external_id, idempotency_key=key)
        elif kind is K.EXTEND_EXPIRATION:
            until = read_time(self.case.action.parameters["new_expiration"])
            if until is None:
                raise DestinationRefusedError("new_expiration is not a time that a shop could be given")
            await self.shop.extend_expiration(self.order.external_id, until, idempotency_key=key)
        else:
            raise AssertionError(f"{kind} is among a shop's abilities but has no act")


@dataclass(slots=True)
class GiftLinkAgain:
    """Mails the link to the recipient on file, never to an address given in the call. No read shows a mail."""

    parts: Parts
    shop: Commerce
    case: Case
    order: Order

    async def look(self) -> Sight:
        kind = self.case.action.kind
        order = await refresh_order(self.parts, self.shop, self.order.external_id)
        self.order = order
        done = is_fulfilled(kind, {}, order)
        return Sight(order, done, hindrance=why_impossible(kind, order), is_readable=False)

    async def act(self) -> None:
        order = self.order
        if self.parts.caller_mail is None or order.recipient.email is None or order.gift_link is None:
            raise DestinationRefusedError("no mail is configured, or the shop shows no link or no e-mail")
        await self.parts.caller_mail.send_word(
            order.recipient.email,
            gift_link_mail(order),
            message_id=str(self.case.action.id),  # whoever gets it twice sees one
            at=self.parts.clock.now(),
        )


@dataclass(slots=True)
class SendOrder:
    """A gift for the caller. The call id is its key, so that a shop that has made it refuses a second one."""

    parts: Parts
    shop: Commerce
    case: Case
    is_tried: bool = field(default=False)

    async def look(self) -> Sight:
        """All that was ever sent is read through only where something of ours may be among it."""
        sent = await self.shop.find_sent(self.case.action.call_id) if await self._may_be_there() else None
        if sent is not None:
            made = {"batch_id": sent.batch_id, "order_id": sent.order_id}
            return Sight(is_fulfilled=True, is_ours=True, made=made)
        return Sight(hindrance=self._hindrance())

    async def act(self) -> None:
        said = self.case.action.parameters
        line = None
        for wanted in (said.get("sku"), said.get("product")):
            line = line or (await self.shop.find_product(wanted) if wanted else None)
        if line is None:
            raise DestinationRefusedError("The shop has no single product of that name with a fixed price.")
        first, _, last = said["customer_name"].strip().partition(" ")
        recipient = Person(first, last or None, normalise_email(said["customer_email"]))
        key = self.case.action.call_id
        sending = Sending(key, from_name=said["customer_name"].strip(), recipient=recipient, lines=(line,))
        self.is_tried = True
        await self.shop.send(sending, idempotency_key=self.case.idempotency_key)

    async def _may_be_there(self) -> bool:
        async with self.parts.database.transaction() as conn:
            attempts = (await list_attempts(conn, [self.case.action.id]))[self.case.action.id]
        return self.is_tried or any(attempt.outcome is not None for attempt in attempts)

    def _hindrance(self) -> str | None:
        said = self.case.action.parameters
        if not said.get("customer_name", "").strip() or normalise_email(said.get("customer_email", "")) is None:
            return "The name or the e-mail of whom it is for is missing."
        if not said.get("sku") and not said.get("product"):
            return "Nobody said which product."
        return None


@dataclass(slots=True)
class CreateWebhook:
    """No read shows endpoints, so the answer alone tells, and one that is lost is a person's to settle."""

    parts: Parts
    shop: Commerce
    case: Case
    made: dict[str, str | None] | None = field(default=None)

    async def look(self) -> Sight:
        url = self.case.action.parameters.get("new_value", "")
        hindrance = None if url.startswith("https://") else "The address to post to has to begin with https://."
        return Sight(is_fulfilled=self.made is not None, hindrance=hindrance, is_readable=False, made=self.made)

    async def act(self) -> None:
        said = self.case.action.parameters
        url, events = said["new_value"], said.get("events", "")
        names = tuple(name.strip() for name in events.split(",") if name.strip())
        made = await self.shop.create_webhook(url, names, idempotency_key=self.case.idempotency_key)
        self.made = {"webhook_id": made, "url": url, "events": events}


@dataclass(slots=True)
class DeleteWebhook:
    """Only of an endpoint that we made ourselves: of no other one do we know how to make it again (H15)."""

    parts: Parts
    shop: Commerce
    case: Case
    is_deleted: bool = field(default=False)
    made: Mapping[str, str | None] | None = field(default=None)

    async def look(self) -> Sight:
        """The way back is read, and kept with the attempt, before anything is deleted."""
        wanted = self.case.action.parameters.get("old_value", "").strip()
        async with self.parts.database.transaction() as conn:
            self.made = await find_made_webhook(conn, wanted)
        hindrance = None if self.made else "It is none of those made here, so that nothing tells how to bring it back."
        return Sight(is_fulfilled=self.is_deleted, hindrance=hindrance, is_readable=False, made=self.made)

    async def act(self) -> None:
        made = self.made
        if made is None or made["webhook_id"] is None:
            raise DestinationRefusedError("the way back is not known")
        await self._capture(made)
        await self.shop.delete_webhook(made["webhook_id"], idempotency_key=self.case.idempotency_key)
        self.is_deleted = True

    async def _capture(self, way_back: Mapping[str, str | None]) -> None:
        """Who is calling, who approved and why, and how to make it again: on record before anything is deleted."""
        action, identity = self.case.action, self.case.identity
        async with self.parts.database.transaction() as conn:
            review = await find_last_review(conn, action.id)
            approvals = (await list_approvals(conn, [review.id]))[review.id] if review else []
            await audit.write(
                conn,
                actor=EXECUTOR,
                event="webhook.way_back_kept",
                at=self.parts.clock.now(),
                call_id=action.call_id,
                action_id=action.id,
                data={
                    "way_back": dict(way_back),
                    "role": identity.role,
                    "confidence": round(identity.confidence, 6),
                    "approved": [{"by": each.approved_by, "reason_code": each.reason_code} for each in approvals],
                },
            )


_MADE_OF_NOTHING = {K.SEND_ORDER: SendOrder, K.CREATE_WEBHOOK: CreateWebhook, K.DELETE_WEBHOOK: DeleteWebhook}
