"""Plausible, wholly invented gifts for the Goody twin: the same ones for the same seed and clock.

Names repeat on purpose, and with other people's e-mail addresses: real order books hold two people of one name.
"""

from datetime import datetime, timedelta

from app.sandbox.goody_catalogue import CARDS, PRODUCTS
from app.sandbox.goody_records import Recipient, Sender, TwinOrder
from app.sandbox.goody_state import CANCELLED, BatchDraft, GoodyState

FIRST_NAMES = (
    *("Alena", "Amara", "Bjørn", "Caitlin", "Catherine", "Chloe", "Daniel", "Dev", "Elena", "Elizabeth", "Farah"),
    *("Gabriel", "Hana", "Imani", "Ivan", "James", "José", "Katherine", "Kenji", "Leila", "Liam", "Maya", "Michael"),
    *("Mohammed", "Nina", "Olivia", "Priya", "Quentin", "Rosa", "Samuel", "Siobhán", "Tomasz", "Uma", "William", "Zoë"),
)
LAST_NAMES = (
    *("Abara", "Bennett", "Castillo", "Delacroix", "Eriksen", "Fournier", "García", "Hoang", "Ibrahim", "Johansson"),
    *("Kaplan", "Kowalski", "Lindqvist", "Mehta", "Müller", "Nakamura", "O'Brien", "Okafor", "Petrov", "Quispe"),
    *("Reyes", "Santos", "Smith", "Smyth", "Thompson", "Tran", "Ueda", "van den Berg", "Walsh", "Young"),
)
MAIL_DOMAINS = ("mail.example.com", "post.example.org", "inbox.example.com")
SENDERS = (
    Sender("Robin", "Ashgrove", "robin.ashgrove@harborlight.example.com"),
    Sender("Dana", "Whitlock", "dana.whitlock@brightmoor.example.org"),
    Sender("Marcus", "Feld", "marcus.feld@northquay.example.com"),
    Sender("Ines", "Carvalho", "ines.carvalho@tallpine.example.org"),
    Sender("Theo", "Lang", "theo.lang@copperfield.example.com"),
)
MESSAGES = (None, "Thank you for a wonderful year!", "Welcome to the team.", "Happy birthday from all of us.")

# Out of a hundred: most calls are about gifts on their way, so that every status has to occur in a demo's fifty orders.
STATUS_WEIGHTS = {
    "created": 8,
    "notified": 22,
    "opened": 14,
    "accepted": 6,
    "pending_payment": 4,
    "paid": 8,
    "ordered": 5,
    "shipped": 14,
    "delivered": 13,
    "failed": 6,
}
LARGEST_SEEDED_BATCH = 4
OLDEST_DAYS = 60
GIFT_LIFETIME = timedelta(weeks=10)


def seed_orders(state: GoodyState, count: int) -> list[TwinOrder]:
    """Silently: these gifts were there before anybody listened, so that no webhook tells of them."""
    made: list[TwinOrder] = []
    while len(made) < count:
        size = min(state.dice.randint(1, LARGEST_SEEDED_BATCH), count - len(made))
        made += _seed_batch(state, size)
    return made


def _seed_batch(state: GoodyState, size: int) -> list[TwinOrder]:
    dice = state.dice
    created_at = state.now() - timedelta(minutes=dice.randint(10, OLDEST_DAYS * 24 * 60))
    product, sender, message = dice.choice(PRODUCTS), dice.choice(SENDERS), dice.choice(MESSAGES)
    is_mailed = dice.random() < 0.8
    draft = BatchDraft(
        from_name=f"{sender.first_name} {sender.last_name}",
        recipients=tuple(_recipient(state, is_mailed=is_mailed) for _ in range(size)),
        lines=((product, dice.choice((1, 1, 1, 2)), product.price_cents),),
        send_method="email_and_link" if is_mailed else "link_multiple_custom_list",
        message=message,
        card_id=dice.choice(CARDS)["id"],
        expires_at=created_at + GIFT_LIFETIME if dice.random() < 0.7 else None,
    )
    batch = state.add_batch(draft, created_at=created_at, sender=sender)
    batch.send_status = "complete"
    orders = [state.add_order(batch, recipient, created_at=created_at) for recipient in batch.recipients]
    for order in orders:
        [status] = dice.choices(list(STATUS_WEIGHTS), weights=list(STATUS_WEIGHTS.values()))
        walk_silently(state, order, status)
    return orders


def walk_silently(state: GoodyState, order: TwinOrder, status: str) -> None:
    """Leaves the order as if it had come to `status` between its creation and now, without a webhook."""
    moments = _moments(order.created_at, state.now())
    if status in CANCELLED:
        state.cancel(order, status=status, at=moments[0], is_told=False)
    elif status != "created":
        state.advance(order, status, at=moments, is_told=False)


def _moments(start: datetime, end: datetime) -> list[datetime]:
    """One for each of the eight steps after creation: some hours apart, and none of them in the future."""
    return [min(start + timedelta(hours=7 * step), end) for step in range(1, 9)]


def _recipient(state: GoodyState, *, is_mailed: bool) -> Recipient:
    dice = state.dice
    first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
    has_mail = is_mailed or dice.random() < 0.4
    return Recipient(first, last if dice.random() < 0.95 else None, _email(state, first, last) if has_mail else None)


def _email(state: GoodyState, first: str, last: str) -> str:
    plain = {"ø": "o", "é": "e", "á": "a", "ë": "e", "í": "i", "ü": "u", "'": "", " ": ""}
    local = "".join(plain.get(letter, letter) for letter in f"{first}.{last}".lower())
    number = state.dice.choice(("", "", str(state.dice.randint(2, 99))))
    return f"{local}{number}@{state.dice.choice(MAIL_DOMAINS)}"
