"""Every order of the six events around an approval, for each wish; what may go wrong besides goes along in turn.

`python -m tests.model.orders` walks all of them and tells how the actions ended.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice, permutations, repeat
from multiprocessing import get_context
from pathlib import Path

from app.db.embedded import EmbeddedPostgres
from app.db.migrate import migrate
from app.log import configure_logging
from app.services.review import approve
from tests.model.protocol import ADDRESSES, DEATHS, FAULTS, WISHES, Protocol, modelled


@dataclass(frozen=True, slots=True)
class Walk:
    """One order of events, and what goes along with it."""

    wish: str
    events: tuple[str, ...]
    death: str
    fault: str | None
    new_address: str
    is_approved_in_the_end: bool


def all_walks() -> Iterator[Walk]:
    for number, events in enumerate(permutations(EVENTS)):
        for wish in WISHES:
            yield Walk(
                wish,
                events,
                DEATHS[number % len(DEATHS)],
                (None, *FAULTS)[number % (len(FAULTS) + 1)],
                ADDRESSES[number // 5 % 3 == 0],
                is_approved_in_the_end=number % 2 == 0,
            )


def walk(machine: type[Protocol], way: Walk) -> None:
    """Raises AssertionError where a promise is broken on the way or at its end."""
    one = machine()
    try:
        one.a_call_comes(way.wish, way.new_address, way.is_approved_in_the_end)
        if way.fault is not None:
            one.the_next_write_has_a_bad_day(way.fault)
        for event in way.events:
            EVENTS[event](one, way)
            one.what_a_machine_has_to_move_has_a_job()
            one.an_act_happens_once_at_most()
            one.every_act_was_approved_as_the_order_stood()
    finally:
        one.teardown()


def _settle(one: Protocol, _: Walk) -> None:
    one.time_passes()
    _work(one, None)


def _work(one: Protocol, dies: str | None) -> None:
    while one.work(dies):
        pass


EVENTS: Mapping[str, Callable[[Protocol, Walk], None]] = {
    "approve": lambda one, _: one.a_person_decides(approve),
    "lapse": lambda one, _: one.the_recipient_moves_the_order("opened"),
    "execute": lambda one, _: _work(one, None),
    "crash": lambda one, way: _work(one, way.death),
    "webhook": lambda one, _: one.a_webhook_tells_of_the_order(),
    "settle": _settle,
}


@dataclass(frozen=True, slots=True)
class Seen:
    walked: int
    ends: Counter[str]
    broken: list[str]


def walk_some(start: int, step: int) -> Seen:
    """Every so-manieth walk, on a Postgres and beside a twin of their own."""
    configure_logging("error")
    broken, ways = [], list(islice(all_walks(), start, None, step))
    with tempfile.TemporaryDirectory(prefix="handoff-model-") as folder:
        Path(folder).chmod(0o711)  # root's Postgres runs as another user, who has to pass
        with EmbeddedPostgres(Path(folder)) as postgres:
            url = postgres.start()
            migrate(url)
            with modelled(postgres, url) as machine:
                for way in ways:
                    try:
                        walk(machine, way)
                    except AssertionError as error:
                        broken.append(f"{way}: {error}")
                return Seen(len(ways), machine.visited, broken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="of all, walk only each so-manieth")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    begun, step = time.monotonic(), arguments.every * arguments.processes
    with ProcessPoolExecutor(arguments.processes, mp_context=get_context("spawn")) as pool:
        seen = list(pool.map(walk_some, range(0, step, arguments.every), repeat(step)))
    broken = list(chain.from_iterable(each.broken for each in seen))
    for name, count in sorted(sum((each.ends for each in seen), Counter()).items()):
        print(f"{name:<40}{count:>7,}")
    print(f"{'orders walked':<40}{sum(each.walked for each in seen):>7,}")
    print(f"{'seconds':<40}{time.monotonic() - begun:>7,.0f}")
    print(f"{'broken promises':<40}{len(broken):>7,}")
    print(*broken, sep="\n")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
