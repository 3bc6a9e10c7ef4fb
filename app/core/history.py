"""What happened before an action, as counts, and what people switched off. It is read by app/db/history.py."""

from dataclasses import dataclass

MOST_COUNTED = 1_000
"""No count goes further: what has happened so often decides as if it had happened more often still."""


@dataclass(frozen=True, slots=True)
class History:
    """Other calls and other actions only, never the one that is judged. None is: cannot be known.

    The defaults are those of somebody who never called before, for whoever asks what policy would say in general.
    """

    calls_of_caller_24h: int | None = 0  # None where the number was withheld
    refused_of_caller_24h: int | None = 0  # by policy or by people
    calls_about_order_7d: int = 0
    actions_of_order_30d: int = 0
    same_kind_of_order: int = 0  # done or under way
    actions_of_contact_30d: int | None = 0  # None where nobody knows who is calling
    orders_of_sender_90d: int | None = 0  # None where no sender is known
    money_actions_today: int = 0  # cancellations and refunds that were approved, of this day in UTC
    money_moved_today_cents: int | None = 0  # None where an amount is not known, or they are of several currencies
    money_currency: str | None = None  # None where no money moved today
    kind_is_off: bool = False
    destination_is_off: bool = False


NO_HISTORY = History()
