"""The prepared text for the person who does by hand, at the shop's support, what its API cannot."""

from collections.abc import Mapping

from app.core.actions import ActionKind, shop_name, why_impossible
from app.core.gift_links import hide_gift_link
from app.core.orders import Order, OrderStage
from app.core.plain_text import clean_text, label
from app.core.wishes import WANTS


def assistance_summary(
    kind: ActionKind, order: Order | None, parameters: Mapping[str, str], *, tried: str | None = None
) -> str:
    """The prepared text for the person who does it at the shop's support; without the link that takes the gift.

    `tried` is how the attempt ended that led to it, where there was one.
    """
    lines = [_opening(kind, order)]
    if order:
        known = {
            "Order": f"{order.reference_id} (id {order.external_id}), status {order.status}",
            "Sender": order.sender.full_name,
            "Recipient": order.recipient.full_name,
            "Items": "; ".join(f"{item.quantity} x {item.name}" for item in order.items),
        }
        lines += [f"{name}: {clean_text(value)}" for name, value in known.items() if value]
    said = {name: clean_text(hide_gift_link(value, order)) for name, value in parameters.items()}
    lines += [f"{label(name)}: {value}" for name, value in said.items() if value]
    why = why_impossible(kind, order) if order else None
    if why:
        lines.append(f"Why by hand: {why}")
    if tried:
        lines.append(f"What the attempt showed: {clean_text(hide_gift_link(tried, order))}")
    return "\n".join(lines)


def _opening(kind: ActionKind, order: Order | None) -> str:
    shop = shop_name(order.destination) if order else "the shop"
    if order and order.stage is OrderStage.OPEN and kind in {ActionKind.CHANGE_ADDRESS, ActionKind.RESEND_GIFT_LINK}:
        link = (
            "Send the gift's link again, to the recipient's address on file and to no other: "
            "whoever accepts the gift enters where it goes."
        )
        if kind is ActionKind.RESEND_GIFT_LINK:
            return link
        return f"{link} Where nobody enters it (a direct send), {shop} support has to change it."
    return f"To {shop} support: a customer {WANTS[kind]}."
