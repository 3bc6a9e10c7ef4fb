"""All that is known about one action, read together: what the policy judges, what an approval is bound to."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.contacts import Contact
from app.core.fingerprint import Fingerprint, fingerprint
from app.core.hearing import heard_from
from app.core.history import NO_HISTORY, History
from app.core.identity import NOBODY, Identity, Role
from app.core.matching import Match, MatchOutcome
from app.core.orders import Order
from app.core.policy import Decision, Facts
from app.db.actions import ActionRecord
from app.db.calls import CallRecord, get_call
from app.db.contacts import find_contacts
from app.db.history import count_history
from app.db.orders import OrderRecord, get_order

UNMATCHED = Match(MatchOutcome.UNMATCHED, (), "none")


@dataclass(frozen=True, slots=True)
class Case:
    action: ActionRecord
    record: CallRecord
    order_record: OrderRecord | None
    match: Match
    identity: Identity
    contact: Contact | None
    history: History = NO_HISTORY

    @property
    def order(self) -> Order | None:
        return self.order_record.order if self.order_record else None

    def seeing(self, order: Order | None) -> "Case":
        """The same case with the order as just read."""
        if order is None or self.order_record is None:
            return self
        return replace(self, order_record=replace(self.order_record, order=order))

    @property
    def idempotency_key(self) -> str:
        """What every write for this action carries."""
        return f"{self.action.call_id}:{self.action.id}"

    @property
    def decision(self) -> Decision:
        if self.action.decision is None:
            raise AssertionError(f"action {self.action.id} moved on before it was decided")
        return self.action.decision

    @property
    def decided(self) -> Fingerprint:
        """What the action was decided, and perhaps approved, upon."""
        if self.action.fingerprint is None:
            raise AssertionError(f"action {self.action.id} moved on before it was decided")
        return self.action.fingerprint

    def fingerprint(self, policy_version: str, *, order: Order | None = None) -> Fingerprint:
        """Of the case as it stands, or as it would stand with the order just read."""
        return fingerprint(
            order or self.order,
            self.action.kind,
            self.action.parameters,
            policy_version=policy_version,
            match=self.match,
            identity=self.identity,
        )

    def facts(self, now: datetime) -> Facts:
        """What the policy may read of it."""
        return Facts(
            kind=self.action.kind,
            parameters=self.action.parameters,
            call=self.record.call,
            match=self.match,
            identity=self.identity,
            order=self.order,
            contact=self.contact,
            now=now,
            history=self.history,
        )


async def load_case(conn: AsyncConnection, action: ActionRecord) -> Case:
    record = await get_call(conn, action.call_id)
    order_record = await get_order(conn, action.order_id) if action.order_id is not None else None
    match, identity = _of_this_order(record, order_record)
    return Case(action, record, order_record, match, identity, await _contact_of(conn, record))


async def with_history(conn: AsyncConnection, case: Case) -> Case:
    """And what happened before it, which only a decision reads."""
    return replace(case, history=await _history_of(conn, case))


def _of_this_order(record: CallRecord, order_record: OrderRecord | None) -> tuple[Match, Identity]:
    """The call's match and identity, weakened where a later delivery points to another order than the action's."""
    match, identity = record.match or UNMATCHED, record.identity or NOBODY
    if order_record is None:
        return match, identity
    order, best = order_record.order, match.best
    if best is not None and (best.destination, best.order_id) == (order.destination, order.external_id):
        return match, identity
    return replace(match, outcome=MatchOutcome.AMBIGUOUS if match.candidates else MatchOutcome.UNMATCHED), NOBODY


async def _contact_of(conn: AsyncConnection, record: CallRecord) -> Contact | None:
    """The caller's entry in the directory, where exactly one shares what was heard: of two, either may be wrong."""
    heard = heard_from(record.call)
    contacts = await find_contacts(conn, ids=heard.contact_ids, emails=heard.emails, phones=heard.phones)
    return contacts[0] if len(contacts) == 1 else None


async def _history_of(conn: AsyncConnection, case: Case) -> History:
    action, order, role = case.action, case.order, case.identity.role
    people = {Role.SENDER: order.sender, Role.RECIPIENT: order.recipient} if order else {}
    emails = [person.email for at, person in people.items() if at is role and person.email]
    # Who asks about no order may still be known as somebody who buys.
    bought_by = list(case.contact.emails) if order is None and case.contact else emails if role is Role.SENDER else []
    return await count_history(
        conn,
        action_id=action.id,
        kind=action.kind,
        call_id=action.call_id,
        number=case.record.call.caller_number,
        order_id=action.order_id,
        destination=order.destination if order else None,
        role=role,
        emails=emails,
        sender_emails=bought_by,
    )
