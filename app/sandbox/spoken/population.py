"""Synthetic orders over two years, and the merchant's directory of a part of their people.

A longer population begins with a shorter one of the same seed: no order depends on how many follow.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from app.sandbox.spoken.catalogue import Gift, gifts
from app.sandbox.spoken.companies import Company, founded_company
from app.sandbox.spoken.drawing import Drawn, happens, picked, random_signs
from app.sandbox.spoken.people import People, SyntheticPerson, second_email, second_phone
from app.sandbox.spoken.surnames import surnames

__all__ = ["SyntheticContact", "SyntheticOrder", "SyntheticPerson", "directory", "population"]

REFERENCE_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
REFERENCE_LENGTH = 24
_LINK_LETTERS = REFERENCE_LETTERS + "abcdefghijklmnopqrstuvwxyz"
GIFT_LINK = "https://gifts.ongoody.com/gift/"

# About one purchase in fifty is a company's, and half of all orders come from those.
_COMPANY_SHARE = 0.02
_SMALLEST_BATCH, _LARGEST_BATCH = 10, 5_000
_BATCH_TAIL = 1.2  # Pareto: most batches a dozen or two, a few of thousands
_KNOWN_COMPANY_SHARE = 0.6
_KNOWN_CLERK_SHARE = 0.8
_OWN_STAFF_SHARE = 0.6  # the others go to customers and leads, at their private or their own firm's addresses
_KNOWN_RECIPIENT_SHARE = 0.35

_KNOWN_SENDER_SHARE = 0.3  # whoever sent a gift sends again; drawing from past orders lets some become heavy senders
_KNOWN_ONE_SHARE = 0.2
_RELATIVE_SHARE = 0.15
_SELF_SHARE = 0.01
_REMEMBERED = 50_000  # bounds memory: who is forgotten just never orders again

_DAYS = 730
_DENSER_LATELY = 1.6  # age = two years * chance ** this: half of all orders in the last third
_EDITED_PRICE_SHARE = 0.3  # shipping or tax on top
_EXTRA_CENTS = (499, 599, 700, 800, 1000, 1200)

# Days of age up to which a row holds, and how the statuses of such orders divide.
_STATUS_BY_AGE: tuple[tuple[float, Drawn[str]], ...] = (
    (1, Drawn([("created", 20), ("notified", 40), ("opened", 20), ("accepted", 14), ("ordered", 5), ("canceled", 1)])),
    (4, Drawn([("notified", 25), ("opened", 25), ("accepted", 22), ("ordered", 16), ("shipped", 10), ("canceled", 2)])),
    (12, Drawn([("notified", 14), ("opened", 13), ("accepted", 8), ("ordered", 12), ("shipped", 32), ("delivered", 18),
                ("canceled", 3)])),
    (45, Drawn([("notified", 10), ("opened", 7), ("accepted", 2), ("shipped", 8), ("delivered", 69), ("canceled", 3),
                ("failed", 1)])),
    (_DAYS + 1, Drawn([("notified", 7), ("opened", 4), ("shipped", 1), ("delivered", 84), ("canceled", 3), ("failed",
    1)])),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SyntheticOrder:
    """One gift, with the truth of who sent and who gets it. As at the shop, every order belongs to a batch."""

    order_id: str
    reference_id: str
    sender: SyntheticPerson
    recipient: SyntheticPerson
    company: str | None
    product: str
    brand: str | None
    amount_cents: int
    placed_at: datetime
    status: str
    batch_id: str | None
    gift_link: str


@dataclass(frozen=True, slots=True)
class SyntheticContact:
    """A line of the merchant's own directory, which may be out of date."""

    contact_id: str
    names: tuple[str, ...]
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    tier: str | None


def population(orders: int, *, seed: int, now: datetime) -> Iterator[SyntheticOrder]:
    shop = _Shop(Random(f"population {seed}"), now)
    written = 0
    while written < orders:
        for order in shop.purchase():
            if written < orders:
                yield order
            written += 1


