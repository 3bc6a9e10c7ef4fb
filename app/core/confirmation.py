"""What a caller is told when their wish to change a booking has been passed on (H25).

It may only go to an address on file. It says nothing that the caller did not say, and promises nothing but an answer.
"""

from dataclasses import dataclass

from app.core.actions import ActionKind
from app.core.handoff import Handoff


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
