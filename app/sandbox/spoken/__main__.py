"""Prints a readable sample of synthetic orders and of calls about them, for us to judge their realism."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from app.sandbox.spoken.callers import (
    SpokenCall,
    callers,
    callers_with_a_strangers_reference,
    callers_without_orders,
)
from app.sandbox.spoken.population import SyntheticOrder, SyntheticPerson, directory, population

# A fixed moment, so that the same command prints the same sample every day.
_NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m app.sandbox.spoken", description=__doc__)
    parser.add_argument("--orders", type=int, default=20)
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    orders = list(population(asked.orders, seed=asked.seed, now=_NOW))
    few = max(1, asked.calls // 5)
    _print("Orders", map(_order_line, orders))
    _print("Directory", (f"{contact}" for contact in list(directory(orders, seed=asked.seed))[:few]))
    _print("Callers", _call_lines(callers(orders, asked.calls, seed=asked.seed, now=_NOW), orders))
    _print("Callers without orders", _call_lines(callers_without_orders(few, seed=asked.seed, now=_NOW), orders))
    strangers = callers_with_a_strangers_reference(orders, few, seed=asked.seed, now=_NOW)
    _print("Callers with a stranger's reference", _call_lines(strangers, orders))


def _print(title: str, lines: Iterable[str]) -> None:
    sys.stdout.write(f"\n== {title}\n" + "\n".join(lines) + "\n")


def _order_line(order: SyntheticOrder) -> str:
    company = f" ({order.company})" if order.company else ""
    return (
        f"{order.placed_at:%Y-%m-%d} {order.status:<9} {_who(order.sender)}{company} -> {_who(order.recipient)}: "
        f"{order.brand} {order.product}, ${order.amount_cents / 100:.2f}, {order.reference_id}"
    )


def _who(person: SyntheticPerson) -> str:
    return f"{person.first_name} {person.last_name} <{person.email}> {person.phone or 'no phone'}"


def _call_lines(calls: Iterable[SpokenCall], orders: Iterable[SyntheticOrder]) -> Iterator[str]:
    by_id = {order.order_id: order for order in orders}
    for call in calls:
        yield f"-- {call.story}, {call.direction}, {call.role}, from {call.caller_number or 'a withheld number'}"
        if call.about is not None:
            yield f"   truth: {_order_line(by_id[call.about])}"
        yield from (f"   {name}: {text}" for name, text in call.fields.items())


if __name__ == "__main__":
    main()
