"""What people of a call are told by mail: that a wish was passed on (H25), and a gift's link once more.

It may only go to an address on file. It says nothing that the caller did not say, and promises nothing but an answer.
"""

from dataclasses import dataclass

from app.core.actions import ActionKind
from app.core.handoff import Handoff
from app.core.orders import Order
from app.core.plain_text import clean_text


@dataclass(frozen=True, slots=True)
class Confirmation:
    subject: str
    text: str


def confirmation_of(handoff: Handoff) -> Confirmation | None:
    """None of every other kind: what was asked for by phone is answered by whoever takes it on."""
    if handoff.kind is not ActionKind.CHANGE_BOOKING:
        return None
    booking = handoff.details.get("booking_id")
    time = " ".join(part for part in (handoff.preferred_time, handoff.timezone) if part)
    lines = [
        "Thank you for your call. You asked us to change a booking:",
        *([f"Booking: {booking}"] if booking else []),
        *([f"The time you would like: {time}"] if time else []),
        "It is not changed yet: we let you know as soon as it is, or where something is missing.",
        "If you did not call us, please tell us so.",
    ]
    return Confirmation("We have passed on your booking request", "\n".join(lines))


def gift_link_mail(order: Order) -> Confirmation:
    """To the recipient on file alone: whoever holds the link can take the gift. The order has to show it."""
    sender = clean_text(order.sender.full_name)
    lines = [
        f"Somebody sent you a gift{f': {sender}' if sender else ''}. Here is its link once more:",
        order.gift_link or "",
        "Whoever opens it can accept the gift and says where it goes: please do not pass it on.",
        *([f"It can be accepted until {order.expires_at:%d %B %Y}."] if order.expires_at else []),
    ]
    return Confirmation("Your gift is waiting", "\n".join(lines))
