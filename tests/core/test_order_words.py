"""Where an order is and what it is worth, in words for people."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from handoff_examples import NOW, ORDER

from app.core.order_words import describe_order, money_of
from app.core.orders import OrderStage, Shipment


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, "Order WHTWW waits for its recipient to accept it. It expires on 27 November 2026."),
        ({"expires_at": NOW}, "Order WHTWW waits for its recipient to accept it. It expired on 22 November 2026."),
        ({"expires_at": None}, "Order WHTWW waits for its recipient to accept it. It does not expire."),
        ({"stage": OrderStage.ACCEPTED}, "Order WHTWW is accepted and being prepared."),
        ({"stage": OrderStage.CANCELLED}, "Order WHTWW is cancelled."),
        (
            {"stage": OrderStage.UNKNOWN, "status": "limbo"},
            "Order WHTWW is in the state 'limbo', which nobody can explain yet.",
        ),
        (
            {"stage": OrderStage.SHIPPED, "shipments": (Shipment("shipped", "UPS", eta_at=NOW + timedelta(days=2)),)},
            "Order WHTWW is on its way. The parcel is sent by UPS and expected on 24 November 2026.",
        ),
        (
            {"stage": OrderStage.SHIPPED, "shipments": (Shipment("shipped", None, shipped_at=NOW),)},
            "Order WHTWW is on its way. The parcel was shipped on 22 November 2026.",
        ),
        (
            {"stage": OrderStage.DELIVERED, "shipments": (Shipment("delivered", "UPS", delivered_at=NOW),)},
            "Order WHTWW is delivered. The parcel was delivered by UPS on 22 November 2026.",
        ),
        (
            {
                "stage": OrderStage.SHIPPED,
                "shipments": (
                    Shipment("delivered", delivered_at=NOW),
                    Shipment("pending"),
                    Shipment("tracking", "USPS"),
                ),
            },
            "Order WHTWW is on its way. It comes in 3 parcels: one was delivered on 22 November 2026; one goes by USPS.",
        ),
        (
            {"stage": OrderStage.SHIPPED, "refunded_at": NOW},
            "Order WHTWW is on its way. It was refunded on 22 November 2026.",
        ),
    ],
)
def test_where_the_order_is_in_words_for_the_caller(changes: dict[str, Any], answer: str) -> None:
    assert describe_order(replace(ORDER, **changes), NOW) == answer


@pytest.mark.parametrize(
    ("cents", "written"),
    [(7345, "73.45 USD"), (0, "0.00 USD"), (5, "0.05 USD"), (123_456_789, "1,234,567.89 USD"), (-150, "-1.50 USD")],
)
def test_money_is_written_as_people_write_it(cents: int, written: str) -> None:
    assert money_of(cents, "USD") == written
