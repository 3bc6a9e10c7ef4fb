"""How long a replay of so many stored decisions takes: each by the version that made it, and all by a draft.

The decisions are those of the policy that ships on inputs drawn from the catalogue of facts: mostly plain, each fact
now and then another value of its kind. They are stored as the audit stores them, in a Postgres of their own.
"""

import argparse
import asyncio
import json
import random
import resource
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

from app.adapters.policy_file import DEFAULT_POLICY_FILE, parse_policy
from app.core.actions import ActionKind
from app.core.chain import storable
from app.core.facts import CATALOGUE, DERIVED, FactType, InputValue
from app.core.policy import Policy, decide_from_inputs
from app.core.policy_changes import kept_of
from app.core.policy_examples import example_inputs
from app.core.policy_replay import Report, show_report
from app.db.embedded import EmbeddedPostgres
from app.db.engine import Database
from app.db.migrate import migrate
from app.db.tables import audit_entries
from app.ports.clock import SystemClock
from app.services.keep_policy import keep_policy
from app.services.parts import Parts
from app.services.replay_policy import Window, replay_draft, replay_stored

KINDS = {ActionKind.ORDER_STATUS: 30, ActionKind.EXTEND_EXPIRATION: 25, ActionKind.CANCEL_ORDER: 15,
         ActionKind.REFUND_ORDER: 8, ActionKind.CHANGE_ADDRESS: 8, ActionKind.RESEND_GIFT_LINK: 8,
         ActionKind.REPORT_DAMAGE: 3, ActionKind.ESCALATE: 3}  # fmt: skip
# How often a fact is another one than in a plain call.
UNUSUAL = 0.06
BATCH = 1_000
# What hangs together with other facts, or is a moment.
NEVER_DRAWN = ("action.", "order.is_present", "time.")
OPEN_WORDS = {"order.currency": ["EUR", "USD"], "contact.tier": ["gold", "vip"], "history.money_currency": ["USD"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as scratch:
        # Not below a folder that the user Postgres runs as could not pass when root runs this.
        Path(scratch).chmod(0o711)
        with EmbeddedPostgres(Path(scratch)) as postgres:
            url = postgres.start()
            migrate(url)
            figures = asyncio.run(measure(url, arguments.decisions, random.Random(arguments.seed)))  # noqa: S311
    print(json.dumps(figures) if arguments.json else json.dumps(figures, indent=2))


async def measure(url: str, decisions: int, chance: random.Random) -> dict[str, Any]:
    document = DEFAULT_POLICY_FILE.read_text("utf-8")
    shipped = parse_policy(document, name="the policy that ships")
    database = Database(url)
    parts = Parts(
        database=database,
        clock=SystemClock(),
        senders={},
        calls=None,  # type: ignore[arg-type]  # nobody calls
        shops={},
        policy=shipped,
        parse_policy=partial(parse_policy, name="document"),
        words=None,  # type: ignore[arg-type]
        weights=None,  # type: ignore[arg-type]
    )
    try:
        await keep_policy(parts, shipped, document, is_of_settings=False)
        storing = await timed(store(database, shipped, decisions, chance))
        window = Window(None, datetime.now(UTC))
        before = peak_mb()
        stored = await timed(replay_stored(parts, window))
        draft = await timed(replay_draft(parts, looser(shipped), shipped, window))
    finally:
        await database.close()
    return {
        "decisions": decisions,
        "rules": len(shipped.rules),
        "stored_in_seconds": round(storing[1], 1),
        "stored_replay": figures_of(*stored),
        "draft_replay": figures_of(*draft),
        "peak_mb_before_and_after": [before, peak_mb()],
    }


def looser(policy: Policy) -> Policy:
    """As a draft could be: longer extensions alone, and one approval for what took two."""
    kept = tuple(rule for rule in policy.rules if rule.id not in {"extension_too_long", "two_approvals"})
    return replace(policy, version="draft+000000000000", rules=kept)


def figures_of(report: Report, seconds: float, busy_seconds: float) -> dict[str, Any]:
    return {
        "seconds": round(seconds, 1),
        "busy_seconds": round(busy_seconds, 1),
        "decisions_a_second": round(report.decisions / seconds),
        **show_report(report),
    }


async def timed(work: Any) -> tuple[Any, float, float]:
    """What came of it, seconds by the clock, and seconds of this process."""
    start, busy = perf_counter(), process_time()
    return await work, perf_counter() - start, process_time() - busy


async def store(database: Database, policy: Policy, decisions: int, chance: random.Random) -> None:
    """Over the last month, so that the decisions lie as they would."""
    start = datetime.now(UTC) - timedelta(days=30)
    step = timedelta(days=30) / decisions
    rows: list[dict[str, Any]] = []
    for number, inputs in enumerate(drawn_inputs(chance, decisions)):
        data = {**kept_of(decide_from_inputs(inputs, policy)), "fingerprint": f"{number:064x}"}
        entry = {"at": start + number * step, "actor": "system:policy", "event": "action.decided"}
        rows.append(entry | {"action_id": UUID(int=chance.getrandbits(128)), "data": data})
        if len(rows) == BATCH or number == decisions - 1:
            async with database.transaction() as conn:
                await conn.execute(audit_entries.insert(), rows)
            rows.clear()


def drawn_inputs(chance: random.Random, number: int) -> Iterator[dict[str, InputValue]]:
    for kind in chance.choices(list(KINDS), list(KINDS.values()), k=number):
        given: dict[str, InputValue] = {
            "action.kind": str(kind),
            "order.amount_cents": int(chance.lognormvariate(8.5, 1)),
        }
        given["match.probability"] = 1 - chance.random() ** 6
        given["identity.confidence"] = 1 - chance.random() ** 5
        for fact in CATALOGUE.keys() - DERIVED - given.keys():
            if not fact.startswith(NEVER_DRAWN) and chance.random() < UNUSUAL:
                given[fact] = drawn_value(fact, chance)
        yield storable(example_inputs(given))


def drawn_value(fact: str, chance: random.Random) -> InputValue:
    """Another value that this fact could have; now and then it is not known."""
    spec = CATALOGUE[fact]
    if chance.random() < 0.1:
        return [] if spec.type is FactType.WORDS else None
    word = chance.choice(sorted(spec.words or OPEN_WORDS[fact])) if spec.type in {FactType.WORD, FactType.WORDS} else ""
    values: dict[FactType, InputValue] = {
        FactType.WORD: word,
        FactType.WORDS: [word],
        FactType.FLAG: chance.random() < 0.5,
        FactType.MONEY: int(chance.lognormvariate(10, 1.5)),
    }
    return values.get(spec.type, chance.choice([0, 1, 2, 5, 20, 100, 400]))


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
