"""The gift link is a bearer secret: whoever holds it can accept the gift. It stays out even where it was read out."""

from dataclasses import replace

from app.core.calls import FieldValue
from app.core.orders import Order
from app.core.policy import Facts

HIDDEN = "(gift link)"


def without_gift_link(facts: Facts) -> Facts:
    """The facts whose texts do not hold the order's link, with or without its scheme."""
    if facts.order is None or not facts.order.gift_link:
        return facts
    fields = {name: _hidden(value, facts.order) for name, value in facts.call.fields.items()}
    parameters = {name: hide_gift_link(value, facts.order) for name, value in facts.parameters.items()}
    return replace(facts, call=replace(facts.call, fields=fields), parameters=parameters)


def hide_gift_link(text: str, order: Order | None) -> str:
    secret = (order.gift_link or "").partition("://")[2] if order else ""
    return text.replace(secret, HIDDEN) if secret else text


def _hidden(value: FieldValue, order: Order) -> FieldValue:
    match value:
        case bool():
            return value
        case str():
            return hide_gift_link(value, order)
        case _:
            return tuple(hide_gift_link(text, order) for text in value)
