"""Where an order is and what it is worth, in words for people; never its gift link, which is a bearer secret."""

from datetime import UTC, datetime

from app.core.orders import Order, OrderStage, Shipment
from app.core.plain_text import clean_text


def describe_order(order: Order, now: datetime) -> str:
    """Where the order is, in one to three short sentences that may be read to the caller."""
    match order.stage:
        case OrderStage.OPEN:
            told = f"waits for its recipient to accept it. {_expiry_sentence(order, now)}"
        case OrderStage.ACCEPTED:
            told = f"is accepted and being prepared. {_shipments_sentence(order)}"
        case OrderStage.SHIPPED:
            told = f"is on its way. {_shipments_sentence(order)}"
        case OrderStage.DELIVERED:
            told = f"is delivered. {_shipments_sentence(order)}"
        case OrderStage.CANCELLED:
            told = "is cancelled."
        case OrderStage.UNKNOWN:
            told = f"is in the state '{clean_text(order.status)}', which nobody can explain yet."
    refund = f"It was refunded on {day_of(order.refunded_at)}." if order.refunded_at else ""
    return " ".join(f"Order {clean_text(order.reference_id)} {told} {refund}".split())


def money_of(cents: int, currency: str) -> str:
    """An amount as people write it: "73.45 USD"."""
    sign, whole = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{whole // 100:,}.{whole % 100:02d} {clean_text(currency, 8)}"


def day_of(moment: datetime) -> str:
    """A date as people say it, in UTC, which is what the shop keeps."""
    day = moment.astimezone(UTC)
    return f"{day.day} {day:%B %Y}"


def _expiry_sentence(order: Order, now: datetime) -> str:
    if order.expires_at is None:
        return "It does not expire."
    return f"It {'expired' if order.expires_at <= now else 'expires'} on {day_of(order.expires_at)}."


def _shipments_sentence(order: Order) -> str:
    """The last parcel decides when all is there; how many there are is said where it is more than one."""
    sentences = [_shipment_words(shipment) for shipment in order.shipments]
    told = [sentence for sentence in sentences if sentence]
    if not told:
        return ""
    if len(order.shipments) == 1:
        return f"The parcel {told[0]}."
    return f"It comes in {len(order.shipments)} parcels: " + "; ".join(f"one {each}" for each in told[:3]) + "."


def _shipment_words(shipment: Shipment) -> str:
    by = f" by {clean_text(shipment.carrier, 60)}" if shipment.carrier else ""
    if shipment.delivered_at:
        return f"was delivered{by} on {day_of(shipment.delivered_at)}"
    if shipment.eta_at:
        return f"is sent{by} and expected on {day_of(shipment.eta_at)}"
    if shipment.shipped_at:
        return f"was shipped{by} on {day_of(shipment.shipped_at)}"
    return f"goes{by}" if by else ""
