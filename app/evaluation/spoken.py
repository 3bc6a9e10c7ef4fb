"""Synthetic callers put through retrieval, matching and identity, on a mirror of any size, and what came of it."""

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from random import Random
from time import perf_counter

from app.adapters.dialnexa.analysis import read_fields
from app.adapters.goody.payloads import DESTINATION
from app.adapters.mapping_file import load_mapping
from app.core.calls import Call, CallStage, Direction
from app.core.hearing import heard_from
from app.core.identity import NOBODY, Role, identify
from app.core.matching import MatchOutcome, match
from app.core.orders import Order
from app.core.weights import Weights
from app.db.engine import Database
from app.db.orders import find_order
from app.evaluation.recorded import OTHERS, collect
from app.evaluation.synthetic_mirror import NOW, SyntheticMirror, order_of, synthetic_mirrors
from app.evaluation.training import Case
from app.sandbox.spoken.callers import (
    SpokenCall,
    callers,
    callers_with_a_strangers_reference,
    callers_without_orders,
)
from app.services.match import retrieve

# Orders are always the same ones; the seed that is asked for draws the callers, so that it is held out from training.
SEED_OF_ORDERS = 1
# The size that a large mirror's latency is compared with.
SMALL = 10_000
# Calls made before time is taken: plans are made, pages and tables of names are read.
WARM_UP = 200
# So many orders are there to be called about.
SAMPLED = 50_000
# From this confidence on the policy that ships acts on an identity alone (`identity_clear`).
CLEAR = 0.9


@dataclass(frozen=True, slots=True)
class Asked:
    """One call and what came out. `best` is the likeliest candidate, whatever the outcome."""

    call: SpokenCall
    outcome: MatchOutcome
    best: str | None
    probability: float
    was_listed: bool  # the right order is among the candidates
    is_acted_on_alone: bool
    milliseconds: float

    @property
    def is_right(self) -> bool:
        return self.call.about is not None and self.best == self.call.about


def spoken_calls(mirror: SyntheticMirror, calls: int, *, seed: int) -> Iterator[SpokenCall]:
    return callers(mirror.sample, calls, seed=seed, now=NOW)


def strangers(calls: int, *, seed: int) -> Iterator[SpokenCall]:
    return callers_without_orders(calls, seed=seed, now=NOW)


def thieves(mirror: SyntheticMirror, calls: int, *, seed: int) -> Iterator[SpokenCall]:
    return callers_with_a_strangers_reference(mirror.sample, calls, seed=seed, now=NOW)


def ask_all(mirror: SyntheticMirror, calls: Iterable[SpokenCall], weights: Weights) -> list[Asked]:
    """One call after the other, as the service asks, after a warm-up that is not counted."""

    async def run() -> list[Asked]:
        database = Database(mirror.url, pool_size=1)
        try:
            coming = iter(calls)
            warm_up = list(islice(coming, WARM_UP))
            for call in warm_up:
                await _ask(database, call, weights)
            return [await _ask(database, call, weights) for call in (*warm_up, *coming)]
        finally:
            await database.close()

    return asyncio.run(run())


async def _ask(database: Database, spoken: SpokenCall, weights: Weights) -> Asked:
    call = call_of(spoken)
    async with database.transaction() as conn:
        begun = perf_counter()
        heard = heard_from(call)
        leads = await retrieve(conn, heard, call_id=call.call_id, now=NOW)
        found = match(heard, leads.orders, leads.contacts, mirror=leads.mirror, now=NOW, weights=weights)
        milliseconds = (perf_counter() - begun) * 1_000
        order = await find_order(conn, DESTINATION, found.best.order_id) if found.best else None
        identity = identify(call, order.order, leads.contacts, heard=heard) if order else NOBODY
    best = found.candidates[0] if found.candidates else None
    return Asked(
        spoken,
        found.outcome,
        best.order_id if best else None,
        best.probability if best else 0.0,
        any(candidate.order_id == spoken.about for candidate in found.candidates),
        identity.role in {Role.SENDER, Role.RECIPIENT} and identity.confidence >= CLEAR,
        milliseconds,
    )


def call_of(spoken: SpokenCall) -> Call:
    """The call as the service would have understood it: read by the mapping that ships."""
    read = read_fields({"post_call_analysis": dict(spoken.fields)}, None, MAPPING)
    direction = Direction(spoken.direction)
    number = spoken.caller_number
    return Call(
        call_id=spoken.call_id,
        stage=CallStage.COMPLETED,
        direction=direction,
        from_number=number if direction is Direction.INBOUND else None,
        to_number=number if direction is Direction.OUTBOUND else None,
        fields=read.fields,
        unread_fields=read.unread,
    )


MAPPING = load_mapping(None)


def run_synthetic(folder: Path, *, orders: int, calls: int, seed: int) -> tuple[list[Case], list[Order]]:
    """Synthetic calls as if reviewers had decided on each; and orders drawn at random."""
    with synthetic_mirrors(folder) as mirrors:
        mirror = mirrors.open(orders, seed=SEED_OF_ORDERS, sampled=SAMPLED)
        cases = asyncio.run(_collect_all(mirror, spoken_calls(mirror, calls, seed=seed)))
    others = Random(seed).sample(mirror.sample, min(OTHERS, len(mirror.sample)))  # noqa: S311 (no secret)
    return cases, [order_of(order) for order in others]


async def _collect_all(mirror: SyntheticMirror, calls: Iterable[SpokenCall]) -> list[Case]:
    database = Database(mirror.url, pool_size=1)
    try:
        return [await _collect(database, spoken) for spoken in calls]
    finally:
        await database.close()


async def _collect(database: Database, spoken: SpokenCall) -> Case:
    async with database.transaction() as conn:
        case = await collect(conn, call_of(spoken), now=NOW)
    is_found = any(order.external_id == spoken.about for order in case.orders)
    return replace(case, is_answered=True, right=spoken.about if is_found else None)
