"""Retrieval: what a caller may say finds the order, and what many orders share does not drown it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.core.calls import Call
from app.core.contacts import Contact
from app.core.hearing import heard_from
from app.core.orders import Order, OrderItem, OrderStage, Person
from app.db.candidates import BY_INDEX, COUNTED_UP_TO, OF_ONE_CLUE, describe_mirror, retrieved_from, sharing_a_clue
from app.db.contacts import save_contact
from app.db.orders import find_order, key_orders, save_order
from app.db.statements import ask

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
REFERENCE = "DRKRUKB5XGWRB7VRKNZBWN5Q"
ALENA = Person("Alena", "Kenter", "alena.kenter@ongoody.example")
MORGAN = Person("Morgan", "Reed", "morgan@acmefoods.example")


def an_order(reference=REFERENCE, *, recipient=ALENA, sender=MORGAN, item="Lavender Candle", days_ago=3):
    return Order(
        destination="goody",
        external_id=f"id-{reference}",
        reference_id=reference,
        status="notified",
        stage=OrderStage.OPEN,
        recipient=recipient,
        sender=sender,
        items=(OrderItem(item, brand="Otherland"),),
        amount_cents=4_900,
        placed_at=NOW - timedelta(days=days_ago),
        gift_link="https://gifts.ongoody.example/gift/Ab12Cd34Ef",
    )


async def save(database, *orders):
    async with database.transaction() as conn:
        for order in orders:
            await save_order(conn, order, read_at=NOW)


async def retrieved(database, **said):
    async with database.transaction() as conn:
        return await find_candidates(conn, heard_from(Call("call-1", fields=said)))


async def find_candidates(conn, heard):
    _, rows = await ask(conn, BY_INDEX, sharing_a_clue(heard))
    return retrieved_from(rows)


async def found(database, **said):
    return [order.reference_id for order in (await retrieved(database, **said)).orders]


@pytest.mark.parametrize(
    "said",
    [
        {"order_id": REFERENCE},
        {"order_id": "it ends in W N 5 Q"},
        {"order_id": "it starts with D R K R U K"},
        {"order_id": REFERENCE.replace("B5X", "D5X")},  # B heard as D
        {"order_id": f"id-{REFERENCE}"},
        {"order_id": "T R K R U K B 5 X G W R B 7"},  # only the beginning, D heard as T
        {"customer_email": "alena dot kenter at on goody dot example"},
        {"customer_email": "morgan@acmefoods.example"},
        {"customer_email": "elena.kentor@ongoody.example"},  # sounds alike
        {"customer_name": "Alena Kenter"},
        {"customer_name": "Kenter, Alena"},
        {"customer_name": "Elena Kentor"},
        {"recipient_name": "Alena Kenter"},
        {"sender_name": "Morgan Read"},
        {"customer_name": "Alena", "company": "Acme Foods Inc."},
        {"customer_name": "Morgan", "recipient_name": "Alena", "product": "candles"},
        {"support_link": "https://gifts.ongoody.example/gift/Ab12Cd34Ef"},
    ],
    ids=lambda said: ", ".join(said.values()),
)
async def test_what_a_caller_may_say_finds_the_order(database, said):
    await save(
        database,
        an_order(),
        an_order(
            "ZQLPUKB5XGWRB7VRKNZBMMMM",
            recipient=Person("Bo", "Lind", "bo@x.example"),
            sender=Person("Ida", "Moe", "ida@y.example"),
            item="Tea",
        ),
    )
    assert REFERENCE in await found(database, **said)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"product": "candle"},
        {"customer_name": "Alena"},
        {"company": "Acme Foods"},
        {"order_value": "49"},
        {"customer_name": "Bo Lind", "product": "candle"},
        {"order_id": "QQQQ1111WWWW2222LLLL7777"},
    ],
    ids=lambda said: ", ".join(said.values()) or "nothing",
)
async def test_what_thousands_share_finds_nothing_by_itself(database, said):
    await save(database, an_order())
    assert await found(database, **said) == []


async def test_the_right_gift_of_a_batch_of_hundreds_is_found_by_its_recipient(database):
    batch = [
        an_order(
            f"{number:04d}UKB5XGWRB7VRKNZB0000", recipient=Person("Rae", f"Unlike{number}", f"r{number}@z.example")
        )
        for number in range(300)
    ]
    await save(database, *batch, an_order(days_ago=30))
    everything = await retrieved(database, customer_email=MORGAN.email, recipient_name="Alena Kenter")
    assert REFERENCE in [order.reference_id for order in everything.orders]
    assert len(everything.orders) <= 3 * OF_ONE_CLUE


async def test_the_right_one_of_many_namesakes_is_found_by_what_else_was_said(database):
    namesakes = [
        an_order(
            f"{number:04d}UKB5XGWRB7VRKNZB0000",
            recipient=Person("Alena", "Kenter", f"a{number}@z.example"),
            sender=Person("Ida", f"Unlike{number}", f"i{number}@z.example"),
            item="Tea",
        )
        for number in range(100)
    ]
    await save(database, *namesakes, an_order(days_ago=200))
    everything = await retrieved(database, customer_name="Alena Kenter", product="candle")
    assert REFERENCE in [order.reference_id for order in everything.orders]
    assert everything.alike == 101
    assert REFERENCE in await found(database, customer_name="Alena Kenter", sender_name="Morgan Reed")
    assert REFERENCE in await found(database, customer_name="Alena Kenter", order_id="ends in WN5Q")


async def test_an_order_that_an_older_version_keyed_is_keyed_anew(database):
    await save(database, an_order())
    async with database.transaction() as conn:
        await conn.execute(text("UPDATE orders SET keys = '{}', reference_sound = '', moved_at = NULL, keyed_by = 0"))
    assert await found(database, customer_name="Alena Kenter") == []
    async with database.transaction() as conn:
        assert await key_orders(conn, most=10) == 1
        assert await key_orders(conn, most=10) == 0
        assert (await find_order(conn, "goody", f"id-{REFERENCE}")).order == an_order()
    assert await found(database, customer_name="Alena Kenter") == [REFERENCE]


@pytest.mark.parametrize(
    "said", [{"customer_phone": "+12137771230"}, {"customer_email": "home@alena.example"}, {"customer_id": "c-1"}]
)
async def test_an_order_is_found_by_another_address_of_whom_the_directory_knows(database, said):
    await save(database, an_order(), an_order("QQQQRUKB5XGWRB7VRKNZBWN5", recipient=MORGAN))
    known = Contact("c-1", emails=("home@alena.example", ALENA.email), phones=("+12137771230",))
    async with database.transaction() as conn:
        await save_contact(conn, known, origin="import")
    assert await found(database, **said) == [REFERENCE]


@pytest.mark.parametrize("orders", [COUNTED_UP_TO // 10, COUNTED_UP_TO * 3])
async def test_how_many_orders_there_are_is_known_by_counting_and_by_estimating(database, orders):
    async with database.transaction() as conn:
        await conn.execute(
            text("""
                INSERT INTO orders (destination, external_id, reference_id, reference_key, status, stage,
                    recipient_name_key, sender_name_key, facts, read_at, moved_at)
                SELECT 'goody', n, n, n, 'notified', 'open', '', '', '{}', :now,
                    CAST(:now AS timestamptz) - n * interval '1 day' * 400 / :orders
                FROM generate_series(1, :orders) AS n
            """),
            {"now": NOW, "orders": orders},
        )
        await conn.execute(text("ANALYZE orders"))
        nothing = await find_candidates(conn, heard_from(Call("call-1")))
        mirror = await describe_mirror(conn, nothing, now=NOW)
    assert mirror.orders == pytest.approx(orders, rel=0.02)
    assert mirror.week + mirror.recent == pytest.approx(orders * 30 / 400, rel=0.1)
    assert mirror.months == pytest.approx(orders * 90 / 400, rel=0.1)
