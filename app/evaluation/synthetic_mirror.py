"""A mirror and a directory filled with synthetic orders, as large as asked, in a database of its own.

Filled once for each size and seed, and kept: a million orders take minutes to load.
"""

import json
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import make_url

from app.adapters.goody.payloads import DESTINATION, STAGES
from app.core import keys
from app.core.comparing import last_moved_at
from app.core.confusion import sound_of
from app.core.contacts import normalise_name, normalise_reference
from app.core.keys import keys_of
from app.core.orders import Order, OrderItem, OrderStage, Person
from app.db.embedded import EmbeddedPostgres
from app.db.facts import dump
from app.db.migrate import migrate
from app.sandbox.spoken.population import SyntheticOrder, SyntheticPerson, directory, population

# All ages are counted from here, so that a run today and one next year see the same.
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CHUNK = 2_000
WORKERS = 2
TELLING = 20  # first orders: a generator that changed makes others


@dataclass(frozen=True, slots=True)
class SyntheticMirror:
    """Where the orders are, and every so many of them for callers to call about."""

    url: str
    orders: int
    sample: tuple[SyntheticOrder, ...]


@contextmanager
def synthetic_mirrors(folder: Path) -> Iterator["Mirrors"]:
    """The cluster that keeps them, below a folder of the deployment's data."""
    with EmbeddedPostgres(folder) as postgres:
        yield Mirrors(postgres, folder)


class Mirrors:
    """Opens a mirror of any size; one that was filled before is taken as it is."""

    def __init__(self, postgres: EmbeddedPostgres, folder: Path) -> None:
        self._template = postgres.start()
        self._superuser = postgres.superuser_dsn()
        self._folder = folder
        migrate(self._template)

    def open(self, orders: int, *, seed: int, sampled: int) -> SyntheticMirror:
        """About `sampled` orders are given back, evenly spread over all."""
        name = f"synthetic_{orders}_{seed}_{keys.VERSION}"
        url, kept = self._url(name), self._folder / f"{name}_{sampled}.sample"
        with psycopg.connect(self._superuser, autocommit=True) as admin:
            if not (kept.exists() and _exists(admin, name) and _is_of_this_generator(url, orders, seed)):
                draft = f"{name}_draft"
                admin.execute(f"DROP DATABASE IF EXISTS {draft}")  # one that was left half filled
                admin.execute(f"CREATE DATABASE {draft} TEMPLATE handoff OWNER handoff")
                sample = _fill(self._url(draft), orders, seed, step=max(1, orders // sampled))
                kept.write_bytes(pickle.dumps(sample))
                admin.execute(f"DROP DATABASE IF EXISTS {name}")
                admin.execute(f"ALTER DATABASE {draft} RENAME TO {name}")
        return SyntheticMirror(url, orders, pickle.loads(kept.read_bytes()))  # noqa: S301 (written above, by ourselves)

    def _url(self, name: str) -> str:
        return make_url(self._template).set(database=name).render_as_string(hide_password=False)


def _exists(admin: psycopg.Connection, name: str) -> bool:
    return admin.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _is_of_this_generator(url: str, orders: int, seed: int) -> bool:
    ids = [order.order_id for order in islice(population(orders, seed=seed, now=NOW), TELLING)]
    with psycopg.connect(_dsn(url)) as conn:
        query = "SELECT count(*) FROM orders WHERE external_id = ANY(%s)"
        return conn.execute(query, [ids]).fetchone() == (len(ids),)


def _dsn(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def order_of(synthetic: SyntheticOrder) -> Order:
    """The order as the shop would show it."""
    return Order(
        destination=DESTINATION,
        external_id=synthetic.order_id,
        reference_id=synthetic.reference_id,
        status=synthetic.status,
        stage=STAGES.get(synthetic.status, OrderStage.UNKNOWN),
        recipient=_person(synthetic.recipient),
        sender=_person(synthetic.sender),
        items=(OrderItem(synthetic.product, synthetic.brand),),
        amount_cents=synthetic.amount_cents,
        placed_at=synthetic.placed_at,
        batch_id=synthetic.batch_id,
        gift_link=synthetic.gift_link,
    )


def _person(synthetic: SyntheticPerson) -> Person:
    return Person(synthetic.first_name, synthetic.last_name, synthetic.email)


ORDER_COLUMNS = (
    "destination", "external_id", "reference_id", "reference_key", "status", "stage", "recipient_email", "sender_email",
    "recipient_name_key", "sender_name_key", "facts", "read_at", "moved_at", "reference_sound", "keys", "keyed_by",
)  # fmt: skip


def _row(order: Order) -> tuple[object, ...]:
    reference = normalise_reference(order.reference_id)
    return (
        order.destination, order.external_id, order.reference_id, reference, order.status, order.stage,
        order.recipient.email, order.sender.email, normalise_name(order.recipient.full_name),
        normalise_name(order.sender.full_name), json.dumps(dump(order)), NOW, last_moved_at(order),
        sound_of(reference), keys_of(order), keys.VERSION,
    )  # fmt: skip


def _rows(chunk: list[SyntheticOrder]) -> list[tuple[object, ...]]:
    return [_row(order_of(synthetic)) for synthetic in chunk]


def _fill(url: str, orders: int, seed: int, *, step: int) -> tuple[SyntheticOrder, ...]:
    """Rows first and indexes after them, which is several times faster. Gives back every so many of the orders."""
    sample: list[SyntheticOrder] = []
    with psycopg.connect(_dsn(url)) as conn, get_context("spawn").Pool(WORKERS) as pool:
        indexes = conn.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'orders' AND indexname LIKE 'orders_by_%'"
        ).fetchall()
        for name, _ in indexes:
            conn.execute(f"DROP INDEX {name}")
        with conn.cursor().copy(f"COPY orders ({', '.join(ORDER_COLUMNS)}) FROM STDIN") as copy:
            for row in chain.from_iterable(pool.imap(_rows, _chunks(orders, seed, step, sample))):
                copy.write_row(row)
        conn.execute("SET maintenance_work_mem = '512MB'")
        for _, definition in indexes:
            conn.execute(definition)
        _fill_directory(conn, orders, seed)
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM (ANALYZE) orders")
        conn.execute("VACUUM (ANALYZE) contact_points")
    return tuple(sample)


def _chunks(orders: int, seed: int, step: int, sample: list[SyntheticOrder]) -> Iterator[list[SyntheticOrder]]:
    """All orders, chunk by chunk; every so many are put into the sample on the way."""
    chunk: list[SyntheticOrder] = []
    for place, order in enumerate(population(orders, seed=seed, now=NOW)):
        if place % step == 0:
            sample.append(order)
        chunk.append(order)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    yield chunk


def _fill_directory(conn: psycopg.Connection, orders: int, seed: int) -> None:
    points: list[tuple[str, str, str]] = []
    with conn.cursor().copy("COPY contacts (contact_id, names, tier, origin) FROM STDIN") as copy:
        for contact in directory(population(orders, seed=seed, now=NOW), seed=seed):
            copy.write_row((contact.contact_id, Jsonb(list(contact.names)), contact.tier, "import"))
            points += [(contact.contact_id, "email", email) for email in sorted(set(contact.emails))]
            points += [(contact.contact_id, "phone", phone) for phone in sorted(set(contact.phones))]
    with conn.cursor().copy("COPY contact_points (contact_id, kind, value) FROM STDIN") as copy:
        for point in points:
            copy.write_row(point)
