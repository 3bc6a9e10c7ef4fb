"""Tell a caller that their wish was passed on (H25): by mail, to the address on file and to no other."""

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.confirmation import confirmation_of
from app.core.routing import CALLER, TO_CALLER
from app.db.actions import get_action
from app.db.handoffs import HandoffRecord
from app.db.notifications import insert_notification
from app.errors import DestinationMissingError
from app.services.case import load_case
from app.services.parts import Parts
from app.services.schedule import schedule_notification


async def stage_confirmation(conn: AsyncConnection, parts: Parts, record: HandoffRecord) -> None:
    """In the transaction that writes the handoff, where the deployment wants it and an address is on file."""
    if not parts.routing.confirms_to_callers or confirmation_of(record.handoff) is None:
        return
    if await _find_address(conn, record) is None:
        return
    staged = await insert_notification(
        conn, handoff_id=record.id, team=CALLER, channel=TO_CALLER.name, at=parts.clock.now()
    )
    if staged is not None:
        await schedule_notification(conn, staged)


async def send_confirmation(parts: Parts, record: HandoffRecord, *, message_id: str) -> None:
    """Raises a DestinationError, as the port says. The address is read now and kept nowhere."""
    async with parts.database.transaction() as conn:
        address = await _find_address(conn, record)
    confirmation = confirmation_of(record.handoff)
    if parts.caller_mail is None or address is None or confirmation is None:
        raise DestinationMissingError("no mail is configured, or no address is on file any more")
    await parts.caller_mail.send_word(address, confirmation, message_id=message_id, at=record.created_at)


async def _find_address(conn: AsyncConnection, record: HandoffRecord) -> str | None:
    """Of the one contact that shares what was heard: the e-mail that was said where it is on file, else the first."""
    case = await load_case(conn, await get_action(conn, record.action_id))
    if case.contact is None or not case.contact.emails:
        return None
    said = case.record.call.text("customer_email")
    return said if said in case.contact.emails else case.contact.emails[0]