class _Shop:
    """Remembers who bought before, so that people and companies come back."""

    def __init__(self, dice: Random, now: datetime) -> None:
        self._dice = dice
        self._now = now
        self._people = People(dice)
        self._companies: list[Company] = []
        self._senders: list[SyntheticPerson] = []
        self._recipients: list[SyntheticPerson] = []

    def purchase(self) -> Iterator[SyntheticOrder]:
        if happens(_COMPANY_SHARE, self._dice):
            yield from self._batch()
        else:
            yield self._single()

    def _single(self) -> SyntheticOrder:
        sender = self._known_or_new(self._senders, _KNOWN_SENDER_SHARE)
        kind = self._dice.random()
        if kind < _SELF_SHARE:
            recipient = sender
        elif kind < _SELF_SHARE + _RELATIVE_SHARE:
            recipient = self._people.relative(sender)
        else:
            recipient = self._known_or_new(self._recipients, _KNOWN_ONE_SHARE)
        self._remember(self._senders, sender)
        self._remember(self._recipients, recipient)
        return self._order(sender, recipient, None, gifts().draw(self._dice), self._moment(), self._uuid())

    def _batch(self) -> Iterator[SyntheticOrder]:
        dice = self._dice
        company = self._company()
        clerk = self._clerk(company)
        gift, moment, batch_id = gifts().draw(dice), self._moment(), self._uuid()
        size = min(_LARGEST_BATCH, int(_SMALLEST_BATCH / (1 - dice.random()) ** (1 / _BATCH_TAIL)))
        to_staff = happens(_OWN_STAFF_SHARE, dice)
        seen: set[str] = set()
        for _ in range(size):
            recipient = self._recipient_of(company, to_staff=to_staff)
            if recipient.email in seen:  # nobody is in a batch twice
                recipient = self._new_recipient_of(company, to_staff=to_staff)
            seen.add(recipient.email)
            yield self._order(clerk, recipient, company.name, gift, moment, batch_id)

    def _company(self) -> Company:
        if self._companies and happens(_KNOWN_COMPANY_SHARE, self._dice):
            return picked(self._companies, self._dice)
        self._companies.append(founded_company(self._dice))
        return self._companies[-1]

    def _clerk(self, company: Company) -> SyntheticPerson:
        if company.clerks and happens(_KNOWN_CLERK_SHARE, self._dice):
            return picked(company.clerks, self._dice)
        company.clerks.append(self._people.employee(company))
        return company.clerks[-1]

    def _recipient_of(self, company: Company, *, to_staff: bool) -> SyntheticPerson:
        if to_staff and company.roster and happens(_KNOWN_RECIPIENT_SHARE, self._dice):
            return picked(company.roster, self._dice)
        return self._new_recipient_of(company, to_staff=to_staff)

    def _new_recipient_of(self, company: Company, *, to_staff: bool) -> SyntheticPerson:
        if not to_staff:
            return self._people.somebody()
        recipient = self._people.employee(company)
        self._remember(company.roster, recipient)
        return recipient

    def _known_or_new(self, known: list[SyntheticPerson], share: float) -> SyntheticPerson:
        if known and happens(share, self._dice):
            return picked(known, self._dice)
        return self._people.somebody()

    def _remember(self, known: list[SyntheticPerson], person: SyntheticPerson) -> None:
        if len(known) < _REMEMBERED:
            known.append(person)
        else:
            known[int(self._dice.random() * _REMEMBERED)] = person

    def _order(
        self,
        sender: SyntheticPerson,
        recipient: SyntheticPerson,
        company: str | None,
        gift: Gift,
        moment: datetime,
        batch_id: str,
    ) -> SyntheticOrder:
        dice = self._dice
        extra = picked(_EXTRA_CENTS, dice) if happens(_EDITED_PRICE_SHARE, dice) else 0
        return SyntheticOrder(
            order_id=self._uuid(),
            reference_id=reference_id(dice),
            sender=sender,
            recipient=recipient,
            company=company,
            product=gift.name,
            brand=gift.brand,
            amount_cents=gift.price_cents + extra,
            placed_at=moment,
            status=self._status(moment),
            batch_id=batch_id,
            gift_link=GIFT_LINK + random_signs(_LINK_LETTERS, REFERENCE_LENGTH, dice),
        )

    def _moment(self) -> datetime:
        age_days = _DAYS * self._dice.random() ** _DENSER_LATELY
        return (self._now - timedelta(days=age_days)).replace(microsecond=0)

    def _status(self, placed_at: datetime) -> str:
        age_days = (self._now - placed_at).total_seconds() / 86_400
        for days, statuses in _STATUS_BY_AGE:
            if age_days <= days:
                return statuses.draw(self._dice)
        return "delivered"

    def _uuid(self) -> str:
        return random_uuid(self._dice)


# The merchant's directory knows two of five people, and not all of it is still true.
_IN_DIRECTORY_SHARE = 0.40
_OUTDATED_SHARE = 0.08
_SECOND_PHONE_SHARE = 0.12
_SECOND_EMAIL_SHARE = 0.12
_FORMER_NAME_SHARE = 0.02
_TIERS: Drawn[str | None] = Drawn([(None, 82.0), ("silver", 9.0), ("gold", 6.0), ("vip", 3.0)])


def directory(orders: Iterable[SyntheticOrder], *, seed: int) -> Iterator[SyntheticContact]:
    """Part of the people of these orders, each once; some with a second or a former phone, address or name."""
    dice = Random(f"directory {seed}")
    former = People(Random(f"former numbers {seed}"), "spare")
    seen: set[str] = set()
    for order in orders:
        for person in (order.sender, order.recipient):
            if person.email not in seen:
                seen.add(person.email)
                if happens(_IN_DIRECTORY_SHARE, dice):
                    yield _contact(person, former, dice)


def _contact(person: SyntheticPerson, former: People, dice: Random) -> SyntheticContact:
    names = [f"{person.first_name} {person.last_name}"]
    if happens(_FORMER_NAME_SHARE, dice):
        names.append(f"{person.first_name} {surnames().draw(dice).text}")
    emails, phones = [person.email], [] if person.phone is None else [person.phone]
    if happens(_SECOND_EMAIL_SHARE, dice):
        emails.append(second_email(person))
    if happens(_SECOND_PHONE_SHARE, dice):
        phones.append(second_phone(person))
    if happens(_OUTDATED_SHARE, dice):
        phones = [former.any_phone()]
    return SyntheticContact(random_uuid(dice), tuple(names), tuple(emails), tuple(phones), _TIERS.draw(dice))


def reference_id(dice: Random) -> str:
    return random_signs(REFERENCE_LETTERS, REFERENCE_LENGTH, dice)


def random_uuid(dice: Random) -> str:
    """Version 4, written out by hand: `uuid.UUID` would be a tenth of the whole."""
    digits = f"{dice.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
