"""A call: the normalised facts of all its deliveries, and the catalogue of fields an analysis may carry.

Reading a vendor's body is the adapter's work; what the facts mean for an order is decided by matching, identity and
policy.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from app.core.contacts import normalise_name, normalise_reference
from app.core.phrases import normalise_phrase


class CallStage(StrEnum):
    """How far a call has come. Stages only go forward: a late `initiated` does not undo a `completed`."""

    UNKNOWN = "unknown"
    INITIATED = "initiated"
    NOT_CONNECTED = "not_connected"  # hung up, busy, voicemail: nobody asked for anything
    COMPLETED = "completed"


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"


class FieldType(StrEnum):
    """What a canonical field holds once read; each is stored as a JSON string, boolean or list of strings."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"  # E.164 where possible
    MONEY = "money"  # plain decimal, two places or more, no symbol
    FLAG = "flag"
    LIST = "list"
    DATE = "date"  # ISO 8601, with offset where a time was given


T = FieldType
CANONICAL_FIELDS: Mapping[str, FieldType] = {
    # H5 - who is calling, about what
    "customer_name": T.TEXT, "customer_phone": T.PHONE, "customer_email": T.EMAIL, "caller_role": T.TEXT,
    "customer_id": T.TEXT, "recipient_name": T.TEXT, "sender_name": T.TEXT, "company": T.TEXT,
    "order_id": T.TEXT, "product": T.TEXT, "sku": T.TEXT, "booking_id": T.TEXT,
    "store": T.TEXT, "channel": T.TEXT, "location": T.TEXT,
    # H6 - what is wanted
    "requested_action": T.LIST, "delivery_status": T.TEXT, "availability_question": T.TEXT, "return_reason": T.TEXT,
    "refund_expectation": T.TEXT, "deadline": T.TEXT, "new_address": T.TEXT, "new_expiration": T.DATE,
    # H7, H9 - how much it matters
    "vip_status": T.FLAG, "order_value": T.MONEY, "loyalty_status": T.TEXT, "repeat_complaint": T.FLAG,
    "escalation_owner": T.TEXT, "risk_flags": T.LIST,
    # H10 - follow-up
    "preferred_time": T.TEXT, "timezone": T.TEXT, "promise_made": T.TEXT, "contact_channel": T.TEXT,
    "next_step": T.TEXT, "owner": T.TEXT,
    # H11 - damage
    "item": T.TEXT, "damage_description": T.TEXT, "photo_available": T.FLAG, "resolution_preference": T.TEXT,
    # H23, H24 - revenue
    "buying_signal": T.TEXT, "objection": T.TEXT,
    # H27 - changes to a record
    "consent": T.TEXT, "field_changed": T.TEXT, "old_value": T.TEXT, "new_value": T.TEXT,
    # H8 - links that a merchant's agent may collect
    "payment_link": T.TEXT, "support_link": T.TEXT, "fulfillment_link": T.TEXT,
}  # fmt: skip

FieldValue = str | bool | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said. Kept as evidence for people; no decision reads it."""

    role: str
    text: str
    start_seconds: float | None = None
    end_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    destination: str | None
    status: str | None
    destination_id: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """What is known of one DialNexa call. Absent, null and empty are one thing: not in `fields`, or None."""

    call_id: str
    stage: CallStage = CallStage.UNKNOWN
    status: str | None = None  # the vendor's word
    families: tuple[str, ...] = ()  # of the deliveries it was told by: E, U, L, REST
    direction: Direction | None = None
    from_number: str | None = None  # E.164 where possible, else as sent
    to_number: str | None = None
    agent_id: str | None = None
    started_at: datetime | None = None
    duration_seconds: float | None = None
    hangup_reason: str | None = None
    sentiment: str | None = None
    summary: str | None = None
    transcript: tuple[Turn, ...] = ()
    recording_url: str | None = None  # a pre-signed link that dies after 7 days
    transfer: Transfer | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)  # canonical name to value
    other_fields: Mapping[str, str] = field(default_factory=dict)  # sent, but unknown to the mapping: kept for people
    unread_fields: Mapping[str, str] = field(default_factory=dict)  # canonical name to why its value could not be read
    conflicts: tuple[str, ...] = ()  # canonical fields on which two deliveries of this call disagree

    @property
    def caller_number(self) -> str | None:
        """The number of the person, whoever dialled."""
        return self.to_number if self.direction is Direction.OUTBOUND else self.from_number

    def text(self, name: str) -> str | None:
        """The canonical field as text; None where absent."""
        value = self.fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool):
            return "yes" if value else "no"
        return value if isinstance(value, str) else ", ".join(value)

    def flag(self, name: str) -> bool | None:
        value = self.fields.get(name)
        return value if isinstance(value, bool) else None

    def list(self, name: str) -> tuple[str, ...]:
        value = self.fields.get(name)
        if value is None or isinstance(value, bool):
            return ()
        return (value,) if isinstance(value, str) else value


def merge(known: Call | None, news: Call) -> Call:
    """One call out of what is known and one more telling of it, by webhook or REST.

    The stage only goes forward and a later value takes the place of an earlier one; a missing value takes none. Where
    the two disagree on a field that decides, the call remembers that for ever. Telling the same again changes nothing.
    """
    if known is None:
        return news
    if known.call_id != news.call_id:
        raise ValueError("two different calls are not merged")
    is_ahead = _STAGES.index(news.stage) >= _STAGES.index(known.stage)
    disagreed = (name for name in _CONTESTED if _disagree(name, known, news))
    return Call(
        call_id=known.call_id,
        stage=news.stage if is_ahead else known.stage,
        status=_later(known.status, news.status) if is_ahead else known.status,
        families=tuple(dict.fromkeys((*known.families, *news.families))),
        direction=_later(known.direction, news.direction),
        from_number=_later(known.from_number, news.from_number),
        to_number=_later(known.to_number, news.to_number),
        agent_id=_later(known.agent_id, news.agent_id),
        started_at=_later(known.started_at, news.started_at),
        duration_seconds=_later(known.duration_seconds, news.duration_seconds),
        hangup_reason=_later(known.hangup_reason, news.hangup_reason),
        sentiment=_later(known.sentiment, news.sentiment),
        summary=_later(known.summary, news.summary),
        transcript=news.transcript or known.transcript,
        recording_url=_later(known.recording_url, news.recording_url),
        transfer=_merge_transfers(known.transfer, news.transfer),
        fields={**known.fields, **news.fields},
        other_fields={**known.other_fields, **news.other_fields},
        unread_fields=_merge_unread(known, news),
        conflicts=tuple(dict.fromkeys((*known.conflicts, *news.conflicts, *disagreed))),
    )


_STAGES = tuple(CallStage)
_Any = TypeVar("_Any")


def _later(known: _Any | None, news: _Any | None) -> _Any | None:
    return known if news is None else news


def _merge_transfers(known: Transfer | None, news: Transfer | None) -> Transfer | None:
    if known is None or news is None:
        return _later(known, news)
    return Transfer(
        destination=_later(known.destination, news.destination),
        status=_later(known.status, news.status),
        destination_id=_later(known.destination_id, news.destination_id),
    )


def _merge_unread(known: Call, news: Call) -> Mapping[str, str]:
    """A field that was read after all is unread no longer; one that cannot be read any more stays a doubt."""
    still_unread = {name: reason for name, reason in known.unread_fields.items() if name not in news.fields}
    return {**still_unread, **news.unread_fields}


def _disagree(name: str, known: Call, news: Call) -> bool:
    ours, theirs = known.fields.get(name), news.fields.get(name)
    if ours is None or theirs is None:
        return False
    normalise = _CONTESTED[name]
    return {normalise(text) for text in known.list(name)} != {normalise(text) for text in news.list(name)}


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _amount(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


# The fields on which an action hangs, with the writing in which two tellings of them are compared.
_CONTESTED: Mapping[str, Callable[[str], str]] = {
    "order_id": normalise_reference,
    "requested_action": normalise_phrase,
    "customer_email": _plain,
    "customer_phone": _plain,
    "customer_name": normalise_name,
    "caller_role": normalise_phrase,
    "new_address": normalise_phrase,
    "new_expiration": _plain,
    "order_value": _amount,
}
